// A status as a text with a shape.

import { drawing, element, updateAttribute, updateText } from "./elements.js";

/**
 * By tone, drawn in a box of 16 by 16: the shape shows a status where colour cannot.
 * @type {Record<string, string>}
 */
const SHAPES = {
  waiting: "M8 3a5 5 0 1 0 0 10a5 5 0 1 0 0-10",
  running: "M8 3a5 5 0 1 0 0 10a5 5 0 1 0 0-10M8 5.2v3.1l2.1 1.3",
  good: "M3.2 8.6l3.1 3.1 6.5-7",
  same: "M3.5 6h9M3.5 10h9",
  mixed: "M8 3a5 5 0 1 0 0 10a5 5 0 1 0 0-10M5.4 8h5.2",
  bad: "M4 4l8 8M12 4l-8 8",
  stopped: "M8 3a5 5 0 1 0 0 10a5 5 0 1 0 0-10M4.5 11.5l7-7",
  unknown: "M5.6 6.1a2.5 2.5 0 1 1 3.6 2.2c-.8.4-1.2.8-1.2 1.7M8 12.4v.2",
};

export function badge(tag = "span", attributes = {}) {
  const icon = drawing("0 0 16 16", { "aria-hidden": "true" });
  const label = element("span", "adm-label");
  const node = element(tag, "adm-badge", attributes, icon, label);
  return {
    node,
    show(/** @type {string} */ tone, /** @type {string} */ text) {
      updateAttribute(node, "data-tone", tone);
      updateAttribute(/** @type {Element} */ (icon.firstChild), "d", SHAPES[tone]);
      updateText(label, text);
    },
  };
}
