// Texts, requests and the camera, for the scripts of single pages.

const texts = JSON.parse(document.getElementById("texts").textContent);
const csrf = document.querySelector("meta[name=csrf]").content;
export const BURST_FRAMES = 3;
const LOOK_MILLISECONDS = 200;
const MAX_SIDE = 1280;

export function text(code, values = {}) {
  return (texts[code] ?? code).replace(/\{(\w+)\}/g, (_, key) => values[key] ?? "");
}

// The answer's object; it throws the server's {error, text, field, retry_after_seconds}.
export async function ask(address, body, type = "application/json") {
  let response;
  try {
    response = await fetch(address, {
      method: "POST",
      headers: { "Content-Type": type, "X-CSRF-Token": csrf },
      body: type === "application/json" ? JSON.stringify(body) : body,
    });
  } catch {
    throw { error: "offline", text: text("camera.offline") };
  }
  const answer = await response.json();
  if (!response.ok) throw answer;
  return answer;
}

export async function base64(blob) {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

export const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

// The camera of a block that the template's macro made: frames and advice.
export class Finder {
  constructor(block) {
    this.video = block.querySelector("video");
    this.button = block.querySelector(".start");
    this.line = block.querySelector(".advice");
    this.page = crypto.randomUUID();
    this.stream = null;
  }

  say(words) {
    if (this.line.textContent !== words) this.line.textContent = words;
  }

  async start() {
    this.say(text("camera.starting"));
    if (!navigator.mediaDevices) throw { text: text("camera.insecure") };
    try {
      const wanted = { facingMode: "environment", width: { ideal: 1280 }, height: { ideal: 720 } };
      this.stream = await navigator.mediaDevices.getUserMedia({ video: wanted });
    } catch (error) {
      throw { text: text(error.name === "NotFoundError" ? "camera.missing" : "camera.denied") };
    }
    this.video.srcObject = this.stream;
    await this.video.play();
    this.say(text("camera.looking"));
  }

  stop() {
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.video.srcObject = null;
    this.stream = null;
  }

  async frame() {
    const { videoWidth: width, videoHeight: height } = this.video;
    const scale = Math.min(1, MAX_SIDE / Math.max(width, height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    canvas.getContext("2d").drawImage(this.video, 0, 0, canvas.width, canvas.height);
    return new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.9));
  }

  // The next so many good frames in a row; meanwhile the advice is shown. `known` are references
  // that the server must know, too: after its restart they are sent again.
  async good(count, known = []) {
    let found = [];
    while (found.length < count) {
      const blob = await this.frame();
      try {
        const seen = await ask(`/api/look?page=${this.page}`, blob, "image/jpeg");
        if (seen.references !== known.length) await this.check(known);
        else {
          this.say(seen.text);
          found = seen.good ? [...found, blob] : [];
        }
      } catch (problem) {
        this.say(problem.text);
        if (problem.error !== "offline" && problem.error !== "too_many") throw problem;
        await pause(1000);
      }
      await pause(LOOK_MILLISECONDS);
    }
    return found;
  }

  async check(blobs) {
    const photos = await Promise.all(blobs.map(base64));
    return ask(`/api/check?page=${this.page}`, { photos });
  }
}

// Up to three attempts with the best frames of a moment; what `attempt` gives for photos that open.
export async function opened(finder, attempt) {
  const BURSTS = 3;
  for (let burst = 1; ; burst += 1) {
    const photos = await Promise.all((await finder.good(BURST_FRAMES)).map(base64));
    finder.say(text("camera.comparing"));
    try {
      return await attempt(photos);
    } catch (problem) {
      if (!["no_match", "poor_photo"].includes(problem.error) || burst === BURSTS) throw problem;
      finder.say(text("unlock.again"));
    }
  }
}
