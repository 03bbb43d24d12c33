// The whole module without a browser, with a model that records what is sent.

import assert from "node:assert/strict";
import { test } from "node:test";

import index from "../../../../asyncdest_nb/widgets/monitor_js/index.js";
import { COLUMNS, HEADER, NOW } from "./made_state.mjs";

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
