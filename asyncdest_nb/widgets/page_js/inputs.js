// Views of inputs, buttons and HTML.

import { element } from "../monitor_js/elements.js";
import { enter, follow } from "./models.js";

/** @import { Model } from "./models.js" */
/** @typedef {HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement} Control */
/** @typedef {(model: Model, signal: AbortSignal) => HTMLElement} View */

let count = 0;

/** @type {Record<string, View>} */
export const INPUTS = {
  ButtonModel: pushButton,
  CheckboxModel: checkbox,
  DropdownModel: (model, signal) => choice(model, signal, "widget-dropdown"),
  HTMLModel: html,
  PasswordModel: (model, signal) => line(model, signal, "password"),
  SelectModel: (model, signal) => choice(model, signal, "widget-select"),
  SelectMultipleModel: (model, signal) => choice(model, signal, "widget-select widget-select-multiple"),
  TextModel: (model, signal) => line(model, signal, "text"),
  TextareaModel: (model, signal) =>
    writable(model, signal, "widget-textarea", element("textarea", "", { rows: model.get("rows") ?? 3 })),
};

/** @type {View} */
function pushButton(model, signal) {
  const style = model.get("button_style");
  const node = /** @type {HTMLButtonElement} */ (element(
    "button", `jupyter-button widget-button ${style && `mod-${style}`}`, { type: "button" }));
  node.addEventListener("click", () => model.send({ event: "click" }));
  follow(model, "description", (label) => { node.textContent = label; }, signal);
  follow(model, "disabled", (disabled) => { node.disabled = disabled; }, signal);
  return node;
}

/** @type {View} */
function html(model, signal) {
  const content = element("div", "widget-html-content");
  follow(model, "value", (value) => { content.innerHTML = value; }, signal);
  return element("div", "widget-inline-hbox widget-html", {}, content);
}

/** @param {Model} model @param {AbortSignal} signal @param {string} type */
function line(model, signal, type) {
  return writable(model, signal, "widget-text", element("input", "", { type }));
}

/** @param {Model} model @param {AbortSignal} signal @param {string} name @param {HTMLElement} made */
function writable(model, signal, name, made) {
  const box = /** @type {HTMLInputElement} */ (made);
  const event = model.get("continuous_update") ? "input" : "change";
  box.addEventListener(event, () => enter(model, "value", box.value));
  follow(model, "placeholder", (text) => { box.placeholder = text ?? ""; }, signal);
  follow(model, "value", (value) => {
    if (box.value !== value) box.value = value;
  }, signal);
  return labelled(model, signal, name, box);
}

/** @param {Model} model @param {AbortSignal} signal @param {string} name */
function choice(model, signal, name) {
  const box = /** @type {HTMLSelectElement} */ (element("select", ""));
  const isMultiple = (box.multiple = name.includes("multiple"));
  const isList = !name.includes("dropdown");
  const chosen = () => [...box.selectedOptions].map((each) => each.index);
  box.addEventListener("change", () => enter(model, "index", isMultiple ? chosen() : box.selectedIndex));
  const show = () => {
    const indexes = [model.get("index")].flat();
    [...box.options].forEach((each, at) => { each.selected = indexes.includes(at); });
    if (indexes[0] === null) box.selectedIndex = -1;
  };
  follow(model, "_options_labels", (/** @type {string[]} */ labels) => {
    box.replaceChildren(...labels.map((label) => new Option(label)));
    show();
  }, signal);
  follow(model, "index", show, signal);
  if (isList) follow(model, "rows", (rows) => { box.size = rows; }, signal);
  return labelled(model, signal, name, box);
}

/** @type {View} */
function checkbox(model, signal) {
  const box = /** @type {HTMLInputElement} */ (element("input", "", { type: "checkbox" }));
  box.addEventListener("change", () => enter(model, "value", box.checked));
  follow(model, "value", (value) => { box.checked = value; }, signal);
  follow(model, "disabled", (disabled) => { box.disabled = disabled; }, signal);
  const text = element("span", "");
  follow(model, "description", (label) => { text.textContent = label; }, signal);
  const label = element("label", "widget-label-basic", {}, box, text);
  return element("div", "widget-inline-hbox widget-checkbox", {}, label);
}

/** @param {Model} model @param {AbortSignal} signal @param {string} name @param {Control} box */
function labelled(model, signal, name, box) {
  box.id = `adp-${++count}`;
  const label = element("label", "widget-label", { for: box.id });
  follow(model, "description", (text) => {
    label.textContent = text;
    label.style.display = text ? "" : "none";
  }, signal);
  follow(model, "disabled", (disabled) => { box.disabled = disabled; }, signal);
  return element("div", `widget-inline-hbox ${name}`, {}, label, box);
}
