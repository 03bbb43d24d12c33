// Long work on a page, in slices, so that the page stays usable.

const SLICE = 6; // ms of work between two pauses
/** Operations that a generator handles before it lets the page look at the clock. */
export const PER_YIELD = 1000;

/**
 * Do the work of a generator in slices, beginning now.
 * @template T
 * @param {Generator<undefined, T>} work
 * @param {(result: T, spent: number) => void} done gets the result and the ms that it took
 */
export function runInSlices(work, done) {
  let [timer, spent, isOver] = [0, 0, false];
  function step() {
    const began = performance.now();
    let turn;
    do turn = work.next();
    while (!turn.done && performance.now() - began < SLICE);
    spent += performance.now() - began;
    if (!turn.done) {
      timer = window.setTimeout(step, 0);
      return;
    }
    isOver = true;
    done(turn.value, spent);
  }
  step();
  return { isOver: () => isOver, end: () => clearTimeout(timer) };
}
