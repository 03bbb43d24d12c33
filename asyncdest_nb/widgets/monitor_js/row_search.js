// A search that the kernel does, over what the page does not have: the frame, and rows inside jobs.

import { clock, grouped, several } from "./formats.js";
import { bytesOf } from "./packed.js";
import { SLOW_MS } from "./requests.js";

/** @import { Buffer } from "./packed.js" */
/** @import { Answer, Send } from "./requests.js" */
/**
 * @typedef {{text: string, rows: Map<number, number[]>, count: number, hits: Record<string, number>,
 *   searched: number, columns: number, next: number[] | null, isDone: boolean, isCut: boolean,
 *   problem: string}} Search `rows`: those found, by the number of their line in the table;
 *   `count`: how many; `searched`: rows; `columns`: of the frame; `problem`: why it does not go on, "" = it does
 */

const TYPING_MS = 150; // Between two keys: a text that grows is not searched letter by letter.
const PATIENCE_MS = 30_000; // An answer may be lost.
export const MOST_FOUND = 100_000; // rows

/** @returns {Search} */
export function newSearch(text = "") {
  return {
    text: text.trim(), rows: new Map(), count: 0, hits: {}, searched: 0, columns: 0, next: null,
    isDone: text.trim() === "", isCut: false, problem: "",
  };
}

/**
 * Return rows by the number of their line in the table.
 * @param {Buffer[]} buffers the rows, and the number of each
 * @param {Map<number, number[]>} found to which they are added
 */
export function rowsByNumber(buffers, found = new Map()) {
  const [rows, numbers] = buffers.map((each) => new Uint32Array(bytesOf(each).slice().buffer));
  rows.forEach((row, at) => {
    const known = found.get(numbers[at]);
    if (known) known.push(row);
    else found.set(numbers[at], [row]);
  });
  return found;
}

/** Add an answer of the kernel to a search, in place. */
export function addFound(/** @type {Search} */ search, /** @type {Answer} */ { content, buffers }) {
  if (content.error) {
    [search.isDone, search.problem] = [true, content.error];
    return;
  }
  rowsByNumber(buffers, search.rows);
  for (const [name, count] of Object.entries(content.hits)) {
    search.hits[name] = (search.hits[name] ?? 0) + Number(count);
  }
  search.searched += content.searched;
  search.columns = Math.max(search.columns, content.columns);
  search.next = content.next;
  search.problem = "";
  search.count += bytesOf(buffers[0]).length / 4;
  search.isCut = content.next !== null && search.count >= MOST_FOUND;
  search.isDone = content.next === null || search.isCut;
}

/** Return where a search has looked, "" = there is none. @param {Search} search @param {number} rows all */
export function searchText({ text, hits, searched, columns, isDone, isCut, problem }, rows) {
  if (!text) return "";
  const place = columns ? `all ${several(columns, "column")} of the frame` : "the label of every row";
  const names = Object.entries(hits).sort(([, a], [, b]) => b - a).slice(0, 5)
    .map(([name, count]) => `${name} (${grouped(count)})`);
  const where = names.length ? `: found in ${names.join(", ")}` : "";
  if (problem) return `searched only what is shown: ${problem}`;
  if (isCut) return `searched until ${grouped(MOST_FOUND)} rows were found${where}`;
  if (isDone) return `searched what is shown and ${place}${where}`;
  const percent = rows ? Math.floor((100 * searched) / rows) : 0;
  return `searched what is shown; ${searched ? place : "the frame"}: ${percent} % so far${where}`;
}

/**
 * @param {Send} send
 * @param {{changed: () => void, isConnected: () => boolean}} page
 */
export function rowSearch(send, { changed, isConnected }) {
  let search = newSearch();
  let [timer, sentAt] = [0, 0]; // `sentAt`: in Unix seconds, 0 = nothing is on its way.

  /** Ask for one part after the other, never for two at once: a busy kernel answers them all. */
  async function goOn() {
    if (clock() - sentAt < PATIENCE_MS / 1000) return;
    for (let asked = search; !asked.isDone; asked = search) {
      if (!isConnected()) {
        [asked.isDone, asked.problem] = [true, "not connected, and only the kernel has the frame"];
        break;
      }
      await ask(asked);
      changed();
    }
  }

  async function ask(/** @type {Search} */ asked) {
    const slow = setTimeout(() => {
      asked.problem = "the kernel is busy, and searches the frame when the cell has ended";
      changed();
    }, SLOW_MS);
    const mine = (sentAt = clock());
    const answer = await send("search", { text: asked.text, start: asked.next ?? [0, 0] });
    clearTimeout(slow);
    if (mine === sentAt) sentAt = 0;
    addFound(asked, answer);
  }

  return {
    get: () => search,
    /** The rows that were found in a line of the table. */
    rowsIn: (/** @type {number} */ number) => search.rows.get(number) ?? [],
    start(/** @type {string} */ text) {
      clearTimeout(timer);
      search = newSearch(text);
      timer = setTimeout(goOn, TYPING_MS);
    },
    end() {
      clearTimeout(timer);
      search = newSearch();
    },
  };
}
