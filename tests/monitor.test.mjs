// The browser's half of the monitor without a browser: what it makes of messages, and its numbers.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

// By its text, as the browser gets it: a .js file without a package.json is no module everywhere.
const source = await readFile(new URL("../asyncdest_nb/widgets/monitor.js", import.meta.url));
const monitor = await import(`data:text/javascript;base64,${source.toString("base64")}`);
const { apply, freshness, isBehind, ROW_HEIGHT } = monitor;

const NOW = 1_700_000_000;
const COLUMNS = [
  { name: "row", title: "Row", kind: "text", width: "1fr", shown: "always" },
  { name: "status", title: "Status", kind: "status", width: "1fr", shown: "always" },
  { name: "progress", title: "Progress", kind: "percent", width: "1fr", shown: "always" },
  { name: "started", title: "Started", kind: "time", width: "1fr", shown: "never" },
  { name: "elapsed", title: "Elapsed", kind: "elapsed", width: "1fr", shown: "always" },
];
const emptyPicture = () => monitor.emptyPicture(COLUMNS);
const bytes = (values) => new Uint8Array(values.buffer);
const COUNTS = { pending: 2, completed: 0, failed: 0, invalid: 0, canceled: 0, unknown: 0 };
const HEADER = {
  title: "t", status: "pending", counts: COUNTS, operations: 2, jobs: false, notices: [],
  requests: 0, can: [], paused: false, at_rest: false, heard_at: NOW,
};

/** Rows of one status, as the kernel packs them. */
function rows(numbers, status) {
  const buffers = [
    bytes(Uint8Array.from(numbers)), bytes(Uint8Array.from(numbers, () => 0)),
    new TextEncoder().encode(JSON.stringify([status])),
  ];
  return [{ numbers: [["B", 0]], parts: [["status", 0, "B", 1, 2]] }, buffers];
}

function tell(picture, kind, seq, [packed, buffers] = [{ numbers: [], parts: [] }, []], more = {}, now = NOW) {
  const isSnapshot = kind === "snapshot";
  const header = isSnapshot ? { ...HEADER, ...more.header } : more.header ?? {};
  const reach = isSnapshot ? { since: seq, is_last: true } : {};
  apply(picture, { kind, seq, now: NOW, ...packed, ...reach, ...more, header }, buffers, now);
}

function opened(seq = 5) {
  const picture = emptyPicture();
  tell(picture, "snapshot", seq, rows([0, 1], "planned"));
  return picture;
}

/** A picture of so many operations, with fields as they are kept. */
function pictured(fields) {
  const picture = emptyPicture();
  const operations = Object.values(fields)[0].length;
  tell(picture, "snapshot", 1, undefined, { header: { operations } });
  Object.assign(picture.fields, fields);
  const open = fields.status.map((state) => Number(monitor.rowWords(state)[0] === "pending"));
  picture.fields["status.open"] = Float64Array.from(open);
  return picture;
}

/** Run work that is done in slices; return its result and how often it paused. */
function finished(work) {
  let pauses = 0;
  for (;;) {
    const { done, value } = work.next();
    if (done) return { value, pauses };
    pauses += 1;
  }
}

const resultOf = (work) => finished(work).value;

test("bytes are read from whatever the host hands over", () => {
  const values = Float64Array.from([1.5, -2]);
  const padded = new Uint8Array([0, 0, 0, ...bytes(values), 0]);
  const forms = [
    new DataView(padded.buffer, 3, 16), bytes(values).slice().buffer, bytes(values),
    Buffer.from(values.buffer).toString("base64"),
  ];
  const message = { numbers: [[7, 2]], parts: [["x", 0, "d", 0]] };
  for (const form of forms) {
    const [part] = monitor.unpacked(message, [form]);
    assert.deepEqual([...part.values], [1.5, -2]);
    assert.deepEqual([...part.numbers], [7, 8]);
  }
});

test("a delta changes its rows and no others", () => {
  const picture = opened();
  tell(picture, "delta", 6, rows([1], "running"));
  assert.deepEqual(picture.fields.status, ["planned", "running"]);
  assert.equal(isBehind(picture), false);
});

test("a header keeps what a delta does not say", () => {
  const picture = opened();
  tell(picture, "delta", 6, undefined, { header: { paused: true } });
  assert.deepEqual(picture.header, { ...HEADER, paused: true });
});

