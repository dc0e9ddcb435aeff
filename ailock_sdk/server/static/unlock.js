import { Finder, ask, opened, text } from "./common.js";

const form = document.getElementById("unlock");
const finder = new Finder(form);

async function unlock() {
  finder.button.disabled = true;
  try {
    await finder.start();
    const answer = await opened(finder, (photos) =>
      ask("/api/unlock", {
        name: form.dataset.name,
        photos,
        pin: document.getElementById("pin")?.value || null,
      }),
    );
    const outcome = { done: "unlock.action_done", failed: "unlock.action_failed" }[answer.action];
    finder.say(text(outcome ?? "unlock.opened"));
  } catch (problem) {
    finder.say(problem.text);
  } finally {
    finder.stop();
    finder.button.disabled = false;
  }
}

finder.button.addEventListener("click", unlock);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  unlock();
});
