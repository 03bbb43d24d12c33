// An order that is brought up to date, beside one that is made anew, without a browser.

import assert from "node:assert/strict";
import { test } from "node:test";

import { comparison, matcher, ordered } from "../../../../asyncdest_nb/widgets/monitor_js/order.js";
import { patchedOrder } from "../../../../asyncdest_nb/widgets/monitor_js/patched_order.js";
import { changedAfter } from "../../../../asyncdest_nb/widgets/monitor_js/sent_state.js";
import { emptyColumns, finished, NOW, receive, resultOf, rows, stateWith } from "./made_state.mjs";

const STATES = ["running", "completed", "failed", "planned", undefined];
const CHOICES = [
  { statuses: ["failed", "completed"] }, { search: "row 1" },
  { sort: { name: "row", down: false } }, { sort: { name: "progress", down: true } },
  { sort: { name: "elapsed", down: false } },
  { sort: { name: "status", down: false }, search: "2", found: new Map([[3, [3]], [30, [30]]]) },
].map((choice) => ({ statuses: [], search: "", sort: null, ...choice }));

function made(count, random) {
  const some = (values) => values[Math.floor(random() * values.length)];
  const numbers = Array.from({ length: count }, (_, number) => number);
  const one = () => ({
    row: `row ${Math.floor(random() * 40)}`, status: some(STATES), progress: some([NaN, 10, 50]),
    started: NOW - 9, elapsed: some([NaN, NOW - 1, NOW - 5]),
  });
  const all = numbers.map(one);
  const column = (name) => all.map((each) => each[name]);
  const sent = stateWith({
    row: column("row"), status: column("status"), progress: Float64Array.from(column("progress")),
    started: Float64Array.from(column("started")), elapsed: Float64Array.from(column("elapsed")),
  });
  const change = (number) => {
    for (const [name, value] of Object.entries(one())) sent.fields[name][number] = value;
  };
  return { sent, change };
}

test("what is brought up to date is as what is made anew, by each choice", () => {
  let seed = 7;
  const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
  for (const choice of CHOICES) {
    const { sent, change } = made(60, random);
    let order = resultOf(ordered(sent, choice, NOW));
    for (let round = 0; round < 20; round++) {
      const changed = Array.from({ length: 9 }, () => Math.floor(random() * 60));
      changed.forEach(change);
      const compare = choice.sort && comparison(sent, choice.sort, NOW);
      order = resultOf(patchedOrder(order, changed, { count: 60, matches: matcher(sent, choice), compare }));
      assert.deepEqual([...order], [...resultOf(ordered(sent, choice, NOW))], JSON.stringify(choice));
    }
  }
});

test("a few changes of a million are put into their places with few comparisons, in small pieces", () => {
  const count = 1_000_000;
  const order = Uint32Array.from({ length: count }, (_, number) => number);
  let compared = 0;
  const compare = (a, b) => {
    compared += 1;
    return a - b;
  };
  const changed = Array.from({ length: 1_000 }, (_, at) => at * 999);
  const { value, pauses } = finished(patchedOrder(order, changed, { count, matches: null, compare }));
  assert.deepEqual(value, order);
  assert.ok(compared < 50_000, `${compared} comparisons`);
  assert.ok(pauses > 900, `${pauses} pauses`);
});

test("what came after a message is known until that is too much", () => {
  const sent = emptyColumns();
  receive(sent, "snapshot", 1, rows([0, 1], "planned"));
  receive(sent, "delta", 2, rows([1], "running"));
  receive(sent, "delta", 3, rows([0], "running"));
  assert.deepEqual([changedAfter(sent, 3), changedAfter(sent, 2), changedAfter(sent, 1)], [[], [0], [1, 0]]);
  for (let seq = 4; seq < 200; seq++) {
    receive(sent, "delta", seq, rows(Array.from({ length: 250 }, (_, number) => number), "running"));
  }
  assert.equal(changedAfter(sent, 3), null);
  assert.equal(changedAfter(sent, 198).length, 250);
});
