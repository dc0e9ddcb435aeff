// The block that the template's macro `camera` makes: it looks until there are good photos.

import { Problem, askUntilAnswered, base64, pause } from "./ask.js";
import { Camera, photoOf } from "./camera.js";
import { note, text } from "./texts.js";

const BURST_FRAMES = 3;
const BURSTS = 3;
const LOOK_MILLISECONDS = 200;
const MISSES = ["no_match", "poor_photo", "bad_photo"];

export class Finder {
  #block;
  #camera;
  #running = null;
  #id = crypto.randomUUID();
  #files;
  #queue = null; // files that were chosen and not used yet

  constructor(block) {
    const part = (selector) => block.querySelector(selector);
    this.#block = block;
    this.#camera = new Camera(part("video"));
    this.#files = part("input[type=file]");
    this.stage = part(".stage");
    this.button = part(".start");
    this.line = part(".advice span");
    this.trouble = part(".trouble");
  }

  /** Begins `work` with each press of the button, or ends it; `failed` is given its problem. */
  onStart(work, failed) {
    const press = async () => {
      if (this.#running) {
        this.#running.abort();
        return;
      }
      note(this.trouble, "");
      this.#running = new AbortController();
      this.#label(text("camera.stop"));
      try {
        await this.#open();
        await work();
      } catch (problem) {
        if (!(problem instanceof Problem)) throw problem;
        if (problem.error !== "stopped") failed(problem);
      } finally {
        this.#close();
      }
    };
    this.button.addEventListener("click", press);
  }

  say(words, advice = "") {
    this.stage.dataset.advice = advice;
    if (this.line.textContent !== words) this.line.textContent = words;
  }

  tell(words, kind) {
    note(this.trouble, words, kind);
  }

  /**
   * The next good photos, up to `count` in a row; until then the advice is shown. `known` are the
   * references taken before: a server that forgot them is given them again.
   */
  async photos(count, known = []) {
    if (this.#queue) return this.#fromFiles(count);
    let found = [];
    while (found.length < count) {
      const began = Date.now();
      const photo = await this.#frame();
      const looked = askUntilAnswered(`/api/look?page=${this.#id}`, photo, "image/jpeg");
      const seen = await this.#unlessStopped(looked);
      if (seen.references === known.length) {
        this.say(seen.text, seen.advice);
        found = seen.good ? [...found, photo] : [];
      } else {
        await this.check(known);
      }
      await pause(LOOK_MILLISECONDS - (Date.now() - began));
    }
    this.#flash();
    return found;
  }

  /** Whether the last of these references goes with the others; else a `Problem`. */
  async check(photos) {
    const encoded = await Promise.all(photos.map(base64));
    const checked = askUntilAnswered(`/api/check?page=${this.#id}`, { photos: encoded });
    return this.#unlessStopped(checked);
  }

  /** What `attempt` gives for the first photos of up to three moments that open. */
  async opened(attempt) {
    for (let burst = 1; ; burst += 1) {
      const photos = await Promise.all((await this.photos(BURST_FRAMES)).map(base64));
      this.say(text("camera.comparing"));
      try {
        return await attempt(photos);
      } catch (problem) {
        if (this.#queue || !MISSES.includes(problem.error) || burst === BURSTS) throw problem;
        this.say(text("unlock.again"));
      }
    }
  }

  async #open() {
    if (this.#queue) return;
    this.say(text("camera.starting"));
    try {
      await this.#camera.open();
    } catch (error) {
      this.#offerFiles();
      throw new Problem({ error: "no_camera", text: text(reason(error)) });
    }
    this.#block.classList.add("live");
    this.say(text("camera.looking"));
  }

  #close() {
    this.#camera.close();
    this.#running = null;
    this.#queue = null;
    this.#block.classList.remove("live");
    this.#label(this.#block.dataset.start);
    this.say("");
  }

  async #frame() {
    try {
      return await this.#camera.frame();
    } catch {
      throw new Problem({ error: "no_camera", text: text("camera.lost") });
    }
  }

  #unlessStopped(promise) {
    const { signal } = this.#running;
    const stopped = new Promise((_, reject) => {
      const stop = () => reject(new Problem({ error: "stopped", text: "" }));
      if (signal.aborted) stop();
      signal.addEventListener("abort", stop);
    });
    return Promise.race([promise, stopped]);
  }

  #offerFiles() {
    this.#block.querySelector(".files").hidden = false;
    this.#files.onchange = () => {
      if (!this.#files.files.length) return;
      this.#queue = [...(this.#queue ?? []), ...this.#files.files];
      this.#files.value = "";
      if (!this.#running) this.button.click();
    };
  }

  async #fromFiles(count) {
    const chosen = this.#queue.splice(0, count);
    if (!chosen.length) throw new Problem({ error: "stopped", text: "" });
    try {
      return await Promise.all(chosen.map(photoOf));
    } catch {
      throw new Problem({ error: "bad_file", text: text("camera.bad_file") });
    }
  }

  #label(words) {
    this.button.querySelector("span").textContent = words;
  }

  #flash() {
    const flash = this.#block.querySelector(".flash");
    flash.classList.remove("on");
    requestAnimationFrame(() => flash.classList.add("on"));
  }
}

function reason(error) {
  const known = { NotFoundError: "missing", SecurityError: "insecure", NotReadableError: "busy" };
  return `camera.${known[error.name] ?? "denied"}`;
}
