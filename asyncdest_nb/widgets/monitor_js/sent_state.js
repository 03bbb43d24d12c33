// What the kernel has sent of a run so far, and what each message changes in it.

import { NO_PERCENT, unpacked } from "./packed.js";
import { isOpen } from "./statuses.js";

/** @import { Buffer, Packed, Part } from "./packed.js" */
/**
 * @typedef {{name: string, title: string, kind: string, width: string, shown: string}} Column
 * @typedef {{title: string, status: string, counts: Record<string, number>, entries: number, lines: number,
 *   jobs: boolean, notices: string[], requests: number | null, lag?: number | null, can: string[], paused: boolean,
 *   done: boolean, updated_at: number, retryable?: number | null,
 *   continued_by?: string | null}} Header `entries`: lines of the table, which are operations and
 *   after them invalid rows; a number is that of a line; `lines`: how many there will be;
 *   `retryable`: rows that may be sent again, null = not known; `continued_by`: the code that
 *   continues it after a restart, "" = none
 * @typedef {Packed & {kind: string, seq: number, now: number, header: Partial<Header>,
 *   text?: string, since?: number, is_last?: boolean, buffers?: Buffer[]}} Message
 * @typedef {{seq: number, numbers: ArrayLike<number>}} Change operations that came with a message
 * @typedef {string[] | Float64Array} Field a value per operation, by its number
 * @typedef {{columns: Column[], header: Header | null, fields: Record<string, Field>,
 *   changed: Record<string, number>, log: Change[], logSince: number, seq: number, gapAt: number, error: string, skew: number,
 *   receivedAt: number, keyframeSince: number | null}} SentState `changed`: the seq that changed
 *   a column last; `log`: what came after `logSince`; `gapAt`: the seq that was lost or came after one that was, 0 = none; `skew`:
 *   the kernel's clock minus the browser's; `receivedAt`: when the last message came, in Unix
 *   seconds of the browser; `keyframeSince`: the seq that a keyframe in progress began with
 */

const LOGGED = 30_000; // operations
const FIRST_ROOM = 10_000; // operations
const SILENT_SECONDS = 30; // Without a message for so long, the kernel may be gone.
/** Seconds between a request for a keyframe and the next one. */
export const REQUEST_SECONDS = 3;

/**
 * The fields of a kind of column, if it is not one field of the column's name.
 * @type {Record<string, string[]>}
 */
const FIELDS = { rows: ["completed", "failed", "all"] };
export const STARTED = "started"; // The column in which columns of kind "elapsed" begin.
export const PROGRESS = "progress";
export const REPORTED = "progress.at"; // When it was reported, in Unix seconds of the kernel.
export const OPEN = "status.open"; // Whether the operation can still change: 1 or 0.

/** @param {Column} column @returns {string[]} the names of its fields */
export function fieldsOf({ name, kind }) {
  return FIELDS[kind]?.map((part) => `${name}.${part}`) ?? [name];
}

/** @param {Column[]} columns @returns {SentState} */
export function emptyState(columns) {
  return {
    columns, header: null, fields: {}, changed: {}, log: [], logSince: -1, seq: -1, gapAt: 0, error: "", skew: 0,
    receivedAt: 0, keyframeSince: null,
  };
}

/**
 * Apply a message to the state, in place.
 * @param {SentState} sent
 * @param {Message} message
 * @param {Buffer[]} buffers
 * @param {number} now Unix seconds of the browser
 */
export function applyMessage(sent, message, buffers, now) {
  if (message.kind === "error") {
    sent.error = message.text ?? "";
    if (message.seq > sent.seq) sent.seq = sent.gapAt = message.seq;
    return;
  }
  if (!applySequence(sent, message)) return;
  if (sent.header || message.header.title !== undefined) {
    const counts = { ...sent.header?.counts, ...message.header.counts };
    sent.header = /** @type {Header} */ ({ ...sent.header, ...message.header, counts });
  }
  sent.skew = message.now - now;
  sent.receivedAt = now;
  sent.error = "";
  const lists = new Set();
  for (const part of unpacked(message, buffers)) {
    if (part.name === PROGRESS) noteReports(sent, part, message);
    storePart(sent, part);
    lists.add(part.numbers);
  }
  for (const numbers of lists) sent.log.push({ seq: sent.seq, numbers });
  shorten(sent);
}

/** Keep the last changes only. @param {SentState} sent */
function shorten(sent) {
  let length = sent.log.reduce((sum, { numbers }) => sum + numbers.length, 0);
  while (length > LOGGED) {
    const first = sent.log.shift();
    length -= first?.numbers.length ?? 0;
    sent.logSince = first?.seq ?? sent.seq;
  }
}

/** Return the operations that came after *seq*, null = that is not known any more. */
export function changedAfter(/** @type {SentState} */ { log, logSince }, /** @type {number} */ seq) {
  if (seq < logSince) return null;
  return log.filter((each) => each.seq > seq).flatMap(({ numbers }) => Array.from(numbers));
}

