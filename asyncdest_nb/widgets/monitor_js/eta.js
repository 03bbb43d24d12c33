// When a run will be done, estimated from the durations and the progress seen so far.

import { binOf, edgeOf, middleOf } from "./rate.js";

/** @import { Rate } from "./rate.js" */
/**
 * @typedef {{count: number, age: number, rest: number}} Group of operations that are alike, in
 *   seconds; `rest`: what is left of them by their progress, Infinity = that is not believed
 * @typedef {{groups: Group[], share: Share, lag: number, waiting: number, perSecond: number}} Evidence
 * @typedef {(seconds: number, isEarly: boolean) => number} Share of operations that take longer
 */

const FEWEST = 5; // durations before the start of waiting operations is estimated from them
const CERTAIN = 0.95; // that it takes no less than the one bound, and no more than the other
const WIDEST = 3.2; // times the earlier bound: an estimate in the middle is right within a factor of 2
const SHORTEST = 5; // seconds; a poll may be as far away
const DOUBT = 1.1; // by which an operation may be slower than its progress predicts
const QUEUED = 0.5; // times as long as it works an operation may wait first, at 0 %
const UNEVEN = 1.2; // by which waiting operations may start slower or faster than others did
const FAR = 2; // times the longest seen; where operations fail, a longer prediction is doubted
const STUCK = 3; // times the longest duration seen, and an operation counts as stuck
const TYPICAL = 0.25; // the share of operations whose excess stands for what was never seen
const STARTS = 8; // Waiting operations are thought to start in so many groups.

/**
 * Return in how many seconds all is done, within a factor of two; null = that cannot be known.
 *
 * It is between two bounds, of which one trusts every sign that it is soon, and the other none.
 * Where these are far apart, an estimate would be a guess.
 * @param {Rate} rate
 * @param {number} failed the share of those ended that have failed
 */
export function etaOf(rate, failed = 0) {
  if (isStuck(rate) || !isKnown(rate)) return null;
  const [soon, slow] = [true, false].map((isEarly) => evidence(rate, failed, isEarly));
  const early = firstWhere((seconds) => chance(soon, seconds, true) >= 1 - CERTAIN);
  const late = firstWhere((seconds) => chance(slow, seconds, false) >= CERTAIN);
  const found = Math.sqrt(early * late);
  return early <= late && late <= WIDEST * early && found >= SHORTEST ? found : null;
}

const sumOf = (/** @type {number[]} */ bins) => bins.reduce((total, n) => total + n, 0);
const lastOf = (/** @type {number[]} */ bins) => bins.findLastIndex((n) => n > 0);

/** Whether enough is known to expect anything of those that report nothing, and of those that wait. */
function isKnown(/** @type {Rate} */ { count, rests, open, waiting, slowest }) {
  const [hasPace, hasLaw] = [count >= FEWEST && slowest > 0, count + sumOf(rests) >= FEWEST];
  return (hasPace || !waiting) && (hasLaw || !sumOf(open));
}

/** Whether one that reports nothing takes far longer than any that has ended. */
function isStuck(/** @type {Rate} */ { ended, open, count }) {
  return count >= FEWEST && edgeOf(lastOf(open)) > STUCK * edgeOf(lastOf(ended));
}

/**
 * Split the operations that report their progress into those that are believed and those that
 * are expected to end as others do: as one that will fail ends before its time, the longest
 * predictions are doubted, as many as may fail. One that has waited in a queue before it reported
 * progress ends sooner than predicted, in the early evidence as much sooner as that may be.
 * @param {Rate} rate
 * @param {number} failed
 * @param {boolean} isEarly
 * @returns {Evidence}
 */
function evidence(rate, failed, isEarly) {
  const { lag, waiting, fastest, slowest } = rate;
  const reporting = groupsOf(rate.rests).map(({ count, bin, seconds }) => ({ count, age: rate.ages[bin], rest: seconds }));
  const farthest = isEarly && failed ? FAR * longestOf(rate) : Infinity;
  let doubted = mayFail(rate, failed, isEarly ? 3 : 0.5);
  const groups = groupsOf(rate.open).map(({ count, seconds }) => ({ count, age: seconds, rest: Infinity }));
  for (const { count, age, rest } of reporting.reverse()) {
    const few = age + rest > farthest ? count : Math.min(doubted, count);
    doubted = Math.max(0, doubted - few);
    const believed = isEarly ? rest / (1 + (QUEUED * (age + rest)) / age) : rest;
    groups.push({ count: few, age, rest: Infinity }, { count: count - few, age, rest: believed });
  }
  const perSecond = isEarly ? UNEVEN * fastest : slowest / UNEVEN;
  return { groups, share: survival(...lawOf(rate.ended, groups)), lag, waiting, perSecond };
}

