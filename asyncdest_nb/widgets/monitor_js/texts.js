// The sentences that the monitor shows.

import { duration, grouped, several, speed, timeOfDay } from "./formats.js";
import { hasGap, knownUntil } from "./sent_state.js";

/** @import { Header, SentState } from "./sent_state.js" */
/** @import { Choice } from "./order.js" */
/** @import { Totals } from "./totals.js" */

export const NO_RETRY = "no failed row may be sent again as it is: correct them first (run.failed())";

/** Return how many of the rows are done: those that have an outcome. */
export function progressOf(/** @type {Record<string, number>} */ counts) {
  const total = Object.values(counts).reduce((sum, n) => sum + n, 0);
  const done = total - (counts.pending ?? 0);
  // Rounded down: 100 % means that every row is done.
  return { total, done, percent: total ? Math.floor((100 * done) / total) : 0 };
}

export function progressText(/** @type {Record<string, number>} */ counts) {
  const { total, done, percent } = progressOf(counts);
  return `${grouped(done)} of ${several(total, "row")} done · ${percent} %`;
}

/** The counts to show: two of them always, so that the line does not jump. */
export function shownCounts(/** @type {Record<string, number>} */ counts) {
  const statuses = ["completed", "unchanged", "failed", "invalid", "canceled", "unknown", "pending"];
  return statuses.filter((status) => counts[status] || status === "completed" || status === "pending");
}

/**
 * Return how fresh the state is: "" when the run is done and nothing more is due.
 * @param {SentState} sent
 * @param {number} now Unix seconds of the browser
 * @param {boolean} isConnected
 */
export function freshnessText(sent, now, isConnected = true) {
  if (!sent.header) return isConnected ? "waiting for the first update" : "not connected";
  const silent = now - sent.receivedAt;
  // By the kernel's clock: a notebook that was saved with its widgets has an old message.
  const last = `not connected: last updated at ${timeOfDay(sent.receivedAt + sent.skew, now)}`;
  if (!isConnected) return last;
  if (hasGap(sent)) return "catching up";
  if (sent.header.done) return "";
  if (knownUntil(sent, now) < now) return `${last}, ${duration(silent)} ago`;
  return `updated ${duration(now + sent.skew - sent.header.updated_at)} ago`;
}

/**
 * Return what the end of its kernel means for a run that was going on; "" = it was not. The code
 * that continues it comes after this text.
 * @param {Header} header
 */
export function lossText({ counts, continued_by, done }) {
  if (done || (continued_by ?? null) === null) return "";
  const rows = `${several(counts.pending ?? 0, "row")} pending`;
  if (continued_by) return `The kernel has ended with ${rows}. The run goes on with: `;
  return `This run is lost: it was in the memory of a kernel that has ended, with ${rows}. ` +
    "What was sent before goes on at the destination: look there before you send these rows again.";
}

/**
 * Return what the run costs and when it ends, as far as that is known.
 * @param {Header} header
 * @param {Totals} totals
 */
export function factsText(header, { rowsPerSecond, left, failedPolls, reports }, isCurrent = true) {
  const facts = [];
  // While a run stands still, or its state is old, a speed or an end would be made up.
  const isMoving = isCurrent && !header.done && !header.paused;
  if (rowsPerSecond && isMoving) facts.push(`${speed(rowsPerSecond)} rows/s`);
  if (left && isMoving) facts.push(`about ${duration(Math.round(left))} left`);
  if (reports.count && isMoving) facts.push(insideText(reports));
  // This kernel counts them: 0 for a run from an earlier kernel does not mean that it cost none.
  if (header.requests) facts.push(several(header.requests, "request"));
  // Mean seconds between the end of an operation and the poll that found it.
  if (header.lag) facts.push(`detection lag ${header.lag.toFixed(1)} s`);
  if (failedPolls) facts.push(`${several(failedPolls, "poll")} failed`);
  const { failed = 0, canceled = 0 } = header.counts;
  if (header.done && header.retryable === 0 && failed + canceled) facts.push(NO_RETRY);
  return facts.join(" · ");
}

/** Return how far the operations are that have not ended; no row of theirs is done. */
function insideText(/** @type {Totals["reports"]} */ { count, percent }) {
  return `${several(count, "running operation")} at ${Math.floor(percent)} %${count > 1 ? " on average" : ""}`;
}

/**
 * Return why the table is empty; "" = rows may still come.
 * @param {Pick<Choice, "statuses" | "search" | "reason">} choice
 * @param {Pick<Header, "counts" | "entries" | "done">} header
 */
export function emptyTableText({ statuses, search, reason }, { counts, entries, done }) {
  const isChosen = statuses.length > 0 || search.trim() !== "" || reason !== undefined;
  const unchanged = unchangedText(counts.unchanged ?? 0);
  if (isChosen && !unchanged) return "nothing matches";
  if (isChosen) return statuses.join() === "unchanged" ? unchanged : `nothing matches; ${unchanged}`;
  if (!entries && !done) return "";
  if (!counts.invalid) return unchanged || "nothing was sent";
  const rows = counts.invalid === 1 ? "row is invalid and was" : "rows are invalid and were";
  return `${grouped(counts.invalid)} ${rows} not sent: run.failed() shows why`;
}

/** Return why rows that are unchanged are not in the table, "" = there are none. */
function unchangedText(/** @type {number} */ count) {
  const were = count === 1 ? "was not sent and is" : "were not sent and are";
  return count ? `${several(count, "unchanged row")} ${were} not listed: run.results() has every row` : "";
}
