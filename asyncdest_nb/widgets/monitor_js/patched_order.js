// An order of the table brought up to date where few of very many operations have changed.

import { PER_YIELD } from "./slices.js";

/** @typedef {(a: number, b: number) => number} Compare two operations by their numbers */

/**
 * Return *order* with the operations *changed* in their places, and yield now and then.
 * @param {Uint32Array} order numbers of operations
 * @param {ArrayLike<number>} changed numbers, of which some may come twice
 * @param {{count: number, matches: ((number: number) => boolean) | null, compare: Compare | null}} form
 *   `count`: how many operations there are; `matches`: which are shown, null = all; `compare`: null =
 *   they are in the order of their numbers
 * @returns {Generator<undefined, Uint32Array>}
 */
export function* patchedOrder(order, changed, { count, matches, compare }) {
  const isChanged = new Uint8Array(count);
  for (let at = 0; at < changed.length; at++) isChanged[changed[at]] = 1;
  const kept = new Uint32Array(order.length);
  let length = 0;
  for (let at = 0; at < order.length; at++) {
    if (at % PER_YIELD === PER_YIELD - 1) yield;
    if (!isChanged[order[at]]) kept[length++] = order[at];
  }
  const come = [];
  for (let at = 0; at < changed.length; at++) {
    const number = changed[at];
    if (isChanged[number] && (!matches || matches(number))) come.push(number);
    isChanged[number] = 0;
  }
  // Equals are in the order of their numbers, as in a whole sort.
  const full = (/** @type {number} */ a, /** @type {number} */ b) => compare?.(a, b) || a - b;
  come.sort(full);
  return yield* merged(kept.subarray(0, length), come, full);
}

/**
 * @param {Uint32Array} kept
 * @param {number[]} come
 * @param {Compare} compare
 * @returns {Generator<undefined, Uint32Array>}
 */
function* merged(kept, come, compare) {
  const found = new Uint32Array(kept.length + come.length);
  let [from, to] = [0, 0];
  for (const number of come) {
    if (to % 100 === 99) yield;
    const place = placeOf(number, kept, from, compare);
    found.set(kept.subarray(from, place), to);
    to += place - from;
    from = place;
    found[to++] = number;
  }
  found.set(kept.subarray(from), to);
  return found;
}

/** @param {number} number @param {Uint32Array} kept @param {number} from @param {Compare} compare */
function placeOf(number, kept, from, compare) {
  let [low, high] = [from, kept.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compare(kept[middle], number) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
