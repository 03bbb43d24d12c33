// Which columns a reader has hidden and how wide they are, and the panel that shows it.

import { button, element, updateAttribute } from "./elements.js";

/** @import { Column } from "./sent_state.js" */

const NARROWEST = 40; // px

/** @param {() => void} changed */
export function columnLayout(changed) {
  /** @type {Set<string>} */ const hidden = new Set();
  /** @type {Map<string, number>} */ const widths = new Map();
  return {
    /** Return the columns that are shown; the last one cannot be hidden. @param {Column[]} columns */
    shown: (columns) => columns.filter(({ name }) => !hidden.has(name)),
    /** Return the tracks of a grid. @param {Column[]} columns */
    tracks: (columns) =>
      columns.map(({ name, width }) => (widths.has(name) ? `${widths.get(name)}px` : width)).join(" "),
    isHidden: (/** @type {string} */ name) => hidden.has(name),
    isChanged: () => hidden.size > 0 || widths.size > 0,
    hide(/** @type {string} */ name, /** @type {boolean} */ isHidden) {
      if (isHidden) hidden.add(name);
      else hidden.delete(name);
      changed();
    },
    /** Make a column so many px wide; null = as wide as it was. */
    resize(/** @type {string} */ name, /** @type {number | null} */ width) {
      if (width === null) widths.delete(name);
      else widths.set(name, Math.max(NARROWEST, Math.round(width)));
      changed();
    },
    reset() {
      hidden.clear();
      widths.clear();
      changed();
    },
  };
}

/** @typedef {ReturnType<typeof columnLayout>} Layout */

/** The panel: a box to tick for each column. */
export function columnsElement(/** @type {Layout} */ layout) {
  const list = element("div", "adm-columns-list", { role: "group", "aria-label": "Columns to show" });
  const reset = button("As before", layout.reset);
  reset.title = "Show all columns, as wide as they were";
  const hint = element("div", "adm-note", {},
    "Drag the edge of a title to resize its column, or press Shift+← and Shift+→ on the title. " +
    "In the table ← and → choose a cell, and C copies it.");
  const node = element("section", "adm-columns-panel", { "aria-label": "Columns" }, list, hint);
  node.hidden = true;
  let drawn = "";

  function draw(/** @type {Column[]} */ columns) {
    list.replaceChildren(...columns.map(({ name, title }) => {
      const box = /** @type {HTMLInputElement} */ (
        element("input", "", { type: "checkbox", "data-name": name }));
      box.addEventListener("change", () => layout.hide(name, !box.checked));
      return element("label", "adm-tick", {}, box, element("bdi", "", {}, title));
    }), reset);
  }

  return {
    node,
    show(/** @type {Column[]} */ columns) {
      if (node.hidden) return;
      const names = JSON.stringify(columns.map(({ name }) => name));
      if (drawn !== names) draw(columns);
      drawn = names;
      const left = layout.shown(columns).length;
      for (const box of list.querySelectorAll("input")) {
        box.checked = !layout.isHidden(box.dataset.name ?? "");
        box.disabled = box.checked && left === 1;
      }
      updateAttribute(reset, "aria-disabled", String(!layout.isChanged()));
    },
  };
}