test("a delta names the counts that it changes", () => {
  const picture = opened();
  tell(picture, "delta", 6, rows([1], "completed"), { header: { counts: { pending: 1, completed: 1 } } });
  assert.deepEqual(picture.header.counts, { ...COUNTS, pending: 1, completed: 1 });
});

test("operations that come later find room", () => {
  const picture = emptyPicture();
  tell(picture, "snapshot", 1, undefined, { header: { operations: 0 } });
  const progress = [{ numbers: [[0, 3]], parts: [["progress", 0, "B", 0]] }, [new Uint8Array([5, 255, 100])]];
  tell(picture, "delta", 2, progress, { header: { operations: 3 } });
  assert.deepEqual([...picture.fields.progress], [5, NaN, 100]);
  const more = [{ numbers: [[4, 1]], parts: [["progress", 0, "B", 0]] }, [new Uint8Array([7])]];
  tell(picture, "delta", 3, more, { header: { operations: 5 } });
  assert.deepEqual([...picture.fields.progress], [5, NaN, 100, NaN, 7], "what was there stays");
});

test("a report of progress has its time, which those who come late are not told", () => {
  const picture = emptyPicture();
  const progress = (/** @type {number[]} */ ...values) => [
    { numbers: [[0, values.length]], parts: [["progress", 0, "B", 0]] }, [Uint8Array.from(values)],
  ];
  const at = () => [...picture.fields["progress.at"]].map((seconds) => seconds - NOW);
  tell(picture, "snapshot", 1, progress(5, 5, 255), { header: { operations: 3 } });
  assert.deepEqual(at(), [0, 0, 0]);
  tell(picture, "delta", 2, progress(5, 6), { now: NOW + 1 });
  assert.deepEqual(at(), [1, 1, 0], "it was asked, and said the same");
  tell(picture, "renewal", 3, progress(5, 7, 255), { now: NOW + 2, since: 3, is_last: true });
  assert.deepEqual(at(), [1, 2, 2], "only what is new was reported since");
});

test("the time that is left counts from the report", () => {
  const field = (...values) => Float64Array.from(values);
  const look = (progress, seconds) => monitor.etaOf(resultOf(monitor.pacing({
    open: [1], start: field(NOW - 20), end: field(NaN), progress: field(progress), reported: field(NOW - seconds),
  }, NOW)));
  const isAbout = (found, seconds) => found.median >= seconds && found.median <= 1.1 * seconds;
  assert.ok(isAbout(look(50, 0), 20));
  assert.ok(isAbout(look(25, 10), 20), "it was at 25 % after 10 s");
  assert.ok(isAbout(look(80, 10), 1), "it should be done, and is waited for");
});

test("what a status says is counted by, also when it changes", () => {
  const picture = opened();
  const waiting = () => resultOf(monitor.pacing({
    open: picture.fields["status.open"], start: Float64Array.of(NaN, NaN), end: Float64Array.of(NaN, NaN),
  }, NOW)).waiting;
  assert.equal(waiting(), 2);
  tell(picture, "delta", 6, rows([1], "held"));
  assert.equal(waiting(), 1);
});

test("a message that cannot be read is shown as trouble, and as a gap", () => {
  const [heard, sent] = [{}, []];
  const state = { _columns: COLUMNS, _snapshot: { kind: "snapshot", seq: 5, since: 5, is_last: true,
    now: NOW, header: HEADER, numbers: [], parts: [], buffers: [] } };
  const end = monitor.default().initialize({ model: {
    get: (name) => state[name], on: (name, heed) => { heard[name] = heed; },
    send: (message) => sent.push(message.what),
  } });
  heard["msg:custom"]({ kind: "delta", seq: 6, now: NOW, header: {}, numbers: [["B", 9]], parts: [] }, []);
  end();
  assert.deepEqual(sent, ["renewal"]);
});

test("a gap is said until all that was told since has come", () => {
  const picture = opened();
  tell(picture, "delta", 8, rows([1], "running"));
  assert.equal(freshness(picture, NOW), "catching up");
  // This renewal began before the gap, the next one after.
  tell(picture, "renewal", 9, rows([1], "running"), { since: 7, is_last: true });
  assert.equal(freshness(picture, NOW), "catching up");
  tell(picture, "renewal", 10, rows([0], "running"), { since: 10, is_last: false });
  assert.equal(freshness(picture, NOW), "catching up");
  tell(picture, "renewal", 11, rows([1], "running"), { since: 10, is_last: true });
  assert.equal(freshness(picture, NOW), "last word 0 s ago");
});

