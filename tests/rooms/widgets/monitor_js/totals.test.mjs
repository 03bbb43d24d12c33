// Sums over all operations, without a browser.

import assert from "node:assert/strict";
import { test } from "node:test";

import { factsText, NO_RETRY } from "../../../../asyncdest_nb/widgets/monitor_js/texts.js";
import { sumTotals } from "../../../../asyncdest_nb/widgets/monitor_js/totals.js";
import { HEADER, NOW, resultOf, stateWith } from "./made_state.mjs";

test("totals are over all operations", () => {
  const sent = stateWith({
    status: ["running", "running", "completed"], progress: Float64Array.from([50, NaN, 100]),
    poll_errors: Float64Array.from([1, 2, 0]), "rows.all": Float64Array.from([10, 10, 10]),
  });
  const found = resultOf(sumTotals(sent, NOW));
  assert.deepEqual([found.running, found.failedPolls, found.left], [5, 3, null]);
  assert.equal(factsText({ ...HEADER, requests: 1200 }, found),
    "1 running operation at 50 % · 1,200 requests · 3 polls failed");
  const silent = { ...found, reports: { count: 0, percent: 0 } };
  assert.equal(factsText({ ...HEADER, requests: 2, lag: 2.06 }, { ...silent, failedPolls: 0 }),
    "2 requests · detection lag 2.1 s");
  assert.equal(factsText({ ...HEADER, requests: 0 }, { ...silent, failedPolls: 0 }), "");
  const moving = { ...silent, failedPolls: 0, rowsPerSecond: 2.25, left: 61.2 };
  assert.equal(factsText({ ...HEADER, requests: null }, moving),
    "2.3 rows/s · about 1 m 01 s left");
  assert.equal(factsText({ ...HEADER, requests: null }, { ...moving, left: null }), "2.3 rows/s");
  for (const state of [{ paused: true }, { done: true }]) {
    assert.equal(factsText({ ...HEADER, requests: null, ...state }, moving), "");
  }
  assert.equal(factsText({ ...HEADER, requests: null }, moving, false), "");
});

test("why nothing can be sent again is in sight, once a run with failures is done", () => {
  const facts = { rowsPerSecond: null, left: null, failedPolls: 0, reports: { count: 0, percent: 0 } };
  const done = { ...HEADER, requests: null, done: true, counts: { completed: 1, failed: 2 }, retryable: 0 };
  assert.equal(factsText(done, facts), NO_RETRY);
  for (const other of [{ retryable: 1 }, { retryable: null }, { done: false }, { counts: { completed: 3 } }]) {
    assert.equal(factsText({ ...done, ...other }, facts), "");
  }
});
