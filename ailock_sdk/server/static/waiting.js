// Counts the seconds of locks that wait.

import { clock, text } from "./texts.js";

for (const place of document.querySelectorAll("[data-wait]")) {
  const end = Date.now() + 1000 * Number(place.dataset.wait);
  const tick = () => {
    const left = Math.max(0, Math.ceil((end - Date.now()) / 1000));
    place.textContent = clock(left);
    if (left > 0) return;
    clearInterval(ticking);
    place.parentElement.textContent = text("locks.ready");
  };
  const ticking = setInterval(tick, 250);
  tick();
}