test("a delta that a snapshot already holds is no gap and changes nothing", () => {
  const picture = opened(5);
  tell(picture, "delta", 5, rows([1], "older"));
  assert.deepEqual(picture.fields.status, ["planned", "planned"]);
  assert.equal(isBehind(picture), false);
});

test("a snapshot older than the picture is left aside", () => {
  const picture = opened(5);
  tell(picture, "snapshot", 4, rows([0, 1], "older"));
  assert.deepEqual(picture.fields.status, ["planned", "planned"]);
});

test("of a large run a snapshot is the beginning, and the rest comes after", () => {
  const picture = emptyPicture();
  tell(picture, "snapshot", 5, rows([0], "planned"), { is_last: false });
  assert.equal(freshness(picture, NOW), "catching up");
  tell(picture, "delta", 6, rows([0], "running"));
  tell(picture, "renewal", 7, rows([1], "planned"), { since: 6, is_last: true });
  assert.equal(isBehind(picture), false);
  assert.deepEqual(picture.fields.status, ["running", "planned"]);
});

test("the snapshot for another page takes nothing from who has all", () => {
  const picture = opened(5);
  tell(picture, "snapshot", 5, rows([0], "planned"), { is_last: false });
  assert.equal(isBehind(picture), false);
  assert.deepEqual(picture.fields.status, ["planned", "planned"]);
});

test("the snapshot for another page shows who missed something that it is so", () => {
  const picture = opened(5);
  tell(picture, "snapshot", 7, rows([0], "running"), { is_last: false });
  assert.equal(freshness(picture, NOW), "catching up");
});

test("a renewal on its way is waited for, unless its end is lost", () => {
  const picture = opened(5);
  assert.equal(monitor.isWanting(picture, NOW), false);
  tell(picture, "renewal", 6, rows([0], "running"), { since: 6, is_last: false });
  assert.equal(monitor.isWanting(picture, NOW + 2), false);
  assert.equal(monitor.isWanting(picture, NOW + 4), true, "nothing came after");
  tell(picture, "renewal", 8, rows([1], "running"), { since: 6, is_last: true });
  assert.equal(monitor.isWanting(picture, NOW), true, "one of it was lost");
  tell(picture, "renewal", 9, rows([0], "running"), { since: 9, is_last: false });
  assert.equal(monitor.isWanting(picture, NOW), false);
  tell(picture, "renewal", 10, rows([1], "running"), { since: 9, is_last: true });
  assert.equal(monitor.isWanting(picture, NOW + 4), false);
});

test("a kernel that falls silent before the end is asked, and not after", () => {
  const picture = opened(5);
  assert.equal(monitor.isWanting(picture, NOW + 14), false);
  assert.equal(monitor.isWanting(picture, NOW + 16), true);
  assert.equal(freshness(picture, NOW + 16), "last word 16 s ago");
  tell(picture, "renewal", 6, rows([0, 1], "completed"), { since: 6, is_last: true, header: { at_rest: true } });
  assert.equal(monitor.isWanting(picture, NOW + 999), false);
});

test("trouble in the kernel is shown, and is a gap", () => {
  const picture = opened(5);
  tell(picture, "trouble", 6, undefined, { text: "TypeError: no" });
  assert.equal(picture.trouble, "TypeError: no");
  assert.equal(isBehind(picture), true);
});

test("who lacks something asks for it, and ever more seldom", (t) => {
  t.mock.timers.enable({ apis: ["setInterval", "Date"], now: 1000 * NOW });
  const pass = (seconds) => Array.from({ length: seconds }, () => t.mock.timers.tick(1000));
  const [sent, heard] = [[], {}];
  const state = { _columns: COLUMNS, _snapshot: { kind: "snapshot", seq: 5, since: 5, is_last: true,
    now: NOW, header: HEADER, numbers: [], parts: [], buffers: [] } };
  const end = monitor.default().initialize({ model: {
    get: (name) => state[name], on: (name, heed) => { heard[name] = heed; },
    send: (message) => sent.push([message.what, Date.now() / 1000 - NOW]),
  } });
  const word = (seq, more = {}) => heard["msg:custom"](
    { kind: "delta", seq, now: NOW, header: {}, numbers: [], parts: [], ...more }, []);
  word(6);
  assert.deepEqual(sent, []);
  word(9);
  pass(100);
  assert.deepEqual(sent.map(([, at]) => at), [0, 6, 18, 42, 90]);
  word(10, { kind: "renewal", since: 10, is_last: true, header: { at_rest: true } });
  pass(1000);
  assert.equal(sent.length, 5);
  word(12);
  assert.deepEqual(sent[5], ["renewal", 1100]);
  word(13, { kind: "renewal", since: 13, is_last: true });
  pass(4);
  word(16); // Who has been made whole asks at once again.
  assert.deepEqual(sent[6], ["renewal", 1104]);
  end();
  pass(1000);
  assert.equal(sent.length, 7);
});

