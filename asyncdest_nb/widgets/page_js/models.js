// A widget's model, as anywidget gives it.

/**
 * @typedef {{
 *   get: (name: string) => any,
 *   set: (name: string, value: any) => void,
 *   save_changes: () => void,
 *   send: (content: any) => void,
 *   on: (event: string, act: (...values: any[]) => void) => void,
 *   off: (event: string, act: (...values: any[]) => void) => void,
 * }} Model
 */

/**
 * Call *act* with a value of *model*, now and whenever it changes, until *signal* aborts.
 * @param {Model} model
 * @param {string} name
 * @param {(value: any) => void} act
 * @param {AbortSignal} signal
 */
export function follow(model, name, act, signal) {
  const changed = () => act(model.get(name));
  model.on(`change:${name}`, changed);
  signal.addEventListener("abort", () => model.off(`change:${name}`, changed));
  changed();
}

/** Set a value on the page and in the kernel. */
export function enter(/** @type {Model} */ model, /** @type {string} */ name, /** @type {any} */ value) {
  model.set(name, value);
  model.save_changes();
}
