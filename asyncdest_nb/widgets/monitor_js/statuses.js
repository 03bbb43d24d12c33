// The words for the status of a row, an operation or a run, and what each means on the screen.

/**
 * The tone of each status, which decides its shape and colour.
 * @type {Record<string, string>}
 */
export const TONES = {
  planned: "waiting", submitting: "waiting", pending: "waiting",
  accepted: "running", running: "running", canceling: "running",
  completed: "good", unchanged: "same", partial: "mixed",
  failed: "bad", invalid: "bad", canceled: "stopped", unknown: "unknown",
};

/**
 * The statuses that the rows of an operation may have, by its own; otherwise they are pending.
 * @type {Record<string, string[]>}
 */
export const ROW_STATUSES = {
  completed: ["completed"], partial: ["completed", "failed"], failed: ["failed"],
  canceled: ["canceled"], unknown: ["unknown"], invalid: ["invalid"],
};
const PENDING = ["pending"];
const FAILURES = new Set(["failed", "partial", "unknown", "invalid"]);

/** @param {string} status */
export function toneOf(status) {
  return TONES[status] ?? "unknown";
}

/** @param {string} status of an operation @returns {string[]} */
export function rowStatuses(status) {
  return ROW_STATUSES[status] ?? PENDING;
}

/** Whether an operation of this status is expected to change by itself. */
export function isOpen(/** @type {string} */ status) {
  return rowStatuses(status) === PENDING;
}

/** Whether a person should look at an operation of this status. */
export function isFailure(/** @type {string} */ status) {
  return FAILURES.has(status);
}