test("before the first message it says so", () => {
  assert.equal(freshness(emptyPicture(), NOW), "waiting for the first word");
});

test("ages are told by the kernel's clock", () => {
  const picture = emptyPicture(); // The browser's clock is an hour behind.
  tell(picture, "snapshot", 1, undefined, { header: { heard_at: NOW - 3 } }, NOW - 3600);
  assert.equal(freshness(picture, NOW - 3600 + 2), "last word 5 s ago");
});

test("a silent kernel is doubted, unless nothing more is due, and a dead one named", () => {
  const picture = opened();
  const at = new Date(1000 * NOW).toTimeString().slice(0, 8);
  assert.equal(freshness(picture, NOW + 30), "last word 30 s ago");
  assert.equal(freshness(picture, NOW + 75), `not connected: last word at ${at}, 1 m 15 s ago`);
  assert.equal(freshness(picture, NOW + 3, false), `not connected: last word at ${at}`);
  tell(picture, "delta", 6, undefined, { header: { at_rest: true } });
  assert.equal(freshness(picture, NOW + 75), "");
});

test("trouble is kept until the next word", () => {
  const picture = opened();
  apply(picture, { kind: "trouble", text: "KeyError: 3" }, [], NOW);
  assert.equal(picture.trouble, "KeyError: 3");
  tell(picture, "delta", 6);
  assert.equal(picture.trouble, "");
});

test("only rows near the window are drawn", () => {
  const [first, last] = monitor.visibleRows({ top: 5000 * ROW_HEIGHT, height: 390, count: 10_000 });
  assert.ok(first <= 5000 && last >= 5014 && last - first < 40, `${first} to ${last}`);
  assert.deepEqual(monitor.visibleRows({ top: 0, height: 390, count: 3 }), [0, 3]);
  assert.deepEqual(monitor.visibleRows({ top: 9999, height: 390, count: 0 }), [0, 0]);
});

test("keys go by row, by page and to both ends, and stop there", () => {
  const to = (key, at, count = 100) => monitor.movedTo(key, { at, height: 280, count });
  assert.equal(to("ArrowDown", -1), 0);
  assert.equal(to("ArrowUp", 0), 0);
  assert.equal(to("PageDown", 0), 9);
  assert.equal(to("Home", 50), 0);
  assert.equal(to("End", 0), 99);
  assert.equal(to("PageDown", 95), 99);
  assert.equal(to("d", 0), null);
  assert.equal(to("End", -1, 0), null);
});

test("a row is scrolled to no further than into sight", () => {
  const scroll = { top: 280, height: 280 };
  assert.equal(monitor.scrolledTo(12, scroll), 280);
  assert.equal(monitor.scrolledTo(3, scroll), 3 * ROW_HEIGHT);
  assert.equal(monitor.scrolledTo(25, scroll), 26 * ROW_HEIGHT - 280);
});

// ---------------------------------------------------------------- which rows, in which order

const SEVEN = {
  row: ["b", "a", "row 10", "row 9", "", "z", "a"],
  status: ["failed", "running", "partial", "completed", "planned", "held", "rejected"],
  progress: Float64Array.from([30, NaN, 10, 100, NaN, 0, 10]),
  started: Float64Array.from([0, 0, 0, 0, NaN, 0, 0].map((at) => NOW + at)),
  elapsed: Float64Array.from([3, NaN, 1, 2, NaN, NaN, 0].map((at) => NOW + at)),
};
function order(choice) {
  const whole = { words: [], search: "", sort: null, ...choice };
  const found = resultOf(monitor.ordered(pictured(SEVEN), whole, NOW + 9));
  return found && [...found];
}

test("without a choice all are shown as they are", () => {
  assert.equal(order({}), null);
  assert.equal(order({ search: "  " }), null);
});