/** Note which message came, and return whether it is newer than what is here. */
function applySequence(/** @type {SentState} */ sent, /** @type {Message} */ message) {
  // A snapshot is built on demand from all that was sent, and may come out of turn.
  const next = message.kind === "snapshot" ? sent.seq : sent.seq + 1;
  if (message.seq < next) return false;
  if (message.seq > next) sent.gapAt = message.seq;
  if (message.is_last && (message.since ?? 0) >= sent.gapAt) sent.gapAt = 0;
  if (message.is_last !== undefined) sent.keyframeSince = message.is_last ? null : message.since ?? null;
  sent.seq = message.seq;
  return true;
}

/**
 * Note when the destination reported this progress, before it replaces the earlier one.
 * @param {SentState} sent
 * @param {Part} part
 * @param {Message} message
 */
function noteReports({ fields, header }, { numbers, values }, { kind, now }) {
  const at = (fields[REPORTED] = withRoom(fields[REPORTED], roomFor(numbers, header), header, false));
  const before = fields[PROGRESS] ?? [];
  for (let i = 0; i < numbers.length; i++) {
    const number = numbers[i];
    // A delta has what was polled just now, other messages whatever is known.
    const isNew = kind === "delta" || before[number] !== values[i];
    if (isNew || Number.isNaN(at[number])) at[number] = now;
  }
}

/** Store the values of a part in the fields of its column. */
function storePart(/** @type {SentState} */ sent, /** @type {Part} */ { name, numbers, values, texts }) {
  const column = sent.columns.find((each) => each.name === name);
  if (!column) return;
  const names = fieldsOf(column);
  const count = roomFor(numbers, sent.header);
  sent.changed[name] = sent.seq;
  const room = (/** @type {string} */ field, isText = false) =>
    (sent.fields[field] = withRoom(sent.fields[field], count, sent.header, isText));
  // Tight loops, since a first message may be of 100,000 operations.
  if (texts) {
    storeTexts(room(name, true), numbers, values, texts);
    if (name === "status") storeTexts(room(OPEN), numbers, values, texts.map((state) => Number(isOpen(state))));
  } else {
    const missing = column.kind === "percent" ? NO_PERCENT : NaN;
    names.forEach((field, offset) =>
      storeNumbers(room(field), numbers, values, { offset, step: names.length, missing }));
  }
}

/**
 * @param {any} room
 * @param {ArrayLike<number>} numbers
 * @param {ArrayLike<number>} values
 * @param {(string | number)[]} texts
 */
function storeTexts(room, numbers, values, texts) {
  for (let at = 0; at < numbers.length; at++) room[numbers[at]] = texts[values[at]];
}

/**
 * @param {any} room
 * @param {ArrayLike<number>} numbers
 * @param {ArrayLike<number>} values
 * @param {{offset: number, step: number, missing: number}} form
 */
function storeNumbers(room, numbers, values, { offset, step, missing }) {
  for (let at = 0, from = offset; at < numbers.length; at++, from += step) {
    room[numbers[at]] = values[from] === missing ? NaN : values[from];
  }
}

/**
 * Return for how many operations there must be room: to make it for a million takes long, and a
 * page that opens has the first ones only.
 * @param {ArrayLike<number>} numbers which ascend
 * @param {SentState["header"]} header
 */
function roomFor(numbers, header) {
  return Math.max(Math.min(header?.entries ?? 0, FIRST_ROOM), (numbers[numbers.length - 1] ?? -1) + 1);
}

/**
 * @param {Field | undefined} field
 * @param {number} count
 * @param {SentState["header"]} header
 * @param {boolean} isText
 * @returns {any}
 */
function withRoom(field, count, header, isText) {
  if (field && field.length >= count) return field;
  // An array that grows by setting a distant item would become a slow one.
  const room = Math.max(count, Math.min(2 * (field?.length ?? 0), header?.entries ?? 0));
  if (!isText) {
    const larger = new Float64Array(room).fill(NaN);
    if (field) larger.set(/** @type {Float64Array} */ (field));
    return larger;
  }
  const longer = new Array(room);
  for (let at = 0; at < (field?.length ?? 0); at++) longer[at] = field?.[at];
  return longer;
}

/** Whether the state may lack something that was sent. */
export function hasGap(/** @type {SentState} */ sent) {
  return sent.gapAt > 0;
}

/**
 * Whether the state lacks, or may lack, something that only a request brings.
 * @param {SentState} sent
 * @param {number} now Unix seconds of the browser
 */
export function needsKeyframe({ header, gapAt, keyframeSince, receivedAt }, now) {
  const silent = now - receivedAt;
  // A keyframe in progress completes the state, unless its end was lost.
  if (keyframeSince !== null && keyframeSince >= gapAt) return silent > REQUEST_SECONDS;
  // A live kernel answers before the view calls it silent.
  return gapAt > 0 || (header !== null && !header.done && silent > SILENT_SECONDS / 2);
}

/**
 * Return the time, in Unix seconds of the browser, up to which the state of the run is known.
 *
 * Whether a run goes on is not known after its kernel has fallen silent.
 * @param {SentState} sent
 * @param {number} now Unix seconds of the browser
 */
export function knownUntil({ header, receivedAt }, now, isConnected = true) {
  const isCurrent = isConnected && (!header || header.done || now - receivedAt <= SILENT_SECONDS);
  return isCurrent ? now : Math.min(now, receivedAt);
}
