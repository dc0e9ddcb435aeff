// The page's texts, which the server put into it.

const texts = JSON.parse(document.getElementById("texts").textContent);

export function text(code, values = {}) {
  if (!(code in texts)) throw new Error(`no text ${code}`);
  return texts[code].replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

/** Seconds as people read them on a clock: 0:07, 12:00, 3:00:00. */
export function clock(seconds) {
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const shown = parts[0] ? parts : parts.slice(1);
  return shown.map((part, index) => (index ? String(part).padStart(2, "0") : part)).join(":");
}

/** An icon as the templates make them. */
export function icon(name) {
  const namespace = "http://www.w3.org/2000/svg";
  const drawn = document.createElementNS(namespace, "svg");
  drawn.setAttribute("class", "icon");
  drawn.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(namespace, "use");
  use.setAttribute("href", `/static/icons.svg#${name}`);
  drawn.append(use);
  return drawn;
}

/** Says something that went wrong, or nothing, in an element with the role "alert". */
export function note(place, words, kind = "bad") {
  place.replaceChildren();
  if (!words) return;
  const line = document.createElement("p");
  line.className = `note ${kind}`;
  line.append(icon(kind === "good" ? "tick" : "warn"), words);
  place.append(line);
}
