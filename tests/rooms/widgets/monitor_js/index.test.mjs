// The whole module without a browser, with a model that records what is sent.

import assert from "node:assert/strict";
import { test } from "node:test";

import index from "../../../../asyncdest_nb/widgets/monitor_js/index.js";
import { sightReports } from "../../../../asyncdest_nb/widgets/monitor_js/requests.js";
import { COLUMNS, HEADER, NOW, stateWith } from "./made_state.mjs";

/** A model that has just opened; `receive` passes on a message, `sent` gets each request and its second. */
function openModel() {
  const [listeners, sent] = [{}, []];
  const traits = { _columns: COLUMNS, _snapshot: { kind: "snapshot", seq: 5, since: 5, is_last: true,
    now: NOW, header: HEADER, numbers: [], parts: [], buffers: [] } };
  const end = index().initialize({ model: {
    get: (name) => traits[name], on: (name, listener) => { listeners[name] = listener; },
    send: (message) => sent.push([message.what, Date.now() / 1000 - NOW]),
  } });
  const receive = (seq, more = {}) => listeners["msg:custom"](
    { kind: "delta", seq, now: NOW, header: {}, numbers: [], parts: [], ...more }, []);
  return { receive, sent, end };
}

test("a message that cannot be read leaves a gap, which a request fills", () => {
  const { receive, sent, end } = openModel();
  receive(6, { numbers: [["B", 9]] });
  end();
  assert.deepEqual(sent.map(([what]) => what), ["keyframe"]);
});

test("a page with a gap requests a keyframe, and less and less often", (t) => {
  t.mock.timers.enable({ apis: ["setInterval", "Date"], now: 1000 * NOW });
  const pass = (seconds) => Array.from({ length: seconds }, () => t.mock.timers.tick(1000));
  const { receive, sent, end } = openModel();
  receive(6);
  assert.deepEqual(sent, []);
  receive(9);
  pass(100);
  assert.deepEqual(sent.map(([, at]) => at), [0, 6, 18, 42, 90]);
  receive(10, { kind: "keyframe", since: 10, is_last: true, header: { done: true } });
  pass(1000);
  assert.equal(sent.length, 5);
  receive(12);
  assert.deepEqual(sent[5], ["keyframe", 1100]);
  receive(13, { kind: "keyframe", since: 13, is_last: true });
  pass(4);
  receive(16); // A page that is complete again requests at once.
  assert.deepEqual(sent[6], ["keyframe", 1104]);
  end();
  pass(1000);
  assert.equal(sent.length, 7);
});

test("a page requests the slices of a keyframe one by one, and no more after the last", (t) => {
  t.mock.timers.enable({ apis: ["setInterval", "setTimeout", "Date"], now: 1000 * NOW });
  const { receive, sent, end } = openModel();
  const whats = () => sent.map(([what]) => what);
  receive(6, { kind: "keyframe", since: 6, is_last: false });
  assert.deepEqual(whats(), [], "the page has time for others");
  t.mock.timers.tick(500);
  assert.deepEqual(whats(), ["slice"]);
  receive(7);
  t.mock.timers.tick(500);
  assert.deepEqual(whats(), ["slice"], "one is on its way");
  receive(8, { kind: "keyframe", since: 6, is_last: false });
  t.mock.timers.tick(500);
  receive(9, { kind: "keyframe", since: 6, is_last: true });
  t.mock.timers.tick(500);
  assert.deepEqual(whats(), ["slice", "slice"]);
  end();
});

test("the lines in sight are reported, with those that have not come, at once and then when they change", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1000 * NOW });
  const told = [];
  const sight = sightReports({ send: ({ what, ...more }) => told.push(more) });
  const large = stateWith({ status: ["running", undefined, "failed"] });
  large.header.entries = 5_000;
  for (const numbers of [[0, 1], [1, 2]]) sight.show(large, numbers);
  t.mock.timers.tick(200);
  assert.deepEqual(told, [{ numbers: [1, 2], missing: [1] }]);
  large.fields.status[1] = "running";
  sight.show(large, [1, 2]);
  t.mock.timers.tick(9_000);
  assert.equal(told.length, 1);
  large.header.entries = 500;
  sight.show(large, [0, 1]);
  t.mock.timers.tick(9_000);
  assert.equal(told.length, 1, "all of a small run comes anyway");
  sight.end();
});