test("statuses select operations with such rows", () => {
  assert.deepEqual(order({ words: ["failed"] }), [0, 2, 6]);
  assert.deepEqual(order({ words: ["completed"] }), [2, 3]);
  assert.deepEqual(order({ words: ["pending", "unknown"] }), [1, 4, 5]);
  assert.deepEqual(order({ words: ["invalid"] }), []);
});

test("a search is for a part of any text, in any case, and within the statuses", () => {
  assert.deepEqual(order({ search: "ROW " }), [2, 3]);
  assert.deepEqual(order({ search: "a", words: ["failed"] }), [6]);
});

test("sorting keeps the order of equals, and what is missing last", () => {
  assert.deepEqual(order({ sort: { name: "row", down: false } }), [1, 6, 0, 3, 2, 5, 4]);
  assert.deepEqual(order({ sort: { name: "row", down: true } }), [5, 2, 3, 0, 1, 6, 4]);
  assert.deepEqual(order({ sort: { name: "progress", down: false } }), [5, 2, 6, 0, 3, 1, 4]);
  assert.deepEqual(order({ sort: { name: "progress", down: true } }), [3, 0, 2, 6, 5, 1, 4]);
  // The end of what is held nobody knows.
  assert.deepEqual(order({ sort: { name: "elapsed", down: true } }), [1, 0, 3, 2, 6, 4, 5]);
});

test("jobs are sorted by how many of their rows failed", () => {
  const picture = monitor.emptyPicture([{ name: "rows", title: "Rows", kind: "rows", width: "1fr", shown: "jobs" }]);
  tell(picture, "snapshot", 1, undefined, { header: { operations: 3 } });
  picture.fields["rows.failed"] = Float64Array.of(5, 0, 2);
  const choice = { words: [], search: "", sort: { name: "rows", down: true } };
  assert.deepEqual([...resultOf(monitor.ordered(picture, choice, NOW))], [0, 2, 1]);
});

test("counts of nothing are left out, but for two that keep the line from jumping", () => {
  assert.deepEqual(monitor.shownCounts(COUNTS), ["completed", "pending"]);
  assert.deepEqual(monitor.shownCounts({ ...COUNTS, failed: 1 }), ["completed", "failed", "pending"]);
});

test("100,000 operations are sorted and searched in many small pieces", () => {
  const count = 100_000;
  const row = Array.from({ length: count }, (_, number) => `row ${(number * 7919) % count}`);
  const picture = pictured({ row, status: row.map(() => "running") });
  const { value, pauses } = finished(
    monitor.ordered(picture, { words: ["pending"], search: "row", sort: { name: "row", down: false } }, NOW));
  assert.deepEqual([...value.slice(0, 3)].map((number) => row[number]), ["row 0", "row 1", "row 2"]);
  assert.ok(pauses > 1000, `${pauses} pauses`);
});

test("what is not here yet is last in an order, and in no status", () => {
  const picture = pictured(SEVEN);
  picture.header.operations = 9;
  const look = (choice) =>
    [...resultOf(monitor.ordered(picture, { words: [], search: "", sort: null, ...choice }, NOW))];
  assert.deepEqual(look({ sort: { name: "status", down: false } }).slice(-2), [7, 8]);
  assert.deepEqual(look({ words: ["pending"] }), [1, 4]);
});

test("an order depends on the columns that it was made from", () => {
  const on = (choice) =>
    monitor.reliedOn(emptyPicture(), { words: [], search: "", sort: null, ...choice });
  assert.deepEqual(on({}), []);
  assert.deepEqual(on({ words: ["failed"], search: "x", sort: { name: "polls", down: true } }),
    ["status", "row", "polls"]);
});

test("a column's title sorts up, down, and not at all", () => {
  const first = monitor.nextSort(null, "row");
  const second = monitor.nextSort(first, "row");
  assert.deepEqual([first, second], [{ name: "row", down: false }, { name: "row", down: true }]);
  assert.equal(monitor.nextSort(second, "row"), null);
  assert.deepEqual(monitor.nextSort(second, "id"), { name: "id", down: false });
});

