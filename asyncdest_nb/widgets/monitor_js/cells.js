// A row of the table and its cells: how each kind of column is drawn.

import { badge } from "./badge.js";
import { element, updateAttribute, updateText, updateTextAndTitle } from "./elements.js";
import { duration, elapsed, grouped, orDash } from "./formats.js";
import { fieldsOf, OPEN, STARTED } from "./sent_state.js";
import { toneOf } from "./statuses.js";

/** @import { Column, SentState } from "./sent_state.js" */

/**
 * By kind of column: fill an empty cell, and return what updates it.
 * @type {Record<string, (cell: HTMLElement) => (value: any, now: number) => void>}
 */
export const CELLS = {
  text(cell) {
    cell.dir = "auto";
    return (value) => updateTextAndTitle(cell, value);
  },
  code(cell) {
    return CELLS.text(cell);
  },
  number(cell) {
    return (value) => updateText(cell, orDash(value, grouped(value)));
  },
  status(cell) {
    const made = badge();
    cell.append(made.node);
    return (value) => {
      made.show(toneOf(value), value);
      made.node.hidden = !value; // Not received yet.
    };
  },
  percent(cell) {
    const fill = element("span", "adm-fill");
    const text = element("span", "adm-share");
    cell.append(element("span", "adm-track", { "aria-hidden": "true" }, fill), text);
    return (value) => {
      updateAttribute(fill, "style", `width:${value || 0}%`);
      updateText(text, orDash(value, `${value} %`));
    };
  },
  elapsed(cell) {
    return ([start, end, open], now) => {
      const seconds = elapsed({ start, end, open }, now);
      updateText(cell, orDash(seconds, duration(seconds)));
    };
  },
  rows(cell) {
    return ([completed, failed, all]) => {
      const text = `${grouped(completed)} completed, ${grouped(failed)} failed of ${grouped(all)}`;
      updateTextAndTitle(cell, orDash(all || NaN, text)); // An invalid row is in no job.
    };
  },
};
const TEXTUAL = ["text", "code", "status"];

/** @param {Column[]} columns */
export function rowElement(columns) {
  const node = element("div", "adm-row", { role: "row" });
  /** @type {Element | null} */ let marked = null;
  const cellOf = (/** @type {string} */ name) => node.children[columns.findIndex((each) => each.name === name)] ?? null;
  const updates = columns.map((column) => {
    const cell = element("div", `adm-cell adm-${column.kind}`, { role: "gridcell", "data-name": column.name });
    node.append(cell);
    const names = column.kind === "elapsed" ? [STARTED, column.name, OPEN] : fieldsOf(column);
    const missing = TEXTUAL.includes(column.kind) ? "" : NaN;
    return { names, missing, update: (CELLS[column.kind] ?? CELLS.text)(cell) };
  });
  return {
    node,
    cell: cellOf,
    /** The id of the cell that is marked, else that of the row. */
    activeId: () => (marked ?? node).id,
    /** Mark the cell of a column, "" = none. */
    mark(/** @type {string} */ name) {
      const cell = name ? cellOf(name) : null;
      if (cell === marked) return;
      marked?.removeAttribute("id");
      if (cell) cell.id = `${node.id}-cell`;
      marked = cell;
    },
    show(/** @type {SentState} */ { fields }, /** @type {number} */ number, /** @type {number} */ now) {
      for (const { names, missing, update } of updates) {
        const values = names.map((name) => fields[name]?.[number] ?? missing);
        update(names.length > 1 ? values : values[0], now);
      }
      updateAttribute(node, "data-tone", toneOf(String(fields.status?.[number] ?? "")));
    },
  };
}
