// The table of operations: titles that sort, rows, and the row that is selected.

import { drawnRows } from "./drawn_rows.js";
import { element, updateAttribute, updateText } from "./elements.js";
import { movedTo, ROW_HEIGHT, scrolledTo, visibleRows } from "./scroll.js";
import { emptyTableText } from "./texts.js";
import { titleRow } from "./titles.js";

/** @import { Layout } from "./column_layout.js" */
/** @import { liveOrder } from "./live_order.js" */
/** @import { Column, SentState } from "./sent_state.js" */

/** @typedef {{top: number, height: number}} Scroll in px: what is scrolled past, what is in sight */

/** The scrolling box, whose position survives while it is out of the page. */
function scrollBox(/** @type {HTMLElement} */ node, /** @type {HTMLElement} */ head) {
  let [top, wasHidden] = [0, false];
  node.addEventListener("scroll", () => {
    if (node.clientHeight) top = node.scrollTop;
  });
  const read = () => ({ top: node.scrollTop, height: node.clientHeight - head.offsetHeight });
  return {
    read,
    // JupyterLab takes distant cells out of the page, and their scroll position with them.
    restore() {
      const isHidden = node.clientHeight === 0;
      if (wasHidden && !isHidden) node.scrollTop = top;
      wasHidden = isHidden;
      return read();
    },
  };
}

/**
 * @param {SentState} sent
 * @param {ReturnType<typeof liveOrder>} order
 * @param {{moved: () => void, opened: (number: number) => void, layout: Layout}} page
 */
export function tableElement(sent, order, { moved, opened, layout }) {
  const titles = titleRow(order.sortBy, layout);
  const body = element("div", "adm-body", { role: "rowgroup" });
  const empty = element("div", "adm-empty");
  const grid = element("div", "adm-table", { role: "none" },
    element("div", "adm-thead", { role: "rowgroup" }, titles.node), body);
  const node = element("div", "adm-scroll",
    { tabindex: "0", role: "grid", "aria-label": "Operations" }, grid, empty);
  const rows = drawnRows(body);
  const scroll = scrollBox(node, titles.node);
  /** @type {Column[]} */ let columns = [];
  let lines = -1;
  let selected = -1; // The number of a line.
  let active = ""; // The name of the column whose cell is chosen in that line, "" = none is.

  /** Return the columns that may be shown. */
  const available = () => sent.columns.filter(({ shown }) =>
    shown === "always" || (shown === "jobs" && sent.header?.jobs));

  function showColumns() {
    const now = layout.shown(available());
    const tracks = layout.tracks(now);
    if (grid.style.getPropertyValue("--adm-columns") !== tracks) grid.style.setProperty("--adm-columns", tracks);
    if (now.length === columns.length && now.every((each, at) => each === columns[at])) return;
    columns = now;
    if (!columns.some(({ name }) => name === active)) active = "";
    titles.showColumns(columns);
    rows.setColumns(columns);
    updateAttribute(node, "aria-colcount", String(columns.length));
  }

  /** Take the room of all lines, whichever are chosen. */
  function showLines(/** @type {number} */ count) {
    if (count !== lines) node.style.setProperty("--adm-lines", String(count));
    lines = count;
  }

  function showRows(/** @type {Scroll} */ at, /** @type {number} */ now) {
    const [first, last] = visibleRows({ ...at, count: order.count() });
    /** @type {number[]} */ const numbers = [];
    rows.draw(first, last, (row, position) => {
      const number = order.numberAt(position);
      numbers.push(number);
      row.show(sent, number, now);
      updateAttribute(row.node, "aria-selected", String(number === selected));
      row.mark(number === selected ? active : "");
      row.node.dataset.number = String(number); // The order may have changed when it is clicked.
    });
    const chosen = selected < 0 ? undefined : rows.at(order.positionOf(selected));
    updateAttribute(node, "aria-activedescendant", chosen?.activeId() ?? "");
    return numbers;
  }

  function goTo(/** @type {number} */ position) {
    selected = order.numberAt(position);
    node.scrollTop = scrolledTo(position, scroll.read());
    moved();
  }

  function open() {
    if (order.positionOf(selected) < 0) return; // Selected before, and filtered out since.
    opened(selected);
    goTo(order.positionOf(selected)); // The details have made the table lower.
  }

  /** Choose the next cell, or the one before; before the first is the whole line. */
  function goAside(/** @type {number} */ by) {
    if (order.positionOf(selected) < 0) goTo(0);
    const at = columns.findIndex(({ name }) => name === active) + by;
    active = columns[Math.min(at, columns.length - 1)]?.name ?? "";
    rows.at(order.positionOf(selected))?.cell(active)?.scrollIntoView({ block: "nearest", inline: "nearest" });
    moved();
  }

  body.addEventListener("click", (event) => {
    const row = event.target instanceof Element ? event.target.closest(".adm-row") : null;
    // A click that selects text does not ask for details.
    if (!(row instanceof HTMLElement) || !getSelection()?.isCollapsed) return;
    selected = Number(row.dataset.number);
    const cell = event.target instanceof Element ? event.target.closest(".adm-cell") : null;
    active = cell?.getAttribute("data-name") ?? "";
    open();
  });
  node.addEventListener("scroll", moved);

  return {
    node,
    open,
    available,
    /** Return the cell that is chosen: the title of its column, and its text; without one, the id. */
    cell() {
      const name = active || "id";
      const own = selected < 0 ? "" : sent.fields[name]?.[selected];
      const drawn = rows.at(order.positionOf(selected))?.cell(name)?.textContent;
      const text = typeof own === "string" ? own : drawn;
      return { name, title: columns.find((each) => each.name === name)?.title ?? "", text: text ?? "" };
    },
    goToNextFailure() {
      const at = order.failureAfter(selected);
      if (at >= 0) goTo(at);
      node.focus({ preventScroll: true });
    },
    /** Follow a key, and return whether it moves anything. */
    follow(/** @type {string} */ key) {
      const aside = { ArrowLeft: -1, ArrowRight: 1 }[key];
      if (aside && order.count()) {
        goAside(aside);
        return true;
      }
      const to = movedTo(key, { ...scroll.read(), count: order.count(), at: order.positionOf(selected) });
      if (to !== null) goTo(to);
      return to !== null;
    },
    /** Return where it is scrolled to. To read that after a change costs a layout of the page. */
    restoreScroll: scroll.restore,
    /**
     * Show what is in sight, and return the numbers of these lines.
     * @param {Scroll} at @param {number} now Unix seconds of the kernel, up to which the state is known
     */
    show(at, now) {
      if (!sent.header) return [];
      const count = order.count();
      showLines(sent.header.lines);
      showColumns();
      titles.showSort(order.choice.sort);
      updateAttribute(node, "aria-rowcount", String(count + 1));
      updateAttribute(body, "style", `height:${count * ROW_HEIGHT}px`);
      updateText(empty, count ? "" : emptyTableText(order.choice, sent.header));
      return showRows(at, now);
    },
  };
}
