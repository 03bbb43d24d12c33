// The estimate of the end, without a browser.

import assert from "node:assert/strict";
import { test } from "node:test";

import { etaOf, survival } from "../../../../asyncdest_nb/widgets/monitor_js/eta.js";
import { measureRate } from "../../../../asyncdest_nb/widgets/monitor_js/rate.js";
import { NOW, resultOf } from "./made_state.mjs";

/** The rate of operations that took so long, of open ones of such ages and progress, and of waiting ones. */
function rateFrom(durations, ages = [], waiting = 0, percents = []) {
  const open = [...durations.map(() => 0), ...ages.map(() => 1), ...Array(waiting).fill(1)];
  const start = [...durations.map((d) => NOW - d), ...ages.map((age) => NOW - age), ...Array(waiting).fill(NaN)];
  const end = [...durations.map(() => NOW), ...ages.map(() => NaN), ...Array(waiting).fill(NaN)];
  const progress = Float64Array.from([...durations.map(() => 100), ...percents]);
  const reported = Float64Array.from(open, () => NOW);
  return resultOf(measureRate(
    { open, progress, reported, start: Float64Array.from(start), end: Float64Array.from(end) }, NOW));
}

test("the remaining time counts from the report", () => {
  const field = (...values) => Float64Array.from(values);
  const measure = (progress, seconds) => etaOf(resultOf(measureRate({
    open: [1], start: field(NOW - 20), end: field(NaN), progress: field(progress), reported: field(NOW - seconds),
  }, NOW)));
  const isAbout = (found, seconds) => found.median >= seconds && found.median <= 1.1 * seconds;
  assert.ok(isAbout(measure(50, 0), 20));
  assert.ok(isAbout(measure(25, 10), 20), "it was at 25 % after 10 s");
  assert.ok(isAbout(measure(80, 10), 1), "it should be done, and is waited for");
});

test("without enough durations there is no estimate", () => {
  assert.equal(etaOf(rateFrom([], [1, 1])), null);
  assert.equal(etaOf(rateFrom([2, 2, 2, 2], [1])), null);
  assert.equal(etaOf(rateFrom([2, 2, 2, 2, 2, 2])), null, "nothing is left");
  assert.equal(etaOf(rateFrom([], [], 10)), null);
});

test("an operation that has just begun is expected to take as long as the others", () => {
  const { median, p90 } = etaOf(rateFrom([4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14], [0]));
  assert.ok(median > 7.5 && median < 10.5, `${median}`);
  assert.ok(p90 > 12 && p90 < 15, `${p90}`);
});

test("many are expected to end later than one, and an old one sooner", () => {
  const seen = Array.from({ length: 200 }, (_, at) => 2 + at / 20); // 2 s to 12 s
  const [one, many, old] = [[0], Array(50).fill(0), [9]].map((ages) => etaOf(rateFrom(seen, ages)).median);
  assert.ok(one > 6 && one < 8 && many > 11 && many < 13, `${one}, ${many}`);
  assert.ok(old > 0.5 && old < 2.5, `${old}`);
});

test("open operations count as long ones, not as none", () => {
  const quick = etaOf(rateFrom([1, 1, 1, 1, 1, 1], [0]));
  const slow = etaOf(rateFrom([1, 1, 1, 1, 1, 1], [0, ...Array(20).fill(2.5)]));
  assert.ok(quick.median <= 1.2 && slow.median > 2, `${quick.median}, ${slow.median}`);
});

test("an operation that takes far longer than any has no estimate", () => {
  assert.equal(etaOf(rateFrom([1, 1, 1, 1, 1, 1], [0, 4])), null);
  assert.ok(etaOf(rateFrom([1, 1, 1, 1, 1, 4], [0, 4])));
});

test("the last of many that began together is expected soon after those seen", () => {
  const seen = Array.from({ length: 160 }, (_, at) => 2 + at / 27); // 2 s to 8 s of 2 s to 20 s
  const { median, p90 } = etaOf(rateFrom(seen, Array(340).fill(8)));
  assert.ok(median > 5 && median < 40 && p90 > median && p90 < 50, `${median}, ${p90}`);
});

test("where all report their progress, and it predicts less, it is believed", () => {
  // 300 that take 20 to 40 s, after 22 s.
  const takes = Array.from({ length: 300 }, (_, at) => 20 + at / 15);
  const [ended, going] = [takes.filter((t) => t <= 22), takes.filter((t) => t > 22)];
  const ages = going.map(() => 22);
  const percents = going.map((t) => (100 * 22) / t);
  const { median, p90 } = etaOf(rateFrom(ended, ages, 0, percents));
  assert.ok(median > 16 && median < 20 && p90 > 20 && p90 < 30, `${median}, ${p90}`);
  // A few that will fail are slow, and promise an end that never comes: in 2 m 41 s.
  percents.fill(12, 0, 3);
  const few = etaOf(rateFrom(ended, ages, 0, percents));
  assert.ok(few.median > 16 && few.median < 25, `${few.median}`);
  // Of a single job too, without a second figure.
  const single = etaOf(rateFrom([], [30], 0, [75]));
  assert.ok(single.median > 10 && single.median < 11 && single.p90 === null, `${single.median}`);
});

test("the estimate is right within a factor of three, however long operations take", () => {
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
      const found = etaOf(rateFrom(ended, percents.map(() => age), 0, percents));
      const factor = found.median / (all - age);
      assert.ok(factor > 1 / 3 && factor < 3, `${found.median} of ${all - age}`);
    }
  }
});

test("progress is not believed where it predicts more, is new or over, or not all report it", () => {
  const seen = Array.from({ length: 200 }, (_, at) => 2 + at / 20); // 2 s to 12 s
  assert.ok(etaOf(rateFrom(seen, [2, 2], 0, [10, 50])).p90);
  for (const [ages, percents] of [[[2], [9]], [[2], [100]], [[2, 2], [90, NaN]], [[2, 2], [90]]]) {
    assert.equal(etaOf(rateFrom([], ages, 0, percents)), null, `${percents}`);
  }
  assert.equal(etaOf(rateFrom([], [2], 1, [90])), null, "one waits");
  assert.equal(etaOf(rateFrom([1, 1, 1, 1, 1, 1], [0.5, 4], 0, [50, 90])), null, "one is stuck");
});

test("waiting operations start as fast as others end", () => {
  const { median } = etaOf(rateFrom(Array(120).fill(2), [], 600)); // 60 a second
  assert.ok(median > 9 && median < 15, `${median}`);
});

test("the share that takes longer never rises, and starts with all", () => {
  const share = survival(rateFrom([1, 2, 3, 4, 5, 6], [2, 2, 9]));
  assert.equal(share(0), 1);
  let before = 1;
  for (let seconds = 0; seconds < 60; seconds += 0.1) {
    assert.ok(share(seconds) <= before + 1e-9 && share(seconds) >= 0, `${seconds}`);
    before = share(seconds);
  }
});
