// One view of a run: its parts, and what each paint shows in them.

import { chartsElement } from "./charts.js";
import { columnLayout, columnsElement } from "./column_layout.js";
import { detailsElement } from "./details.js";
import { element, updateAttribute } from "./elements.js";
import { copyText } from "./files.js";
import { clock } from "./formats.js";
import { headerElement } from "./header.js";
import { isForHost, keepKeys } from "./keys.js";
import { liveOrder } from "./live_order.js";
import { painter } from "./painter.js";
import { reasonsElement } from "./reasons.js";
import { rowSearch } from "./row_search.js";
import { knownUntil } from "./sent_state.js";
import { spokenLine } from "./spoken_line.js";
import { tableElement } from "./table.js";
import { progressText } from "./texts.js";
import { toolsElement } from "./tools.js";
import { liveTotals } from "./totals.js";

/** @import { Send } from "./requests.js" */
/** @import { SentState } from "./sent_state.js" */
/** @import { EndNotice } from "./tools.js" */
/** @typedef {ReturnType<typeof import("./requests.js").sightReports>} SightReports */

/** Return how much room there is, which decides what goes into one line; monitor.css has the layouts. */
const widthOf = (/** @type {number} */ px) => (px < 560 ? "narrow" : px < 960 ? "medium" : "wide");

/**
 * Draw the run into *el*, and return what repaints it and what ends it.
 * @param {HTMLElement} el
 * @param {SentState} sent
 * @param {{send: Send, notice: EndNotice, sight: SightReports}} page
 */
export function view(el, sent, { send, notice, sight }) {
  const ended = new AbortController();
  const painting = painter(paint);
  const repaint = painting.request;
  const order = liveOrder(sent, repaint);
  const totals = liveTotals(sent, () => {
    charts.show(sent);
    repaint();
  });
  const isConnected = () => !el.closest(".jupyter-widgets-disconnected");
  let wasConnected = true;

  const layout = columnLayout(repaint);
  const columns = columnsElement(layout);
  const table = tableElement(sent, order,
    { moved: repaint, opened: (number) => details.update(sent, number), layout });
  const header = headerElement(order.toggle);
  const charts = chartsElement();
  const search = rowSearch(send, { changed: showFound, isConnected });
  const reasons = reasonsElement(send, { chosen: order.showReason, changed: repaint });
  const tools = toolsElement(send, notice, {
    search: searchFor, next: table.goToNextFailure, charts: showCharts, reasons: showReasons,
    columns: showColumnsPanel,
  });
  const details = detailsElement(send, { closed: () => table.node.focus(), isConnected, rowsIn });
  const spoken = spokenLine();
  const parts = [header, tools, reasons, columns, charts, table, details, spoken];
  const root = element("div", "adm-root", {}, ...parts.map(({ node }) => node));

  function searchFor(/** @type {string} */ text) {
    search.start(text);
    order.search(text);
  }

  function showFound() {
    order.addFound(search.get().rows);
  }

  /** The rows of a line that were asked for, by a search or by their reason. */
  function rowsIn(/** @type {number} */ number) {
    const [found, failed] = [search.rowsIn(number), reasons.rowsIn(number)];
    return found.length ? found : failed;
  }

  function showReasons(/** @type {boolean} */ isOpen) {
    reasons.open(isOpen);
    repaint();
  }

  function showColumnsPanel(/** @type {boolean} */ isOpen) {
    columns.node.hidden = !isOpen;
    repaint();
  }

  async function copyCell() {
    const { text } = table.cell();
    await copyText(text);
    if (text) tools.say(`copied: ${text.length > 80 ? `${text.slice(0, 80)}…` : text}`);
  }

  function showCharts(/** @type {boolean} */ isOpen) {
    charts.node.hidden = !isOpen;
    totals.expire();
    repaint();
  }

  function paint() {
    painting.hold(() => {
      order.update();
      totals.update();
    });
    const now = clock();
    wasConnected = isConnected();
    const at = table.restoreScroll();
    header.show(sent, totals.get(), { now, isConnected: wasConnected, statuses: order.choice.statuses });
    if (!sent.header) return;
    reasons.update(sent.header, wasConnected);
    tools.show(sent.header, {
      isConnected: wasConnected, count: order.count(), isChosen: order.isChosen(), search: search.get(),
    });
    sight.show(sent, table.show(at, knownUntil(sent, now, wasConnected) + sent.skew));
    columns.show(table.available());
    details.update(sent);
    details.offer(table.cell());
    spoken.show(spokenText(), now);
  }

  const spokenText = () =>
    sent.header ? `${sent.header.status}: ${progressText(sent.header.counts)}` : "";

  /** Whether nothing on the page changes as time goes by. */
  const isFinal = () =>
    sent.header?.done && spoken.isCurrent(spokenText()) && order.isCurrent() &&
    totals.isCurrent() && reasons.isCurrent() && isConnected() === wasConnected;

  function pressed(/** @type {KeyboardEvent} */ event) {
    if (isForHost(event) || event.altKey) return;
    if (event.key === "Escape") details.close();
    if (event.target === table.node && act(event.key)) event.preventDefault();
  }

  /** Do what a key in the table means, and return whether it means anything. */
  function act(/** @type {string} */ key) {
    if (table.follow(key)) return true;
    if (key === "Enter") table.open(), details.focus();
    else if (key === "c") copyCell();
    else if (key === "f") table.goToNextFailure();
    else return false;
    return true;
  }

  root.addEventListener("keydown", pressed);
  keepKeys(root, ended.signal);
  const resized = new ResizeObserver(([{ contentRect }]) => {
    // JupyterLab takes distant cells out of the page, where they have no width.
    if (contentRect.width) updateAttribute(root, "data-width", widthOf(contentRect.width));
    repaint();
  });
  resized.observe(table.node);
  const ticking = setInterval(() => isFinal() || repaint(), 1000);
  el.append(root);
  paint();

  return {
    repaint,
    end() {
      ended.abort();
      [order, totals, search, painting].forEach((each) => each.end());
      clearInterval(ticking);
      resized.disconnect();
    },
  };
}
