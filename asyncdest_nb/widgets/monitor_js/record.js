// The record of a run in the notebook that the page saves.
//
// The kernel updates outputs by their display ids. A page that was loaded again has forgotten
// these, Output widgets never know them, and of a widget inside another one a notebook keeps
// nothing. So the page puts the record into its notebook, where the host lets it: here in
// JupyterLab and Notebook 7, in classic_record.js in classic pages.

/**
 * @typedef {{id: string, data: Record<string, string>, is_final: boolean, lines?: KeptRecord[]}}
 *   KeptRecord `lines`: what other cells show of the run
 * @typedef {{length: number, get: (at: number) => any, set: (at: number, output: any) => void,
 *   add: (output: any) => void}} Outputs of a cell, or of an Output widget
 */

const VIEW = "application/vnd.jupyter.widget-view+json";

const recordOf = (/** @type {any} */ output) => output.metadata?.asyncdest_nb?.record;

const itemsOf = (/** @type {any} */ list) => Array.from({ length: list?.length ?? 0 }, (_, at) => list.get(at));

/**
 * Put *record* in the place of each output that is an older one; return whether there was any.
 * @param {Outputs} outputs
 * @param {KeptRecord} record
 */
export function putRecord(outputs, record) {
  const isOld = (/** @type {any} */ { data }) =>
    !data[VIEW] && Object.entries(record.data).some(([type, text]) => data[type] !== text);
  const old = itemsOf(outputs).flatMap((output, at) =>
    recordOf(output) === record.id && isOld(output) ? [[output, at]] : []);
  // Only those: an output that is set is drawn again.
  for (const [output, at] of old) outputs.set(at, { ...output.toJSON(), data: record.data });
  return old.length > 0;
}

/** Whether the record of this *id* is among *outputs*, or will be: it comes after its monitor. */
const hasRecord = (/** @type {Outputs} */ outputs, /** @type {string} */ id) =>
  itemsOf(outputs).some((output) => recordOf(output) === id);

/**
 * Return where a page shows the monitor whose record has this *id*: the outputs of cells, and
 * the Output widgets.
 * @param {any} manager of the widgets
 * @param {any[]} cells
 * @param {string} id
 */
export async function placesOf(manager, cells, id) {
  /** @type {Set<any>} */ const widgets = new Set();

  async function isInOutputs(/** @type {Outputs} */ outputs) {
    const found = await Promise.all(itemsOf(outputs).map(async (output) => {
      const view = output.data?.[VIEW]?.model_id;
      return view && manager.has_model(view) ? isInWidget(await manager.get_model(view)) : false;
    }));
    return found.includes(true);
  }

  /** @param {any} widget @returns {Promise<boolean>} */
  async function isInWidget(widget) {
    if (!widget?.attributes || seen.has(widget)) return false;
    seen.add(widget);
    const parts = Object.values(widget.attributes).flat().filter((part) => part?.attributes);
    const found = [
      widget.get("_record")?.id === id,
      ...await Promise.all(parts.map(isInWidget)),
      Boolean(widget.outputs?.get) && await isInOutputs(widget.outputs),
    ];
    if (found.at(-1)) widgets.add(widget);
    return found.includes(true);
  }

  /** @type {Set<any>} */ let seen = new Set();
  /** @type {Set<any>} */ const shown = new Set();
  for (const { outputs } of cells) {
    seen = new Set();
    if (outputs && await isInOutputs(outputs)) shown.add(outputs);
  }
  return { cells: shown, widgets };
}

/**
 * Keep the record of *model* in the notebook of the page: at each save, and at its last state.
 * @param {any} model
 */
export function recordKeeper(model) {
  const [manager, notebook] = [model.widget_manager, model.widget_manager?.context];
  if (!notebook?.saveState || !manager.restored) return { look() {}, end() {} };
  /** @type {Awaited<ReturnType<typeof placesOf>>} */
  let places = { cells: new Set(), widgets: new Set() };
  const cells = () => itemsOf(notebook.model?.cells);

  function keep() {
    const record = model.get("_record");
    if (!record?.id) return;
    for (const { outputs } of cells()) {
      for (const each of [record, ...record.lines ?? []]) putRecord(outputs, each);
      if (!places.cells.has(outputs) || hasRecord(outputs, record.id)) continue;
      const metadata = { asyncdest_nb: { record: record.id } };
      outputs.add({ output_type: "display_data", data: record.data, metadata });
    }
    for (const widget of places.widgets) {
      if (!putRecord(widget.outputs, record)) continue;
      widget.set("outputs", widget.outputs.toJSON(), { newMessage: true });
      widget.save_changes();
    }
  }

  async function look() {
    const record = model.get("_record");
    await notebook.ready;
    if (record?.id) places = await placesOf(manager, cells(), record.id);
    if (record?.is_final) keep();
  }

  const saves = (/** @type {any} */ _, /** @type {string} */ state) => {
    if (state === "started") keep();
  };
  notebook.saveState.connect(saves);
  manager.restored.connect(look);
  model.on("comm_live_update", keep); // The kernel has ended: nothing newer comes.
  model.on("change:_record", () => model.get("_record").is_final && look());
  return {
    /** Look where the page shows the run: it shows it somewhere else than before. */
    look,
    end() {
      notebook.saveState.disconnect(saves);
      manager.restored.disconnect(look);
    },
  };
}
