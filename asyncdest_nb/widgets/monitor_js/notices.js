// The place of the notices: the first in a line of its own, and all of them at a click.

import { element, updateAttribute, updateChildren, updateText, updateTextAndTitle } from "./elements.js";

export function noticesElement() {
  const first = element("span", "adm-first", { dir: "auto" });
  const more = element("span", "adm-more");
  const all = element("ul", "adm-all");
  const node = /** @type {HTMLDetailsElement} */ (
    element("details", "adm-notices", {}, element("summary", "adm-notice", {}, first, more), all));
  return {
    node,
    show(/** @type {string[]} */ texts) {
      // The place stays when there are none, so that nothing below it moves.
      updateAttribute(node, "data-count", String(texts.length));
      if (!texts.length) node.open = false;
      updateTextAndTitle(first, texts[0] ?? "");
      updateText(more, texts.length > 1 ? `${texts.length - 1} more` : "");
      updateChildren(all, texts, () => element("li", "", { dir: "auto" }), updateText);
    },
  };
}
