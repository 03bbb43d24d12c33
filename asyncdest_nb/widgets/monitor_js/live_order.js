// The order of the table, kept up to date while operations change.

import { clock } from "./formats.js";
import { nextFailure, nextSort, ordered, usedColumns } from "./order.js";
import { runInSlices } from "./slices.js";

/** @import { SentState } from "./sent_state.js" */
/** @import { Choice } from "./order.js" */

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
  let [seq, notBefore] = [-1, 0];

  function start() {
    work?.end();
    seq = sent.seq;
    work = runInSlices(ordered(sent, choice, clock() + sent.skew), (found, spent) => {
      order = found;
      // Sorting takes at most a fifth of the page's time.
      notBefore = performance.now() + Math.max(1000, 4 * spent);
      changed();
    });
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
    isCurrent: () => !isAtWork() && !isStale(),
    search: (/** @type {string} */ search) => choose({ search, found: undefined }),
    /** Show only lines with a reason, or all again. */
    showReason: (/** @type {Choice["reason"]} */ reason) => choose({ reason }),
    /** Show these lines too, which the kernel found. */
    addFound: (/** @type {Choice["found"]} */ found) => choose({ found }),
    sortBy: (/** @type {string} */ name) => choose({ sort: nextSort(choice.sort, name) }),
    /** Show the rows of a status too, or not any more. */
    toggle(/** @type {string} */ status) {
      const others = choice.statuses.filter((each) => each !== status);
      const isChosen = others.length < choice.statuses.length;
      choose({ statuses: isChosen ? others : [...others, status] });
    },
    /** Sort once more, if something has changed and it is time to. */
    update() {
      if (!isAtWork() && performance.now() >= notBefore && isStale()) start();
    },
    end: () => work?.end(),
  };
}