/** The bins that are not empty. */
function groupsOf(/** @type {number[]} */ bins) {
  return bins.flatMap((count, bin) => (count ? [{ count, bin, seconds: middleOf(bin) }] : []));
}

/**
 * Return how long operations take, and how old those are of which that is not known, by bin.
 * @param {number[]} ended
 * @param {Group[]} groups
 * @returns {[number[], number[]]}
 */
function lawOf(ended, groups) {
  const [totals, open] = [[...ended], ended.map(() => 0)];
  for (const { count, age, rest } of groups) {
    if (rest < Infinity) totals[binOf(age + rest)] += count;
    else open[binOf(age)] += count;
  }
  return [totals, open];
}

/** How many of those that report their progress may fail, if they do *deviations* worse than others. */
function mayFail(/** @type {Rate} */ { count, rests }, /** @type {number} */ failed, /** @type {number} */ deviations) {
  // One in twenty, before any has ended.
  const expected = sumOf(rests) * ((failed * count + 0.5) / (count + 10));
  return Math.floor(expected + deviations * Math.sqrt(expected));
}

/** The longest time that an operation took, or has taken so far, in seconds. */
function longestOf(/** @type {Rate} */ { ended, open, rests, ages }) {
  return Math.max(edgeOf(lastOf(ended)), edgeOf(lastOf(open)), ...ages.filter((_, bin) => rests[bin]));
}

/**
 * Return the share of operations that take longer than so many seconds, as a function.
 *
 * It is Kaplan and Meier's estimate: an open operation counts for as long as it has been
 * seen, since an open operation is not the same as a long one. Past the longest duration seen
 * none goes on, or they go on as those that took longer than most.
 * @param {number[]} ended durations, by bin
 * @param {number[]} open ages, by bin
 */
export function survival(ended, open) {
  const last = lastOf(ended);
  let atRisk = sumOf(ended) + sumOf(open);
  const shares = [1];
  for (let bin = 0; bin <= last; bin++) {
    // One more, since the next one may take longer than all.
    shares.push(shares[bin] * (1 - ended[bin] / (atRisk + 1)));
    atRisk -= ended[bin] + open[bin];
  }
  const from = edgeOf(last);
  const tail = Math.max(from * TYPICAL, excess(shares));
  return (/** @type {number} */ seconds, /** @type {boolean} */ isEarly) => {
    const bin = binOf(seconds);
    if (bin > last) return isEarly ? 0 : shares[last + 1] * Math.exp((from - seconds) / tail);
    const below = bin ? edgeOf(bin - 1) : 0;
    return shares[bin] + ((seconds - below) / (edgeOf(bin) - below)) * (shares[bin + 1] - shares[bin]);
  };
}

/** By how many seconds those that take longer than most exceed these, on average. */
function excess(/** @type {number[]} */ shares) {
  const first = shares.findIndex((share) => share <= TYPICAL);
  if (first < 1) return 0;
  const widths = shares.slice(first).map((share, at) => share * (edgeOf(first + at) - edgeOf(first + at - 1)));
  return sumOf(widths) / shares[first];
}

/** Return the chance that all is done within so many seconds. */
function chance(/** @type {Evidence} */ known, /** @type {number} */ seconds, /** @type {boolean} */ isEarly) {
  const { groups, share, lag, waiting, perSecond } = known;
  // What has ended is known at the next poll.
  const predicted = isEarly ? seconds : (seconds - lag) / DOUBT;
  let log = 0; // A product of thousands of factors would be rounded to 0.
  for (const { count, age, rest } of groups) {
    if (!count || rest <= predicted) continue;
    if (isEarly && rest < Infinity) return 0;
    const longer = share(age, isEarly);
    if (longer) log += count * Math.log(Math.max(0, 1 - share(age + seconds, isEarly) / longer));
  }
  for (let part = 1; waiting && part <= STARTS; part++) {
    const left = seconds - ((part / STARTS) * waiting) / perSecond;
    log += left > 0 ? (waiting / STARTS) * Math.log(1 - share(left, isEarly)) : -Infinity;
  }
  return Math.exp(log);
}

/** Return from how many seconds on something *holds*, 0 = that is never. */
function firstWhere(/** @type {(seconds: number) => boolean} */ holds) {
  let high = 1;
  while (!holds(high)) if ((high *= 2) > 1e8) return 0;
  let low = 0;
  for (let step = 0; step < 24; step++) {
    const middle = (low + high) / 2;
    if (holds(middle)) high = middle;
    else low = middle;
  }
  return high;
}
