// How long the operations of a run take, and how many end per second.

import { PER_YIELD } from "./slices.js";

const WINDOW = 60; // seconds over which the throughput is measured
const RELIABLE = 10; // percent of progress from which on it predicts the end
const FIRST_EDGE = 0.05; // seconds
/** Each bin of durations is a tenth longer than the one before. */
export const RATIO = 1.1;
const BINS = 200; // Up to 100 days.
const PER_LOG = 1 / Math.log(RATIO);

/** @param {number} seconds */
export const binOf = (seconds) =>
  (seconds <= FIRST_EDGE ? 0 : Math.ceil(Math.log(seconds / FIRST_EDGE) * PER_LOG));
/** @param {number} bin */
export const edgeOf = (bin) => FIRST_EDGE * RATIO ** bin;

const lastBinOf = (/** @type {number} */ seconds) => Math.min(BINS - 1, binOf(seconds));

/**
 * @typedef {{ended: number[], open: number[], rests: number[], waiting: number, count: number,
 *   perSecond: number, rowsPerSecond: number}} Rate by bin of seconds: how long those that have
 *   ended took, how old the open ones are, and what is left of those that report their progress;
 *   `waiting`: how many have not begun; `count`: how many have ended
 */

/**
 * Measure the rate over all operations, and yield now and then.
 * @param {{open: Float64Array, start: Float64Array, end: Float64Array, all?: Float64Array,
 *   progress?: Float64Array, reported?: Float64Array}} fields
 * @param {number} now Unix seconds of the kernel
 * @returns {Generator<undefined, Rate>}
 */
export function* measureRate({ open, start, end, all, progress, reported }, now) {
  const bins = () => new Array(BINS).fill(0);
  const found = { ended: bins(), open: bins(), rests: bins(), waiting: 0, count: 0 };
  let [first, recent, recentRows] = [Infinity, 0, 0];
  for (let at = 0; at < open.length; at++) {
    if (at % PER_YIELD === PER_YIELD - 1) yield;
    const hasEnded = end[at] === end[at]; // It is not NaN.
    if (start[at] < first) first = start[at];
    if (hasEnded && end[at] > now - WINDOW) {
      recent += 1;
      recentRows += all?.[at] || 1;
    }
    if (!hasEnded && !open[at]) continue; // Its end is not known, and may never come.
    if (start[at] !== start[at]) found.waiting += hasEnded ? 0 : 1;
    else countDuration(found, hasEnded, (hasEnded ? end[at] : now) - start[at]);
    if (!hasEnded && progress && reported) {
      countRest(found, progress[at], reported[at] - start[at], now - start[at]);
    }
  }
  const seconds = Math.min(WINDOW, Math.max(1, now - first));
  return { ...found, perSecond: recent / seconds, rowsPerSecond: recentRows / seconds };
}

/**
 * @param {{ended: number[], open: number[], count: number}} found
 * @param {boolean} hasEnded
 * @param {number} seconds
 */
function countDuration(found, hasEnded, seconds) {
  (hasEnded ? found.ended : found.open)[lastBinOf(seconds)] += 1;
  found.count += hasEnded ? 1 : 0;
}

/**
 * Count what is left of an operation that goes on as fast as until it reported its progress.
 * @param {{rests: number[]}} found
 * @param {number} progress percent
 * @param {number} ageThen its age when it reported, in seconds
 * @param {number} age its age now
 */
function countRest(found, progress, ageThen, age) {
  // 100 % without an end predicts nothing.
  if (!(progress >= RELIABLE && progress < 100 && ageThen > 0)) return;
  // One that should have ended by now is expected within a second.
  found.rests[lastBinOf(Math.max(1, (100 * ageThen) / progress - age))] += 1;
}