test("the next failure is looked for round the end, in the order shown", () => {
  const { status } = SEVEN;
  assert.equal(monitor.nextTrouble(status, null, 7, -1), 0);
  assert.equal(monitor.nextTrouble(status, null, 7, 2), 5);
  assert.equal(monitor.nextTrouble(status, null, 7, 6), 0);
  assert.equal(monitor.nextTrouble(status, Uint32Array.from([3, 1, 6]), 3, -1), 2);
  assert.equal(monitor.nextTrouble(status, Uint32Array.from([3, 1]), 2, -1), -1);
});

// ---------------------------------------------------------------- how fast it goes

/** The pace of operations that took so long, of open ones of such ages and progress, and of waiting ones. */
function pace(durations, ages = [], waiting = 0, percents = []) {
  const open = [...durations.map(() => 0), ...ages.map(() => 1), ...Array(waiting).fill(1)];
  const start = [...durations.map((d) => NOW - d), ...ages.map((age) => NOW - age), ...Array(waiting).fill(NaN)];
  const end = [...durations.map(() => NOW), ...ages.map(() => NaN), ...Array(waiting).fill(NaN)];
  const progress = Float64Array.from([...durations.map(() => 100), ...percents]);
  const reported = Float64Array.from(open, () => NOW);
  return resultOf(monitor.pacing(
    { open, progress, reported, start: Float64Array.from(start), end: Float64Array.from(end) }, NOW));
}

test("nothing is said of the end while too little is known", () => {
  assert.equal(monitor.etaOf(pace([], [1, 1])), null);
  assert.equal(monitor.etaOf(pace([2, 2, 2, 2], [1])), null);
  assert.equal(monitor.etaOf(pace([2, 2, 2, 2, 2, 2])), null, "nothing is left");
  assert.equal(monitor.etaOf(pace([], [], 10)), null);
});

test("one that began now takes as long as the others did", () => {
  const { median, p90 } = monitor.etaOf(pace([4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14], [0]));
  assert.ok(median > 7.5 && median < 10.5, `${median}`);
  assert.ok(p90 > 12 && p90 < 15, `${p90}`);
});

test("many end later than one, and one that has run for long sooner", () => {
  const seen = Array.from({ length: 200 }, (_, at) => 2 + at / 20); // 2 s to 12 s
  const [one, many, old] = [[0], Array(50).fill(0), [9]].map((ages) => monitor.etaOf(pace(seen, ages)).median);
  assert.ok(one > 6 && one < 8 && many > 11 && many < 13, `${one}, ${many}`);
  assert.ok(old > 0.5 && old < 2.5, `${old}`);
});

test("those still open count as long ones, not as none", () => {
  const quick = monitor.etaOf(pace([1, 1, 1, 1, 1, 1], [0]));
  const slow = monitor.etaOf(pace([1, 1, 1, 1, 1, 1], [0, ...Array(20).fill(2.5)]));
  assert.ok(quick.median <= 1.2 && slow.median > 2, `${quick.median}, ${slow.median}`);
});

test("nobody says when one ends that takes far longer than any has", () => {
  assert.equal(monitor.etaOf(pace([1, 1, 1, 1, 1, 1], [0, 4])), null);
  assert.ok(monitor.etaOf(pace([1, 1, 1, 1, 1, 4], [0, 4])));
});

test("of many that began together the last is expected soon after those seen", () => {
  const seen = Array.from({ length: 160 }, (_, at) => 2 + at / 27); // 2 s to 8 s of 2 s to 20 s
  const { median, p90 } = monitor.etaOf(pace(seen, Array(340).fill(8)));
  assert.ok(median > 5 && median < 40 && p90 > median && p90 < 50, `${median}, ${p90}`);
});

test("nothing is expected of those that nobody knows the end of, or that ended without a start", () => {
  const found = resultOf(monitor.pacing({
    open: [0, 0, 1], start: Float64Array.of(NOW - 5, NaN, NaN), end: Float64Array.of(NaN, NOW, NaN),
  }, NOW));
  assert.deepEqual([found.waiting, found.open.some(Boolean), found.count], [1, false, 0]);
});

