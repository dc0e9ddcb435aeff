import { Finder, ask, base64, opened, text } from "./common.js";

const REFERENCES = 3;
const naming = document.getElementById("naming");
const steps = ["name", "photos", "done"].map((step) => document.getElementById(`step-${step}`));
const field = (id) => document.getElementById(id).value;
const taken = [];

function show(step) {
  steps.forEach((section, index) => (section.hidden = index !== step));
  steps[step].querySelector("h2").focus();
}

async function take(finder) {
  const count = steps[1].querySelector(".count");
  while (taken.length < REFERENCES) {
    count.textContent = text("enroll.photo", { number: taken.length + 1 });
    const [blob] = await finder.good(1, taken);
    try {
      await finder.check([...taken, blob]);
    } catch (problem) {
      if (!["another_object", "same_view", "poor_photo"].includes(problem.error)) throw problem;
      finder.say(problem.text);
      continue;
    }
    taken.push(blob);
    const image = document.createElement("img");
    image.src = URL.createObjectURL(blob);
    image.alt = text("enroll.taken", { number: taken.length });
    steps[1].querySelector(".taken").append(document.createElement("li"));
    steps[1].querySelector(".taken").lastChild.append(image);
  }
}

async function make() {
  const finder = new Finder(steps[1]);
  finder.button.disabled = true;
  try {
    await finder.start();
    await take(finder);
    finder.say(text("enroll.saving"));
    const photos = await Promise.all(taken.map(base64));
    const made = await ask("/api/enroll", { name: field("name"), photos, pin: field("pin") || null });
    steps[2].querySelector(".code").textContent = made.recovery_code;
    show(2);
  } catch (problem) {
    finder.say(problem.text);
    if (problem.field) {
      document.getElementById("name-wrong").textContent = problem.text;
      show(0);
    }
  } finally {
    finder.stop();
    finder.button.disabled = false;
  }
}

async function trial() {
  const finder = new Finder(steps[2]);
  finder.button.disabled = true;
  try {
    await finder.start();
    await opened(finder, (photos) =>
      ask("/api/unlock", { name: field("name"), photos, pin: field("pin") || null, trial: true }),
    );
    finder.say(text("enroll.trial_opened"));
  } catch (problem) {
    finder.say(problem.error === "no_match" ? text("enroll.trial_failed") : problem.text);
  } finally {
    finder.stop();
    finder.button.disabled = false;
  }
}

naming.addEventListener("submit", (event) => {
  event.preventDefault();
  document.getElementById("name-wrong").textContent = "";
  show(1);
});
steps[1].querySelector(".start").addEventListener("click", make);
steps[2].querySelector(".kept").addEventListener("click", () => {
  steps[2].querySelector(".code").textContent = "";
  steps[2].querySelector(".trial").hidden = false;
});
steps[2].querySelector(".start").addEventListener("click", trial);
