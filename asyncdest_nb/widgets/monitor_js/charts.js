// Two charts of a run, hidden until somebody opens them.

import { drawing, element, updateAttribute, updateText } from "./elements.js";
import { duration, grouped, timeOfDay } from "./formats.js";
import { STARTED } from "./sent_state.js";

/** @import { SentState } from "./sent_state.js" */

const BOX = { width: 300, height: 64 }; // px
const BARS = 40;

export function chartsElement() {
  const figures = [chart("Operations that ended"), chart("How long they took")];
  const node = element("div", "adm-charts", {}, ...figures.map((each) => each.node));
  node.hidden = true;
  return {
    node,
    show(/** @type {SentState} */ { fields }) {
      if (node.hidden) return;
      const [start, end] = [fields[STARTED] ?? [], fields.elapsed ?? []].map(
        (field) => /** @type {Float64Array} */ (field));
      figures[0].show(histogram(end.length, (at) => end[at], BARS), timeOfDay);
      figures[1].show(histogram(end.length, (at) => end[at] - start[at], BARS),
        (at) => (at < 10 ? `${at.toFixed(1)} s` : duration(at)));
    },
  };
}

/** @param {string} title */
function chart(title) {
  const svg = drawing(`0 0 ${BOX.width} ${BOX.height}`,
    { role: "img", preserveAspectRatio: "none", "aria-label": title });
  const ends = [element("span", ""), element("span", "")];
  const node = element("figure", "adm-chart", {},
    element("figcaption", "", {}, title), svg, element("div", "adm-ends", {}, ...ends));
  return {
    node,
    /** @param {ReturnType<typeof histogram>} found @param {(value: number) => string} format */
    show({ count, low, high, bins }, format) {
      const texts = count ? [format(low), format(high)] : ["nothing yet", ""];
      updateAttribute(/** @type {Element} */ (svg.firstChild), "d", count ? barsPath(bins, BOX) : "");
      updateAttribute(svg, "aria-label", `${title}: ${grouped(count)}, ${texts.join(" to ")}`);
      ends.forEach((end, at) => updateText(end, texts[at]));
    },
  };
}

/**
 * Count values into equal bins from the least to the greatest; NaN is none. Of a million values no
 * list is made.
 * @param {number} length
 * @param {(at: number) => number} valueAt
 * @param {number} bars how many bins
 */
export function histogram(length, valueAt, bars) {
  let [low, high, count] = [Infinity, -Infinity, 0];
  for (let at = 0; at < length; at++) {
    const value = valueAt(at);
    if (!(value === value)) continue;
    count += 1;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const bins = new Array(bars).fill(0);
  const width = (high - low) / bars || 1;
  for (let at = 0; at < length; at++) {
    const value = valueAt(at);
    if (value === value) bins[Math.min(bars - 1, Math.floor((value - low) / width))] += 1;
  }
  return { low, high, count, bins };
}

/**
 * Return the outline of bars in a box, as the path of an SVG.
 * @param {number[]} bins
 * @param {{width: number, height: number}} box
 */
export function barsPath(bins, { width, height }) {
  const top = Math.max(1, ...bins);
  const step = width / bins.length;
  const place = (/** @type {number} */ n) => Number(n.toFixed(1));
  return bins.map((n, at) => {
    // A small bar is still visible.
    const tall = n ? Math.max(1, (n / top) * height) : 0;
    return tall && `M${place(at * step)} ${height}v-${place(tall)}h${place(step * 0.85)}v${place(tall)}z`;
  }).filter(Boolean).join("");
}
