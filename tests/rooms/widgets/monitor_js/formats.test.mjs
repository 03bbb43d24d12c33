// Numbers and times, without a browser.

import assert from "node:assert/strict";
import { test } from "node:test";

import { duration, elapsed, timeOfDay } from "../../../../asyncdest_nb/widgets/monitor_js/formats.js";
import { NOW } from "./made_state.mjs";

test("durations are short and keep their width", () => {
  const written = [0.4, 59.9, 60, 3599, 3600, 90_000].map(duration);
  assert.deepEqual(written, ["0 s", "59 s", "1 m 00 s", "59 m 59 s", "1 h 00 m", "25 h 00 m"]);
});

test("elapsed runs from the submission to the end, and is not made up before or without one", () => {
  const written = (start, end, open) => elapsed({ start, end, open }, NOW);
  assert.ok(Number.isNaN(written(NaN, NaN, 1)));
  assert.equal(written(NOW - 5, NaN, 1), 5);
  assert.equal(written(NOW - 5, NOW - 2, 0), 3);
  assert.ok(Number.isNaN(written(NOW - 5, NaN, 0)), "it is unknown");
});

test("a time of another day has its date", () => {
  assert.match(timeOfDay(NOW, NOW + 1), /^\d\d:\d\d:\d\d$/);
  assert.match(timeOfDay(NOW, NOW + 2 * 86_400), /^2023-11-1\d \d\d:\d\d:\d\d$/);
});
