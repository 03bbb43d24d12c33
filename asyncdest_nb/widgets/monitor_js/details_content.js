// The details of an operation, laid out.

import { badge } from "./badge.js";
import { element } from "./elements.js";
import { grouped, several, timeOfDay } from "./formats.js";
import { toneOf } from "./statuses.js";

/**
 * @typedef {{label: string, status: string, message: string, payload: string}} RowDetails
 * @typedef {{facts: [string, string][], times: [string, number][], texts: [string, string][],
 *   rows: RowDetails[], row_count: number, are_found?: boolean}} Details as details.py sends
 *   them; times in Unix seconds; `are_found`: the rows are those that were searched for
 */

const LONG = 300; // characters

/** Return the blocks of details; facts and times come first. */
export function detailsContent(/** @type {Details} */ { facts, times, texts, rows, row_count: all, are_found }) {
  const payload = all === 1 && rows.length === 1 && rows[0].payload ? [textBlock("payload", rows[0].payload)] : [];
  return [
    factList(facts), timeList(times), ...payload,
    ...texts.map(([title, text]) => textBlock(title, text)),
    ...(all > 1 ? [rowList(rows, all, are_found ? "found" : "failures first")] : []),
  ];
}

/** @param {[string, string][]} facts */
function factList(facts) {
  const list = element("dl", "adm-facts-list");
  for (const [name, value] of facts) {
    const shown = element("dd", "", { dir: "auto" }, value);
    if (value.length > LONG) shown.tabIndex = 0; // It scrolls, so keys must reach it.
    list.append(element("dt", "", {}, name), shown);
  }
  return list;
}

/** @param {[string, number][]} times */
function timeList(times) {
  const first = times[0]?.[1];
  return element("ol", "adm-times", {}, ...times.map(([name, at]) => {
    const later = at > first ? `, ${(at - first).toFixed(1)} s later` : "";
    return element("li", "", {}, `${timeOfDay(at)}  ${name}${later}`);
  }));
}

/** @param {string} title @param {string} text */
function textBlock(title, text) {
  return element("section", "adm-block", {}, element("h4", "", {}, title),
    element("pre", "", { dir: "auto", tabindex: "0" }, text));
}

/** The rows of a job, each with its payload folded away. */
function rowList(/** @type {RowDetails[]} */ rows, /** @type {number} */ all, /** @type {string} */ which) {
  const items = rows.map(({ label, status, message, payload }) => {
    const made = badge();
    made.show(toneOf(status), status);
    const name = element("bdi", "adm-name", {}, label);
    const summary = element("summary", "", {}, name, made.node, element("bdi", "", {}, message));
    return element("details", "", {}, summary, element("pre", "", { dir: "auto" }, payload));
  });
  const title = rows.length < all
    ? `${grouped(rows.length)} of ${several(all, "row")}, ${which}` : several(all, "row");
  return element("section", "adm-block", {}, element("h4", "", {}, title), ...items);
}
