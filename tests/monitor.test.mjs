// The browser's half of the monitor without a browser: what it makes of messages, and its numbers.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

// By its text, as the browser gets it: a .js file without a package.json is no module everywhere.
const source = await readFile(new URL("../asyncdest_nb/widgets/monitor.js", import.meta.url));
const monitor = await import(`data:text/javascript;base64,${source.toString("base64")}`);
const { apply, emptyPicture, freshness, ROW_HEIGHT } = monitor;

const NOW = 1_700_000_000;
const rows = (numbers, status) => ({ numbers, columns: { status: numbers.map(() => status) } });

function message(kind, seq, more = {}) {
  const counts = { pending: 2, completed: 0, failed: 0, invalid: 0, canceled: 0, unknown: 0 };
  return {
    kind, seq, title: "t", status: "pending", counts, operations: 2, notices: [],
    at_rest: false, heard_at: NOW, now: NOW, ...more,
  };
}

function opened(seq = 5) {
  const picture = emptyPicture();
  apply(picture, message("snapshot", seq), rows([0, 1], "planned"), NOW);
  return picture;
}

test("bytes are read from whatever the host hands over", () => {
  const bytes = new TextEncoder().encode('{"numbers":[1],"columns":{"m":["🙂"]}}');
  const padded = new Uint8Array([0, 0, 0, ...bytes, 0]);
  const forms = [
    new DataView(padded.buffer, 3, bytes.length), bytes.slice().buffer, bytes,
    Buffer.from(bytes).toString("base64"),
  ];
  for (const form of forms) assert.deepEqual(monitor.unpacked(form).columns.m, ["🙂"]);
});

test("a delta changes its rows and no others", () => {
  const picture = opened();
  apply(picture, message("delta", 6), rows([1], "running"), NOW);
  assert.deepEqual(picture.columns.status, ["planned", "running"]);
  assert.equal(picture.behind, false);
});

test("a gap is said until the next snapshot", () => {
  const picture = opened();
  apply(picture, message("delta", 8), rows([1], "running"), NOW);
  assert.equal(freshness(picture, NOW), "catching up");
  apply(picture, message("delta", 9), rows([1], "running"), NOW);
  assert.equal(freshness(picture, NOW), "catching up");
  apply(picture, message("snapshot", 10), rows([0, 1], "running"), NOW);
  assert.equal(freshness(picture, NOW), "last word 0 s ago");
});

test("a delta that a snapshot already holds is no gap and changes nothing", () => {
  const picture = opened(5);
  apply(picture, message("delta", 5), rows([1], "older"), NOW);
  assert.deepEqual(picture.columns.status, ["planned", "planned"]);
  assert.equal(picture.behind, false);
});

test("a snapshot older than the picture is left aside", () => {
  const picture = opened(5);
  apply(picture, message("snapshot", 4), rows([0, 1], "older"), NOW);
  assert.deepEqual(picture.columns.status, ["planned", "planned"]);
});

test("before the first message it says so", () => {
  assert.equal(freshness(emptyPicture(), NOW), "waiting for the first word");
});

test("ages are told by the kernel's clock", () => {
  const picture = emptyPicture(); // The browser's clock is an hour behind.
  const word = message("snapshot", 1, { heard_at: NOW - 3 });
  apply(picture, word, rows([0], "running"), NOW - 3600);
  assert.equal(freshness(picture, NOW - 3600 + 2), "last word 5 s ago");
});

test("a silent kernel is doubted, unless nothing more is due", () => {
  const picture = opened();
  assert.equal(freshness(picture, NOW + 30), "last word 30 s ago");
  assert.equal(freshness(picture, NOW + 75), "no word from the kernel for 1 m 15 s");
  apply(picture, message("snapshot", 6, { at_rest: true }), rows([0, 1], "completed"), NOW);
  assert.equal(freshness(picture, NOW + 75), "");
});

test("trouble is kept until the next word", () => {
  const picture = opened();
  apply(picture, { kind: "trouble", text: "KeyError: 3" }, null, NOW);
  assert.equal(picture.trouble, "KeyError: 3");
  apply(picture, message("delta", 6), rows([0], "running"), NOW);
  assert.equal(picture.trouble, "");
});

test("only rows near the window are drawn", () => {
  const [first, last] = monitor.visibleRows({ top: 5000 * ROW_HEIGHT, height: 390, count: 10_000 });
  assert.ok(first <= 5000 && last >= 5014 && last - first < 40, `${first} to ${last}`);
  assert.deepEqual(monitor.visibleRows({ top: 0, height: 390, count: 3 }), [0, 3]);
  assert.deepEqual(monitor.visibleRows({ top: 9999, height: 390, count: 0 }), [0, 0]);
});

test("keys scroll by row, by page and to both ends, and stop there", () => {
  const at = (key, top) => monitor.scrolledTo(key, { top, height: 280, count: 100 });
  assert.equal(at("ArrowDown", 0), ROW_HEIGHT);
  assert.equal(at("ArrowUp", 0), 0);
  assert.equal(at("PageDown", 0), 280 - 2 * ROW_HEIGHT);
  assert.equal(at("Home", 500), 0);
  assert.equal(at("End", 0), 100 * ROW_HEIGHT - 280);
  assert.equal(at("PageDown", 100 * ROW_HEIGHT - 280), 100 * ROW_HEIGHT - 280);
  assert.equal(at("d", 0), null);
});

test("durations are short and keep their width", () => {
  const told = [0.4, 59.9, 60, 3599, 3600, 90_000].map(monitor.duration);
  assert.deepEqual(told, ["0 s", "59 s", "1 m 00 s", "59 m 59 s", "1 h 00 m", "25 h 00 m"]);
});

test("elapsed runs from the submission to the end, and is not made up before", () => {
  assert.equal(monitor.elapsed([null, null], NOW), "–");
  assert.equal(monitor.elapsed([NOW - 5, null], NOW), "5 s");
  assert.equal(monitor.elapsed([NOW - 5, NOW - 2], NOW), "3 s");
});

test("the share at rest is never rounded up to all", () => {
  const counts = { pending: 1, completed: 1999, failed: 0 };
  assert.equal(monitor.restSentence(counts), "1,999 of 2,000 rows at rest · 99 %");
  assert.equal(monitor.restSentence({ pending: 0 }), "0 of 0 rows at rest · 0 %");
});

test("keys stay in the widget, but shortcuts with ctrl or meta are the host's", () => {
  assert.equal(monitor.isForHost({ ctrlKey: false, metaKey: false }), false);
  assert.equal(monitor.isForHost({ ctrlKey: true, metaKey: false }), true);
  assert.equal(monitor.isForHost({ ctrlKey: false, metaKey: true }), true);
});
