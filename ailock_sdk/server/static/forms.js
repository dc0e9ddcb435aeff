// Forms work without this. With it, a server that does not answer costs nobody what he typed.

import { send, serverIsBack } from "./ask.js";
import { note, text } from "./texts.js";

async function submit(form) {
  let response;
  let shown;
  try {
    response = await send(form.action, new URLSearchParams(new FormData(form)));
    shown = await response.text();
  } catch {
    await afterSilence();
    return;
  }
  if (response.redirected) location.assign(response.url);
  else swap(form, new DOMParser().parseFromString(shown, "text/html"));
}

/** It may have been done or not: a page of something that is gone says that it was. */
async function afterSilence() {
  await serverIsBack();
  const page = await fetch(location.href);
  if (page.status === 404) location.assign("/");
  else note(document.getElementById("offline"), text("app.press_again"), "good");
}

/** Shows the answer in place of the form, with what was typed in it. */
function swap(form, answer) {
  const main = answer.querySelector("main");
  for (const typed of form.querySelectorAll("input:not([type=hidden], [type=password])")) {
    const field = main.querySelector(`#${CSS.escape(typed.id)}`);
    if (field) field.value = typed.value;
  }
  document.querySelector("main").replaceWith(main);
  document.title = answer.title;
  document.dispatchEvent(new Event("swapped"));
  const news = main.querySelector("[aria-invalid=true], .code:not(:empty)");
  const place = news ?? main.querySelector("h1");
  if (!place.matches("input")) place.tabIndex = -1;
  place.focus();
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  event.preventDefault();
  if (form.dataset.sent) return;
  form.dataset.sent = "yes";
  try {
    await submit(form);
  } finally {
    delete form.dataset.sent;
  }
});
