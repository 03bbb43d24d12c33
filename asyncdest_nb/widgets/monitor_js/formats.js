// How numbers, times and durations are written.

const numberFormat = new Intl.NumberFormat("en-US");

/** @param {number} n */
export const grouped = (n) => numberFormat.format(n);

/** @param {number} n @param {string} noun in the singular */
export const several = (n, noun) => `${grouped(n)} ${noun}${n === 1 ? "" : "s"}`;

/** @param {number} n per second */
export const speed = (n) => (n < 10 ? n.toFixed(1) : grouped(Math.round(n)));

/** @param {number} value NaN = not known @param {string} text */
export const orDash = (value, text) => (Number.isNaN(value) ? "–" : text);

/** The browser's clock, in Unix seconds. */
export const clock = () => Date.now() / 1000;

/** @param {number} seconds */
export function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const pad = (/** @type {number} */ n) => String(n).padStart(2, "0");
  if (hours) return `${hours} h ${pad(minutes)} m`;
  return minutes ? `${minutes} m ${pad(whole % 60)} s` : `${whole} s`;
}

/**
 * Return the seconds that an operation has taken, NaN = it has not begun, or its end is not known.
 * @param {{start: number, end: number, open: number}} times `start` and `end` in Unix seconds,
 *   NaN = not yet; `open` 1 = it can still change, 0 = it cannot
 * @param {number} now Unix seconds of the kernel
 */
export function elapsed({ start, end, open }, now) {
  return (Number.isNaN(end) && open ? now : end) - start;
}

/**
 * Return a time of day, with its date if that is not today.
 * @param {number} seconds Unix
 * @param {number} now Unix seconds
 */
export function timeOfDay(seconds, now = clock()) {
  const [at, today] = [new Date(1000 * seconds), new Date(1000 * now)];
  const time = at.toTimeString().slice(0, 8);
  return at.toDateString() === today.toDateString() ? time : `${at.toLocaleDateString("sv")} ${time}`;
}
