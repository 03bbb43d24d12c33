// When a run will be done, estimated from the durations seen so far.

import { binOf, edgeOf, RATIO } from "./rate.js";

/** @import { Rate } from "./rate.js" */
/** @typedef {{median: number, p90: number | null}} Eta in seconds; null = not known */

const FEWEST = 5; // durations before anything is estimated from them
const STEEPEST = 5; // the shape of Weibull's law that few durations of one length would exceed
const FEW = 0.05; // of those that report progress may end before their progress predicts it
const DOUBT = 1.5; // times as long as their progress predicts, and nearly all are done
const STUCK = 3; // times the longest duration seen, and an operation counts as stuck

/**
 * Return the share of operations that take longer than so many seconds, as a function.
 *
 * It is Kaplan and Meier's estimate: an open operation counts for as long as it has been
 * seen, since an open operation is not the same as a long one. Past the longest duration seen
 * it follows Weibull's law, fitted to all durations: with a steady rate, the last of a
 * thousand that began together would be expected minutes too late.
 * @param {{ended: number[], open: number[]}} rate
 */
export function survival({ ended, open }) {
  const last = ended.findLastIndex((n) => n > 0);
  let atRisk = sumOf(ended) + sumOf(open);
  const shares = [1];
  for (let bin = 0; bin <= last; bin++) {
    shares.push(shares[bin] * (1 - ended[bin] / Math.max(1, atRisk)));
    atRisk -= ended[bin] + open[bin];
  }
  const { shape, scale } = weibull({ ended, open });
  const passed = edgeOf(last) ** shape;
  return (/** @type {number} */ seconds) => {
    const bin = binOf(seconds);
    if (bin > last) return shares[last + 1] * Math.exp(-scale * (seconds ** shape - passed));
    const below = bin ? edgeOf(bin - 1) : 0;
    const part = Math.min(1, (seconds - below) / (edgeOf(bin) - below));
    return shares[bin] + part * (shares[bin + 1] - shares[bin]);
  };
}

/**
 * Return the likeliest law: after so many seconds, exp(-scale * seconds ** shape) are open.
 *
 * Shape 1 is a steady rate; the greater the shape, the more suddenly old operations end.
 * @param {{ended: number[], open: number[]}} rate
 */
function weibull({ ended, open }) {
  const [times, count] = [ended.map((_, bin) => edgeOf(bin) / Math.sqrt(RATIO)), sumOf(ended)];
  const logs = times.map(Math.log);
  const mean = ended.reduce((total, n, bin) => total + n * logs[bin], 0) / count;
  const powers = (/** @type {number} */ shape, /** @type {number[]} */ weights) =>
    times.reduce((total, time, bin) => total + (ended[bin] + open[bin]) * weights[bin] * time ** shape, 0);
  const ones = times.map(() => 1);
  let [low, high] = [1, STEEPEST];
  for (let step = 0; step < 16; step++) {
    const shape = (low + high) / 2;
    if (powers(shape, logs) / powers(shape, ones) - 1 / shape > mean) high = shape;
    else low = shape;
  }
  return { shape: low, scale: count / powers(low, ones) };
}

/**
 * Return in how many seconds all is done with a chance of 50 and of 90 percent.
 *
 * Operations that report their progress are expected to end when it predicts, or half as much
 * later for the 90 percent. The others, and the few that are predicted to be last, are
 * expected to end as others have: the progress of an operation that will fail often stands
 * still. Waiting operations start one by one, as fast as others have ended in the last minute.
 *
 * null while too little is known, or one takes far longer than any that has ended; only p90 is
 * null while progress reports are all there is.
 * @param {Rate} rate
 * @returns {Eta | null}
 */
export function etaOf(rate) {
  const isKnown = rate.count >= FEWEST;
  if (!(rate.waiting || sumOf(rate.open)) || (isKnown && isStuck(rate))) return null;
  if (rate.waiting && !(isKnown && rate.perSecond)) return null;
  const chance = chanceOf(rate, isKnown ? survival(rate) : () => 1);
  const median = firstWhere((t) => chance(t, t) >= 0.5);
  const p90 = firstWhere((t) => chance(t, t / DOUBT) >= 0.9);
  return median === null || p90 === null ? null : { median, p90: isKnown ? p90 : null };
}

const sumOf = (/** @type {number[]} */ bins) => bins.reduce((total, n) => total + n, 0);

/** Whether one takes far longer than any that has ended. */
function isStuck(/** @type {Rate} */ rate) {
  const [longest, oldest] = [rate.ended, rate.open].map((bins) => edgeOf(bins.findLastIndex((n) => n > 0)));
  return oldest > STUCK * longest;
}

/**
 * Return the chance that all is done within so many seconds, as a function of these and of the
 * seconds within which a prediction by progress is believed.
 * @param {Rate} rate
 * @param {(seconds: number) => number} share of operations that take longer
 */
function chanceOf(rate, share) {
  const [begun, reporting] = [sumOf(rate.open), sumOf(rate.rests)];
  const ages = rate.open.flatMap((n, bin) => (n ? [[n, edgeOf(bin) / Math.sqrt(RATIO)]] : []));
  const starts = rate.waiting
    ? [1, 2, 3, 4, 5, 6, 7, 8].map((part) => (part / 8) * (rate.waiting / rate.perSecond)) : [];
  return (/** @type {number} */ seconds, /** @type {number} */ predicted) => {
    const early = sumOf(rate.rests.slice(0, binOf(predicted)));
    if (reporting - early > Math.max(2, FEW * reporting)) return 0;
    const left = begun - early;
    let log = 0; // A product of thousands of factors would be rounded to 0.
    for (const [n, age] of left ? ages : []) {
      const longer = share(age);
      if (longer > 0) log += (left / begun) * n * Math.log(Math.max(0, 1 - share(age + seconds) / longer));
    }
    for (const start of starts) {
      log += seconds > start ? (rate.waiting / 8) * Math.log(1 - share(seconds - start)) : -Infinity;
    }
    return Math.exp(log);
  };
}

/** @param {(seconds: number) => boolean} holds from some time on @returns {number | null} */
function firstWhere(holds) {
  let high = 1;
  while (!holds(high)) if ((high *= 2) > 1e8) return null;
  let low = 0;
  for (let step = 0; step < 24; step++) {
    const middle = (low + high) / 2;
    if (holds(middle)) high = middle;
    else low = middle;
  }
  return high;
}
