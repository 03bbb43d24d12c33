// The estimate of the end, without a browser.

import assert from "node:assert/strict";
import { test } from "node:test";

import { etaOf, survival } from "../../../../asyncdest_nb/widgets/monitor_js/eta.js";
import { measureRate } from "../../../../asyncdest_nb/widgets/monitor_js/rate.js";
import { failedAt, fieldsAt, LAWS, madeRun, STARTS } from "./made_runs.mjs";
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

/** Estimate the end of runs of every law and start, at many times of their second half. */
function estimates(reports, failing, silent) {
  const found = [];
  for (const start of Object.keys(STARTS)) for (const law of Object.keys(LAWS)) {
    const run = madeRun({ law, start, failing, seed: 7, count: 600 });
    const end = Math.max(...run.map((each) => each.end));
    for (let part = 0.5; part < 1; part += 0.06) {
      const now = part * end;
      const rate = resultOf(measureRate(fieldsAt(run, now, { reports, silent }), now));
      found.push({ start, law, part, left: end - now, seconds: etaOf(rate, failedAt(run, now)) });
    }
  }
  return found;
}

const FOUND = {
  "report nothing": estimates(false, 0.03), "report their progress": estimates(true, 0),
  "report it and some fail": estimates(true, 0.03), "wait in a queue before they report it": estimates(true, 0, 0.3),
};
const shown = (found) => found.filter(({ seconds }) => seconds !== null);
const isWrong = ({ seconds, left }) => Math.max(seconds / left, left / seconds) > 2;

for (const [what, found] of Object.entries(FOUND)) {
  test(`where operations ${what}, an estimate in the second half is right within a factor of two`, () => {
    const wrong = shown(found).filter(isWrong);
    assert.ok(wrong.length <= 0.01 * shown(found).length, `${wrong.length}: ${JSON.stringify(wrong)}`);
  });
}

test("where the end can be known, it is shown for most of the second half", () => {
  // But for the last seconds, which may be as long as it takes until a poll.
  const share = (found) => {
    const early = found.filter(({ left }) => left > 5);
    return shown(early).length / early.length;
  };
  assert.ok(share(FOUND["report their progress"]) > 0.85);
  assert.ok(share(FOUND["report it and some fail"]) > 0.7);
  assert.ok(share(FOUND["wait in a queue before they report it"]) > 0.7);
  const isBounded = ({ start, law }) => ["slots", "rate"].includes(start) && ["constant", "uniform"].includes(law);
  assert.ok(share(FOUND["report nothing"].filter(isBounded)) > 0.9);
});

test("when all began together and report nothing, nobody can know how long the last one takes", () => {
  assert.deepEqual(shown(FOUND["report nothing"].filter(({ start }) => start === "once")), []);
});

test("the remaining time of a single operation counts from its report", () => {
  const field = (...values) => Float64Array.from(values);
  const measure = (progress, seconds) => etaOf(resultOf(measureRate({
    open: [1], start: field(NOW - 60), end: field(NaN), progress: field(progress), reported: field(NOW - seconds),
  }, NOW)));
  // Sooner, since it may have waited in a queue before it began.
  const isAbout = (found, seconds) => found > 0.6 * seconds && found < seconds;
  assert.ok(isAbout(measure(50, 0), 60), `${measure(50, 0)}`);
  assert.ok(isAbout(measure(40, 10), 65), `it was at 40 % after 50 s: ${measure(40, 10)}`);
  assert.equal(measure(20, 0), null, "most of the time it may have waited");
  assert.equal(measure(95, 10), null, "it should be done, and is waited for");
});

test("without enough to go by there is no estimate", () => {
  assert.equal(etaOf(rateFrom([], [10, 10])), null);
  assert.equal(etaOf(rateFrom([20, 20, 20, 20], [1], 10)), null, "few have ended");
  assert.equal(etaOf(rateFrom([2, 2, 2, 2, 2, 2])), null, "nothing is left");
  assert.equal(etaOf(rateFrom([], [], 10)), null);
  for (const [ages, percents] of [[[20], [9]], [[20], [100]], [[20, 20], [90, NaN]], [[20, 20], [50]]]) {
    assert.equal(etaOf(rateFrom([], ages, 0, percents)), null, `${percents}`);
  }
  assert.equal(etaOf(rateFrom([], [20], 1, [50])), null, "one waits");
});

test("an operation that takes far longer than any has no estimate, and the run has none", () => {
  const seen = Array.from({ length: 200 }, (_, at) => 20 + at / 20); // 20 s to 30 s
  assert.ok(etaOf(rateFrom(seen, [0])) > 15);
  assert.equal(etaOf(rateFrom(seen, [0, 100])), null);
});

test("waiting operations start as fast as others do", () => {
  const found = etaOf(rateFrom(Array(600).fill(10), [], 600)); // 60 a second
  assert.ok(found > 15 && found < 30, `${found}`);
});

test("open operations count as long ones, not as none", () => {
  const share = (ages) => survival(binned([10, 20, 30]), binned(ages))(25, true);
  assert.ok(share([20, 20, 20]) > 1.4 * share([]));
});

/** Count seconds as a rate does. */
function binned(seconds) {
  return rateFrom(seconds).ended;
}

test("the share that takes longer never rises, starts with all, and ends late or at the longest", () => {
  const share = survival(binned([1, 2, 3, 4, 5, 6]), binned([2, 2, 9]));
  for (const isEarly of [true, false]) {
    let before = 1;
    assert.equal(share(0, isEarly), 1);
    for (let seconds = 0; seconds < 60; seconds += 0.1) {
      const now = share(seconds, isEarly);
      assert.ok(now <= before + 1e-9 && now >= 0, `${seconds}`);
      before = now;
    }
  }
  assert.deepEqual([share(8, true), share(8, false) > 0.1], [0, true]);
});
