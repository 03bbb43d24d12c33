// Durations and throughput, without a browser.

import assert from "node:assert/strict";
import { test } from "node:test";

import { measureRate } from "../../../../asyncdest_nb/widgets/monitor_js/rate.js";
import { NOW, openedState, receive, resultOf, rows } from "./made_state.mjs";

test("an operation of which nobody knows is not waiting any more", () => {
  const sent = openedState();
  const waiting = () => resultOf(measureRate({
    open: sent.fields["status.open"], start: Float64Array.of(NaN, NaN), end: Float64Array.of(NaN, NaN),
  }, NOW)).waiting;
  assert.equal(waiting(), 2);
  receive(sent, "delta", 6, rows([1], "unknown"));
  assert.equal(waiting(), 1);
});

test("operations without a known end, or without a start, are not expected", () => {
  const found = resultOf(measureRate({
    open: [0, 0, 1], start: Float64Array.of(NOW - 5, NaN, NaN), end: Float64Array.of(NaN, NOW, NaN),
  }, NOW));
  assert.deepEqual([found.waiting, found.open.some(Boolean), found.count], [1, false, 0]);
});

test("the throughput is of the last minute, in rows", () => {
  const measure = (end, all) => resultOf(measureRate({
    open: end.map(() => 0), start: Float64Array.from(end.map(() => NOW - 600)),
    end: Float64Array.from(end), all: Float64Array.from(all),
  }, NOW));
  assert.equal(measure([NOW - 5, NOW - 59, NOW - 61], [30, 30, 1000]).rowsPerSecond, 1);
});
