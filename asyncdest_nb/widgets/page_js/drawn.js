// A view of any ipywidget that the package makes, with the classes that ipywidgets itself gives
// it, so that one style sheet is right for both.

import { element } from "../monitor_js/elements.js";
import { INPUTS } from "./inputs.js";
import { follow } from "./models.js";

/** @import { Model } from "./models.js" */
/**
 * @typedef {{ getWidget: (reference: string) => Promise<{ render: (view: object) => Promise<void> }> }} Host
 * @typedef {{ find: (id: string) => Promise<Model>, host?: Host }} Page
 * @typedef {{ node: Promise<HTMLElement>, ended: AbortController }} Child
 */

const REFERENCE = "IPY_MODEL_";
/** @type {Record<string, string>} */
const BOXES = { VBoxModel: "widget-vbox", HBoxModel: "widget-hbox" };

/**
 * Return the view of a widget, which follows its model until *signal* aborts.
 * @param {Page} page
 * @param {string} reference "IPY_MODEL_…"
 * @param {AbortSignal} signal
 * @returns {Promise<HTMLElement>}
 */
export async function drawn(page, reference, signal) {
  const id = reference.slice(REFERENCE.length);
  const model = await page.find(id);
  const node = viewOf(page, model, id, signal);
  node.classList.add("jupyter-widgets", ...(model.get("_dom_classes") ?? []));
  const layout = await page.find(model.get("layout").slice(REFERENCE.length));
  follow(layout, "display", (display) => { node.style.display = display ?? ""; }, signal);
  return node;
}

/** @param {Page} page @param {Model} model @param {string} id @param {AbortSignal} signal */
function viewOf(page, model, id, signal) {
  const name = model.get("_model_name");
  if (BOXES[name]) return box(page, model, BOXES[name], signal);
  if (INPUTS[name]) return INPUTS[name](model, signal);
  const node = element("div", "");
  // What anywidget draws, the host can draw too.
  page.host?.getWidget(`anywidget:${id}`).then((widget) => widget.render({ el: node, signal }));
  return node;
}

/** @param {Page} page @param {Model} model @param {string} name @param {AbortSignal} signal */
function box(page, model, name, signal) {
  const node = element("div", `widget-container widget-box ${name}`);
  /** @type {Map<string, Child>} */
  const children = new Map();
  follow(model, "children", async (/** @type {string[]} */ references) => {
    keepOnly(children, references, (reference) => child(page, reference, signal));
    const nodes = await Promise.all([...children.values()].map((each) => each.node));
    // Others may have come meanwhile.
    if (references === model.get("children")) arrange(node, nodes);
  }, signal);
  return node;
}

/** @param {Page} page @param {string} reference @param {AbortSignal} signal @returns {Child} */
function child(page, reference, signal) {
  const ended = new AbortController();
  signal.addEventListener("abort", () => ended.abort(), { signal: ended.signal });
  return { node: drawn(page, reference, ended.signal), ended };
}

/**
 * End the views of widgets that are gone, and make those of new ones, in their order.
 * @param {Map<string, Child>} children
 * @param {string[]} references
 * @param {(reference: string) => Child} make
 */
function keepOnly(children, references, make) {
  const kept = new Map(children);
  children.clear();
  for (const each of references) children.set(each, kept.get(each) ?? make(each));
  for (const [each, { ended }] of kept) if (!children.has(each)) ended.abort();
}

/** Let *nodes* be the children; one that stays in its place keeps the focus. */
function arrange(/** @type {HTMLElement} */ parent, /** @type {HTMLElement[]} */ nodes) {
  for (const old of [...parent.children]) if (!nodes.includes(/** @type {any} */ (old))) old.remove();
  nodes.forEach((node, at) => {
    if (parent.children[at] !== node) parent.insertBefore(node, parent.children[at] ?? null);
  });
}
