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
      const [start, end] = [fields[STARTED] ?? [], fields.elapsed ?? []];
      const [ends, lengths] = [/** @type {number[]} */ ([]), /** @type {number[]} */ ([])];
      for (let at = 0; at < end.length; at++) {
        if (Number.isNaN(end[at])) continue;
        ends.push(Number(end[at]));
        if (!Number.isNaN(start[at])) lengths.push(Number(end[at]) - Number(start[at]));
      }
      figures[0].show(ends, (at) => timeOfDay(at));
      figures[1].show(lengths, (at) => (at < 10 ? `${at.toFixed(1)} s` : duration(at)));
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
    show(/** @type {number[]} */ values, /** @type {(value: number) => string} */ format) {
      const { low, high, bins } = histogram(values, BARS);
      const texts = values.length ? [format(low), format(high)] : ["nothing yet", ""];
      const path = values.length ? barsPath(bins, BOX) : "";
      updateAttribute(/** @type {Element} */ (svg.firstChild), "d", path);
      updateAttribute(svg, "aria-label", `${title}: ${grouped(values.length)}, ${texts.join(" to ")}`);
      ends.forEach((end, at) => updateText(end, texts[at]));
    },
  };
}

/**
 * Count values into so many equal bins from the least to the greatest.
 * @param {number[]} values
 * @param {number} count
 */
export function histogram(values, count) {
  const low = values.reduce((least, value) => Math.min(least, value), Infinity);
  const high = values.reduce((most, value) => Math.max(most, value), -Infinity);
  const bins = new Array(count).fill(0);
  const width = (high - low) / count || 1;
  for (const value of values) bins[Math.min(count - 1, Math.floor((value - low) / width))] += 1;
  return { low, high, bins };
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
