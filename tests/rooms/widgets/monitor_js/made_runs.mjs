// Runs as they might go on, from their start to their end, without a kernel.

/** Return the same numbers in [0, 1) each time. */
function dice(seed) {
  let state = seed;
  return () => (state = (state * 16807) % 2147483647) / 2147483647;
}

/** How long an operation takes, in seconds. */
export const LAWS = {
  constant: () => 10,
  uniform: (random) => 2 + 10 * random(),
  narrow: (random) => 20 + 20 * random(),
  exponential: (random) => -10 * Math.log(random()),
  lognormal: (random) =>
    8 * Math.exp(0.6 * Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random())),
  bimodal: (random) => (random() < 0.9 ? 2 + 2 * random() : 30 + 10 * random()),
  heavy: (random) => 3 / Math.sqrt(random()),
};

/** When operations begin, in seconds: all at once, one by one, or by so many as are in work. */
export const STARTS = {
  once: () => 0,
  rate: (number) => number / 50,
  batches: (number) => 4 * Math.floor(number / 200),
  slots: (number, free) => Math.min(...free),
};

/** Return the polls of an operation: ever further apart, until one sees its end. */
function pollsOf(start, seconds, random) {
  const polls = [];
  for (let at = start; at < start + seconds;) {
    at += 0.5 + Math.min(3, 0.15 * (at - start)) * (0.7 + 0.6 * random());
    polls.push(at);
  }
  return polls;
}

/**
 * Return the operations of a run; `reach` is the percentage at which one ends, 100 = it does not fail.
 * @param {{law: keyof LAWS, start: keyof STARTS, failing: number, seed: number, count: number}} how
 */
export function madeRun({ law, start, failing, seed, count }) {
  const random = dice(seed);
  const free = Array(100).fill(0);
  return Array.from({ length: count }, (_, number) => {
    const seconds = LAWS[law](random);
    const reach = random() < failing ? 10 + 85 * random() : 100;
    const began = STARTS[start](number, free);
    const polls = pollsOf(began, seconds, random);
    free[free.indexOf(Math.min(...free))] = polls.at(-1);
    return { seconds, reach, began, polls, end: polls.at(-1) };
  });
}

/** Return what is known of a run at a time; progress begins after `silent` of the seconds. */
export function fieldsAt(run, now, { reports, silent = 0.1 }) {
  const progressOf = ({ began, seconds, reach }, at) =>
    Math.max(0, Math.floor((reach * (at - began - silent * seconds)) / ((1 - silent) * seconds)));
  const polled = (each) => each.polls.findLast((at) => at <= now) ?? NaN;
  const going = (each) => (each.began <= now ? each.began : NaN);
  const field = (read) => Float64Array.from(run, read);
  return {
    open: field((each) => Number(each.end > now)),
    start: field(going),
    end: field((each) => (each.end <= now ? each.end : NaN)),
    progress: field((each) => (reports && each.end > now ? progressOf(each, polled(each)) : NaN)),
    reported: field(polled),
  };
}

/** Return which share of those that have ended has failed. */
export function failedAt(run, now) {
  const ended = run.filter((each) => each.end <= now);
  return ended.filter((each) => each.reach < 100).length / Math.max(1, ended.length);
}
