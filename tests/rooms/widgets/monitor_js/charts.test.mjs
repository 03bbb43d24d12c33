// Bars, without a browser.

import assert from "node:assert/strict";
import { test } from "node:test";

import { barsPath, histogram } from "../../../../asyncdest_nb/widgets/monitor_js/charts.js";

test("values are counted into equal bins, and bars show them", () => {
  const binned = (values, bars) => histogram(values.length, (at) => values[at], bars);
  assert.deepEqual(binned([0, 1, NaN, 2, 3, 4], 2), { low: 0, high: 4, count: 5, bins: [2, 3] });
  assert.deepEqual(binned([7], 2).bins, [1, 0]);
  assert.deepEqual(binned([NaN], 2).bins, [0, 0]);
  assert.equal(barsPath([2, 0, 1], { width: 30, height: 10 }),
    "M0 10v-10h8.5v10zM20 10v-5h8.5v5z");
  assert.equal(barsPath([1000, 1], { width: 20, height: 10 }), "M0 10v-10h8.5v10zM10 10v-1h8.5v1z");
});
