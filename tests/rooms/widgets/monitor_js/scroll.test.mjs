// Which rows are in sight, without a browser.

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  movedTo, ROW_HEIGHT, scrolledTo, visibleRows,
} from "../../../../asyncdest_nb/widgets/monitor_js/scroll.js";

test("only rows near the window are drawn", () => {
  const [first, last] = visibleRows({ top: 5000 * ROW_HEIGHT, height: 390, count: 10_000 });
  assert.ok(first <= 5000 && last >= 5014 && last - first < 40, `${first} to ${last}`);
  assert.deepEqual(visibleRows({ top: 0, height: 390, count: 3 }), [0, 3]);
  assert.deepEqual(visibleRows({ top: 9999, height: 390, count: 0 }), [0, 0]);
});

test("keys move by row, by page and to both ends, and stop there", () => {
  const to = (key, at, count = 100) => movedTo(key, { at, height: 280, count });
  assert.equal(to("ArrowDown", -1), 0);
  assert.equal(to("ArrowUp", 0), 0);
  assert.equal(to("PageDown", 0), 9);
  assert.equal(to("Home", 50), 0);
  assert.equal(to("End", 0), 99);
  assert.equal(to("PageDown", 95), 99);
  assert.equal(to("d", 0), null);
  assert.equal(to("End", -1, 0), null);
});

test("a row is scrolled no further than into sight", () => {
  const scroll = { top: 280, height: 280 };
  assert.equal(scrolledTo(12, scroll), 280);
  assert.equal(scrolledTo(3, scroll), 3 * ROW_HEIGHT);
  assert.equal(scrolledTo(25, scroll), 26 * ROW_HEIGHT - 280);
});
