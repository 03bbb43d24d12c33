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
const SLICE_MS = 15; // Between a slice and the request for the next one, at least.
const SIGHT_MS = 150; // Who scrolls passes many lines.
const SENT_AT_ONCE = 1_000; // operations; CHANGES of change_queue.py
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

/** Send what needs no answer. @param {any} model @param {{what: string}} message */
function tell(model, message) {
  try {
    model.send(message);
  } catch { // The kernel is gone, and the view shows that.
  }
}

/** Let the kernel know that there is a view: what is older than the page is not drawn at all. */
export function reportDrawn(/** @type {any} */ model) {
  tell(model, { what: "drawn" });
}

/** Requests for the next slice of a keyframe: a page gets them as fast as it takes them in. */
export function sliceRequests(/** @type {any} */ model) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */ let timer;
  return {
    /** A message was taken in. @param {{is_last?: boolean}} message @param {number} spent ms */
    tookIn({ is_last: isLast }, spent) {
      if (isLast === undefined) return;
      clearTimeout(timer);
      if (!isLast) timer = setTimeout(() => tell(model, { what: "slice" }), SLICE_MS + 2 * spent);
    },
    end: () => clearTimeout(timer),
  };
}

/**
 * Let the kernel know which lines are in sight, so that their changes come first, and which of them
 * have not arrived. Of a small run all changes come at once.
 */
export function sightReports(/** @type {any} */ model) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */ let timer;
  let [told, toldAt] = ["", 0];
  /** @type {{numbers: number[], missing: number[]}} */ let sight = { numbers: [], missing: [] };
  function report() {
    [timer, told, toldAt] = [undefined, sight.numbers.join(), clock()];
    tell(model, { what: "sight", ...sight });
  }
  return {
    /** @param {SentState} sent @param {number[]} numbers */
    show({ header, fields }, numbers) {
      if ((header?.entries ?? 0) <= SENT_AT_ONCE) return;
      const missing = numbers.filter((number) => fields.status?.[number] === undefined);
      sight = { numbers, missing };
      const isKnown = numbers.join() === told && !(missing.length && clock() - toldAt > REQUEST_SECONDS);
      if (!isKnown && !timer) timer = setTimeout(report, SIGHT_MS);
    },
    end: () => clearTimeout(timer),
  };
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
    tell(model, { what: "keyframe" });
  };
}
