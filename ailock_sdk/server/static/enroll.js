// A new lock in three steps; whatever happens to the server meanwhile, the photos are in this page.

import { ask, base64, pause, serverIsBack } from "./ask.js";
import { showCode } from "./code.js";
import { Finder } from "./finder.js";
import { text } from "./texts.js";

const REFERENCES = 3;
const TAKEN_MILLISECONDS = 1500; // to hear of it, and to begin to turn the object
const AGAIN = ["another_object", "same_view", "poor_photo", "bad_photo"];

const naming = document.getElementById("naming");
const name = document.getElementById("name");
const pin = document.getElementById("pin");
const sections = ["name", "photos", "done"].map((step) => document.getElementById(`step-${step}`));
const marks = document.querySelectorAll(".steps li");
const shots = sections[1].querySelectorAll(".shots li");
const trial = document.getElementById("trial");
const taker = new Finder(sections[1].querySelector(".looking"));
const tryer = new Finder(trial.querySelector(".looking"));
const taken = [];

function show(step) {
  sections.forEach((section, index) => (section.hidden = index !== step));
  marks.forEach((mark, index) => {
    mark.classList.toggle("past", index < step);
    if (index === step) mark.setAttribute("aria-current", "step");
    else mark.removeAttribute("aria-current");
  });
  sections[step].querySelector("h2").focus();
}

function showShots() {
  shots.forEach((shot, index) => {
    if (index === taken.length) shot.setAttribute("aria-current", "step");
    else shot.removeAttribute("aria-current");
    if (index >= taken.length || shot.classList.contains("taken")) return;
    const picture = document.createElement("img");
    picture.src = URL.createObjectURL(taken[index]);
    picture.alt = text("enroll.taken", { number: index + 1 });
    shot.classList.add("taken");
    shot.prepend(picture);
  });
}

function nameIsWrong(words) {
  document.getElementById("name-wrong").textContent = words;
  name.setAttribute("aria-invalid", "true");
  show(0);
  name.focus();
}

async function nameIsFree() {
  const address = `/lock?${new URLSearchParams({ name: name.value })}`;
  for (;;) {
    try {
      return (await fetch(address, { method: "HEAD" })).status !== 200;
    } catch {
      await serverIsBack();
    }
  }
}

/** The answer with the recovery code. */
async function make() {
  const photos = await Promise.all(taken.map(base64));
  const lock = { name: name.value, photos, pin: pin.value || null };
  let lost = false;
  for (;;) {
    try {
      return await ask("/api/enroll", lock);
    } catch (problem) {
      if (problem.error === "offline") {
        lost = true;
        await serverIsBack();
      } else if (lost && problem.error === "name_taken") {
        return codeOfMade(lock, problem);
      } else {
        throw problem;
      }
    }
  }
}

/** A lock that was made, though the answer with its code was lost: its photos get it a new one. */
async function codeOfMade(lock, taken) {
  for (;;) {
    try {
      return await ask("/api/recovery-code", lock);
    } catch (problem) {
      if (problem.error === "offline") await serverIsBack();
      else throw problem.error === "no_match" ? taken : problem;
    }
  }
}

async function take() {
  while (taken.length < REFERENCES) {
    const [photo] = await taker.photos(1, taken);
    try {
      await taker.check([...taken, photo]);
    } catch (problem) {
      if (!AGAIN.includes(problem.error)) throw problem;
      taker.tell(problem.text);
      continue;
    }
    taker.tell("");
    taken.push(photo);
    showShots();
    if (taken.length === REFERENCES) break;
    taker.say(text("enroll.taken_now", { number: taken.length }));
    await pause(TAKEN_MILLISECONDS);
  }
  await save();
}

async function save() {
  taker.say(text("enroll.saving"));
  const made = await make();
  show(2);
  showCode(document.getElementById("kept-code"), made.recovery_code, name.value).then(() => {
    trial.hidden = false;
    tryer.button.focus();
  });
}

naming.addEventListener("submit", async (event) => {
  event.preventDefault();
  name.value = name.value.trim();
  name.removeAttribute("aria-invalid");
  document.getElementById("name-wrong").textContent = "";
  if (!(await nameIsFree())) {
    nameIsWrong(text("problem.name_taken"));
    return;
  }
  show(1);
});

function failed(problem) {
  if (problem.field === "name") nameIsWrong(problem.text);
  else taker.tell(problem.text);
}

async function tryOnce() {
  await tryer.opened((photos) =>
    ask("/api/unlock", { name: name.value, photos, pin: pin.value || null, trial: true }),
  );
  tryer.tell(text("enroll.trial_opened"), "good");
  tryer.button.classList.add("second");
  const finish = trial.querySelector(".finish");
  finish.classList.remove("second");
  finish.focus();
}

taker.onStart(take, failed);
tryer.onStart(tryOnce, (problem) => {
  tryer.tell(problem.error === "no_match" ? text("enroll.trial_failed") : problem.text);
});
showShots();
