// Keys typed in a widget must not reach the notebook: there "d d" deletes the cell.

/**
 * Whether a key belongs to the host, as Ctrl+S does.
 * @param {{ctrlKey: boolean, metaKey: boolean}} event
 */
export function isForHost(event) {
  return event.ctrlKey || event.metaKey;
}

/**
 * Keep keys typed anywhere in *root* from the host until *signal* aborts.
 *
 * To stop them is enough in JupyterLab but too late in Notebook 7, which listens on the way
 * down. There only the attribute helps, on the very element that has the focus, since the
 * shortcuts are written for ":focus"; and it would also take Ctrl+S from the host.
 * @param {Element} root
 * @param {AbortSignal} signal
 */
export function keepKeys(root, signal) {
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
