// Draws ipywidgets in a host that draws anywidgets only, such as marimo. Their models are on the
// page all the same, since the kernel sends those of every widget; what is missing is a view.

import { drawn } from "./drawn.js";

/** @import { Host } from "./drawn.js" */
/** @import { Model } from "./models.js" */

/** @param {{ model: Model & { widget_manager: any }, el: HTMLElement, host?: Host }} view */
function render({ model, el, host }) {
  const ended = new AbortController();
  const find = (/** @type {string} */ id) => model.widget_manager.get_model(id);
  drawn({ find, host }, model.get("_root"), ended.signal).then((node) => {
    if (!ended.signal.aborted) el.replaceChildren(node);
  });
  return () => ended.abort();
}

export default { render };
