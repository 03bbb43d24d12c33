// Where the record of a run is put into a notebook, without a browser.

import assert from "node:assert/strict";
import { test } from "node:test";

import { placesOf, putRecord } from "../../../../asyncdest_nb/widgets/monitor_js/record.js";

const VIEW = "application/vnd.jupyter.widget-view+json";
const RECORD = { id: "r", is_final: true, data: { "text/plain": "new", "text/html": "<b>new</b>" } };

/** An output as a notebook has it: with its data, and the record that it is marked with. */
const output = (data, record) => ({
  data, metadata: record ? { asyncdest_nb: { record } } : {},
  toJSON() { return { output_type: "display_data", data, metadata: this.metadata }; },
});
const text = (plain, record) => output({ "text/plain": plain, "text/html": `<b>${plain}</b>` }, record);
const view = (model_id, record) => output({ [VIEW]: { model_id }, "text/plain": "a monitor" }, record);

/** Outputs as JupyterLab has them, and which of them were set. */
function outputs(...items) {
  const set = [];
  return {
    set_: set, get length() { return items.length; }, get: (at) => items[at],
    set(at, item) { set.push(at), items[at] = output(item.data, item.metadata.asyncdest_nb?.record); },
  };
}

const widget = (attributes, more = {}) => ({ attributes, get: (name) => attributes[name], ...more });
const managerOf = (widgets) => ({
  has_model: (id) => id in widgets, get_model: async (id) => widgets[id],
});

test("only an older record of the same id is replaced", () => {
  const found = outputs(text("old", "other"), view("w", "r"), text("old", "r"), text("old"));
  assert.equal(putRecord(found, RECORD), true);
  assert.deepEqual(found.set_, [2]);
  assert.deepEqual(found.get(2).toJSON(),
    { output_type: "display_data", data: RECORD.data, metadata: { asyncdest_nb: { record: "r" } } });
  assert.equal(putRecord(found, RECORD), false, "what is new is not drawn again");
});

test("a monitor is found in boxes, and in what an Output widget has captured", async () => {
  const monitor = widget({ _record: { id: "r" } });
  const box = widget({ children: [widget({ layout: widget({}) }), monitor] });
  const captured = widget({ msg_id: "" }, { outputs: outputs(view("box", "r"), text("old", "r")) });
  const tab = widget({ children: [captured], titles: ["a"] });
  const manager = managerOf({ box, tab, other: widget({ _record: { id: "x" } }) });
  const cells = [
    { outputs: outputs(view("tab")) }, { outputs: outputs(view("other"), view("gone")) },
    {}, { outputs: outputs(text("a"), view("box")) },
  ];
  const places = await placesOf(manager, cells, "r");
  assert.deepEqual([...places.cells], [cells[0].outputs, cells[3].outputs]);
  assert.deepEqual([...places.widgets], [captured]);
});

test("widgets that contain each other are looked at once", async () => {
  const [a, b] = [widget({}), widget({})];
  [a.attributes.children, b.attributes.children] = [[b], [a]];
  const cells = [{ outputs: outputs(view("a")) }];
  assert.equal((await placesOf(managerOf({ a }), cells, "r")).cells.size, 0);
});
