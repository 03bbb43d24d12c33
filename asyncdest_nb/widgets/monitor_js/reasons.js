// The panel of reasons: why rows did not make it, how many each time; a click shows those rows.

import { badge } from "./badge.js";
import { element, updateAttribute, updateText } from "./elements.js";
import { clock, grouped, several } from "./formats.js";
import { rowsByNumber } from "./row_search.js";
import { toneOf } from "./statuses.js";

/** @import { Send } from "./requests.js" */
/** @import { Header } from "./sent_state.js" */
/** @typedef {{status: string, code: string, message: string, rows: number}} Reason */

const RELOAD_SECONDS = 3; // Between two requests, at least: a run that goes on fails on.
const ANSWER_SECONDS = 30; // seconds; an answer may be lost.

/**
 * @param {Send} send
 * @param {{chosen: (rows: Map<number, number[]> | undefined) => void, changed: () => void}} page
 *   `chosen`: gets the rows of the reason that is pressed, by the numbers of their lines
 */
export function reasonsElement(send, { chosen, changed }) {
  const list = element("div", "adm-reasons-list", { role: "group", "aria-label": "Show by reason" });
  const note = element("div", "adm-note", { role: "status" });
  const node = element("section", "adm-reasons", { "aria-label": "Failures by reason" }, list, note);
  node.hidden = true;
  let [pressed, known, wanted, sentAt, notBefore, isGeneral] = ["", "", "", 0, 0, false];
  /** @type {Map<number, number[]> | undefined} */ let rows;

  /** What the reasons depend on. */
  const stateOf = (/** @type {Header} */ { counts, done }) =>
    [counts.failed, counts.invalid, counts.unknown, done].join();

  async function load(/** @type {string} */ state) {
    const mine = (sentAt = clock());
    const { content } = await send("reasons");
    if (mine !== sentAt) return; // It came too late.
    notBefore = clock() + Math.max(RELOAD_SECONDS, 4 * (clock() - sentAt));
    [sentAt, known] = [0, state];
    if (content.error) updateText(note, content.error);
    else showReasons(content);
    if (pressed) await choose(pressed);
    changed();
  }

  function showReasons(/** @type {{reasons: Reason[], more: number, is_general: boolean}} */ found) {
    isGeneral = found.is_general;
    list.replaceChildren(...found.reasons.map(reasonButton));
    const none = found.reasons.length ? "" : "no failures so far";
    updateText(note, found.more ? `and ${several(found.more, "rarer reason")}` : none);
  }

  function reasonButton(/** @type {Reason} */ { status, code, message, rows: count }) {
    const key = JSON.stringify([status, code, message]);
    const made = element("button", "adm-reason", { type: "button", "aria-pressed": String(key === pressed) });
    const shown = badge();
    shown.show(toneOf(status), `${grouped(count)} ${status}`);
    const text = [code, message].filter(Boolean).join(": ") || "no reason given";
    made.append(shown.node, element("bdi", "adm-reason-text", { title: text }, text));
    made.addEventListener("click", () => choose(key === pressed ? "" : key));
    made.dataset.key = key;
    return made;
  }

  async function choose(/** @type {string} */ key) {
    pressed = key;
    for (const each of list.children) {
      updateAttribute(each, "aria-pressed", String(each.getAttribute("data-key") === pressed));
    }
    if (!key) return give(undefined);
    const { content, buffers } = await send("reason", { reason: JSON.parse(key), is_general: isGeneral });
    if (key !== pressed) return; // Another one was pressed since.
    if (content.error) updateText(note, content.error);
    else give(rowsByNumber(buffers));
  }

  function give(/** @type {typeof rows} */ found) {
    rows = found;
    chosen(found);
  }

  return {
    node,
    rowsIn: (/** @type {number} */ number) => rows?.get(number) ?? [],
    isCurrent: () => node.hidden || known === wanted,
    open(/** @type {boolean} */ isOpen) {
      node.hidden = !isOpen;
      if (!isOpen && pressed) choose("");
    },
    /** Load the reasons once more, if there are others and it is time to. */
    update(/** @type {Header} */ header, /** @type {boolean} */ isConnected) {
      wanted = stateOf(header);
      const isAsked = clock() - sentAt < ANSWER_SECONDS;
      if (node.hidden || known === wanted || isAsked || clock() < notBefore) return;
      if (isConnected) load(wanted);
      else updateText(note, "not connected: only the kernel knows the reasons");
    },
  };
}
