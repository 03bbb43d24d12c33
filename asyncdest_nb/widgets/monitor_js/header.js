// The part above the table: title, status, progress bar, counts, facts and notices.

import { badge } from "./badge.js";
import { element, updateAttribute, updateChildren, updateText, updateTextAndTitle } from "./elements.js";
import { grouped } from "./formats.js";
import { noticesElement } from "./notices.js";
import { knownUntil } from "./sent_state.js";
import { toneOf } from "./statuses.js";
import { factsText, freshnessText, lossText, progressOf, progressText, shownCounts } from "./texts.js";

/** @import { Header, SentState } from "./sent_state.js" */
/** @import { Totals } from "./totals.js" */

/** @param {(status: string) => void} toggle shows only the operations of a status, or all again */
export function headerElement(toggle) {
  const title = element("span", "adm-title", { dir: "auto" });
  const statusBadge = badge();
  const updated = element("span", "adm-updated");
  const bar = progressBar();
  const counts = countButtons(toggle);
  const progress = element("span", "adm-progress");
  const facts = element("div", "adm-facts");
  const [lossWords, lossCode] = [element("span", ""), element("code", "adm-code")];
  const loss = element("div", "adm-loss", {}, lossWords, lossCode);
  const notices = noticesElement();
  const node = element("div", "adm-head", {},
    element("div", "adm-line", {}, title, statusBadge.node, updated), bar.node,
    element("div", "adm-line adm-sums", {}, counts.node, progress), facts, loss, notices.node);
  return {
    node,
    /**
     * @param {SentState} sent
     * @param {Totals} totals
     * @param {{now: number, isConnected: boolean, statuses: string[]}} shown
     */
    show(sent, totals, { now, isConnected, statuses }) {
      const { header, error } = sent;
      updateTextAndTitle(title, header?.title ?? "");
      updateTextAndTitle(updated, freshnessText(sent, now, isConnected));
      if (!header) return;
      showStatus(statusBadge, header, isConnected);
      updateText(lossWords, lossText(header));
      updateText(lossCode, header.continued_by ?? "");
      loss.hidden = isConnected || !lossWords.textContent;
      bar.show(header.counts, totals.running);
      counts.show(header.counts, statuses);
      updateText(progress, progressText(header.counts));
      updateTextAndTitle(facts, factsText(header, totals, knownUntil(sent, now, isConnected) === now));
      notices.show(error ? [...header.notices, `the monitor has failed: ${error}`] : header.notices);
    },
  };
}

/** @param {ReturnType<typeof badge>} shown @param {Header} header @param {boolean} isConnected */
function showStatus(shown, header, isConnected) {
  const isRunning = header.status === "pending" && !header.done && isConnected;
  shown.show(isRunning ? "running" : toneOf(header.status),
    isRunning && header.paused ? "paused" : header.status);
}

function progressBar() {
  const node = element("div", "adm-bar", {
    role: "progressbar", "aria-label": "rows done", "aria-valuemin": "0", "aria-valuemax": "100",
  });
  return {
    node,
    show(/** @type {Record<string, number>} */ counts, /** @type {number} */ running) {
      const { total, percent } = progressOf(counts);
      updateAttribute(node, "aria-valuenow", String(percent));
      updateAttribute(node, "aria-valuetext", progressText(counts));
      const done = shownCounts(counts).filter((status) => status !== "pending" && counts[status]);
      const statuses = running ? [...done, "running"] : done;
      updateChildren(node, statuses, () => element("span", "adm-part"), (part, status) => {
        updateAttribute(part, "data-tone", toneOf(status));
        updateAttribute(part, "style", `width:${(100 * (counts[status] ?? running)) / total}%`);
      });
    },
  };
}

/** @param {(status: string) => void} toggle */
function countButtons(toggle) {
  /** @type {WeakMap<Element, ReturnType<typeof badge>>} */
  const badges = new WeakMap();
  const node = element("div", "adm-counts", { role: "group", "aria-label": "Show by status" });
  const make = () => {
    const made = badge("button", { type: "button" });
    made.node.addEventListener("click", () => toggle(made.node.getAttribute("data-status") ?? ""));
    badges.set(made.node, made);
    return made.node;
  };
  return {
    node,
    show(/** @type {Record<string, number>} */ counts, /** @type {string[]} */ pressed) {
      // A pressed one stays when its count is 0, so that it can be released.
      const statuses = [...new Set([...shownCounts(counts), ...pressed])];
      updateChildren(node, statuses, make, (child, status) => {
        badges.get(child)?.show(toneOf(status), `${grouped(counts[status] ?? 0)} ${status}`);
        updateAttribute(child, "data-status", status);
        updateAttribute(child, "data-zero", String(!counts[status]));
        updateAttribute(child, "aria-pressed", String(pressed.includes(status)));
      });
    },
  };
}