test("where all report their progress, and that promises less, it is believed", () => {
  // 300 that take 20 to 40 s, after 22 s.
  const takes = Array.from({ length: 300 }, (_, at) => 20 + at / 15);
  const [ended, going] = [takes.filter((t) => t <= 22), takes.filter((t) => t > 22)];
  const ages = going.map(() => 22);
  const percents = going.map((t) => (100 * 22) / t);
  const { median, p90 } = monitor.etaOf(pace(ended, ages, 0, percents));
  assert.ok(median > 16 && median < 20 && p90 > 20 && p90 < 30, `${median}, ${p90}`);
  // A few that will fail are slow, and promise an end that never comes: in 2 m 41 s.
  percents.fill(12, 0, 3);
  const few = monitor.etaOf(pace(ended, ages, 0, percents));
  assert.ok(few.median > 16 && few.median < 25, `${few.median}`);
  // Of a single job too, with no word of how certain it is.
  const single = monitor.etaOf(pace([], [30], 0, [75]));
  assert.ok(single.median > 10 && single.median < 11 && single.p90 === null, `${single.median}`);
});

test("what is said to be left is right within a factor of three, however long they take", () => {
  let seed = 1;
  const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
  const lengths = [() => 2 + 10 * random(), () => 20 + 20 * random(), () => -10 * Math.log(random())];
  for (const length of lengths) {
    const takes = Array.from({ length: 2000 }, length);
    const all = Math.max(...takes);
    const failing = takes.map(() => (random() < 0.03 ? 20 + 70 * random() : 100)); // Where they fail.
    for (const age of [0.6, 0.7, 0.8].map((part) => part * all)) {
      const ended = takes.filter((t) => t <= age);
      const percents = takes.map((t, at) => Math.floor((failing[at] * age) / t)).filter((_, at) => takes[at] > age);
      const found = monitor.etaOf(pace(ended, percents.map(() => age), 0, percents));
      const factor = found.median / (all - age);
      assert.ok(factor > 1 / 3 && factor < 3, `${found.median} of ${all - age}`);
    }
  }
});

test("progress is not believed where it promises more, is new or over, or not all report it", () => {
  const seen = Array.from({ length: 200 }, (_, at) => 2 + at / 20); // 2 s to 12 s
  assert.ok(monitor.etaOf(pace(seen, [2, 2], 0, [10, 50])).p90);
  for (const [ages, percents] of [[[2], [9]], [[2], [100]], [[2, 2], [90, NaN]], [[2, 2], [90]]]) {
    assert.equal(monitor.etaOf(pace([], ages, 0, percents)), null, `${percents}`);
  }
  assert.equal(monitor.etaOf(pace([], [2], 1, [90])), null, "one waits");
  assert.equal(monitor.etaOf(pace([1, 1, 1, 1, 1, 1], [0.5, 4], 0, [50, 90])), null, "one is stuck");
});

test("those that wait start as fast as others end", () => {
  const { median } = monitor.etaOf(pace(Array(120).fill(2), [], 600)); // 60 a second
  assert.ok(median > 9 && median < 15, `${median}`);
});

test("the share that takes longer never rises, and starts with all", () => {
  const share = monitor.survival(pace([1, 2, 3, 4, 5, 6], [2, 2, 9]));
  assert.equal(share(0), 1);
  let before = 1;
  for (let seconds = 0; seconds < 60; seconds += 0.1) {
    assert.ok(share(seconds) <= before + 1e-9 && share(seconds) >= 0, `${seconds}`);
    before = share(seconds);
  }
});

test("the throughput is of the last minute, in rows", () => {
  const look = (end, all) => resultOf(monitor.pacing({
    open: end.map(() => 0), start: Float64Array.from(end.map(() => NOW - 600)),
    end: Float64Array.from(end), all: Float64Array.from(all),
  }, NOW));
  assert.equal(look([NOW - 5, NOW - 59, NOW - 61], [30, 30, 1000]).rowsPerSecond, 1);
});

test("progress counts what the running ones report, and is not all before all are at rest", () => {
  const counts = { pending: 50, completed: 50 };
  assert.equal(monitor.progressOf(counts, 25).percent, 75);
  assert.equal(monitor.progressOf(counts, 50).percent, 99);
  assert.equal(monitor.progressOf({ pending: 0, completed: 100 }, 0).percent, 100);
});

