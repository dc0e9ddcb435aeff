// The link of the terminal has the code behind "#", which no server and no log sees.
const code = location.hash.slice(1);
if (code) {
  document.getElementById("code").value = code;
  history.replaceState(null, "", location.pathname);
  document.getElementById("device_name").focus();
}
