// The panel below the table: the details of the operation that is selected.

import { detailsContent } from "./details_content.js";
import { button, element, updateText } from "./elements.js";
import { copyText } from "./files.js";
import { clock } from "./formats.js";
import { SLOW_MS } from "./requests.js";

/** @import { Send } from "./requests.js" */
/** @import { SentState } from "./sent_state.js" */

const ROWS = 100; // of a job
const PATIENCE = 30; // seconds without an answer, after which details are requested again

/**
 * @param {Send} send
 * @param {{closed: () => void, isConnected: () => boolean, rowsIn: (number: number) => number[]}} page
 *   `rowsIn`: the rows that were searched for
 */
export function detailsElement(send, { closed, isConnected, rowsIn }) {
  const title = element("bdi", "adm-title");
  const content = element("div", "adm-details-body");
  const copier = button("Copy id", () => copyText(id));
  const cellCopier = button("Copy", () => copyText(cellText));
  const closer = button("Close", () => close());
  const node = element("section", "adm-details", { role: "region", "aria-label": "Details" },
    element("div", "adm-line", {}, title, copier, cellCopier, closer), content);
  node.hidden = true;
  cellCopier.hidden = true;
  let cellText = "";
  let [number, id, state, polls, sentAt, wasCutOff] = [-1, "", "", NaN, 0, false];

  function close() {
    if (node.hidden) return;
    node.hidden = true;
    number = -1;
    closed();
  }

  /** Show, in place of details, why there are none. */
  const showWhy = () => updateText(content, isConnected()
    ? "the kernel is busy: it answers when the cell has ended" : "not connected: only the kernel knows more");

  /** @param {number} wanted @param {{isFirst: boolean, isNewState: boolean}} why */
  async function load(wanted, { isFirst, isNewState }) {
    wasCutOff = !isConnected();
    if (wasCutOff) return isFirst && showWhy();
    const slow = isFirst ? setTimeout(() => wanted === number && showWhy(), SLOW_MS) : 0;
    sentAt = clock();
    const answer = await send("details", { number: wanted, rows: rowsIn(wanted).slice(0, ROWS) });
    sentAt = 0;
    clearTimeout(slow);
    if (wanted !== number) return;
    if (answer.content.error) updateText(content, answer.content.error);
    else show(detailsContent(answer.content.details), isNewState);
    // Only at first: later, the reader may be looking at another part of the page.
    if (isFirst) node.scrollIntoView({ block: "nearest" });
  }

  /** While the state stays, only facts and times change, and what was unfolded stays so. */
  function show(/** @type {HTMLElement[]} */ blocks, /** @type {boolean} */ isNewState) {
    const { scrollTop } = node;
    const old = [...content.children].slice(0, 2);
    if (isNewState || old.length < 2) content.replaceChildren(...blocks);
    else old.forEach((each, at) => isSelectedIn(each) || each.replaceWith(blocks[at]));
    node.scrollTop = scrollTop;
  }

  /** Whether to load once more the details that are shown. */
  function isDue(/** @type {boolean} */ isNewState, /** @type {number} */ polled) {
    // A busy kernel gets one request, not one for each poll; but an answer may be lost, and
    // a kernel that is back has no request yet.
    const isLoading = clock() - sentAt < PATIENCE;
    const isBack = wasCutOff && isConnected();
    return isNewState || isBack || !(isLoading || Object.is(polled, polls));
  }

  return {
    node,
    close,
    focus: () => closer.focus(),
    /** Offer to copy the cell that is chosen. @param {{name: string, title: string, text: string}} cell */
    offer({ name, title: column, text }) {
      cellText = text;
      cellCopier.hidden = name === "id" || !text;
      updateText(cellCopier, `Copy ${column}`);
    },
    /** Show an operation, or once more the one that is shown if it has changed. */
    update(/** @type {SentState} */ { fields, header }, wanted = number) {
      const [now, polled] = [String(fields.status?.[wanted] ?? ""), Number(fields.polls?.[wanted])];
      const isFirst = wanted !== number;
      const isNewState = isFirst || now !== state;
      if (wanted < 0 || !isDue(isNewState, polled)) return;
      if (isFirst) updateText(content, "loading …");
      [number, id, state, polls] = [wanted, String(fields.id?.[wanted] ?? ""), now, polled];
      updateText(title, [fields.row?.[number], id].filter(Boolean).join(" · "));
      copier.hidden = !id;
      node.hidden = false;
      if (header?.can.includes("details")) load(number, { isFirst, isNewState });
      else updateText(content, String(fields.message?.[number] ?? ""));
    },
  };
}

/** Whether a text in *node* is selected. */
function isSelectedIn(/** @type {Element} */ node) {
  const selection = getSelection();
  return selection !== null && !selection.isCollapsed && selection.containsNode(node, true);
}
