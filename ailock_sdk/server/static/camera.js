// The camera of the phone, and picture files where there is none: JPEGs, kept nowhere but here.

const MAX_SIDE = 1280;
const QUALITY = 0.9;

export class Camera {
  #video;
  #stream = null;

  constructor(video) {
    this.#video = video;
  }

  /** Opens the one that looks away from the person; throws a DOMException. */
  async open() {
    if (!navigator.mediaDevices) throw new DOMException("no HTTPS", "SecurityError");
    const video = { facingMode: "environment", width: { ideal: 1280 }, height: { ideal: 720 } };
    this.#stream = await navigator.mediaDevices.getUserMedia({ video });
    this.#video.srcObject = this.#stream;
    this.#video.hidden = false;
    await this.#video.play();
  }

  close() {
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#stream = null;
    this.#video.srcObject = null;
    this.#video.hidden = true;
  }

  /** Throws a DOMException if the camera was taken away. */
  frame() {
    if (this.#stream?.getVideoTracks()[0].readyState !== "live") {
      throw new DOMException("it ended", "NotReadableError");
    }
    return jpeg(this.#video, this.#video.videoWidth, this.#video.videoHeight);
  }
}

/** Throws if the browser cannot read the file. */
export async function photoOf(file) {
  const picture = await createImageBitmap(file);
  try {
    return await jpeg(picture, picture.width, picture.height);
  } finally {
    picture.close();
  }
}

function jpeg(source, width, height) {
  const scale = Math.min(1, MAX_SIDE / Math.max(width, height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  canvas.getContext("2d").drawImage(source, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => canvas.toBlob(done, "image/jpeg", QUALITY));
}
