// What messages make of the state, without a browser.

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  applyMessage, hasGap, knownUntil, needsKeyframe,
} from "../../../../asyncdest_nb/widgets/monitor_js/sent_state.js";
import { freshnessText } from "../../../../asyncdest_nb/widgets/monitor_js/texts.js";
import { COUNTS, emptyColumns, HEADER, NOW, openedState, receive, rows } from "./made_state.mjs";

test("a delta changes its rows and no others", () => {
  const sent = openedState();
  receive(sent, "delta", 6, rows([1], "running"));
  assert.deepEqual(sent.fields.status, ["planned", "running"]);
  assert.equal(hasGap(sent), false);
});

test("a header keeps what a delta does not change", () => {
  const sent = openedState();
  receive(sent, "delta", 6, undefined, { header: { paused: true } });
  assert.deepEqual(sent.header, { ...HEADER, paused: true });
});

test("a delta has only the counts that change", () => {
  const sent = openedState();
  receive(sent, "delta", 6, rows([1], "completed"), { header: { counts: { pending: 1, completed: 1 } } });
  assert.deepEqual(sent.header.counts, { ...COUNTS, pending: 1, completed: 1 });
});

test("operations that come later get room", () => {
  const sent = emptyColumns();
  receive(sent, "snapshot", 1, undefined, { header: { entries: 0 } });
  const progress = [{ numbers: [[0, 3]], parts: [["progress", 0, "B", 0]] }, [new Uint8Array([5, 255, 100])]];
  receive(sent, "delta", 2, progress, { header: { entries: 3 } });
  assert.deepEqual([...sent.fields.progress], [5, NaN, 100]);
  const more = [{ numbers: [[4, 1]], parts: [["progress", 0, "B", 0]] }, [new Uint8Array([7])]];
  receive(sent, "delta", 3, more, { header: { entries: 5 } });
  assert.deepEqual([...sent.fields.progress], [5, NaN, 100, NaN, 7], "what was there stays");
});

test("of a million operations only those that have come take room, and a distant one little time", () => {
  const sent = emptyColumns();
  receive(sent, "snapshot", 1, rows([0, 1], "running"), { header: { entries: 1_000_000 } });
  assert.ok(sent.fields["status.open"].length <= 10_000);
  const far = [{ ...rows([0], "failed")[0], numbers: [[999_999, 1]] }, rows([0], "failed")[1]];
  receive(sent, "rows", 2, far);
  assert.equal(sent.fields.status[999_999], "failed");
  assert.equal(sent.fields.status.length, 1_000_000);
  assert.equal(sent.fields.status[1], "running");
  assert.equal(sent.fields.status[500_000], undefined);
});

test("a report of progress has its time, except for a page that opens later", () => {
  const sent = emptyColumns();
  const progress = (/** @type {number[]} */ ...values) => [
    { numbers: [[0, values.length]], parts: [["progress", 0, "B", 0]] }, [Uint8Array.from(values)],
  ];
  const at = () => [...sent.fields["progress.at"]].map((seconds) => seconds - NOW);
  receive(sent, "snapshot", 1, progress(5, 5, 255), { header: { entries: 3 } });
  assert.deepEqual(at(), [0, 0, 0]);
  receive(sent, "delta", 2, progress(5, 6), { now: NOW + 1 });
  assert.deepEqual(at(), [1, 1, 0], "it was polled, and is the same");
  receive(sent, "keyframe", 3, progress(5, 7, 255), { now: NOW + 2, since: 3, is_last: true });
  assert.deepEqual(at(), [1, 2, 2], "only what is new was reported since");
});

test("the page catches up until a whole keyframe has come", () => {
  const sent = openedState();
  receive(sent, "delta", 8, rows([1], "running"));
  assert.equal(freshnessText(sent, NOW), "catching up");
  // This keyframe began before the gap, the next one after.
  receive(sent, "keyframe", 9, rows([1], "running"), { since: 7, is_last: true });
  assert.equal(freshnessText(sent, NOW), "catching up");
  receive(sent, "keyframe", 10, rows([0], "running"), { since: 10, is_last: false });
  assert.equal(freshnessText(sent, NOW), "catching up");
  receive(sent, "keyframe", 11, rows([1], "running"), { since: 10, is_last: true });
  assert.equal(freshnessText(sent, NOW), "updated 0 s ago");
});

