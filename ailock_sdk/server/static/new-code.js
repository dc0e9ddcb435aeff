import { Finder, ask, opened } from "./common.js";

const form = document.getElementById("new-code");
const finder = new Finder(form);

async function newCode() {
  finder.button.disabled = true;
  try {
    await finder.start();
    const made = await opened(finder, (photos) =>
      ask("/api/recovery-code", {
        name: form.dataset.name,
        photos,
        pin: document.getElementById("pin")?.value || null,
      }),
    );
    finder.say("");
    form.querySelector(".code").textContent = made.recovery_code;
  } catch (problem) {
    finder.say(problem.text);
  } finally {
    finder.stop();
    finder.button.disabled = false;
  }
}

finder.button.addEventListener("click", newCode);
form.addEventListener("submit", (event) => event.preventDefault());
