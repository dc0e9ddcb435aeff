// Opens a lock by the camera, and tells the outcome.

import { ask, serverIsBack } from "./ask.js";
import { Finder } from "./finder.js";
import { clock, text } from "./texts.js";

const form = document.getElementById("unlock");
const verdict = document.getElementById("verdict");
const part = (selector) => verdict.querySelector(selector);
const finder = new Finder(form.querySelector(".looking"));
const OUTCOMES = { done: "unlock.action_done", failed: "unlock.action_failed", none: "unlock.opened_help" };
let ticking = 0;

function look() {
  clearInterval(ticking);
  verdict.hidden = true;
  form.hidden = false;
}

/** Shows how it ended: "good", "bad", or "wait", with the seconds until it may be tried again. */
function conclude(kind, title, words, seconds = null) {
  form.hidden = true;
  verdict.hidden = false;
  verdict.dataset.kind = kind;
  part("h2").textContent = title;
  document.title = `${title} - ${text("app.name")}`;
  part(".lead").textContent = words;
  part(".clock").hidden = seconds === null;
  part(".again").hidden = kind === "good" || (kind === "wait" && seconds === null);
  part(".code-link").hidden = kind === "good";
  part(".done").classList.toggle("second", kind !== "good");
  part(".again").removeAttribute("aria-disabled");
  part("[role=status]").textContent = "";
  if (seconds !== null) count(seconds);
  part("h2").focus();
}

function count(seconds) {
  const end = Date.now() + 1000 * seconds;
  const tick = () => {
    const left = Math.max(0, Math.ceil((end - Date.now()) / 1000));
    part(".clock").textContent = clock(left);
    if (left > 0) return;
    clearInterval(ticking);
    part(".again").removeAttribute("aria-disabled");
    part(".lead").textContent = text("unlock.waited");
    part("[role=status]").textContent = text("unlock.waited");
  };
  part(".again").setAttribute("aria-disabled", "true");
  clearInterval(ticking);
  ticking = setInterval(tick, 250);
  tick();
}

function locked(seconds) {
  conclude("wait", text("unlock.wait"), text("unlock.wait_help"), seconds);
}

function resting() {
  conclude("wait", text("unlock.wait"), text("problem.resting"));
}

async function unlock() {
  const pin = document.getElementById("pin")?.value || null;
  const { action } = await finder.opened((photos) =>
    ask("/api/unlock", { name: form.dataset.name, photos, pin }),
  );
  const title = text("unlock.opened", { name: form.dataset.name });
  conclude(action === "failed" ? "bad" : "good", title, text(OUTCOMES[action]));
}

async function failed(problem) {
  if (problem.error === "no_match") conclude("bad", problem.text, text("unlock.no_match_help"));
  else if (problem.error === "locked_out") locked(problem.wait);
  else if (problem.error === "resting") resting();
  else finder.tell(problem.text);
  if (problem.error !== "offline") return;
  finder.tell(text("unlock.lost"));
  await serverIsBack();
}

finder.onStart(unlock, failed);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  finder.button.click();
});
part(".again").addEventListener("click", () => {
  if (part(".again").getAttribute("aria-disabled")) return;
  look();
  finder.button.focus();
  finder.button.click();
});
if ("resting" in form.dataset) resting();
else if (form.dataset.waitSeconds) locked(Number(form.dataset.waitSeconds));