test("a delta that a snapshot already has is no gap and changes nothing", () => {
  const sent = openedState(5);
  receive(sent, "delta", 5, rows([1], "older"));
  assert.deepEqual(sent.fields.status, ["planned", "planned"]);
  assert.equal(hasGap(sent), false);
});

test("a snapshot older than the state is ignored", () => {
  const sent = openedState(5);
  receive(sent, "snapshot", 4, rows([0, 1], "older"));
  assert.deepEqual(sent.fields.status, ["planned", "planned"]);
});

test("the snapshot of a large run is a beginning, and a keyframe follows", () => {
  const sent = emptyColumns();
  receive(sent, "snapshot", 5, rows([0], "planned"), { is_last: false });
  assert.equal(freshnessText(sent, NOW), "catching up");
  receive(sent, "delta", 6, rows([0], "running"));
  receive(sent, "keyframe", 7, rows([1], "planned"), { since: 6, is_last: true });
  assert.equal(hasGap(sent), false);
  assert.deepEqual(sent.fields.status, ["running", "planned"]);
});

test("the snapshot for another page takes nothing from a page that has all", () => {
  const sent = openedState(5);
  receive(sent, "snapshot", 5, rows([0], "planned"), { is_last: false });
  assert.equal(hasGap(sent), false);
  assert.deepEqual(sent.fields.status, ["planned", "planned"]);
});

test("the snapshot for another page shows a gap to a page that missed something", () => {
  const sent = openedState(5);
  receive(sent, "snapshot", 7, rows([0], "running"), { is_last: false });
  assert.equal(freshnessText(sent, NOW), "catching up");
});

test("a keyframe in progress is waited for, unless its end is lost", () => {
  const sent = openedState(5);
  assert.equal(needsKeyframe(sent, NOW), false);
  receive(sent, "keyframe", 6, rows([0], "running"), { since: 6, is_last: false });
  assert.equal(needsKeyframe(sent, NOW + 2), false);
  assert.equal(needsKeyframe(sent, NOW + 4), true, "nothing came after");
  receive(sent, "keyframe", 8, rows([1], "running"), { since: 6, is_last: true });
  assert.equal(needsKeyframe(sent, NOW), true, "one of it was lost");
  receive(sent, "keyframe", 9, rows([0], "running"), { since: 9, is_last: false });
  assert.equal(needsKeyframe(sent, NOW), false);
  receive(sent, "keyframe", 10, rows([1], "running"), { since: 9, is_last: true });
  assert.equal(needsKeyframe(sent, NOW + 4), false);
});

test("a kernel that falls silent gets a request, unless the run is done", () => {
  const sent = openedState(5);
  assert.equal(needsKeyframe(sent, NOW + 14), false);
  assert.equal(needsKeyframe(sent, NOW + 16), true);
  assert.equal(freshnessText(sent, NOW + 16), "updated 16 s ago");
  receive(sent, "keyframe", 6, rows([0, 1], "completed"), { since: 6, is_last: true, header: { done: true } });
  assert.equal(needsKeyframe(sent, NOW + 999), false);
});

test("an error in the kernel is shown, and leaves a gap", () => {
  const sent = openedState(5);
  receive(sent, "error", 6, undefined, { text: "TypeError: no" });
  assert.equal(sent.error, "TypeError: no");
  assert.equal(hasGap(sent), true);
});

test("an error is shown until the next message", () => {
  const sent = openedState();
  applyMessage(sent, { kind: "error", text: "KeyError: 3" }, [], NOW);
  assert.equal(sent.error, "KeyError: 3");
  receive(sent, "delta", 6);
  assert.equal(sent.error, "");
});

test("after a kernel has fallen silent, a run is known up to its last message", () => {
  const sent = { ...emptyColumns(), header: HEADER, receivedAt: NOW };
  assert.equal(knownUntil(sent, NOW + 29), NOW + 29);
  assert.equal(knownUntil(sent, NOW + 31), NOW);
  assert.equal(knownUntil(sent, NOW + 3, false), NOW);
  sent.header = { ...HEADER, done: true };
  assert.equal(knownUntil(sent, NOW + 31), NOW + 31);
});
