// A line that only a screen reader reads.

import { element, updateText } from "./elements.js";

const SPOKEN_SECONDS = 10; // between two sentences

export function spokenLine() {
  const node = element("div", "adm-live", { role: "status", "aria-live": "polite" });
  let spokenAt = 0;
  return {
    node,
    isCurrent: (/** @type {string} */ text) => node.textContent === text,
    show(/** @type {string} */ text, /** @type {number} */ now) {
      if (now - spokenAt < SPOKEN_SECONDS) return;
      spokenAt = now;
      updateText(node, text);
    },
  };
}
