// Sums over all operations of a run, kept up to date while they change.

import { etaOf } from "./eta.js";
import { clock } from "./formats.js";
import { measureRate } from "./rate.js";
import { hasGap, OPEN, PROGRESS, REPORTED, STARTED } from "./sent_state.js";
import { PER_YIELD, runInSlices } from "./slices.js";

/** @import { SentState } from "./sent_state.js" */
/**
 * @typedef {{running: number, reports: {count: number, percent: number}, failedPolls: number,
 *   rowsPerSecond: number, left: number | null}} Totals `running`: what the open operations report as
 *   done, in rows; `reports`: how many report any, and how much on average; `left`: seconds, null = not known
 */

/** @type {Totals} */
const NO_TOTALS = {
  running: 0, reports: { count: 0, percent: 0 }, failedPolls: 0, rowsPerSecond: 0, left: null,
};
const SHARE = 100; // Sums take at most one hundredth of the page's time.
const SMALL = 2000; // operations that may be summed five times a second

/**
 * Sum over all operations, and yield now and then.
 * @param {SentState} sent
 * @param {number} now Unix seconds of the kernel
 * @returns {Generator<undefined, Totals>}
 */
export function* sumTotals({ fields, header }, now) {
  const none = new Float64Array(0); // What is read of it is undefined, which adds nothing.
  const number = (/** @type {string} */ name) => /** @type {Float64Array} */ (fields[name] ?? none);
  const [open, progress, reported] = [OPEN, PROGRESS, REPORTED].map(number);
  const [all, errors] = ["rows.all", "poll_errors"].map(number);
  const sums = { running: 0, failedPolls: 0 };
  let [count, percents] = [0, 0];
  for (let at = 0; at < open.length; at++) {
    if (at % PER_YIELD === PER_YIELD - 1) yield;
    sums.failedPolls += errors[at] || 0;
    if (!open[at] || !(progress[at] >= 0)) continue;
    sums.running += ((all[at] || 1) * progress[at]) / 100;
    count += 1;
    percents += progress[at];
  }
  const [start, end] = [STARTED, "elapsed"].map(number);
  const rate = yield* measureRate({ open, all, progress, reported, start, end }, now);
  const reports = { count, percent: count ? percents / count : 0 };
  return { ...sums, reports, rowsPerSecond: rate.rowsPerSecond, left: etaOf(rate, shareFailed(header)) };
}

/** Return which share of the rows that have an outcome has failed. */
function shareFailed(/** @type {SentState["header"]} */ header) {
  const counts = header?.counts ?? {};
  const [failed, completed] = [counts.failed ?? 0, counts.completed ?? 0];
  return failed / Math.max(1, failed + completed);
}

/**
 * Keep the totals up to date.
 * @param {SentState} sent
 * @param {() => void} changed
 */
export function liveTotals(sent, changed) {
  let totals = NO_TOTALS;
  /** @type {ReturnType<typeof runInSlices> | null} */ let work = null;
  let [startedAt, seq, pause] = [0, -1, 0];

  const isAtWork = () => work !== null && !work.isOver();
  const isCurrent = () => seq === sent.seq && !isAtWork();

  // To sum over 100,000 operations takes some ms, and nobody reads the sums more often.
  function isTooSoon(/** @type {number} */ now) {
    return now - startedAt < Math.max(pause, (sent.header?.entries ?? 0) < SMALL ? 0.2 : 1);
  }

  return {
    get: () => totals,
    isCurrent,
    /** Sum once more, if it is time to. */
    update() {
      const now = clock();
      // What a keyframe brings after the end is summed once it is there.
      const isLast = sent.header?.done && sent.keyframeSince === null;
      if (isLast ? isCurrent() : isTooSoon(now)) return;
      // Operations that have not arrived may take longer than those that have.
      if (hasGap(sent) || isAtWork()) return;
      [startedAt, seq] = [now, sent.seq];
      work = runInSlices(sumTotals(sent, now + sent.skew), (found, spent) => {
        [totals, pause] = [found, SHARE * spent / 1000];
        changed();
      });
    },
    /** Sum at the next update, whenever the last one was. */
    expire() {
      [startedAt, seq] = [0, -1];
    },
    end: () => work?.end(),
  };
}