test("the header sums over all operations", () => {
  const picture = pictured({
    status: ["running", "running", "completed"], progress: Float64Array.from([50, NaN, 100]),
    poll_errors: Float64Array.from([1, 2, 0]), "rows.all": Float64Array.from([10, 10, 10]),
  });
  const found = resultOf(monitor.measuring(picture, NOW));
  assert.deepEqual([found.moving, found.unanswered, found.eta], [5, 3, null]);
  assert.equal(monitor.factsOf({ ...HEADER, requests: 1200 }, found),
    "1,200 requests · 3 polls without an answer");
  assert.equal(monitor.factsOf({ ...HEADER, requests: 0 }, { ...found, unanswered: 0 }), "");
  const moving = { ...found, unanswered: 0, rowsPerSecond: 2.25, eta: { median: 61, p90: 119.5 } };
  assert.equal(monitor.factsOf({ ...HEADER, requests: null }, moving),
    "2.3 rows/s · about 1 m 01 s left, 2 m 00 s with 90 % certainty");
  const reported = { ...moving, eta: { median: 17.2, p90: null } };
  assert.equal(monitor.factsOf({ ...HEADER, requests: null }, reported),
    "2.3 rows/s · about 18 s left, by the progress reported");
  for (const standing of [{ paused: true }, { at_rest: true }]) {
    assert.equal(monitor.factsOf({ ...HEADER, requests: null, ...standing }, moving), "");
  }
  assert.equal(monitor.factsOf({ ...HEADER, requests: null }, moving, false), "");
});

test("values are counted into equal bins, and bars show them", () => {
  assert.deepEqual(monitor.histogram([0, 1, 2, 3, 4], 2), { low: 0, high: 4, bins: [2, 3] });
  assert.deepEqual(monitor.histogram([7], 2).bins, [1, 0]);
  assert.deepEqual(monitor.histogram([], 2).bins, [0, 0]);
  assert.equal(monitor.barsPath([2, 0, 1], { width: 30, height: 10 }),
    "M0 10v-10h8.5v10zM20 10v-5h8.5v5z");
  assert.equal(monitor.barsPath([1000, 1], { width: 20, height: 10 }), "M0 10v-10h8.5v10zM10 10v-1h8.5v1z");
});

// ---------------------------------------------------------------- what is said

test("durations are short and keep their width", () => {
  const told = [0.4, 59.9, 60, 3599, 3600, 90_000].map(monitor.duration);
  assert.deepEqual(told, ["0 s", "59 s", "1 m 00 s", "59 m 59 s", "1 h 00 m", "25 h 00 m"]);
});

test("elapsed runs from the submission to the end, and is not made up before or without one", () => {
  const told = (start, end, open) => monitor.elapsed({ start, end, open }, NOW);
  assert.ok(Number.isNaN(told(NaN, NaN, 1)));
  assert.equal(told(NOW - 5, NaN, 1), 5);
  assert.equal(told(NOW - 5, NOW - 2, 0), 3);
  assert.ok(Number.isNaN(told(NOW - 5, NaN, 0)), "it is held");
});

test("a time of another day has its date", () => {
  assert.match(monitor.timeOfDay(NOW, NOW + 1), /^\d\d:\d\d:\d\d$/);
  assert.match(monitor.timeOfDay(NOW, NOW + 2 * 86_400), /^2023-11-1\d \d\d:\d\d:\d\d$/);
});

test("an empty table says why", () => {
  const said = (choice, header) =>
    monitor.emptySentence({ words: [], search: "", ...choice }, { ...HEADER, operations: 0, ...header });
  const invalid = { counts: { invalid: 20 } };
  const why = "20 rows did not fit and were not sent: run.failed() says why";
  assert.equal(said({}, {}), "", "the rows are still looked at");
  assert.equal(said({}, { ...invalid, at_rest: true }), why);
  assert.equal(said({}, { counts: { invalid: 1 }, at_rest: true }),
    "1 row did not fit and was not sent: run.failed() says why");
  assert.equal(said({}, { at_rest: true }), "nothing was sent");
  assert.equal(said({ words: ["invalid"] }, { ...invalid, operations: 5 }), why);
  assert.equal(said({ search: "x" }, { ...invalid, operations: 5 }), "no operation fits");
  assert.match(said({ search: "x" }, { operations: 5, jobs: true }), /^no job fits; rows inside jobs are not/);
});

test("of a run that is not heard nobody knows whether it goes on", () => {
  const picture = { ...emptyPicture(), header: HEADER, wordAt: NOW };
  assert.equal(monitor.knownUntil(picture, NOW + 29), NOW + 29);
  assert.equal(monitor.knownUntil(picture, NOW + 31), NOW);
  assert.equal(monitor.knownUntil(picture, NOW + 3, false), NOW);
  picture.header = { ...HEADER, at_rest: true };
  assert.equal(monitor.knownUntil(picture, NOW + 31), NOW + 31);
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
