// The titles of the table: a click sorts, and the edge of a title makes its column wider.

import { button, element, updateAttribute } from "./elements.js";

/** @import { Layout } from "./column_layout.js" */
/** @import { Choice } from "./order.js" */
/** @import { Column } from "./sent_state.js" */

const STEP = 16; // px by which a key changes a width

/** @param {(name: string) => void} sortBy @param {Layout} layout */
export function titleRow(sortBy, layout) {
  const node = element("div", "adm-titles", { role: "row", "aria-rowindex": "1" });

  function titleElement(/** @type {Column} */ { name, title, kind }) {
    const sorter = button(title, () => sortBy(name));
    sorter.className = "adm-sorter";
    sorter.dir = "auto";
    const edge = element("span", "adm-edge", { "aria-hidden": "true" });
    const made = element("div", `adm-cell adm-${kind}`,
      { role: "columnheader", "data-name": name, "aria-sort": "none" }, sorter, edge);
    const width = () => made.getBoundingClientRect().width;
    sorter.addEventListener("keydown", ({ key, shiftKey }) => {
      const by = { ArrowLeft: -STEP, ArrowRight: STEP }[key];
      if (by && shiftKey) layout.resize(name, width() + by);
    });
    edge.addEventListener("pointerdown", (event) => follow(event, edge, width(), name));
    edge.addEventListener("dblclick", () => layout.resize(name, null));
    return made;
  }

  /** Follow the pointer until it is let go. */
  function follow(
    /** @type {PointerEvent} */ event, /** @type {HTMLElement} */ edge,
    /** @type {number} */ width, /** @type {string} */ name,
  ) {
    event.preventDefault(); // It selects no text.
    edge.setPointerCapture(event.pointerId);
    edge.onpointermove = ({ clientX }) => layout.resize(name, width + clientX - event.clientX);
    edge.onpointerup = edge.onpointercancel = () => {
      edge.onpointermove = null;
    };
  }

  return {
    node,
    showColumns: (/** @type {Column[]} */ columns) => node.replaceChildren(...columns.map(titleElement)),
    showSort(/** @type {Choice["sort"]} */ sort) {
      for (const title of node.children) {
        const isSorted = title.getAttribute("data-name") === sort?.name;
        updateAttribute(title, "aria-sort", !isSorted ? "none" : sort?.down ? "descending" : "ascending");
      }
    },
  };
}
