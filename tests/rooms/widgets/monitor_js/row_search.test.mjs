// A search that the kernel does, part by part, as the page asks for it.

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  addFound, MOST_FOUND, newSearch, rowSearch, searchText,
} from "../../../../asyncdest_nb/widgets/monitor_js/row_search.js";
import { bytes } from "./made_state.mjs";

function part(rows, numbers, more = {}) {
  const content = { hits: { city: rows.length }, searched: 50, columns: 3, next: null, ...more };
  return { content, buffers: [rows, numbers].map((each) => bytes(Uint32Array.from(each))) };
}

test("parts of an answer add up, and say how far the search is", () => {
  const search = newSearch(" Bern ");
  assert.equal(searchText(search, 100), "searched what is shown; the frame: 0 % so far");
  addFound(search, part([3, 7], [0, 1], { next: [1, 8] }));
  assert.equal(searchText(search, 100),
    "searched what is shown; all 3 columns of the frame: 50 % so far: found in city (2)");
  addFound(search, part([9], [1]));
  assert.deepEqual([...search.rows], [[0, [3]], [1, [7, 9]]]);
  assert.equal(searchText(search, 100), "searched what is shown and all 3 columns of the frame: found in city (3)");
  assert.equal(searchText(newSearch("  "), 100), "");
});

test("what the kernel refuses or cannot do is shown for what it is", () => {
  const search = newSearch("x");
  addFound(search, { content: { error: "no" }, buffers: [] });
  assert.equal(searchText(search, 9), "searched only what is shown: no");
});

test("a search that finds too many rows ends", () => {
  const search = newSearch("x");
  const rows = Array.from({ length: MOST_FOUND }, (_, row) => row);
  addFound(search, part(rows, rows, { next: [MOST_FOUND, 0] }));
  assert.ok(search.isDone);
  assert.match(searchText(search, 1e6), /^searched until 100,000 rows were found/);
});

test("a new text ends the search before, and one request at a time is on its way", async () => {
  const sent = [];
  const made = rowSearch(
    (what, { text, start }) => new Promise((answer) => sent.push({ text, start, answer })),
    { changed() {}, isConnected: () => true });
  const settled = () => new Promise((resolve) => setTimeout(resolve, 200));
  made.start("a");
  await settled();
  made.start("b");
  await settled();
  assert.deepEqual(sent.map(({ text }) => text), ["a"]);
  sent[0].answer(part([1], [1], { next: [2, 0] }));
  await settled();
  assert.deepEqual([sent[1].text, sent[1].start], ["b", [0, 0]]);
  sent[1].answer(part([4], [4], { next: [5, 0] }));
  await settled();
  assert.deepEqual([sent[2].text, sent[2].start], ["b", [5, 0]]);
  sent[2].answer(part([6], [6]));
  await settled();
  assert.deepEqual([...made.get().rows.keys()], [4, 6]);
  assert.equal(sent.length, 3);
});
