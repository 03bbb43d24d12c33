// The table of operations: titles that sort, rows, and the row that is selected.

import { drawnRows } from "./drawn_rows.js";
import { button, element, updateAttribute, updateText } from "./elements.js";
import { movedTo, ROW_HEIGHT, scrolledTo, visibleRows } from "./scroll.js";
import { emptyTableText } from "./texts.js";

/** @import { Choice } from "./order.js" */
/** @import { liveOrder } from "./live_order.js" */
/** @import { Column, SentState } from "./sent_state.js" */

/** @param {(name: string) => void} sortBy */
function titleRow(sortBy) {
  const node = element("div", "adm-titles", { role: "row", "aria-rowindex": "1" });
  return {
    node,
    showColumns(/** @type {Column[]} */ columns) {
      node.replaceChildren(...columns.map(({ name, title, kind }) => {
        const sorter = button(title, () => sortBy(name));
        sorter.className = "adm-sorter";
        sorter.dir = "auto";
        return element("div", `adm-cell adm-${kind}`,
          { role: "columnheader", "data-name": name, "aria-sort": "none" }, sorter);
      }));
    },
    showSort(/** @type {Choice["sort"]} */ sort) {
      for (const title of node.children) {
        const isSorted = title.getAttribute("data-name") === sort?.name;
        updateAttribute(title, "aria-sort", !isSorted ? "none" : sort?.down ? "descending" : "ascending");
      }
    },
  };
}

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
 * @param {{moved: () => void, opened: (number: number) => void}} page
 */
export function tableElement(sent, order, { moved, opened }) {
  const titles = titleRow(order.sortBy);
  const body = element("div", "adm-body", { role: "rowgroup" });
  const empty = element("div", "adm-empty");
  const grid = element("div", "adm-table", { role: "none" },
    element("div", "adm-thead", { role: "rowgroup" }, titles.node), body);
  const node = element("div", "adm-scroll",
    { tabindex: "0", role: "grid", "aria-label": "Operations" }, grid, empty);
  const rows = drawnRows(body);
  const scroll = scrollBox(node, titles.node);
  /** @type {boolean | null} */ let hasJobs = null;
  let selected = -1; // The number of an operation.

  function showColumns(/** @type {boolean} */ jobs) {
    hasJobs = jobs;
    const columns = sent.columns.filter((each) => each.shown === "always" || (jobs && each.shown === "jobs"));
    titles.showColumns(columns);
    grid.style.setProperty("--adm-columns", columns.map(({ width }) => width).join(" "));
    rows.setColumns(columns);
    updateAttribute(node, "aria-colcount", String(columns.length));
  }

  function showRows(/** @type {Scroll} */ at, /** @type {number} */ now) {
    const [first, last] = visibleRows({ ...at, count: order.count() });
    rows.draw(first, last, (row, position) => {
      const number = order.numberAt(position);
      row.show(sent, number, now);
      updateAttribute(row.node, "aria-selected", String(number === selected));
      row.node.dataset.number = String(number); // The order may have changed when it is clicked.
    });
    const id = selected < 0 ? "" : rows.idAt(order.positionOf(selected));
    updateAttribute(node, "aria-activedescendant", id);
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

  body.addEventListener("click", (event) => {
    const row = event.target instanceof Element ? event.target.closest(".adm-row") : null;
    // A click that selects text does not ask for details.
    if (!(row instanceof HTMLElement) || !getSelection()?.isCollapsed) return;
    selected = Number(row.dataset.number);
    open();
  });
  node.addEventListener("scroll", moved);

  return {
    node,
    open,
    selected: () => selected,
    goToNextFailure() {
      const at = order.failureAfter(selected);
      if (at >= 0) goTo(at);
      node.focus({ preventScroll: true });
    },
    /** Follow a key, and return whether it moves anything. */
    follow(/** @type {string} */ key) {
      const to = movedTo(key, { ...scroll.read(), count: order.count(), at: order.positionOf(selected) });
      if (to !== null) goTo(to);
      return to !== null;
    },
    /** Return where it is scrolled to. To read that after a change costs a layout of the page. */
    restoreScroll: scroll.restore,
    /** @param {Scroll} at @param {number} now Unix seconds of the kernel, up to which the state is known */
    show(at, now) {
      if (!sent.header) return;
      const count = order.count();
      if (hasJobs !== sent.header.jobs) showColumns(sent.header.jobs);
      titles.showSort(order.choice.sort);
      updateAttribute(node, "aria-rowcount", String(count + 1));
      updateAttribute(body, "style", `height:${count * ROW_HEIGHT}px`);
      updateText(empty, count ? "" : emptyTableText(order.choice, sent.header));
      showRows(at, now);
    },
  };
}
