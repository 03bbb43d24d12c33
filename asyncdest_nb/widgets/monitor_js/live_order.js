// The order of the table, kept up to date while operations change.

import { clock } from "./formats.js";
import { comparison, matcher, nextFailure, nextSort, ordered, usedColumns } from "./order.js";
import { patchedOrder } from "./patched_order.js";
import { changedAfter } from "./sent_state.js";
import { runInSlices } from "./slices.js";

/** @import { SentState } from "./sent_state.js" */
/** @import { Choice } from "./order.js" */

// An order takes at most one part of the page's time in so many.
const WHOLE_SHARE = 4;
const PATCH_SHARE = 50;

/**
 * Keep the chosen operations in the chosen order.
 *
 * A position is a place in the table, a number that of an operation.
 * @param {SentState} sent
 * @param {() => void} changed
 */
export function liveOrder(sent, changed) {
  /** @type {Choice} */ const choice = { statuses: [], search: "", sort: null };
  /** @type {Uint32Array | null} */ let order = null;
  /** @type {ReturnType<typeof runInSlices> | null} */ let work = null;
  let [seq, entries, notBefore, foundBefore] = [-1, 0, 0, 0];
  /** @type {number[]} */ let found = []; // by the kernel, since the order was made

  /** @param {Generator<undefined, Uint32Array | null>} making @param {number} share */
  function run(making, share) {
    work?.end();
    [seq, entries, found] = [sent.seq, sent.header?.entries ?? 0, []];
    work = runInSlices(making, (made, spent) => {
      order = made;
      notBefore = performance.now() + Math.max(1000, share * spent);
      changed();
    });
  }

  const kernelNow = () => clock() + sent.skew;
  const start = () => run(ordered(sent, choice, kernelNow()), WHOLE_SHARE);

  /** Put what has changed into its place; all are put in order where that is not known. */
  function patch() {
    const numbers = order && entries === sent.header?.entries ? changedAfter(sent, seq) : null;
    if (!order || !numbers) {
      start();
      return;
    }
    const compare = choice.sort && comparison(sent, choice.sort, kernelNow());
    const form = { count: entries, matches: matcher(sent, choice), compare };
    run(patchedOrder(order, numbers.concat(found), form), PATCH_SHARE);
  }

  function choose(/** @type {Partial<Choice>} */ changes) {
    Object.assign(choice, changes);
    start();
    changed();
  }

  const isAtWork = () => work !== null && !work.isOver();
  const isStale = () => usedColumns(sent, choice).some((name) => sent.changed[name] > seq);
  const count = () => order?.length ?? sent.header?.entries ?? 0;
  const positionOf = (/** @type {number} */ number) => (order ? order.indexOf(number) : number);

  return {
    choice,
    count,
    positionOf,
    numberAt: (/** @type {number} */ position) => (order ? order[position] : position),
    /** The position of the next failure after an operation, -1 = there is none. */
    failureAfter: (/** @type {number} */ number) =>
      nextFailure(/** @type {string[]} */ (sent.fields.status ?? []), order, count(), positionOf(number)),
    isChosen: () => order !== null,
    isCurrent: () => !isAtWork() && !isStale() && !found.length,
    search(/** @type {string} */ search) {
      foundBefore = 0;
      choose({ search, found: undefined });
    },
    /** Show only lines with a reason, or all again. */
    showReason: (/** @type {Choice["reason"]} */ reason) => choose({ reason }),
    /** Show these lines too, which the kernel found; it adds to the same ones. */
    addFound(/** @type {NonNullable<Choice["found"]>} */ rows) {
      const numbers = [...rows.keys()].slice(foundBefore);
      [choice.found, foundBefore, notBefore] = [rows, rows.size, 0];
      found = found.concat(numbers);
      changed();
    },
    sortBy: (/** @type {string} */ name) => choose({ sort: nextSort(choice.sort, name) }),
    /** Show the rows of a status too, or not any more. */
    toggle(/** @type {string} */ status) {
      const others = choice.statuses.filter((each) => each !== status);
      const isChosen = others.length < choice.statuses.length;
      choose({ statuses: isChosen ? others : [...others, status] });
    },
    /** Bring it up to date, if something has changed and it is time to. */
    update() {
      if (!isAtWork() && performance.now() >= notBefore && (isStale() || found.length)) patch();
    },
    end: () => work?.end(),
  };
}
