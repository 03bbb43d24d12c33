// Requests of a page to the kernel: actions that get an answer, and keyframes.

import { clock } from "./formats.js";
import { hasGap, needsKeyframe, REQUEST_SECONDS } from "./sent_state.js";

/** @import { Buffer } from "./packed.js" */
/** @import { SentState } from "./sent_state.js" */
/**
 * @typedef {{content: any, buffers: Buffer[]}} Answer
 * @typedef {(what: string, more?: object) => Promise<Answer>} Send
 */

/** After so long without an answer, the page shows that the kernel is busy. */
export const SLOW_MS = 1500;
const MOST_SECONDS = 60; // between two requests for a keyframe

/** Requests that get an answer. */
export function actionRequests() {
  /** @type {Map<string, (answer: Answer) => void>} */
  const waiting = new Map();
  // Answers reach every browser that shows the run; this one knows its own requests.
  const page = Math.random().toString(36).slice(2);
  let count = 0;
  return {
    /** @param {any} model @returns {Send} */
    sender: (model) => (what, more = {}) => new Promise((resolve) => {
      const id = `${page}-${++count}`;
      waiting.set(id, resolve);
      try {
        model.send({ id, what, ...more });
      } catch { // The kernel is gone and never answers.
        waiting.delete(id);
        resolve({ content: { error: "not connected: the kernel is gone" }, buffers: [] });
      }
    }),
    answered(/** @type {any} */ content, /** @type {Buffer[]} */ buffers) {
      waiting.get(content.id)?.({ content, buffers });
      waiting.delete(content.id);
    },
  };
}

/** Let the kernel know that there is a view: what is older than the page is not drawn at all. */
export function reportDrawn(/** @type {any} */ model) {
  try {
    model.send({ what: "drawn" });
  } catch { // The kernel is gone, and the view shows that.
  }
}

/** Requests for a keyframe: a run that is done sends nothing more unless it is asked for. */
export function keyframeRequests() {
  let [sentAt, patience] = [0, REQUEST_SECONDS];
  return (/** @type {any} */ model, /** @type {SentState} */ sent) => {
    const now = clock();
    if (!needsKeyframe(sent, now)) {
      if (!hasGap(sent)) patience = REQUEST_SECONDS;
      return;
    }
    // A busy kernel answers all requests at once when its cell has ended: send few.
    if (now - sentAt < patience) return;
    [sentAt, patience] = [now, Math.min(MOST_SECONDS, 2 * patience)];
    try {
      model.send({ what: "keyframe" });
    } catch { // The kernel is gone, and the view shows that.
    }
  };
}
