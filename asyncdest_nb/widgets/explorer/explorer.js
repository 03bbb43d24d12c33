// @ts-check
/**
 * The manners of the explorer, which is made of ordinary widgets: keys typed in it stay
 * in it, what goes on is read aloud, and the cell of code can be copied.
 */

/**
 * Whether a key is the host's, as Ctrl+S is; the others stay here: "d d" deletes a cell.
 * @param {{ctrlKey: boolean, metaKey: boolean}} event
 */
export function isForHost(event) {
  return event.ctrlKey || event.metaKey;
}

/** @param {Element} code @returns {Promise<string>} what to say of it */
export async function copy(code) {
  try {
    await navigator.clipboard.writeText(code.textContent ?? "");
    return "Copied";
  } catch {
    // No clipboard without a secure context: what is selected, the user can copy.
    getSelection()?.selectAllChildren(code);
    return "Selected: now copy it";
  }
}

/** @param {Event} event */
async function clicked(event) {
  const button = /** @type {Element} */ (event.target).closest?.(".ade-copy");
  const code = button?.parentElement?.querySelector("code");
  if (button && code) button.textContent = await copy(code);
}

/** @param {Element} root */
function announce(root) {
  for (const each of root.querySelectorAll(".ade-live")) each.setAttribute("aria-live", "polite");
}

/**
 * Keep keys typed in *root* from the host, as the monitor does: JupyterLab is stopped at
 * the root, Notebook 7 only by the attribute on the element that has the focus.
 * @param {Element} root @param {AbortSignal} signal
 */
function keepKeys(root, signal) {
  const mark = (/** @type {KeyboardEvent} */ event) => {
    if (event.target instanceof Element && root.contains(event.target)) {
      event.target.toggleAttribute("data-lm-suppress-shortcuts", !isForHost(event));
    }
  };
  const stop = (/** @type {Event} */ event) => {
    if (event instanceof KeyboardEvent && !isForHost(event)) event.stopPropagation();
  };
  window.addEventListener("keydown", mark, { capture: true, signal });
  root.addEventListener("keydown", stop, { signal });
}

/** @param {HTMLElement} element */
function isUsable(element) {
  return element.getClientRects().length > 0 && !element.matches(":disabled");
}

/**
 * Move the focus to the heading of its section when what had it is hidden or disabled, as
 * a button is that was clicked: the browser would begin again at the top of the page.
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
 * Keep all of it on the page: Notebook 7 puts outputs of more than 100 lines into a small
 * box, and looks how long they are when what is kept of a run is renewed at its end.
 * @param {Element} root @param {AbortSignal} signal
 */
function stayWhole(root, signal) {
  const [cell, boxed] = [root.closest(".jp-Cell"), "jp-mod-outputsScrolled"];
  // In JupyterLab there is such a box only where somebody wants it.
  if (!cell || !document.body.dataset.notebook) return;
  const watch = new MutationObserver(() => {
    // To remove what is not there is a change, too.
    if (cell.classList.contains(boxed)) cell.classList.remove(boxed);
  });
  watch.observe(cell, { attributeFilter: ["class"] });
  signal.addEventListener("abort", () => watch.disconnect());
}

/** @param {Element} root @param {AbortSignal} signal */
function teach(root, signal) {
  keepKeys(root, signal);
  keepFocus(root, signal);
  stayWhole(root, signal);
  root.addEventListener("click", clicked, { signal });
  // Parts come later than this one; nobody hears anything before the focus is here.
  root.addEventListener("focusin", () => announce(root), { signal });
}

/** @param {{ el: HTMLElement }} view @returns {() => void} */
function render({ el }) {
  const ended = new AbortController();
  // A view is made before it is put into the page.
  const wait = () => {
    const root = el.closest(".ade-root");
    if (root?.isConnected) teach(root, ended.signal);
    else if (!ended.signal.aborted) requestAnimationFrame(wait);
  };
  wait();
  return () => ended.abort();
}

export default { render };
