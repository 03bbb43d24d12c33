// Sentences, without a browser.

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  emptyTableText, factsText, freshnessText, lossText, progressOf, progressText, shownCounts,
} from "../../../../asyncdest_nb/widgets/monitor_js/texts.js";
import { sumTotals } from "../../../../asyncdest_nb/widgets/monitor_js/totals.js";
import {
  COUNTS, emptyColumns, HEADER, NOW, openedState, receive, resultOf, stateWith,
} from "./made_state.mjs";

test("before the first message the page shows that it waits", () => {
  assert.equal(freshnessText(emptyColumns(), NOW), "waiting for the first update");
});

test("ages are by the kernel's clock", () => {
  const sent = emptyColumns(); // The browser's clock is an hour behind.
  receive(sent, "snapshot", 1, undefined, { header: { updated_at: NOW - 3 } }, NOW - 3600);
  assert.equal(freshnessText(sent, NOW - 3600 + 2), "updated 5 s ago");
});

test("a silent kernel is shown as not connected, unless nothing more is due", () => {
  const sent = openedState();
  const at = new Date(1000 * NOW).toTimeString().slice(0, 8);
  assert.equal(freshnessText(sent, NOW + 30), "updated 30 s ago");
  assert.equal(freshnessText(sent, NOW + 75), `not connected: last updated at ${at}, 1 m 15 s ago`);
  assert.equal(freshnessText(sent, NOW + 3, false), `not connected: last updated at ${at}`);
  receive(sent, "delta", 6, undefined, { header: { done: true } });
  assert.equal(freshnessText(sent, NOW + 75), "");
});

test("counts of 0 are left out, but for two that keep the line from jumping", () => {
  assert.deepEqual(shownCounts(COUNTS), ["completed", "pending"]);
  assert.deepEqual(shownCounts({ ...COUNTS, failed: 1 }), ["completed", "failed", "pending"]);
  assert.deepEqual(shownCounts({ ...COUNTS, unchanged: 1 }), ["completed", "unchanged", "pending"]);
});

test("the end of its kernel means something for a run that was going on", () => {
  const header = { counts: { pending: 1200, completed: 3 }, done: false };
  assert.match(lossText({ ...header, continued_by: "" }), /^This run is lost: .*with 1,200 rows pending\. /);
  assert.equal(lossText({ ...header, continued_by: "session = …" }),
    "The kernel has ended with 1,200 rows pending. The run goes on with: ");
  assert.equal(lossText({ ...header, continued_by: "", done: true }), "");
  assert.equal(lossText({ ...header, continued_by: null }), "");
  assert.equal(lossText(header), "", "a kernel of an older version does not say it");
});

test("the share that is done is of the rows that are counted as done", () => {
  assert.equal(progressText({ pending: 4450, completed: 500, failed: 50 }), "550 of 5,000 rows done · 11 %");
  assert.deepEqual(progressOf({ pending: 0, completed: 100 }), { total: 100, done: 100, percent: 100 });
});

test("the progress inside operations is a number of its own, with a name", () => {
  const textFor = (progress) => {
    const open = Float64Array.from(progress);
    const sent = stateWith({ status: progress.map(() => "running"), progress: open });
    return factsText(HEADER, resultOf(sumTotals(sent, NOW)));
  };
  assert.equal(textFor([99.9, 20, NaN]), "2 running operations at 59 % on average");
  assert.equal(textFor([63]), "1 running operation at 63 %");
  assert.equal(textFor([NaN]), "");
});

test("an empty table shows why", () => {
  const textFor = (choice, header) =>
    emptyTableText({ statuses: [], search: "", ...choice }, { ...HEADER, entries: 0, ...header });
  const invalid = { counts: { invalid: 20 } };
  const why = "20 rows are invalid and were not sent: run.failed() shows why";
  assert.equal(textFor({}, {}), "", "the rows are still looked at");
  assert.equal(textFor({}, { ...invalid, done: true }), why);
  assert.equal(textFor({}, { counts: { invalid: 1 }, done: true }),
    "1 row is invalid and was not sent: run.failed() shows why");
  assert.equal(textFor({}, { done: true }), "nothing was sent");
  assert.equal(textFor({ search: "x" }, { ...invalid, entries: 5 }), "nothing matches");
  const kept = "7 unchanged rows were not sent and are not listed: run.results() has every row";
  assert.equal(textFor({}, { counts: { unchanged: 7 }, done: true }), kept);
  const some = { counts: { unchanged: 7 }, entries: 5 };
  assert.equal(textFor({ statuses: ["unchanged"] }, some), kept);
  assert.equal(textFor({ search: "x" }, some), `nothing matches; ${kept}`);
});

test("the share that is done is never rounded up to all", () => {
  const counts = { pending: 1, completed: 1999, failed: 0 };
  assert.equal(progressText(counts), "1,999 of 2,000 rows done · 99 %");
  assert.equal(progressText({ pending: 0 }), "0 of 0 rows done · 0 %");
});
