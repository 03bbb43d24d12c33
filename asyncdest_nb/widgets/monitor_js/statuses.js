// The statuses of a row, an operation or a run, and what each means on the screen.

/**
 * The tone of each status, which decides its shape and colour.
 * @type {Record<string, string>}
 */
export const TONES = {
  planned: "waiting", submitting: "waiting", pending: "waiting",
  accepted: "running", running: "running", canceling: "running",
  completed: "good", partial: "mixed",
  failed: "bad", rejected: "bad", invalid: "bad",
  canceled: "stopped", unknown: "unknown", held: "unknown", lost: "unknown",
};

/**
 * The statuses that the rows of an operation may have, by its state; in other states they are pending.
 * @type {Record<string, string[]>}
 */
export const ROW_STATUSES = {
  completed: ["completed"], partial: ["completed", "failed"], failed: ["failed"],
  rejected: ["failed"], canceled: ["canceled"], unknown: ["unknown"], held: ["unknown"],
  lost: ["unknown"],
};
const PENDING = ["pending"];
const FAILED_STATES = ["failed", "rejected", "partial", "lost", "held"];

/** @param {string} status */
export function toneOf(status) {
  return TONES[status] ?? "unknown";
}

/** @param {string} state @returns {string[]} */
export function rowStatuses(state) {
  return ROW_STATUSES[state] ?? PENDING;
}

/** Whether an operation in this state can still change. */
export function isOpen(/** @type {string} */ state) {
  return rowStatuses(state) === PENDING;
}

/** Whether a person should look at an operation in this state. */
export function isFailure(/** @type {string} */ state) {
  return FAILED_STATES.includes(state);
}
