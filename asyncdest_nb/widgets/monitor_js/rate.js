// How long the operations of a run take, and how many end per second.

import { PER_YIELD } from "./slices.js";

const WINDOW = 60; // seconds over which the throughput is measured
const RELIABLE = 10; // percent of progress from which on it predicts the end
const FIRST_EDGE = 0.05; // seconds
const RATIO = 1.1; // Each bin of durations is a tenth longer than the one before.
const BINS = 200; // Up to 100 days.
const PER_LOG = 1 / Math.log(RATIO);

/** @param {number} seconds */
export const binOf = (seconds) =>
  (seconds <= FIRST_EDGE ? 0 : Math.ceil(Math.log(seconds / FIRST_EDGE) * PER_LOG));
/** @param {number} bin */
export const edgeOf = (bin) => FIRST_EDGE * RATIO ** bin;
/** @param {number} bin */
export const middleOf = (bin) => edgeOf(bin) / Math.sqrt(RATIO);

const lastBinOf = (/** @type {number} */ seconds) => Math.min(BINS - 1, binOf(seconds));

/**
 * @typedef {{ended: number[], open: number[], rests: number[], ages: number[], lag: number,
 *   waiting: number, count: number, fastest: number, slowest: number, rowsPerSecond: number}} Rate
 *   by bin of seconds: how long those that have ended took, how old the open ones are that
 *   report no progress, what is left of those that do, and how old these are on average; `lag`:
 *   how long it takes until a poll, in seconds; `waiting`: how many have not begun, `count`: how
 *   many have ended; `fastest` and `slowest`: how many begin per second
 */

/** @typedef {{open: Float64Array, start: Float64Array, end: Float64Array, all?: Float64Array,
 *   progress?: Float64Array, reported?: Float64Array}} Fields a value per operation */

/**
 * Measure the rate over all operations, and yield now and then.
 * @param {Fields} fields
 * @param {number} now Unix seconds of the kernel
 * @returns {Generator<undefined, Rate>}
 */
export function* measureRate(fields, now) {
  const bins = () => new Array(BINS).fill(0);
  const found = { ended: bins(), open: bins(), rests: bins(), ages: bins(), waiting: 0, count: 0, silent: 0 };
  const recent = { first: Infinity, begun: 0, ended: 0, rows: 0 };
  for (let at = 0; at < fields.open.length; at++) {
    if (at % PER_YIELD === PER_YIELD - 1) yield;
    countRecent(recent, fields, at, now);
    countSeconds(found, fields, at, now);
  }
  const seconds = Math.min(WINDOW, Math.max(1, now - recent.first));
  const reporting = found.rests.reduce((total, n) => total + n, 0);
  return {
    ...found,
    ages: found.ages.map((sum, bin) => sum / (found.rests[bin] || 1)),
    lag: (2 * found.silent) / (reporting || 1), // On average half of it has passed.
    fastest: Math.max(recent.begun, recent.ended) / seconds,
    slowest: Math.min(recent.begun, recent.ended) / seconds,
    rowsPerSecond: recent.rows / seconds,
  };
}

/**
 * @param {{first: number, begun: number, ended: number, rows: number}} recent
 * @param {Fields} fields
 * @param {number} at
 * @param {number} now
 */
function countRecent(recent, { start, end, all }, at, now) {
  if (start[at] < recent.first) recent.first = start[at];
  if (start[at] > now - WINDOW) recent.begun += 1;
  if (!(end[at] > now - WINDOW)) return;
  recent.ended += 1;
  recent.rows += all?.[at] || 1;
}

/**
 * @param {Pick<Rate, "ended" | "open" | "rests" | "ages" | "waiting" | "count"> & {silent: number}} found
 *   `ages`: their sums; `silent`: the sum of the seconds since they were polled
 * @param {Fields} fields
 * @param {number} at
 * @param {number} now
 */
function countSeconds(found, { open, start, end, progress, reported }, at, now) {
  const hasEnded = end[at] === end[at]; // It is not NaN.
  const hasBegun = start[at] === start[at];
  if (hasEnded && hasBegun) {
    found.ended[lastBinOf(end[at] - start[at])] += 1;
    found.count += 1;
  }
  // An end that is not known may never come.
  if (hasEnded || !open[at]) return;
  const [age, seenAt] = [now - start[at], reported?.[at] ?? NaN];
  const rest = restOf(progress?.[at] ?? NaN, seenAt - start[at], age);
  if (!hasBegun) found.waiting += 1;
  else if (rest > 0) {
    found.rests[lastBinOf(rest)] += 1;
    found.ages[lastBinOf(rest)] += age;
    found.silent += now - seenAt;
  } else found.open[lastBinOf(age)] += 1;
}

/**
 * Return what is left of an operation that goes on as fast as until it reported its progress, in
 * seconds; NaN = that is not known.
 * @param {number} progress percent
 * @param {number} ageThen its age when it reported, in seconds
 * @param {number} age its age now
 */
function restOf(progress, ageThen, age) {
  // 100 % without an end predicts nothing.
  if (!(progress >= RELIABLE && progress < 100 && ageThen > 0)) return NaN;
  // One that should have ended by now is expected within a second.
  return Math.max(1, (100 * ageThen) / progress - age);
}
