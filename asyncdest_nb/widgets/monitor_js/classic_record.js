// The record of a run in the notebook that a classic page saves: nbclassic, and Notebook 6.

import { putRecord } from "./record.js";

/** @import { Outputs } from "./record.js" */

/**
 * Return the outputs of a cell as JupyterLab has them.
 * @param {any} area of a classic cell
 * @returns {Outputs}
 */
function outputsOf(area) {
  return {
    get length() { return area.outputs.length; },
    get: (at) => ({ data: {}, ...area.outputs[at], toJSON: () => area.outputs[at] }),
    set(at, output) {
      area.outputs[at] = output;
      const drawn = area.create_output_area();
      if (area.append_mime_type(output, drawn, () => {})) {
        area.element.children(".output_area").eq(at).replaceWith(drawn);
      }
    },
    add() {}, // Only what is there is kept up to date.
  };
}

/**
 * Keep the record of *model* in the notebook of a classic page: at each save, and at its last
 * state. null = the page is none.
 * @param {any} model
 */
export function classicKeeper(model) {
  const notebook = model.widget_manager?.notebook;
  if (!notebook?.get_cells || !notebook.events) return null;

  function keep() {
    const record = model.get("_record");
    if (!record?.id) return;
    for (const { output_area } of notebook.get_cells()) {
      if (!output_area) continue;
      for (const each of [record, ...record.lines ?? []]) putRecord(outputsOf(output_area), each);
    }
  }

  const look = async () => {
    if (model.get("_record")?.is_final) keep();
  };
  notebook.events.on("before_save.Notebook", keep);
  model.on("change:_record", look);
  return {
    look,
    end() {
      notebook.events.off("before_save.Notebook", keep);
    },
  };
}
