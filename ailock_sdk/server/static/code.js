// A recovery code, shown once: in groups, to copy, to print, and gone when it was written down.

import { text } from "./texts.js";

/** Shows `code` of the lock `name` in the block of the macro `code` until its button is pressed. */
export function showCode(block, code, name) {
  const place = block.querySelector(".code");
  const groups = code.split("-").map((group) => {
    const shown = document.createElement("span");
    shown.textContent = group;
    return shown;
  });
  place.replaceChildren(...groups.flatMap((group) => [group, " "]));
  block.querySelector(".code-of").textContent = name;
  block.hidden = false;
  const said = block.querySelector(".copied");
  said.textContent = "";
  const stay = (event) => event.preventDefault();
  addEventListener("beforeunload", stay);
  block.querySelector(".copy").onclick = async () => {
    try {
      await navigator.clipboard.writeText(code);
      said.textContent = text("code.copied");
    } catch {
      said.textContent = text("code.not_copied");
    }
  };
  block.querySelector(".print").onclick = () => print();
  return new Promise((written) => {
    block.querySelector(".kept").onclick = () => {
      removeEventListener("beforeunload", stay);
      place.replaceChildren();
      block.hidden = true;
      written();
    };
  });
}
