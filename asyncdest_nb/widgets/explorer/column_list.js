// A list of the columns of a frame, to choose one or some of them: it is filtered in the page, and
// a chosen column is sent by its position, so that no answer of the kernel can come too late.

import { element, updateText } from "../monitor_js/elements.js";

const FEW = 12; // Columns that need no filter.

/**
 * @typedef {{get(name: string): any, set(name: string, value: any): void, save_changes(): void,
 *   on(name: string, call: () => void): void, off(name: string, call: () => void): void}} Model
 * @typedef {{name: string, line: HTMLElement, box: HTMLInputElement, renamed: HTMLElement,
 *   key: HTMLInputElement}} Choice
 */

/** Whether *name* has every word of *text*. @param {string} name @param {string} text */
function hasWords(name, text) {
  const looked = name.toLowerCase();
  return text.toLowerCase().split(/\s+/).every((word) => looked.includes(word));
}

/** @param {string} name @param {Record<string, string>} attributes */
function input(name, attributes) {
  return /** @type {HTMLInputElement} */ (element("input", name, attributes));
}

/** @param {string} name @param {boolean} isSeveral @param {string} group @returns {Choice} */
function choice(name, isSeveral, group) {
  const box = input("", { type: isSeveral ? "checkbox" : "radio", name: group });
  const key = input("ade-key", { type: "text", "aria-label": `Key for ${name}` });
  const label = element("label", "", { dir: "auto" }, box, name || "(no name)");
  const renamed = element("span", "ade-renamed", {}, "as", key);
  const line = element("div", "ade-choice", {}, label, ...(isSeveral ? [renamed] : []));
  return { name, box, key, renamed, line };
}

/** @param {Model} model @param {Choice[]} choices */
function save(model, choices) {
  const chosen = choices.flatMap((each, at) => (each.box.checked ? [at] : []));
  model.set("chosen", chosen);
  model.save_changes();
}

/** @param {Model} model @param {number} at @param {string} text */
function saveKey(model, at, text) {
  model.set("renames", { ...model.get("renames"), [at]: text.trim() });
  model.save_changes();
}

/** Show what the model holds. @param {Model} model @param {Choice[]} choices @param {Element} count */
function draw(model, choices, count) {
  const chosen = new Set(model.get("chosen"));
  const [keys, names] = [model.get("renames"), model.get("names")];
  choices.forEach(({ box, key, renamed }, at) => {
    box.checked = chosen.has(at);
    renamed.hidden = !box.checked;
    if (key !== document.activeElement) key.value = keys[at] || names[at];
  });
  updateText(count, `${chosen.size} of ${choices.length} columns chosen`);
}

/** Let the arrow keys move from line to line. @param {KeyboardEvent} event */
function moveByArrows(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const from = /** @type {HTMLInputElement} */ (event.target);
  if (!step || from.type !== "checkbox") return;
  const all = from.closest(".ade-list")?.querySelectorAll(".ade-choice:not([hidden]) > label > input");
  const boxes = /** @type {HTMLInputElement[]} */ ([...(all ?? [])]);
  boxes[boxes.indexOf(from) + step]?.focus();
  event.preventDefault();
}

/** @param {string} text @param {() => void} act */
function listButton(text, act) {
  const made = element("button", "jupyter-button", { type: "button" }, text);
  made.addEventListener("click", act);
  return made;
}

/** @param {{ model: Model, el: HTMLElement }} view @returns {() => void} */
function render({ model, el }) {
  const [label, isSeveral] = [String(model.get("description")), model.get("is_several")];
  const group = `ade-${Math.random()}`;
  const choices = /** @type {string[]} */ (model.get("labels")).map((name) =>
    choice(name, isSeveral, group));
  const count = element("span", "ade-note", { role: "status" });
  const hint = { type: "search", placeholder: "a part of the name" };
  const filter = input("", { ...hint, "aria-label": `Filter ${label}` });
  const shown = () => choices.filter((each) => hasWords(each.name, filter.value));
  const narrow = () => {
    const found = new Set(shown());
    // What is chosen stays in sight.
    for (const each of choices) each.line.hidden = !found.has(each) && !each.box.checked;
  };
  const check = (/** @type {Choice[]} */ some, /** @type {boolean} */ isChosen) => {
    for (const each of some) each.box.checked = isChosen;
    save(model, choices);
  };
  const update = () => draw(model, choices, count);
  const list = element("div", "ade-list", {}, ...choices.map((each) => each.line));
  const tools = element("div", "ade-line", {}, count);
  if (isSeveral) {
    tools.prepend(listButton("Choose all shown", () => check(shown(), true)));
    tools.prepend(listButton("Choose none", () => check(choices, false)));
  }
  filter.hidden = choices.length <= FEW;
  filter.addEventListener("input", narrow);
  list.addEventListener("keydown", moveByArrows);
  choices.forEach((each, at) => {
    each.box.addEventListener("change", () => save(model, choices));
    each.key.addEventListener("change", () => saveKey(model, at, each.key.value));
  });
  el.classList.add("ade-columns");
  el.append(element("div", "ade-label", {}, label), filter,
    element("div", "", { role: "group", "aria-label": label }, list), tools);
  const names = ["change:chosen", "change:renames"];
  for (const name of names) model.on(name, update);
  update();
  return () => names.forEach((name) => model.off(name, update));
}

export default { render };
