// The part above the table: title, status, progress bar, counts, facts and notices.

import { badge } from "./badge.js";
import { element, updateAttribute, updateChildren, updateText, updateTextAndTitle } from "./elements.js";
import { grouped } from "./formats.js";
import { knownUntil } from "./sent_state.js";
import { toneOf } from "./statuses.js";
import { factsText, freshnessText, progressOf, progressText, shownCounts } from "./texts.js";

/** @import { Header, SentState } from "./sent_state.js" */
/** @import { Totals } from "./totals.js" */

/** @param {(word: string) => void} toggle shows only the operations of a status, or all again */
export function headerElement(toggle) {
  const title = element("span", "adm-title", { dir: "auto" });
  const status = badge();
  const updated = element("span", "adm-updated");
  const bar = progressBar();
  const counts = countButtons(toggle);
  const progress = element("span", "adm-progress");
  const facts = element("div", "adm-facts");
  const notices = element("ul", "adm-notices");
  const node = element("div", "adm-head", {},
    element("div", "adm-line", {}, title, status.node, updated), bar.node,
    element("div", "adm-line", {}, counts.node, progress), facts, notices);
  return {
    node,
    /**
     * @param {SentState} sent
     * @param {Totals} totals
     * @param {{now: number, isConnected: boolean, words: string[]}} shown
     */
    show(sent, totals, { now, isConnected, words }) {
      const { header, error } = sent;
      updateTextAndTitle(title, header?.title ?? "");
      updateText(updated, freshnessText(sent, now, isConnected));
      if (!header) return;
      showStatus(status, header);
      bar.show(header.counts, totals.running);
      counts.show(header.counts, words);
      updateText(progress, progressText(header.counts, totals.running));
      updateText(facts, factsText(header, totals, knownUntil(sent, now, isConnected) === now));
      updateChildren(notices, error ? [...header.notices, `the monitor has failed: ${error}`] : header.notices,
        () => element("li", "adm-notice", { dir: "auto" }), updateTextAndTitle);
    },
  };
}

/** @param {ReturnType<typeof badge>} status @param {Header} header */
function showStatus(status, header) {
  const isRunning = header.status === "pending" && !header.done;
  status.show(isRunning ? "running" : toneOf(header.status),
    isRunning && header.paused ? "paused" : header.status);
}

function progressBar() {
  const node = element("div", "adm-bar", {
    role: "progressbar", "aria-label": "rows done", "aria-valuemin": "0", "aria-valuemax": "100",
  });
  return {
    node,
    show(/** @type {Record<string, number>} */ counts, /** @type {number} */ running) {
      const { total, percent } = progressOf(counts, running);
      updateAttribute(node, "aria-valuenow", String(percent));
      updateAttribute(node, "aria-valuetext", progressText(counts, running));
      const done = shownCounts(counts).filter((word) => word !== "pending" && counts[word]);
      const words = running ? [...done, "running"] : done;
      updateChildren(node, words, () => element("span", "adm-part"), (part, word) => {
        updateAttribute(part, "data-tone", toneOf(word));
        updateAttribute(part, "style", `width:${(100 * (counts[word] ?? running)) / total}%`);
      });
    },
  };
}

/** @param {(word: string) => void} toggle */
function countButtons(toggle) {
  /** @type {WeakMap<Element, ReturnType<typeof badge>>} */
  const badges = new WeakMap();
  const node = element("div", "adm-counts", { role: "group", "aria-label": "Show by status" });
  const make = () => {
    const made = badge("button", { type: "button" });
    made.node.addEventListener("click", () => toggle(made.node.getAttribute("data-word") ?? ""));
    badges.set(made.node, made);
    return made.node;
  };
  return {
    node,
    show(/** @type {Record<string, number>} */ counts, /** @type {string[]} */ pressed) {
      // A pressed one stays when its count is 0, so that it can be released.
      const words = [...new Set([...shownCounts(counts), ...pressed])];
      updateChildren(node, words, make, (child, word) => {
        badges.get(child)?.show(toneOf(word), `${grouped(counts[word] ?? 0)} ${word}`);
        updateAttribute(child, "data-word", word);
        updateAttribute(child, "data-zero", String(!counts[word]));
        updateAttribute(child, "aria-pressed", String(pressed.includes(word)));
      });
    },
  };
}
