// The line above the table: search, next failure, charts, and what a run can be asked to do.

import { button, element, updateAttribute, updateText, updateTextAndTitle } from "./elements.js";
import { downloadCsv } from "./files.js";
import { grouped } from "./formats.js";
import { bytesOf } from "./packed.js";
import { SLOW_MS } from "./requests.js";
import { searchText } from "./row_search.js";
import { NO_RETRY } from "./texts.js";

/** @import { Answer, Send } from "./requests.js" */
/** @import { Search } from "./row_search.js" */
/** @import { Header } from "./sent_state.js" */
/** @typedef {ReturnType<typeof import("./end_notice.js").endNotice>} EndNotice */

const BUSY = "the kernel is busy: it does this when the cell has ended";
const CONFIRM_SECONDS = 5;

/**
 * @param {Send} send
 * @param {EndNotice} notice
 * @param {{search: (text: string) => void, next: () => void, charts: (isOpen: boolean) => void,
 *   columns: (isOpen: boolean) => void, reasons: (isOpen: boolean) => void}} does
 */
export function toolsElement(send, notice, does) {
  const search = searchBox(does.search);
  const next = button("Next failure", does.next);
  const reasons = panelButton("Reasons", does.reasons);
  reasons.title = "Failures by reason";
  const charts = panelButton("Charts", does.charts);
  const columns = panelButton("Columns", does.columns);
  const matches = element("span", "adm-matches");
  const answer = element("span", "adm-answer", { role: "status", dir: "auto" });
  const notify = notifyButton(notice, answer);
  const actions = runActions(actor(send, answer));
  const where = element("span", "adm-answer adm-where", { role: "status", dir: "auto" });
  const said = element("span", "adm-said", {}, matches, where, answer);
  const node = element("div", "adm-tools", {}, search, next, reasons, charts, columns, notify, actions.node, said);
  return {
    node,
    say: (/** @type {string} */ text) => updateTextAndTitle(answer, text),
    /** @param {Header} header @param {{isConnected: boolean, count: number, isChosen: boolean, search: Search}} now */
    show(header, { isConnected, count, isChosen, search: done }) {
      const hasFailures = ["failed", "unknown", "invalid"].some((status) => header.counts[status]);
      next.disabled = !hasFailures;
      reasons.disabled = !hasFailures && reasons.getAttribute("aria-expanded") !== "true";
      notify.hidden = header.done || !notice.canBe();
      updateAttribute(notify, "aria-pressed", String(notice.isWanted()));
      actions.show(header, isConnected);
      updateText(matches, isChosen ? `${grouped(count)} of ${grouped(header.entries)}` : "");
      const rows = Object.values(header.counts).reduce((sum, n) => sum + n, 0);
      updateTextAndTitle(where, searchText(done, rows));
    },
  };
}

/** @param {(text: string) => void} search */
function searchBox(search) {
  const box = /** @type {HTMLInputElement} */ (element("input", "adm-search", {
    type: "search", placeholder: "Search", "aria-label": "Search the run and every column of the frame",
  }));
  box.addEventListener("input", () => search(box.value));
  return box;
}

/** @param {string} label @param {(isOpen: boolean) => void} toggled */
function panelButton(label, toggled) {
  const made = button(label, () => {
    const isOpen = made.getAttribute("aria-expanded") !== "true";
    updateAttribute(made, "aria-expanded", String(isOpen));
    toggled(isOpen);
  });
  made.setAttribute("aria-expanded", "false");
  return made;
}

/** @param {EndNotice} notice @param {Element} answer */
function notifyButton(notice, answer) {
  const made = button("Notify me", async () => {
    updateTextAndTitle(answer, await notice.toggle());
    updateAttribute(made, "aria-pressed", String(notice.isWanted()));
  });
  made.title = "A notification of the desktop when the run is done";
  return made;
}

/** Return a function that sends a request and shows its answer. */
function actor(/** @type {Send} */ send, /** @type {Element} */ shown) {
  return async (/** @type {string} */ what) => {
    updateText(shown, "");
    const slow = setTimeout(() => updateText(shown, BUSY), SLOW_MS);
    const answer = await send(what);
    clearTimeout(slow);
    updateTextAndTitle(shown, answer.content.error ?? answer.content.text ?? "");
    return answer;
  };
}

/** @param {(what: string) => Promise<Answer>} act */
function runActions(act) {
  const pause = button("Pause", () => act(pause.dataset.what ?? "pause"));
  const cancel = confirmedButton("Cancel", "Really cancel?", () => act("cancel"));
  const retry = button("Retry failed", () => act("retry"));
  const csv = button("CSV", async () => {
    const { content, buffers } = await act("results");
    if (content.file) downloadCsv(content.file, bytesOf(buffers[0]));
  });
  csv.title = "Every row's result, as a file";
  return {
    node: element("span", "adm-actions", {}, pause, cancel, retry, csv),
    /** @param {Header} header @param {boolean} isConnected */
    show({ can, counts, done, paused, retryable }, isConnected) {
      pause.hidden = done || !can.includes("pause");
      pause.dataset.what = paused ? "resume" : "pause";
      updateText(pause, paused ? "Resume" : "Pause");
      cancel.hidden = done || !can.includes("cancel");
      retry.hidden = !done || !can.includes("retry") || !(counts.failed || counts.canceled);
      csv.hidden = !can.includes("results");
      for (const each of [pause, cancel, csv]) each.disabled = !isConnected;
      retry.disabled = !isConnected || retryable === 0;
      retry.title = retryable === 0 ? NO_RETRY : "";
    },
  };
}

/** A button that acts at the second click, a few seconds after the first at most. */
function confirmedButton(
  /** @type {string} */ label, /** @type {string} */ confirmation, /** @type {() => void} */ act,
) {
  let timer = 0;
  function reset() {
    clearTimeout(timer);
    delete made.dataset.armed;
    updateText(made, label);
  }
  const made = button(label, () => {
    if (made.dataset.armed) {
      reset();
      act();
      return;
    }
    made.dataset.armed = "true";
    updateText(made, confirmation);
    timer = window.setTimeout(reset, CONFIRM_SECONDS * 1000);
  });
  return made;
}
