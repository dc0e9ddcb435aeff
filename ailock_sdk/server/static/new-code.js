// A new recovery code for somebody who shows the object.

import { askUntilAnswered } from "./ask.js";
import { showCode } from "./code.js";
import { Finder } from "./finder.js";

function start() {
  const form = document.getElementById("new-code");
  if (!form) return;
  const finder = new Finder(form.querySelector(".looking"));

  async function renew() {
    const pin = document.getElementById("pin")?.value || null;
    const { name } = form.dataset;
    const made = await finder.opened((photos) =>
      askUntilAnswered("/api/recovery-code", { name, photos, pin }),
    );
    form.hidden = true;
    showCode(document.getElementById("kept-code"), made.recovery_code, name).then(() => {
      form.hidden = false;
      document.getElementById("new-code-title").focus();
    });
    document.querySelector("#kept-code .code").focus();
  }

  finder.onStart(renew, (problem) => finder.tell(problem.text));
  form.addEventListener("submit", (event) => event.preventDefault());
}

document.addEventListener("swapped", start);
start();
