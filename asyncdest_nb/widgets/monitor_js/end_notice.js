// A notification of the desktop at the end of a run, for somebody who asked for it.

import { grouped } from "./formats.js";

/** @import { Header } from "./sent_state.js" */

const REFUSED = "this page may show no notifications: allow them in the settings of the browser";

/** Return the title and the text of a notification. */
export function noticeOf(/** @type {Pick<Header, "title" | "status" | "counts">} */ { title, status, counts }) {
  const parts = Object.entries(counts).filter(([, n]) => n).map(([word, n]) => `${grouped(n)} ${word}`);
  return { title: `${title}: ${status}`, body: parts.join(", ") || "no rows" };
}

/**
 * Return the notice of one run, shared by its views.
 * @param {typeof Notification | undefined} kind of notification; undefined = the browser has none
 */
export function endNotice(kind = globalThis.Notification) {
  let isWanted = false;
  return {
    canBe: () => kind !== undefined,
    isWanted: () => isWanted,
    /** Ask for the notice, or no more; return why there will be none, "" = nothing stands against it. */
    async toggle() {
      if (isWanted || !kind) {
        isWanted = false;
        return "";
      }
      isWanted = (await kind.requestPermission()) === "granted";
      return isWanted ? "" : REFUSED;
    },
    /** Show it, once, if the run is at its end and somebody asked for it. */
    update(/** @type {Header | null} */ header) {
      if (!isWanted || !kind || !header?.done) return;
      isWanted = false;
      const { title, body } = noticeOf(header);
      const shown = new kind(title, { body });
      shown.onclick = () => globalThis.window?.focus();
    },
  };
}
