// When a view is painted.

/** Return what paints at the next frame, once however often it is requested. */
export function painter(/** @type {() => void} */ paint) {
  let [frame, isHeld] = [0, false];
  return {
    request() {
      if (isHeld) return;
      frame ||= requestAnimationFrame(() => {
        frame = 0;
        paint();
      });
    },
    /** Do work whose results are painted right after it: it requests no other frame. */
    hold(/** @type {() => void} */ work) {
      isHeld = true;
      try {
        work();
      } finally {
        isHeld = false;
      }
    },
    end: () => cancelAnimationFrame(frame),
  };
}
