// Progress in the title of the page, for somebody who looks at another tab.

import { progressOf } from "./texts.js";

/** @typedef {{counts: Map<object, Record<string, number>>, own: string, shown: string | null}} Titled
 *   `counts`: those of each open run; `own`: the title of the page itself; `shown`: with the
 *   progress, null = no run is open
 */

// Each model has these modules for itself, so all of them share this through the page.
const KEY = Symbol.for("asyncdest_nb.page_title");

/** Return a title with the progress of all open runs in front. */
export function titleWith(/** @type {string} */ own, /** @type {Iterable<Record<string, number>>} */ runs) {
  /** @type {Record<string, number>} */ const sum = {};
  for (const counts of runs) {
    for (const [status, n] of Object.entries(counts)) sum[status] = (sum[status] ?? 0) + n;
  }
  return `${progressOf(sum).percent} % · ${own}`;
}

/**
 * Return what shows a run in the title of the page while it is open.
 * @param {{title: string} | undefined} page the document
 */
export function pageTitle(page = globalThis.document) {
  const key = {};
  /** @type {(counts: Record<string, number> | null) => void} null = it is not open */
  return (counts) => {
    if (!page) return;
    const shared = sharedOf(page);
    if (counts) shared.counts.set(key, counts);
    else shared.counts.delete(key);
    // The host may have set another title meanwhile, such as that of another notebook.
    if (page.title !== shared.shown) shared.own = page.title;
    shared.shown = shared.counts.size ? titleWith(shared.own, shared.counts.values()) : null;
    const title = shared.shown ?? shared.own;
    if (page.title !== title) page.title = title;
  };
}

/** @param {any} page @returns {Titled} */
function sharedOf(page) {
  return (page[KEY] ??= { counts: new Map(), own: page.title, shown: null });
}
