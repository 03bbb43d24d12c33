// Which operations the table shows, and in which order.

import { elapsed } from "./formats.js";
import { OPEN, STARTED } from "./sent_state.js";
import { PER_YIELD } from "./slices.js";
import { isFailure, rowStatuses, TONES } from "./statuses.js";

/** @import { SentState } from "./sent_state.js" */
/**
 * @typedef {{statuses: string[], search: string, found?: ReadonlyMap<number, number[]>,
 *   reason?: ReadonlyMap<number, number[]>, sort: {name: string, down: boolean} | null}} Choice `statuses`: those of rows, none = all;
 *   `found`: what the kernel found of the search, by the numbers of lines; `reason`: what has
 *   the reason that was chosen, undefined = none was
 */

const collator = new Intl.Collator("en", { numeric: true });
const STATES = new Map(Object.keys(TONES).map((state, at) => [state, at]));

/**
 * Return a function that compares two operations by a column; what is missing comes last either way.
 * @param {SentState} sent
 * @param {{name: string, down: boolean}} sort
 * @param {number} now Unix seconds of the kernel
 * @returns {(a: number, b: number) => number}
 */
export function comparison(sent, { name, down }, now) {
  const key = keyOf(sent, name, now);
  const sign = down ? -1 : 1;
  return (a, b) => {
    const [left, right] = [key(a), key(b)];
    const [noLeft, noRight] = [isMissing(left), isMissing(right)];
    if (noLeft || noRight) return Number(noLeft) - Number(noRight);
    if (left === right) return 0;
    if (typeof left === "string") return sign * collator.compare(left, String(right));
    return sign * (left - Number(right));
  };
}

/** @param {string | number} key */
const isMissing = (key) => key === "" || key === undefined || Number.isNaN(key);

/** @returns {(number: number) => string | number} */
function keyOf(/** @type {SentState} */ { columns, fields }, /** @type {string} */ name, /** @type {number} */ now) {
  const kind = columns.find((each) => each.name === name)?.kind;
  const own = fields[name] ?? [];
  if (kind === "status") return (number) => own[number] && (STATES.get(String(own[number])) ?? -1);
  if (kind === "rows") return (number) => Number(fields[`${name}.failed`]?.[number]);
  if (kind !== "elapsed") return (number) => own[number];
  const [start, end, open] = [fields[STARTED] ?? [], own, fields[OPEN] ?? []].map(
    (field) => /** @type {Float64Array} */ (field));
  return (number) => elapsed({ start: start[number], end: end[number], open: open[number] }, now);
}

/**
 * Return the chosen operations in order, and yield now and then; null = all in their own order.
 * @param {SentState} sent
 * @param {Choice} choice
 * @param {number} now Unix seconds of the kernel
 * @returns {Generator<undefined, Uint32Array | null>}
 */
export function* ordered(sent, choice, now) {
  const matches = matcher(sent, choice);
  if (!matches && !choice.sort) return null;
  const count = sent.header?.entries ?? 0;
  const found = new Uint32Array(count);
  let length = 0;
  for (let number = 0; number < count; number++) {
    if (number % PER_YIELD === PER_YIELD - 1) yield;
    if (!matches || matches(number)) found[length++] = number;
  }
  const chosen = found.slice(0, length);
  return choice.sort ? yield* mergeSorted(chosen, comparison(sent, choice.sort, now)) : chosen;
}

/** Return a function that decides whether to show an operation; null = all are shown. */
export function matcher(/** @type {SentState} */ sent, /** @type {Choice} */ { statuses, search, found, reason }) {
  const state = sent.fields.status ?? [];
  const texts = searchedColumns(sent).map((name) => sent.fields[name] ?? []);
  const needle = search.trim().toLowerCase();
  if (!statuses.length && !needle && !reason) return null;
  return (/** @type {number} */ number) =>
    (!reason || reason.has(number)) &&
    (!statuses.length || state[number] !== undefined) &&
    (!statuses.length || rowStatuses(String(state[number])).some((status) => statuses.includes(status))) &&
    (!needle || found?.has(number) || texts.some((text) => String(text[number] ?? "").toLowerCase().includes(needle)));
}

function searchedColumns(/** @type {SentState} */ { columns }) {
  return columns.filter(({ kind }) => kind === "text" || kind === "code").map(({ name }) => name);
}

/** The columns that an order depends on. */
export function usedColumns(/** @type {SentState} */ sent, /** @type {Choice} */ { statuses, search, sort }) {
  return [
    ...(statuses.length ? ["status"] : []), ...(search.trim() ? searchedColumns(sent) : []),
    ...(sort ? [sort.name] : []),
  ];
}

/**
 * Sort by merging, which keeps the order of equals and can pause at any step.
 * @param {Uint32Array} numbers
 * @param {(a: number, b: number) => number} compare
 * @returns {Generator<undefined, Uint32Array>}
 */
function* mergeSorted(numbers, compare) {
  /** @type {Uint32Array[]} */
  let [from, to] = [numbers, new Uint32Array(numbers.length)];
  let merges = 0;
  for (let width = 1; width < numbers.length; width *= 2) {
    for (let start = 0; start < numbers.length; start += 2 * width) {
      const middle = Math.min(start + width, numbers.length);
      const end = Math.min(start + 2 * width, numbers.length);
      if (++merges % PER_YIELD === 0) yield;
      // What is in order already, such as labels, is only copied.
      if (middle >= end || compare(from[middle - 1], from[middle]) <= 0) {
        to.set(from.subarray(start, end), start);
        continue;
      }
      let [left, right] = [start, middle];
      for (let at = start; at < end; at++) {
        if (at % PER_YIELD === PER_YIELD - 1) yield;
        const takesLeft =
          left < middle && (right >= end || compare(from[left], from[right]) <= 0);
        to[at] = takesLeft ? from[left++] : from[right++];
      }
    }
    [from, to] = [to, from];
  }
  return from;
}

/**
 * Return the position of the next failure after *at*, continuing at the top; -1 = none.
 * @param {ArrayLike<string>} state
 * @param {Uint32Array | null} order
 * @param {number} count
 * @param {number} at
 */
export function nextFailure(state, order, count, at) {
  for (let step = 1; step <= count; step++) {
    const position = (at + step) % count;
    if (isFailure(state[order ? order[position] : position])) return position;
  }
  return -1;
}

/** Return what a click on a column's title sorts by: first up, then down, then nothing. */
export function nextSort(/** @type {Choice["sort"]} */ sort, /** @type {string} */ name) {
  if (sort?.name !== name) return { name, down: false };
  return sort.down ? null : { name, down: true };
}
