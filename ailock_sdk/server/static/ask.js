// Requests to the server, and what is done while it does not answer.

import { note, text } from "./texts.js";

const ANSWER_MILLISECONDS = 60_000;
const AGAIN_MILLISECONDS = 700;
const TOO_MANY_MILLISECONDS = 2_000;

/** Why something was not done: the server's `error`, `text`, `field`, `retry_after_seconds`. */
export class Problem extends Error {
  constructor({ error, text, field = null, retry_after_seconds = null }) {
    super(text);
    Object.assign(this, { error, text, field, wait: retry_after_seconds });
  }
}

export const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

/**
 * The answer's object, or a `Problem`; its `error` is "offline" if there was none: what was asked
 * may have been done or not.
 */
export async function ask(address, body, type = "application/json") {
  let response;
  let answer;
  try {
    response = await send(address, type === "application/json" ? JSON.stringify(body) : body, {
      "Content-Type": type,
      "X-CSRF-Token": document.querySelector("meta[name=csrf]").content,
    });
    answer = await response.json();
  } catch {
    throw new Problem({ error: "offline", text: text("app.offline") });
  }
  if (response.ok) return answer;
  if (answer.error === "not_paired") location.assign("/");
  throw new Problem(answer);
}

/** A POST that ends in time; it throws what `fetch` throws. */
export function send(address, body, headers = {}) {
  const signal = AbortSignal.timeout(ANSWER_MILLISECONDS);
  return fetch(address, { method: "POST", body, headers, signal });
}

/** Asks until there is an answer; only for what may be done twice. */
export async function askUntilAnswered(address, body, type) {
  for (;;) {
    try {
      return await ask(address, body, type);
    } catch (problem) {
      if (problem.error === "offline") await serverIsBack();
      else if (problem.error === "too_many") await pause(TOO_MANY_MILLISECONDS);
      else throw problem;
    }
  }
}

/** Tells that the server does not answer, and waits until it does. */
export async function serverIsBack() {
  const place = document.getElementById("offline");
  note(place, text("app.offline"));
  for (;;) {
    await pause(AGAIN_MILLISECONDS);
    try {
      await fetch("/static/icons.svg", { cache: "no-store" });
      break;
    } catch {
      // not yet
    }
  }
  note(place, text("app.online"), "good");
}

export async function base64(blob) {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}
