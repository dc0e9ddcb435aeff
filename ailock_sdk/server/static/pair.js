// The link of the terminal has the code behind "#", which no server and no log sees.
function take() {
  const code = location.hash.slice(1);
  if (!code) return;
  document.getElementById("code").value = code;
  history.replaceState(null, "", location.pathname);
  document.getElementById("device_name").focus();
}

addEventListener("hashchange", take);
take();
