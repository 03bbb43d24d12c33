// How the page of the explorer behaves, which is made of ordinary widgets: keys typed in it stay
// in it, what happens is read aloud, and the cell of code can be copied.

import { keepKeys } from "../monitor_js/keys.js";
import { reportDrawn } from "../monitor_js/requests.js";

/** @param {Element} code @returns {Promise<string>} the text of the button from now on */
async function copyCode(code) {
  try {
    await navigator.clipboard.writeText(code.textContent ?? "");
    return "Copied";
  } catch {
    // Only pages of a secure origin have a clipboard: select the code, and the user copies it.
    getSelection()?.selectAllChildren(code);
    return "Selected: now copy it";
  }
}

/** @param {Event} event */
async function clicked(event) {
  const button = /** @type {Element} */ (event.target).closest?.(".ade-copy");
  const code = button?.parentElement?.querySelector("code");
  if (button && code) button.textContent = await copyCode(code);
}

/** @param {Element} root */
function announce(root) {
  for (const each of root.querySelectorAll(".ade-live")) each.setAttribute("aria-live", "polite");
}

/** @param {HTMLElement} element */
function isUsable(element) {
  return element.getClientRects().length > 0 && !element.matches(":disabled");
}

/**
 * Move the focus to the heading of its section when the element that has it is hidden or
 * disabled, as a clicked button is: the browser would move it to the top of the page.
 * @param {Element} root @param {AbortSignal} signal
 */
function keepFocus(root, signal) {
  /** @type {HTMLElement | null} */
  let held = null;
  const take = (/** @type {Event} */ event) => {
    held = event.target instanceof HTMLElement ? event.target : null;
  };
  const leave = () => {
    if (held && isUsable(held)) held = null;
  };
  const look = () => {
    if (!held || isUsable(held)) return;
    const heading = held.closest(".ade-section")?.querySelector(".ade-heading");
    held = null;
    if (heading instanceof HTMLElement) heading.focus();
  };
  root.addEventListener("focusin", take, { signal });
  root.addEventListener("focusout", leave, { signal });
  const watch = new MutationObserver(look);
  const attributeFilter = ["class", "disabled", "style"];
  watch.observe(root, { attributeFilter, subtree: true });
  signal.addEventListener("abort", () => watch.disconnect());
}

/**
 * Keep the whole explorer on the page: Notebook 7 puts outputs of more than 100 lines into a
 * small box, and measures them again when the record of a run is updated at its end.
 * @param {Element} root @param {AbortSignal} signal
 */
function stayUnboxed(root, signal) {
  const [cell, boxed] = [root.closest(".jp-Cell"), "jp-mod-outputsScrolled"];
  // JupyterLab makes such a box only where the user asks for it.
  if (!cell || !document.body.dataset.notebook) return;
  const watch = new MutationObserver(() => {
    // Removing a class that is missing would be a change too, and never end.
    if (cell.classList.contains(boxed)) cell.classList.remove(boxed);
  });
  watch.observe(cell, { attributeFilter: ["class"] });
  signal.addEventListener("abort", () => watch.disconnect());
}

/** @param {Element} root @param {AbortSignal} signal */
function improve(root, signal) {
  keepKeys(root, signal);
  keepFocus(root, signal);
  stayUnboxed(root, signal);
  root.addEventListener("click", clicked, { signal });
  // Parts are added later; a screen reader needs them only once the focus is here.
  root.addEventListener("focusin", () => announce(root), { signal });
}

/** @param {{ model: any, el: HTMLElement }} view @returns {() => void} */
function render({ model, el }) {
  reportDrawn(model);
  const ended = new AbortController();
  // A view is made before it is on the page.
  const wait = () => {
    const root = el.closest(".ade-root");
    if (root?.isConnected) improve(root, ended.signal);
    else if (!ended.signal.aborted) requestAnimationFrame(wait);
  };
  wait();
  return () => ended.abort();
}

export default { render };
