// The small pieces of a page. Text reaches it through text nodes only.

/**
 * @param {string} tag
 * @param {string} name its class
 * @param {Record<string, string>} attributes
 * @param {(Node | string)[]} children
 */
export function element(tag, name, attributes = {}, ...children) {
  const made = document.createElement(tag);
  made.className = name;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** Return an SVG with an empty path in it. @param {string} viewBox @param {Record<string, string>} attributes */
export function drawing(viewBox, attributes) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  for (const [key, value] of Object.entries({ viewBox, ...attributes })) svg.setAttribute(key, value);
  svg.append(document.createElementNS("http://www.w3.org/2000/svg", "path"));
  return svg;
}

/** @param {string} label @param {() => void} act */
export function button(label, act) {
  const made = /** @type {HTMLButtonElement} */ (
    element("button", "adm-button", { type: "button" }, label));
  made.addEventListener("click", act);
  return made;
}

/** Set a text only where it differs, so that a selection in it survives. */
export function updateText(/** @type {Element} */ node, /** @type {string} */ text) {
  if (node.textContent !== text) node.textContent = text;
}

export function updateAttribute(
  /** @type {Element} */ node, /** @type {string} */ name, /** @type {string} */ value,
) {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

/** Set a text that may be cut off, and show all of it as the title. */
export function updateTextAndTitle(/** @type {Element} */ node, /** @type {string} */ text) {
  updateText(node, text);
  updateAttribute(node, "title", text);
}

/** Give *node* as many children as there are texts, and show each its text. */
export function updateChildren(
  /** @type {Element} */ node, /** @type {string[]} */ texts,
  /** @type {() => HTMLElement} */ make, /** @type {(child: HTMLElement, text: string) => void} */ show,
) {
  while (node.children.length > texts.length) node.lastChild?.remove();
  while (node.children.length < texts.length) node.append(make());
  texts.forEach((text, at) => show(/** @type {HTMLElement} */ (node.children[at]), text));
}
