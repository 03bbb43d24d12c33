// The rows of the table that are on the page: those near what is in sight.

import { rowElement } from "./cells.js";
import { updateAttribute } from "./elements.js";
import { ROW_HEIGHT } from "./scroll.js";

/** @import { Column } from "./sent_state.js" */
/** @typedef {ReturnType<typeof rowElement>} Row */

let tables = 0; // Makes the ids of rows unique on the page.

/** @param {HTMLElement} body */
export function drawnRows(body) {
  const prefix = `adm-${++tables}`;
  /** @type {Map<number, Row>} */
  const drawn = new Map(); // By position.
  /** @type {Column[]} */ let columns = [];

  function remove(/** @type {number} */ position) {
    drawn.get(position)?.node.remove();
    drawn.delete(position);
  }

  function rowAt(/** @type {number} */ position) {
    const known = drawn.get(position);
    if (known) return known;
    const made = rowElement(columns);
    made.node.id = `${prefix}-${position}`;
    made.node.style.top = `${position * ROW_HEIGHT}px`;
    updateAttribute(made.node, "aria-rowindex", String(position + 2));
    drawn.set(position, made);
    body.insertBefore(made.node, drawn.get(position + 1)?.node ?? null);
    return made;
  }

  return {
    /** Draw other columns from now on. */
    setColumns(/** @type {Column[]} */ chosen) {
      columns = chosen;
      [...drawn.keys()].forEach(remove);
    },
    /**
     * @param {number} first position
     * @param {number} last the position after the last
     * @param {(row: Row, position: number) => void} show
     */
    draw(first, last, show) {
      for (const position of drawn.keys()) if (position < first || position >= last) remove(position);
      // From the last one up: a row is inserted before the one below it.
      for (let position = last - 1; position >= first; position--) show(rowAt(position), position);
    },
    /** Return the row at a position, undefined = it is not drawn. */
    at: (/** @type {number} */ position) => drawn.get(position),
  };
}
