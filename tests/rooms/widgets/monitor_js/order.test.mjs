// Which operations, in which order, without a browser.

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  nextFailure, nextSort, ordered, usedColumns,
} from "../../../../asyncdest_nb/widgets/monitor_js/order.js";
import { emptyState } from "../../../../asyncdest_nb/widgets/monitor_js/sent_state.js";
import { emptyColumns, finished, NOW, receive, resultOf, stateWith } from "./made_state.mjs";

const SEVEN = {
  row: ["b", "a", "row 10", "row 9", "", "z", "a"],
  status: ["failed", "running", "partial", "completed", "planned", "unknown", "failed"],
  progress: Float64Array.from([30, NaN, 10, 100, NaN, 0, 10]),
  started: Float64Array.from([0, 0, 0, 0, NaN, 0, 0].map((at) => NOW + at)),
  elapsed: Float64Array.from([3, NaN, 1, 2, NaN, NaN, 0].map((at) => NOW + at)),
};
function order(choice) {
  const whole = { statuses: [], search: "", sort: null, ...choice };
  const found = resultOf(ordered(stateWith(SEVEN), whole, NOW + 9));
  return found && [...found];
}

test("without a choice all are shown in their own order", () => {
  assert.equal(order({}), null);
  assert.equal(order({ search: "  " }), null);
});

test("statuses select operations with such rows", () => {
  assert.deepEqual(order({ statuses: ["failed"] }), [0, 2, 6]);
  assert.deepEqual(order({ statuses: ["completed"] }), [2, 3]);
  assert.deepEqual(order({ statuses: ["pending", "unknown"] }), [1, 4, 5]);
  assert.deepEqual(order({ statuses: ["canceled"] }), []);
});

test("a search is for a part of any text, in any case, and within the statuses", () => {
  assert.deepEqual(order({ search: "ROW " }), [2, 3]);
  assert.deepEqual(order({ search: "a", statuses: ["failed"] }), [6]);
});

test("sorting keeps the order of equals, and what is missing last", () => {
  assert.deepEqual(order({ sort: { name: "row", down: false } }), [1, 6, 0, 3, 2, 5, 4]);
  assert.deepEqual(order({ sort: { name: "row", down: true } }), [5, 2, 3, 0, 1, 6, 4]);
  assert.deepEqual(order({ sort: { name: "progress", down: false } }), [5, 2, 6, 0, 3, 1, 4]);
  assert.deepEqual(order({ sort: { name: "progress", down: true } }), [3, 0, 2, 6, 5, 1, 4]);
  // The end of what is unknown nobody knows.
  assert.deepEqual(order({ sort: { name: "elapsed", down: true } }), [1, 0, 3, 2, 6, 4, 5]);
});

test("jobs are sorted by how many of their rows failed", () => {
  const sent = emptyState([{ name: "rows", title: "Rows", kind: "rows", width: "1fr", shown: "jobs" }]);
  receive(sent, "snapshot", 1, undefined, { header: { entries: 3 } });
  sent.fields["rows.failed"] = Float64Array.of(5, 0, 2);
  const choice = { statuses: [], search: "", sort: { name: "rows", down: true } };
  assert.deepEqual([...resultOf(ordered(sent, choice, NOW))], [0, 2, 1]);
});

test("100,000 operations are sorted and searched in many small pieces", () => {
  const count = 100_000;
  const row = Array.from({ length: count }, (_, number) => `row ${(number * 7919) % count}`);
  const sent = stateWith({ row, status: row.map(() => "running") });
  const { value, pauses } = finished(
    ordered(sent, { statuses: ["pending"], search: "row", sort: { name: "row", down: false } }, NOW));
  assert.deepEqual([...value.slice(0, 3)].map((number) => row[number]), ["row 0", "row 1", "row 2"]);
  assert.ok(pauses > 1000, `${pauses} pauses`);
});

test("operations that have not arrived are last in an order, and have no status", () => {
  const sent = stateWith(SEVEN);
  sent.header.entries = 9;
  const measure = (choice) =>
    [...resultOf(ordered(sent, { statuses: [], search: "", sort: null, ...choice }, NOW))];
  assert.deepEqual(measure({ sort: { name: "status", down: false } }).slice(-2), [7, 8]);
  assert.deepEqual(measure({ statuses: ["pending"] }), [1, 4]);
});

test("an order depends on the columns that it was made from", () => {
  const on = (choice) =>
    usedColumns(emptyColumns(), { statuses: [], search: "", sort: null, ...choice });
  assert.deepEqual(on({}), []);
  assert.deepEqual(on({ statuses: ["failed"], search: "x", sort: { name: "polls", down: true } }),
    ["status", "row", "polls"]);
});

test("a column's title sorts up, down, and not at all", () => {
  const first = nextSort(null, "row");
  const second = nextSort(first, "row");
  assert.deepEqual([first, second], [{ name: "row", down: false }, { name: "row", down: true }]);
  assert.equal(nextSort(second, "row"), null);
  assert.deepEqual(nextSort(second, "id"), { name: "id", down: false });
});

test("the next failure is found in the order shown, and continues at the top", () => {
  const { status } = SEVEN;
  assert.equal(nextFailure(status, null, 7, -1), 0);
  assert.equal(nextFailure(status, null, 7, 2), 5);
  assert.equal(nextFailure(status, null, 7, 6), 0);
  assert.equal(nextFailure(status, Uint32Array.from([3, 1, 6]), 3, -1), 2);
  assert.equal(nextFailure(status, Uint32Array.from([3, 1]), 2, -1), -1);
});

test("a row that was never sent is found by its status, and is a failure", () => {
  const status = ["completed", "invalid", "running"];
  const sent = stateWith({ row: ["a", "b", "c"], status });
  const choice = (statuses) => [...resultOf(ordered(sent, { statuses, search: "", sort: null }, NOW))];
  assert.deepEqual(choice(["invalid"]), [1]);
  assert.deepEqual(choice(["pending"]), [2]);
  assert.equal(nextFailure(status, null, 3, -1), 1);
});

test("what the kernel found is shown beside what is found here, and within the statuses", () => {
  const found = new Map([[3, [3]], [0, [0]]]);
  assert.deepEqual(order({ search: "z", found }), [0, 3, 5]);
  assert.deepEqual(order({ search: "z", found, statuses: ["failed"] }), [0]);
});
