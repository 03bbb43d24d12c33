// Which rows of the table are in sight, and where keys lead.

export const ROW_HEIGHT = 28; // px, the --adm-row of monitor.css
const OVERSCAN = 6; // rows

/**
 * Return the first row to draw and the one after the last.
 * @param {{top: number, height: number, count: number}} scroll top and height in px
 */
export function visibleRows({ top, height, count }) {
  const first = Math.max(0, Math.floor(top / ROW_HEIGHT) - OVERSCAN);
  const last = Math.ceil((top + height) / ROW_HEIGHT) + OVERSCAN;
  return [Math.min(first, count), Math.min(count, last)];
}

/**
 * Return the position a key leads to, or null for a key that moves nothing.
 * @param {string} key
 * @param {{at: number, height: number, count: number}} from -1 = nowhere yet; height in px
 */
export function movedTo(key, { at, height, count }) {
  const page = Math.max(1, Math.floor(height / ROW_HEIGHT) - 1);
  const to = {
    ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + page, PageUp: at - page, Home: 0,
    End: count - 1,
  }[key];
  return to === undefined || !count ? null : Math.min(count - 1, Math.max(0, to));
}

/**
 * Return how far to scroll so that a row is in sight.
 * @param {number} at its position
 * @param {{top: number, height: number}} scroll in px
 */
export function scrolledTo(at, { top, height }) {
  return Math.max(Math.min(top, at * ROW_HEIGHT), (at + 1) * ROW_HEIGHT - height);
}
