// The browser's half of the monitor: it is told what changes, and never has to answer.
// One module without a build: the kernel hands this very file to the browser, and the
// tests import it in node. Text reaches the page through text nodes only.

/**
 * @typedef {{name: string, title: string, kind: string, width: string, shown: string}} Column
 * @typedef {{title: string, status: string, counts: Record<string, number>, operations: number,
 *   jobs: boolean, notices: string[], requests: number | null, can: string[], paused: boolean,
 *   at_rest: boolean, heard_at: number, retryable?: number | null}} Header `retryable`: rows that
 *   may be sent again, null = nobody says
 * @typedef {{kind: string, seq: number, now: number, header: Partial<Header>, text?: string,
 *   numbers: (string | number)[][], parts: (string | number)[][], since?: number,
 *   is_last?: boolean, buffers?: Buffer[]}} Message
 * @typedef {DataView | ArrayBuffer | Uint8Array | string} Buffer a string is base64
 * @typedef {{name: string, numbers: ArrayLike<number>, values: ArrayLike<number>,
 *   texts: string[] | null}} Part
 * @typedef {string[] | Float64Array} Field
 * @typedef {{columns: Column[], header: Header | null, fields: Record<string, Field>,
 *   changed: Record<string, number>, seq: number, gapAt: number, trouble: string, skew: number,
 *   wordAt: number, since: number | null}} Picture `changed`: the seq that changed a column
 *   last; `gapAt`: the seq that was lost or came after what was, 0 = none; `skew`: kernel's
 *   clock minus the browser's; `since`: the seq that a renewal under way began with
 * @typedef {{words: string[], search: string, sort: {name: string, down: boolean} | null}} Choice
 * @typedef {{content: any, buffers: Buffer[]}} Answer
 */

export const ROW_HEIGHT = 28; // px, the --adm-row of the style sheet
const OVERSCAN = 6; // rows
const SILENCE = 30; // seconds without a word before the kernel is doubted
const ASK_AGAIN = 3; // seconds from a request for what was missed to the next, and twice as many then
const ASK_SELDOM = 60; // and at most so many
const SPOKEN_EVERY = 10; // seconds between two sentences to a screen reader
const WINDOW = 60; // seconds that the throughput is taken from
const FEWEST = 5; // durations before anything is said of the others
const TRUSTED = 10; // percent of progress, from which on it says how long the rest takes
const STEEPEST = 5; // the shape of Weibull's law that few durations of one length would exceed
const FEW = 0.05; // of those that report their progress may be done before that promises it
const DOUBT = 1.5; // times as long as its progress promises, and nearly every operation is done
const STUCK = 3; // times the longest duration seen, and nobody can say how long another takes
const SLICE = 6; // ms of work between two looks at what else the page has to do
const LOOK = 1000; // operations between two looks at the clock
const NO_PERCENT = 255; // _NO_PERCENT of packing.py

/**
 * Drawn in a box of 16 by 16, so that a status is told by shape where colour says nothing.
 * @type {Record<string, string>}
 */
const SHAPES = {
  waiting: "M8 3a5 5 0 1 0 0 10a5 5 0 1 0 0-10",
  running: "M8 3a5 5 0 1 0 0 10a5 5 0 1 0 0-10M8 5.2v3.1l2.1 1.3",
  good: "M3.2 8.6l3.1 3.1 6.5-7",
  mixed: "M8 3a5 5 0 1 0 0 10a5 5 0 1 0 0-10M5.4 8h5.2",
  bad: "M4 4l8 8M12 4l-8 8",
  stopped: "M8 3a5 5 0 1 0 0 10a5 5 0 1 0 0-10M4.5 11.5l7-7",
  unknown: "M5.6 6.1a2.5 2.5 0 1 1 3.6 2.2c-.8.4-1.2.8-1.2 1.7M8 12.4v.2",
};

/**
 * The shape of each word for a row, an operation or a run.
 * @type {Record<string, string>}
 */
export const TONES = {
  planned: "waiting", submitting: "waiting", pending: "waiting",
  accepted: "running", running: "running", canceling: "running",
  completed: "good", partial: "mixed",
  failed: "bad", rejected: "bad", invalid: "bad",
  canceled: "stopped", unknown: "unknown", held: "unknown", lost: "unknown",
};

/**
 * What the rows of an operation may be, by its state; of the others they are pending.
 * @type {Record<string, string[]>}
 */
export const ROW_WORDS = {
  completed: ["completed"], partial: ["completed", "failed"], failed: ["failed"],
  rejected: ["failed"], canceled: ["canceled"], unknown: ["unknown"], held: ["unknown"],
  lost: ["unknown"],
};
const PENDING = ["pending"];
const TROUBLED = ["failed", "rejected", "partial", "lost", "held"];

/** @param {string} word */
export function toneOf(word) {
  return TONES[word] ?? "unknown";
}

/** @param {string} state @returns {string[]} */
export function rowWords(state) {
  return ROW_WORDS[state] ?? PENDING;
}

// ---------------------------------------------------------------- what arrives

/**
 * Return the bytes of a buffer, whichever form the host hands over.
 * @param {Buffer} buffer
 */
export function bytesOf(buffer) {
  if (typeof buffer === "string") return Uint8Array.from(atob(buffer), (c) => c.charCodeAt(0));
  if (buffer instanceof ArrayBuffer) return new Uint8Array(buffer);
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}

/** @type {Record<string, new (buffer: ArrayBuffer) => ArrayLike<number>>} */
const ARRAYS = { B: Uint8Array, H: Uint16Array, I: Uint32Array, d: Float64Array };

/** @param {string} typecode @param {Buffer} buffer @returns {ArrayLike<number>} */
function numbersOf(typecode, buffer) {
  // A copy, since what the host hands over may begin at any byte.
  return new ARRAYS[typecode](bytesOf(buffer).slice().buffer);
}

/** @param {number} first @param {number} count */
function consecutive(first, count) {
  const numbers = new Uint32Array(count);
  for (let at = 0; at < count; at++) numbers[at] = first + at;
  return numbers;
}

/**
 * Read rows as `Packed` in packing.py holds them, a column at a time.
 * @param {Pick<Message, "numbers" | "parts">} message
 * @param {Buffer[]} buffers
 * @returns {Generator<Part>}
 */
export function* unpacked(message, buffers) {
  const lists = message.numbers.map(([form, at]) =>
    typeof form === "string"
      ? numbersOf(form, buffers[Number(at)])
      : consecutive(form, Number(at)));
  for (const [name, which, typecode, at, texts] of message.parts) {
    yield {
      name: String(name),
      numbers: lists[Number(which)],
      values: numbersOf(String(typecode), buffers[Number(at)]),
      texts: texts === undefined
        ? null : JSON.parse(new TextDecoder().decode(bytesOf(buffers[Number(texts)]))),
    };
  }
}

/**
 * What a kind of column is kept as, if not as one field of its name.
 * @type {Record<string, string[]>}
 */
const FIELDS = { rows: ["good", "failed", "all"] };
const STARTED = "started"; // The column that those of kind "elapsed" count from.
const PROGRESS = "progress";
const REPORTED = "progress.at"; // The field with the Unix seconds of the kernel when it was reported.

/** @param {Column} column @returns {string[]} the names of its fields */
function fieldsOf({ name, kind }) {
  return FIELDS[kind]?.map((part) => `${name}.${part}`) ?? [name];
}

/** @param {Column[]} columns @returns {Picture} */
export function emptyPicture(columns) {
  return {
    columns, header: null, fields: {}, changed: {}, seq: -1, gapAt: 0, trouble: "", skew: 0,
    wordAt: 0, since: null,
  };
}

/**
 * Apply a message to the picture, in place.
 * @param {Picture} picture
 * @param {Message} message
 * @param {Buffer[]} buffers
 * @param {number} now Unix seconds of the browser
 */
export function apply(picture, message, buffers, now) {
  if (message.kind === "trouble") {
    picture.trouble = message.text ?? "";
    if (message.seq > picture.seq) picture.seq = picture.gapAt = message.seq;
    return;
  }
  // A snapshot built on demand holds what was said so far, and may come out of turn.
  const next = message.kind === "snapshot" ? picture.seq : picture.seq + 1;
  if (message.seq < next) return;
  if (message.seq > next) picture.gapAt = message.seq;
  if (message.is_last && (message.since ?? 0) >= picture.gapAt) picture.gapAt = 0;
  if (message.kind === "renewal") picture.since = message.is_last ? null : message.since ?? null;
  picture.seq = message.seq;
  if (picture.header || message.header.title !== undefined) {
    const counts = { ...picture.header?.counts, ...message.header.counts };
    picture.header = /** @type {Header} */ ({ ...picture.header, ...message.header, counts });
  }
  picture.skew = message.now - now;
  picture.wordAt = now;
  picture.trouble = "";
  for (const part of unpacked(message, buffers)) {
    if (part.name === PROGRESS) noteReports(picture, part, message);
    lay(picture, part);
  }
}

/**
 * Note when the destination reported this progress, before it is laid on that of before.
 * @param {Picture} picture
 * @param {Part} part
 * @param {Message} message
 */
function noteReports({ fields, header }, { numbers, values }, { kind, now }) {
  const at = (fields[REPORTED] = withRoom(fields[REPORTED], header?.operations ?? 0, false));
  const before = fields[PROGRESS] ?? [];
  for (let i = 0; i < numbers.length; i++) {
    const number = numbers[i];
    // A delta has what was asked about just now, the others whatever is known.
    const isNew = kind === "delta" || before[number] !== values[i];
    if (isNew || Number.isNaN(at[number])) at[number] = now;
  }
}

/** Lay the values of a part on the fields of its column. */
function lay(/** @type {Picture} */ picture, /** @type {Part} */ { name, numbers, values, texts }) {
  const column = picture.columns.find((each) => each.name === name);
  if (!column) return;
  const names = fieldsOf(column);
  const count = picture.header?.operations ?? 0;
  picture.changed[name] = picture.seq;
  const room = (/** @type {string} */ field, isText = false) =>
    (picture.fields[field] = withRoom(picture.fields[field], count, isText));
  // Tight loops, since a first picture may be of 100,000 operations.
  if (texts) {
    layTexts(room(name, true), numbers, values, texts);
    if (name === "status") layTexts(room(OPEN), numbers, values, texts.map(isOpen));
  } else {
    const missing = column.kind === "percent" ? NO_PERCENT : NaN;
    names.forEach((field, offset) =>
      layNumbers(room(field), numbers, values, { offset, step: names.length, missing }));
  }
}

/** The field that says of each operation whether more is to come: 1 or 0. */
const OPEN = "status.open";
const isOpen = (/** @type {string} */ state) => (rowWords(state) === PENDING ? 1 : 0);

/**
 * @param {any} room
 * @param {ArrayLike<number>} numbers
 * @param {ArrayLike<number>} values
 * @param {(string | number)[]} texts
 */
function layTexts(room, numbers, values, texts) {
  for (let at = 0; at < numbers.length; at++) room[numbers[at]] = texts[values[at]];
}

/**
 * @param {any} room
 * @param {ArrayLike<number>} numbers
 * @param {ArrayLike<number>} values
 * @param {{offset: number, step: number, missing: number}} form
 */
function layNumbers(room, numbers, values, { offset, step, missing }) {
  for (let at = 0, from = offset; at < numbers.length; at++, from += step) {
    room[numbers[at]] = values[from] === missing ? NaN : values[from];
  }
}

/** @param {Field | undefined} field @param {number} count @param {boolean} isText @returns {any} */
function withRoom(field, count, isText) {
  if (isText) return field ?? [];
  if (field && field.length >= count) return field;
  const larger = new Float64Array(count).fill(NaN);
  if (field) larger.set(/** @type {Float64Array} */ (field));
  return larger;
}

/** Whether what is shown may lack something that was told. */
export function isBehind(/** @type {Picture} */ picture) {
  return picture.gapAt > 0;
}

/**
 * Whether the picture lacks, or may lack, what does not come without asking.
 * @param {Picture} picture
 * @param {number} now Unix seconds of the browser
 */
export function isWanting({ header, gapAt, since, wordAt }, now) {
  const silent = now - wordAt;
  // What is under way makes it whole, unless its end was lost.
  if (since !== null && since >= gapAt) return silent > ASK_AGAIN;
  // A kernel that lives has answered before it is doubted.
  return gapAt > 0 || (header !== null && !header.at_rest && silent > SILENCE / 2);
}

// ---------------------------------------------------------------- how fast it goes

const FIRST_EDGE = 0.05; // seconds
const RATIO = 1.1; // Each bin of durations is a tenth longer than the one before.
const BINS = 200; // Up to 100 days.

const PER_LOG = 1 / Math.log(RATIO);

/** @param {number} seconds */
const binOf = (seconds) => (seconds <= FIRST_EDGE ? 0 : Math.ceil(Math.log(seconds / FIRST_EDGE) * PER_LOG));
/** @param {number} bin */
const edgeOf = (bin) => FIRST_EDGE * RATIO ** bin;

/** @typedef {ReturnType<typeof pacing> extends Generator<undefined, infer P> ? P : never} Pace */

/**
 * Count what a look at all operations tells of their pace, and yield now and then.
 * @param {{open: Float64Array, start: Float64Array, end: Float64Array, all?: Float64Array,
 *   progress?: Float64Array, reported?: Float64Array}} fields
 * @param {number} now Unix seconds of the kernel
 */
export function* pacing({ open, start, end, all, progress, reported }, now) {
  const found = {
    ended: new Array(BINS).fill(0), open: new Array(BINS).fill(0), waiting: 0, count: 0,
    recentRows: 0, recent: 0,
    rests: new Array(BINS).fill(0), // What is left of those that report how far they are.
  };
  let first = Infinity;
  for (let at = 0; at < open.length; at++) {
    if (at % LOOK === LOOK - 1) yield;
    const hasEnded = end[at] === end[at]; // It is not NaN.
    if (start[at] < first) first = start[at];
    if (hasEnded && end[at] > now - WINDOW) {
      found.recent += 1;
      found.recentRows += all?.[at] || 1;
    }
    if (!hasEnded && !open[at]) continue; // Nobody knows when, if ever.
    if (start[at] !== start[at]) found.waiting += hasEnded ? 0 : 1;
    else count(found, hasEnded, (hasEnded ? end[at] : now) - start[at]);
    if (!hasEnded && progress && reported) countRest(found, progress[at], reported[at] - start[at], now - start[at]);
  }
  const seconds = Math.min(WINDOW, Math.max(1, now - first));
  return { ...found, perSecond: found.recent / seconds, rowsPerSecond: found.recentRows / seconds };
}

/**
 * Count what is left of an operation that goes on as it has gone until it reported its progress.
 * @param {any} found
 * @param {number} progress percent
 * @param {number} then its age when it did, in seconds
 * @param {number} age
 */
function countRest(found, progress, then, age) {
  // At 100 and not done it says nothing of what is still to come.
  if (!(progress >= TRUSTED && progress < 100 && then > 0)) return;
  // One that should be done by now is waited for still.
  found.rests[Math.min(BINS - 1, binOf(Math.max(1, (100 * then) / progress - age)))] += 1;
}

function count(/** @type {any} */ found, /** @type {boolean} */ hasEnded, /** @type {number} */ seconds) {
  (hasEnded ? found.ended : found.open)[Math.min(BINS - 1, binOf(seconds))] += 1;
  found.count += hasEnded ? 1 : 0;
}

/**
 * Return the share of operations that take longer than so many seconds, as a function.
 *
 * Kaplan and Meier's estimate, since those still open are not those that took long: it
 * counts them for as long as they have been seen. Past the longest duration seen it goes on
 * by Weibull's law, fitted to all that was seen: a steady rate would give a thousand that
 * began together minutes after their last.
 * @param {{ended: number[], open: number[]}} pace
 */
export function survival({ ended, open }) {
  const last = ended.findLastIndex((n) => n > 0);
  let atRisk = sumOf(ended) + sumOf(open);
  const shares = [1];
  for (let bin = 0; bin <= last; bin++) {
    shares.push(shares[bin] * (1 - ended[bin] / Math.max(1, atRisk)));
    atRisk -= ended[bin] + open[bin];
  }
  const { shape, rate } = weibull({ ended, open });
  const passed = edgeOf(last) ** shape;
  return (/** @type {number} */ seconds) => {
    const bin = binOf(seconds);
    if (bin > last) return shares[last + 1] * Math.exp(-rate * (seconds ** shape - passed));
    const below = bin ? edgeOf(bin - 1) : 0;
    const part = Math.min(1, (seconds - below) / (edgeOf(bin) - below));
    return shares[bin] + part * (shares[bin + 1] - shares[bin]);
  };
}

/**
 * Return what is likeliest: after so many seconds a share of exp(-rate * seconds ** shape) is open.
 *
 * Shape 1 is a steady rate; the greater, the more suddenly old ones end.
 * @param {{ended: number[], open: number[]}} pace
 */
function weibull({ ended, open }) {
  const [times, count] = [ended.map((_, bin) => edgeOf(bin) / Math.sqrt(RATIO)), sumOf(ended)];
  const logs = times.map(Math.log);
  const mean = ended.reduce((total, n, bin) => total + n * logs[bin], 0) / count;
  const powers = (/** @type {number} */ shape, /** @type {number[]} */ weights) =>
    times.reduce((total, time, bin) => total + (ended[bin] + open[bin]) * weights[bin] * time ** shape, 0);
  const ones = times.map(() => 1);
  let [low, high] = [1, STEEPEST];
  for (let step = 0; step < 16; step++) {
    const shape = (low + high) / 2;
    if (powers(shape, logs) / powers(shape, ones) - 1 / shape > mean) high = shape;
    else low = shape;
  }
  return { shape: low, rate: count / powers(low, ones) };
}

/**
 * Return in how many seconds all is done, by a chance of a half and of nine tenths.
 *
 * Those that report their progress are taken to end when that promises it, or half as much
 * later for the nine tenths; the others, and the few that promise to be last, as others have
 * ended: of those that will fail, progress often stands still. Those that wait start one by
 * one, as fast as others have ended in the last minute.
 *
 * null while too little is known to say, or one takes far longer than any that has ended; p90
 * alone while all that is known was promised.
 * @param {Pace} pace
 * @returns {{median: number, p90: number | null} | null}
 */
export function etaOf(pace) {
  const isKnown = pace.count >= FEWEST;
  if (!(pace.waiting || sumOf(pace.open)) || (isKnown && isStuck(pace))) return null;
  if (pace.waiting && !(isKnown && pace.perSecond)) return null;
  const chance = chanceOf(pace, isKnown ? survival(pace) : () => 1);
  const median = firstWhere((t) => chance(t, t) >= 0.5);
  const p90 = firstWhere((t) => chance(t, t / DOUBT) >= 0.9);
  return median === null || p90 === null ? null : { median, p90: isKnown ? p90 : null };
}

const sumOf = (/** @type {number[]} */ bins) => bins.reduce((total, n) => total + n, 0);

/** Whether one takes far longer than any that has ended. */
function isStuck(/** @type {Pace} */ pace) {
  const [longest, oldest] = [pace.ended, pace.open].map((bins) => edgeOf(bins.findLastIndex((n) => n > 0)));
  return oldest > STUCK * longest;
}

/**
 * The chance that all is done within so many seconds, and of reports that promise as many.
 * @param {Pace} pace
 * @param {(seconds: number) => number} share of operations that take longer
 */
function chanceOf(pace, share) {
  const [begun, reporting] = [sumOf(pace.open), sumOf(pace.rests)];
  const ages = pace.open.flatMap((n, bin) => (n ? [[n, edgeOf(bin) / Math.sqrt(RATIO)]] : []));
  const starts = pace.waiting
    ? [1, 2, 3, 4, 5, 6, 7, 8].map((part) => (part / 8) * (pace.waiting / pace.perSecond)) : [];
  return (/** @type {number} */ seconds, /** @type {number} */ promised) => {
    const early = sumOf(pace.rests.slice(0, binOf(promised)));
    if (reporting - early > Math.max(2, FEW * reporting)) return 0;
    const left = begun - early;
    let log = 0; // Of a product of thousands little is left.
    for (const [n, age] of left ? ages : []) {
      const longer = share(age);
      if (longer > 0) log += (left / begun) * n * Math.log(Math.max(0, 1 - share(age + seconds) / longer));
    }
    for (const start of starts) {
      log += seconds > start ? (pace.waiting / 8) * Math.log(1 - share(seconds - start)) : -Infinity;
    }
    return Math.exp(log);
  };
}

/** @param {(seconds: number) => boolean} holds from some time on @returns {number | null} */
function firstWhere(holds) {
  let high = 1;
  while (!holds(high)) if ((high *= 2) > 1e8) return null;
  let low = 0;
  for (let step = 0; step < 24; step++) {
    const middle = (low + high) / 2;
    if (holds(middle)) high = middle;
    else low = middle;
  }
  return high;
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
    // What is not nothing is seen.
    const tall = n ? Math.max(1, (n / top) * height) : 0;
    return tall && `M${place(at * step)} ${height}v-${place(tall)}h${place(step * 0.85)}v${place(tall)}z`;
  }).filter(Boolean).join("");
}

// ---------------------------------------------------------------- which rows, in which order

const collator = new Intl.Collator("en", { numeric: true });
const STATES = Object.keys(TONES);

/**
 * Return how two operations compare by a column; what is missing comes last either way.
 * @param {Picture} picture
 * @param {{name: string, down: boolean}} sort
 * @param {number} now Unix seconds of the kernel
 * @returns {(a: number, b: number) => number}
 */
export function comparing(picture, { name, down }, now) {
  const key = keyOf(picture, name, now);
  const sign = down ? -1 : 1;
  return (a, b) => {
    const [left, right] = [key(a), key(b)];
    const [noLeft, noRight] = [isMissing(left), isMissing(right)];
    if (noLeft || noRight) return Number(noLeft) - Number(noRight);
    if (typeof left === "string") return sign * collator.compare(left, String(right));
    return sign * (left - Number(right));
  };
}

/** @param {string | number} key */
const isMissing = (key) => key === "" || key === undefined || Number.isNaN(key);

/** @returns {(number: number) => string | number} */
function keyOf(/** @type {Picture} */ { columns, fields }, /** @type {string} */ name, /** @type {number} */ now) {
  const kind = columns.find((each) => each.name === name)?.kind;
  const own = fields[name] ?? [];
  if (kind === "status") return (number) => own[number] && STATES.indexOf(String(own[number]));
  if (kind === "rows") return (number) => Number(fields[`${name}.failed`]?.[number]);
  if (kind !== "elapsed") return (number) => own[number];
  const [start, end, open] = [fields[STARTED] ?? [], own, fields[OPEN] ?? []].map(
    (field) => /** @type {Float64Array} */ (field));
  return (number) => elapsed({ start: start[number], end: end[number], open: open[number] }, now);
}

/**
 * Yield now and then, and return the chosen operations in order; null = all as they are.
 * @param {Picture} picture
 * @param {Choice} choice
 * @param {number} now Unix seconds of the kernel
 * @returns {Generator<undefined, Uint32Array | null>}
 */
export function* ordered(picture, choice, now) {
  const fits = fitting(picture, choice);
  if (!fits && !choice.sort) return null;
  const count = picture.header?.operations ?? 0;
  const found = new Uint32Array(count);
  let length = 0;
  for (let number = 0; number < count; number++) {
    if (number % LOOK === LOOK - 1) yield;
    if (!fits || fits(number)) found[length++] = number;
  }
  const chosen = found.slice(0, length);
  return choice.sort ? yield* mergeSorted(chosen, comparing(picture, choice.sort, now)) : chosen;
}

/** Return whether an operation is to be shown, as a function; null = all are. */
function fitting(/** @type {Picture} */ picture, /** @type {Choice} */ { words, search }) {
  const state = picture.fields.status ?? [];
  const texts = searchedColumns(picture).map((name) => picture.fields[name] ?? []);
  const needle = search.trim().toLowerCase();
  if (!words.length && !needle) return null;
  return (/** @type {number} */ number) =>
    (!words.length || state[number] !== undefined) &&
    (!words.length || rowWords(String(state[number])).some((word) => words.includes(word))) &&
    (!needle || texts.some((text) => String(text[number] ?? "").toLowerCase().includes(needle)));
}

function searchedColumns(/** @type {Picture} */ { columns }) {
  return columns.filter(({ kind }) => kind === "text" || kind === "code").map(({ name }) => name);
}

/** The columns that an order depends on. */
export function reliedOn(/** @type {Picture} */ picture, /** @type {Choice} */ { words, search, sort }) {
  return [
    ...(words.length ? ["status"] : []), ...(search.trim() ? searchedColumns(picture) : []),
    ...(sort ? [sort.name] : []),
  ];
}

/**
 * Sort by merging, which keeps the order of equals and can be left off at any step.
 * @param {Uint32Array} numbers
 * @param {(a: number, b: number) => number} compare
 * @returns {Generator<undefined, Uint32Array>}
 */
function* mergeSorted(numbers, compare) {
  /** @type {Uint32Array[]} */
  let [from, to] = [numbers, new Uint32Array(numbers.length)];
  for (let width = 1; width < numbers.length; width *= 2) {
    for (let start = 0; start < numbers.length; start += 2 * width) {
      const middle = Math.min(start + width, numbers.length);
      const end = Math.min(start + 2 * width, numbers.length);
      let [left, right] = [start, middle];
      for (let at = start; at < end; at++) {
        if (at % LOOK === LOOK - 1) yield;
        const takesLeft =
          left < middle && (right >= end || compare(from[left], from[right]) <= 0);
        to[at] = takesLeft ? from[left++] : from[right++];
      }
    }
    [from, to] = [to, from];
  }
  return from;
}

/**
 * Return the position of the next operation in trouble after *at*, round the end; -1 = none.
 * @param {ArrayLike<string>} state
 * @param {Uint32Array | null} order
 * @param {number} count
 * @param {number} at
 */
export function nextTrouble(state, order, count, at) {
  for (let step = 1; step <= count; step++) {
    const position = (at + step) % count;
    if (TROUBLED.includes(state[order ? order[position] : position])) return position;
  }
  return -1;
}

/** The next choice of order for a click on a column: up, down, none. */
export function nextSort(/** @type {Choice["sort"]} */ sort, /** @type {string} */ name) {
  if (sort?.name !== name) return { name, down: false };
  return sort.down ? null : { name, down: true };
}

// ---------------------------------------------------------------- what is said

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
 * Return the position a key goes to, or null for a key that goes nowhere.
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

/** @param {number} seconds */
export function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const pad = (/** @type {number} */ n) => String(n).padStart(2, "0");
  if (hours) return `${hours} h ${pad(minutes)} m`;
  return minutes ? `${minutes} m ${pad(whole % 60)} s` : `${whole} s`;
}

/**
 * Return the seconds that an operation has taken, NaN = it has not begun, or nobody knows its end.
 * @param {{start: number, end: number, open: number}} times Unix seconds, NaN = not yet; whether
 *   more is to come, 1 or 0
 * @param {number} now Unix seconds of the kernel
 */
export function elapsed({ start, end, open }, now) {
  return (Number.isNaN(end) && open ? now : end) - start;
}

const { format: grouped } = new Intl.NumberFormat("en-US");
/** @param {number} n @param {string} one */
const several = (n, one) => `${grouped(n)} ${one}${n === 1 ? "" : "s"}`;
/**
 * Return a time of day, with its date if that is another than today's.
 * @param {number} seconds Unix
 * @param {number} now Unix seconds
 */
export function timeOfDay(seconds, now = clock()) {
  const [at, today] = [new Date(1000 * seconds), new Date(1000 * now)];
  const time = at.toTimeString().slice(0, 8);
  return at.toDateString() === today.toDateString() ? time : `${at.toLocaleDateString("sv")} ${time}`;
}

/**
 * @param {Record<string, number>} counts
 * @param {number} moving what the running rows report, in rows
 */
export function progressOf(counts, moving = 0) {
  const total = Object.values(counts).reduce((sum, n) => sum + n, 0);
  const rest = total - (counts.pending ?? 0);
  const done = Math.min(total, rest + Math.min(moving, counts.pending ?? 0));
  // Rounded down: 100 % is for all of them, at rest.
  const percent = total ? Math.floor((100 * done) / total) : 0;
  return { total, rest, percent: rest < total ? Math.min(99, percent) : percent };
}

/** @param {Record<string, number>} counts @param {number} moving */
export function restSentence(counts, moving = 0) {
  const { total, rest, percent } = progressOf(counts, moving);
  return `${grouped(rest)} of ${several(total, "row")} at rest · ${percent} %`;
}

/** The counts to show: these two always, so that the line does not jump. */
export function shownCounts(/** @type {Record<string, number>} */ counts) {
  const words = ["completed", "failed", "invalid", "canceled", "unknown", "pending"];
  return words.filter((word) => counts[word] || word === "completed" || word === "pending");
}

/**
 * Return the time, in Unix seconds of the browser, until which the picture speaks of a run.
 *
 * Of one that is not heard any more nobody knows whether it goes on.
 * @param {Picture} picture
 * @param {number} now Unix seconds of the browser
 */
export function knownUntil({ header, wordAt }, now, isConnected = true) {
  const isHeard = isConnected && (!header || header.at_rest || now - wordAt <= SILENCE);
  return isHeard ? now : Math.min(now, wordAt);
}

/**
 * Say how fresh the picture is: "" at rest, when nothing more is due.
 * @param {Picture} picture
 * @param {number} now Unix seconds of the browser
 * @param {boolean} isConnected
 */
export function freshness(picture, now, isConnected = true) {
  if (!picture.header) return isConnected ? "waiting for the first word" : "not connected";
  const silent = now - picture.wordAt;
  const last = `last word at ${timeOfDay(picture.wordAt, now)}`;
  if (!isConnected) return `not connected: ${last}`;
  if (isBehind(picture)) return "catching up";
  if (picture.header.at_rest) return "";
  if (knownUntil(picture, now) < now) return `not connected: ${last}, ${duration(silent)} ago`;
  return `last word ${duration(now + picture.skew - picture.header.heard_at)} ago`;
}

/** @typedef {{moving: number, unanswered: number, rowsPerSecond: number, eta: ReturnType<typeof etaOf>}} Found */
/** @type {Found} */
const NOTHING_FOUND = { moving: 0, unanswered: 0, rowsPerSecond: 0, eta: null };

/**
 * Count over all operations what the header says of them, and yield now and then.
 * @param {Picture} picture
 * @param {number} now Unix seconds of the kernel
 * @returns {Generator<undefined, Found>}
 */
export function* measuring({ fields }, now) {
  const none = new Float64Array(fields.status?.length ?? 0).fill(NaN);
  const number = (/** @type {string} */ name) => /** @type {Float64Array} */ (fields[name] ?? none);
  const [open, progress, reported] = [OPEN, PROGRESS, REPORTED].map(number);
  const [all, errors] = ["rows.all", "poll_errors"].map(number);
  const sums = { moving: 0, unanswered: 0 };
  for (let at = 0; at < open.length; at++) {
    if (at % LOOK === LOOK - 1) yield;
    sums.unanswered += errors[at] || 0;
    if (open[at] && progress[at] > 0) sums.moving += ((all[at] || 1) * progress[at]) / 100;
  }
  const [start, end] = [STARTED, "elapsed"].map(number);
  const pace = yield* pacing({ open, all, progress, reported, start, end }, now);
  return { ...sums, rowsPerSecond: pace.rowsPerSecond, eta: etaOf(pace) };
}

/**
 * Say what the run costs and when it ends, as far as that is known.
 * @param {Header} header
 * @param {Found} found
 */
export function factsOf(header, { rowsPerSecond, eta, unanswered }, isHeard = true) {
  const said = [];
  // Of one that stands still, or is not heard, it would be made up.
  const isGoing = isHeard && !header.at_rest && !header.paused;
  if (rowsPerSecond && isGoing) said.push(`${speed(rowsPerSecond)} rows/s`);
  if (eta && isGoing) {
    const spell = (/** @type {number} */ seconds) => duration(Math.ceil(seconds));
    const how = eta.p90 === null ? "by the progress reported" : `${spell(eta.p90)} with 90 % certainty`;
    said.push(`about ${spell(eta.median)} left, ${how}`);
  }
  // They are this kernel's: of a run from before it none does not mean that it cost none.
  if (header.requests) said.push(several(header.requests, "request"));
  if (unanswered) said.push(`${several(unanswered, "poll")} without an answer`);
  return said.join(" · ");
}

/** @param {number} n per second */
const speed = (n) => (n < 10 ? n.toFixed(1) : grouped(Math.round(n)));

// ---------------------------------------------------------------- elements

/**
 * @param {string} tag
 * @param {string} name its class
 * @param {Record<string, string>} attributes
 * @param {(Node | string)[]} children
 */
function element(tag, name, attributes = {}, ...children) {
  const made = document.createElement(tag);
  made.className = name;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** @param {string} viewBox @param {Record<string, string>} attributes @param {number} paths */
function drawing(viewBox, attributes, paths = 1) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  for (const [key, value] of Object.entries({ viewBox, ...attributes })) svg.setAttribute(key, value);
  for (let at = 0; at < paths; at++) {
    svg.append(document.createElementNS("http://www.w3.org/2000/svg", "path"));
  }
  return svg;
}

/** @param {string} label @param {() => void} act */
function button(label, act) {
  const made = /** @type {HTMLButtonElement} */ (
    element("button", "adm-button", { type: "button" }, label));
  made.addEventListener("click", act);
  return made;
}

/** Set a text only where it differs: a selection in it survives. */
function say(/** @type {Element} */ node, /** @type {string} */ text) {
  if (node.textContent !== text) node.textContent = text;
}

function mark(/** @type {Element} */ node, /** @type {string} */ name, /** @type {string} */ value) {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

function sayWithTitle(/** @type {Element} */ node, /** @type {string} */ text) {
  say(node, text);
  mark(node, "title", text);
}

/** A word with its shape. */
function badge(tag = "span", attributes = {}) {
  const icon = drawing("0 0 16 16", { "aria-hidden": "true" });
  const word = element("span", "adm-word");
  const node = element(tag, "adm-badge", attributes, icon, word);
  return {
    node,
    show(/** @type {string} */ tone, /** @type {string} */ text) {
      mark(node, "data-tone", tone);
      mark(/** @type {Element} */ (icon.firstChild), "d", SHAPES[tone]);
      say(word, text);
    },
  };
}

/**
 * How each kind of column draws a cell: make the cell, get what updates it.
 * @type {Record<string, (cell: HTMLElement) => (value: any, now: number) => void>}
 */
export const CELLS = {
  text(cell) {
    cell.dir = "auto";
    return (value) => sayWithTitle(cell, value);
  },
  code(cell) {
    return CELLS.text(cell);
  },
  number(cell) {
    return (value) => say(cell, orDash(value, grouped(value)));
  },
  status(cell) {
    const made = badge();
    cell.append(made.node);
    return (value) => {
      made.show(toneOf(value), value);
      made.node.hidden = !value; // Not told yet.
    };
  },
  percent(cell) {
    const fill = element("span", "adm-fill");
    const text = element("span", "adm-share");
    cell.append(element("span", "adm-track", { "aria-hidden": "true" }, fill), text);
    return (value) => {
      mark(fill, "style", `width:${value || 0}%`);
      say(text, orDash(value, `${value} %`));
    };
  },
  elapsed(cell) {
    return ([start, end, open], now) => {
      const seconds = elapsed({ start, end, open }, now);
      say(cell, orDash(seconds, duration(seconds)));
    };
  },
  rows(cell) {
    return ([good, failed, all]) => {
      const text = `${grouped(good)} good, ${grouped(failed)} failed of ${grouped(all)}`;
      sayWithTitle(cell, orDash(all, text));
    };
  },
};
const TEXTUAL = ["text", "code", "status"];

/** @param {number} value NaN = not known @param {string} text */
const orDash = (value, text) => (Number.isNaN(value) ? "–" : text);

/** @param {Column[]} columns */
function rowElement(columns) {
  const node = element("div", "adm-row", { role: "row" });
  const updates = columns.map((column) => {
    const cell = element("div", `adm-cell adm-${column.kind}`, { role: "gridcell" });
    node.append(cell);
    const names = column.kind === "elapsed" ? [STARTED, column.name, OPEN] : fieldsOf(column);
    const untold = TEXTUAL.includes(column.kind) ? "" : NaN;
    return { names, untold, update: (CELLS[column.kind] ?? CELLS.text)(cell) };
  });
  return {
    node,
    show(/** @type {Picture} */ { fields }, /** @type {number} */ number, /** @type {number} */ now) {
      for (const { names, untold, update } of updates) {
        const values = names.map((name) => fields[name]?.[number] ?? untold);
        update(names.length > 1 ? values : values[0], now);
      }
      mark(node, "data-tone", toneOf(String(fields.status?.[number] ?? "")));
    },
  };
}

/** @param {(name: string) => void} sortBy */
function table(sortBy) {
  const head = element("div", "adm-titles", { role: "row", "aria-rowindex": "1" });
  const body = element("div", "adm-body", { role: "rowgroup" });
  const empty = element("div", "adm-empty");
  const grid = element("div", "adm-table", { role: "none" },
    element("div", "adm-thead", { role: "rowgroup" }, head), body);
  const scroller = element("div", "adm-scroll",
    { tabindex: "0", role: "grid", "aria-label": "Operations" }, grid, empty);
  function showColumns(/** @type {Column[]} */ columns) {
    head.replaceChildren(...columns.map(({ name, title, kind }) => {
      const sorter = button(title, () => sortBy(name));
      sorter.className = "adm-sorter";
      sorter.dir = "auto";
      return element("div", `adm-cell adm-${kind}`,
        { role: "columnheader", "data-name": name, "aria-sort": "none" }, sorter);
    }));
    grid.style.setProperty("--adm-columns", columns.map(({ width }) => width).join(" "));
  }
  function showSort(/** @type {Choice["sort"]} */ sort) {
    for (const title of head.children) {
      const isSorted = title.getAttribute("data-name") === sort?.name;
      mark(title, "aria-sort", !isSorted ? "none" : sort?.down ? "descending" : "ascending");
    }
  }
  return { scroller, head, body, empty, showColumns, showSort };
}

/** Give *node* as many children as there are words, and show each its word. */
function matched(
  /** @type {Element} */ node, /** @type {string[]} */ words,
  /** @type {() => HTMLElement} */ make, /** @type {(child: HTMLElement, word: string) => void} */ show,
) {
  while (node.children.length > words.length) node.lastChild?.remove();
  while (node.children.length < words.length) node.append(make());
  words.forEach((word, at) => show(/** @type {HTMLElement} */ (node.children[at]), word));
}

/**
 * The part above the table.
 * @param {(word: string) => void} toggle shows the operations of a status, or not
 */
function headerElement(toggle) {
  const title = element("span", "adm-title", { dir: "auto" });
  const status = badge();
  const fresh = element("span", "adm-fresh");
  const bar = element("div", "adm-bar", {
    role: "progressbar", "aria-label": "rows at rest", "aria-valuemin": "0", "aria-valuemax": "100",
  });
  const counts = element("div", "adm-counts", { role: "group", "aria-label": "Show by status" });
  const rest = element("span", "adm-rest");
  const facts = element("div", "adm-facts");
  const notices = element("ul", "adm-notices");
  const node = element("div", "adm-head", {},
    element("div", "adm-line", {}, title, status.node, fresh), bar,
    element("div", "adm-line", {}, counts, rest), facts, notices);
  return {
    node,
    /**
     * @param {Picture} picture
     * @param {Found} found
     * @param {{now: number, isConnected: boolean, words: string[]}} shown
     */
    show(picture, found, { now, isConnected, words }) {
      sayWithTitle(title, picture.header?.title ?? "");
      say(fresh, freshness(picture, now, isConnected));
      if (!picture.header) return;
      const { header } = picture;
      const moving = header.status === "pending" && !header.at_rest;
      status.show(moving ? "running" : toneOf(header.status),
        moving && header.paused ? "paused" : header.status);
      showBar(bar, header.counts, found.moving);
      showCounts(counts, header.counts, words, toggle);
      say(rest, restSentence(header.counts, found.moving));
      say(facts, factsOf(header, found, knownUntil(picture, now, isConnected) === now));
      const trouble = picture.trouble ? [`the monitor stumbled: ${picture.trouble}`] : [];
      matched(notices, [...header.notices, ...trouble],
        () => element("li", "adm-notice", { dir: "auto" }), sayWithTitle);
    },
  };
}

function showBar(
  /** @type {HTMLElement} */ bar, /** @type {Record<string, number>} */ counts,
  /** @type {number} */ moving,
) {
  const { total, percent } = progressOf(counts, moving);
  mark(bar, "aria-valuenow", String(percent));
  mark(bar, "aria-valuetext", restSentence(counts, moving));
  const rest = shownCounts(counts).filter((word) => word !== "pending" && counts[word]);
  matched(bar, moving ? [...rest, "running"] : rest, () => element("span", "adm-part"), (part, word) => {
    mark(part, "data-tone", toneOf(word));
    mark(part, "style", `width:${(100 * (counts[word] ?? moving)) / total}%`);
  });
}

/** @type {WeakMap<Element, ReturnType<typeof badge>>} */
const badges = new WeakMap();

function showCounts(
  /** @type {HTMLElement} */ node, /** @type {Record<string, number>} */ counts,
  /** @type {string[]} */ pressed, /** @type {(word: string) => void} */ toggle,
) {
  const make = () => {
    const made = badge("button", { type: "button" });
    made.node.addEventListener("click", () => toggle(made.node.getAttribute("data-word") ?? ""));
    badges.set(made.node, made);
    return made.node;
  };
  // One that is pressed stays, so that it can be let go.
  const words = [...new Set([...shownCounts(counts), ...pressed])];
  matched(node, words, make, (child, word) => {
    badges.get(child)?.show(toneOf(word), `${grouped(counts[word] ?? 0)} ${word}`);
    mark(child, "data-word", word);
    mark(child, "data-zero", String(!counts[word]));
    mark(child, "aria-pressed", String(pressed.includes(word)));
  });
}

// ---------------------------------------------------------------- charts

const BOX = { width: 300, height: 64 }; // px

/** Two charts, folded away until somebody looks. */
function chartsElement() {
  const figures = [chart("Completions over time"), chart("Durations")];
  const node = element("div", "adm-charts", {}, ...figures.map((each) => each.node));
  node.hidden = true;
  return {
    node,
    show(/** @type {Picture} */ { fields }) {
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
    show(/** @type {number[]} */ values, /** @type {(value: number) => string} */ told) {
      const { low, high, bins } = histogram(values, 40);
      const texts = values.length ? [told(low), told(high)] : ["nothing yet", ""];
      mark(/** @type {Element} */ (svg.firstChild), "d", values.length ? barsPath(bins, BOX) : "");
      mark(svg, "aria-label", `${title}: ${grouped(values.length)}, ${texts.join(" to ")}`);
      ends.forEach((end, at) => say(end, texts[at]));
    },
  };
}

// ---------------------------------------------------------------- one operation

/** @param {string} text */
async function copy(text) {
  if (!text) return; // What was copied before stays.
  const reader = document.activeElement;
  try {
    await navigator.clipboard.writeText(text);
  } catch { // Only pages of a secure origin have a clipboard.
    const field = /** @type {HTMLTextAreaElement} */ (element("textarea", "adm-live"));
    field.value = text;
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
    if (reader instanceof HTMLElement) reader.focus({ preventScroll: true });
  }
}

/** @param {string} title @param {string} text */
function textBlock(title, text) {
  return element("section", "adm-block", {}, element("h4", "", {}, title),
    element("pre", "", { dir: "auto", tabindex: "0" }, text));
}

const LONG = 300; // characters
const PATIENCE = 30; // seconds for an answer, before the question is put again

/**
 * The details of an operation as the kernel told them, each a text; first come facts and times.
 * @returns {HTMLElement[]}
 */
function detailNodes(/** @type {any} */ { facts, times, texts, rows, row_count: all }) {
  const list = element("dl", "adm-facts-list");
  for (const [name, value] of facts) {
    // What scrolls is to be reached by keyboard.
    const shown = element("dd", "", { dir: "auto" }, value);
    if (value.length > LONG) shown.tabIndex = 0;
    list.append(element("dt", "", {}, name), shown);
  }
  const first = times[0]?.[1];
  const line = times.map((/** @type {[string, number]} */ [name, at]) =>
    element("li", "", {}, `${timeOfDay(at)}  ${name}${at > first ? `, ${(at - first).toFixed(1)} s later` : ""}`));
  const blocks = texts.map((/** @type {[string, string]} */ [title, text]) => textBlock(title, text));
  const payload = rows.length === 1 && rows[0].payload ? [textBlock("payload", rows[0].payload)] : [];
  return [list, element("ol", "adm-times", {}, ...line), ...payload, ...blocks,
    ...(rows.length > 1 ? [rowList(rows, all)] : [])];
}

/** Whether a text in *node* is selected. */
function isSelectedIn(/** @type {Element} */ node) {
  const selection = getSelection();
  return selection !== null && !selection.isCollapsed && selection.containsNode(node, true);
}

/** The rows of a job, each with its payload folded away. */
function rowList(/** @type {any[]} */ rows, /** @type {number} */ all) {
  const items = rows.map(({ label, status, message, payload }) => {
    const made = badge();
    made.show(toneOf(status), status);
    const name = element("bdi", "adm-name", {}, label);
    const summary = element("summary", "", {}, name, made.node, element("bdi", "", {}, message));
    return element("details", "", {}, summary, element("pre", "", { dir: "auto" }, payload));
  });
  const title = rows.length < all
    ? `${grouped(rows.length)} of ${several(all, "row")}, failures first` : several(all, "row");
  return element("section", "adm-block", {}, element("h4", "", {}, title), ...items);
}

/**
 * The panel below the table.
 * @param {(what: string, more?: object) => Promise<Answer>} ask
 * @param {{closed: () => void, isConnected: () => boolean}} page
 */
function detailsElement(ask, { closed, isConnected }) {
  const title = element("bdi", "adm-title");
  const content = element("div", "adm-details-body");
  const copier = button("Copy id", () => copy(id));
  const closer = button("Close", () => close());
  const node = element("section", "adm-details", { role: "region", "aria-label": "Details" },
    element("div", "adm-line", {}, title, copier, closer), content);
  node.hidden = true;
  let [number, id, state, polls, askedAt, isCutOff] = [-1, "", "", NaN, 0, false];

  function close() {
    if (node.hidden) return;
    node.hidden = true;
    number = -1;
    closed();
  }

  /** Say in place of details why there are none. */
  const sayWhy = () => say(content, isConnected()
    ? "the kernel is busy: it answers when the cell has ended" : "not connected: only the kernel knew more");

  async function fetch(/** @type {number} */ wanted, { isFirst = true, isTurn = true } = {}) {
    isCutOff = !isConnected();
    if (isCutOff) return isFirst && sayWhy();
    const slow = isFirst ? setTimeout(() => wanted === number && sayWhy(), 1500) : 0;
    askedAt = clock();
    const answer = await ask("details", { number: wanted });
    askedAt = 0;
    clearTimeout(slow);
    if (wanted !== number) return;
    if (answer.content.error) say(content, answer.content.error);
    else lay(detailNodes(answer.content.details), isTurn);
    // Later its reader may look at something else of the page.
    if (isFirst) node.scrollIntoView({ block: "nearest" });
  }

  /** A poll that changes no state changes facts and times alone: what was unfolded stays so. */
  function lay(/** @type {HTMLElement[]} */ nodes, /** @type {boolean} */ isTurn) {
    const { scrollTop } = node;
    const old = [...content.children].slice(0, 2);
    if (isTurn || old.length < 2) content.replaceChildren(...nodes);
    else old.forEach((each, at) => isSelectedIn(each) || each.replaceWith(nodes[at]));
    node.scrollTop = scrollTop;
  }

  /** Show an operation, and again when it has changed. */
  function show(/** @type {Picture} */ { fields, header }, wanted = number) {
    const [now, asked] = [String(fields.status?.[wanted] ?? ""), Number(fields.polls?.[wanted])];
    const [isFirst, isTurn] = [wanted !== number, wanted !== number || now !== state];
    // A kernel that does not hear while a cell runs is not asked of every poll; an answer may
    // get lost, and one that is there again has not been asked yet.
    const isAsking = clock() - askedAt < PATIENCE;
    const isBack = isCutOff && isConnected();
    if (wanted < 0 || (!isTurn && !isBack && (isAsking || Object.is(asked, polls)))) return;
    if (isFirst) say(content, "asking the kernel …");
    [number, id, state, polls] = [wanted, String(fields.id?.[wanted] ?? ""), now, asked];
    say(title, [fields.row?.[number], id].filter(Boolean).join(" · "));
    copier.hidden = !id;
    node.hidden = false;
    if (header?.can.includes("details")) fetch(number, { isFirst, isTurn });
    else say(content, String(fields.message?.[number] ?? ""));
  }

  return { node, show, close, focus: () => closer.focus(), isOpen: () => !node.hidden };
}

// ---------------------------------------------------------------- what can be done

const BUSY = "the kernel is busy: it hears this when the cell has ended";
const SURE_FOR = 5; // seconds

/**
 * Search, jumps and the buttons that ask the kernel for something.
 * @param {(what: string, more?: object) => Promise<Answer>} ask
 * @param {{search: (text: string) => void, next: () => void, charts: (isOpen: boolean) => void}} does
 */
function toolsElement(ask, does) {
  const search = /** @type {HTMLInputElement} */ (element("input", "adm-search", {
    type: "search", placeholder: "Search", "aria-label": "Search row, operation and message",
  }));
  search.addEventListener("input", () => does.search(search.value));
  const next = button("Next failure", does.next);
  const charts = button("Charts", () => {
    const isOpen = charts.getAttribute("aria-expanded") !== "true";
    mark(charts, "aria-expanded", String(isOpen));
    does.charts(isOpen);
  });
  charts.setAttribute("aria-expanded", "false");
  const pause = button("Pause", () => act(pause.dataset.what ?? "pause"));
  const cancel = button("Cancel", () => (cancel.dataset.armed ? disarm(act("cancel")) : arm()));
  const retry = button("Retry failed", () => act("retry"));
  const csv = button("CSV", async () => download(await act("results")));
  csv.title = "Every row's result, as a file";
  const said = element("span", "adm-said", { role: "status", dir: "auto" });
  const shown = element("span", "adm-shown");
  const node = element("div", "adm-tools", {}, search, next, charts, shown,
    element("span", "adm-acts", {}, pause, cancel, retry, csv), said);
  let disarming = 0;

  function arm() {
    cancel.dataset.armed = "true";
    say(cancel, "Really cancel?");
    disarming = window.setTimeout(disarm, SURE_FOR * 1000);
  }

  function disarm(_ = {}) {
    clearTimeout(disarming);
    delete cancel.dataset.armed;
    say(cancel, "Cancel");
  }

  async function act(/** @type {string} */ what) {
    say(said, "");
    const slow = setTimeout(() => say(said, BUSY), 1500);
    const answer = await ask(what);
    clearTimeout(slow);
    say(said, answer.content.error ?? answer.content.text ?? "");
    return answer;
  }

  return {
    node,
    /** @param {Header} header @param {{isConnected: boolean, count: number, isChosen: boolean}} now */
    show(header, { isConnected, count, isChosen }) {
      const { can, counts, at_rest: atRest, paused } = header;
      pause.hidden = atRest || !can.includes("pause");
      pause.dataset.what = paused ? "resume" : "pause";
      say(pause, paused ? "Resume" : "Pause");
      cancel.hidden = atRest || !can.includes("cancel");
      retry.hidden = !atRest || !can.includes("retry") || !(counts.failed || counts.canceled);
      csv.hidden = !can.includes("results");
      next.disabled = !(counts.failed || counts.unknown);
      for (const each of [pause, cancel, csv]) each.disabled = !isConnected;
      retry.disabled = !isConnected || header.retryable === 0;
      retry.title = header.retryable === 0 ? "No row may be sent again as it is" : "";
      say(shown, isChosen ? `${grouped(count)} of ${several(header.operations, "operation")}` : "");
    },
  };
}

/** @param {Answer} answer */
function download({ content, buffers }) {
  if (!content.file) return;
  const bytes = /** @type {BlobPart} */ (bytesOf(buffers[0]));
  const link = /** @type {HTMLAnchorElement} */ (element("a", "", { download: content.file }));
  link.href = URL.createObjectURL(new Blob([bytes], { type: "text/csv" }));
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

// ---------------------------------------------------------------- the view

/** The browser's clock, in Unix seconds. */
const clock = () => Date.now() / 1000;

/**
 * Whether a key is the host's, as Ctrl+S is; the others stay here: "d d" deletes a cell.
 * @param {{ctrlKey: boolean, metaKey: boolean}} event
 */
export function isForHost(event) {
  return event.ctrlKey || event.metaKey;
}

/**
 * Keep keys typed anywhere in *root* from the host, and return what ends that.
 *
 * Stopping them is enough in JupyterLab and comes too late in Notebook 7, which listens
 * on the way down. There only the attribute helps, on the very element that has the
 * focus, since the shortcuts are written for ":focus"; and it would keep Ctrl+S as well.
 * @param {Element} root
 */
function keepKeys(root) {
  const guard = (/** @type {KeyboardEvent} */ event) => {
    if (event.target instanceof Element && root.contains(event.target)) {
      event.target.toggleAttribute("data-lm-suppress-shortcuts", !isForHost(event));
    }
  };
  const stop = (/** @type {KeyboardEvent} */ event) => isForHost(event) || event.stopPropagation();
  window.addEventListener("keydown", guard, true);
  root.addEventListener("keydown", /** @type {EventListener} */ (stop));
  return () => window.removeEventListener("keydown", guard, true);
}

/**
 * Do the work of a generator between what else the page has to do, beginning now.
 * @template T
 * @param {Generator<undefined, T>} work
 * @param {(result: T, spent: number) => void} done told the ms that it took
 */
function inSlices(work, done) {
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

/**
 * Keep the chosen operations in the chosen order while they change.
 * @param {Picture} picture
 * @param {() => void} done
 */
function ordering(picture, done) {
  /** @type {Choice} */ const choice = { words: [], search: "", sort: null };
  /** @type {Uint32Array | null} */ let order = null;
  /** @type {ReturnType<typeof inSlices> | null} */ let work = null;
  let [seq, notBefore] = [-1, 0];

  function start() {
    work?.end();
    seq = picture.seq;
    work = inSlices(ordered(picture, choice, clock() + picture.skew), (found, spent) => {
      order = found;
      // It follows what changes, with a fifth of the time of the page at most.
      notBefore = performance.now() + Math.max(1000, 4 * spent);
      done();
    });
  }

  const isAtWork = () => work !== null && !work.isOver();

  const isStale = () => reliedOn(picture, choice).some((name) => picture.changed[name] > seq);
  return {
    choice,
    count: () => order?.length ?? picture.header?.operations ?? 0,
    numberAt: (/** @type {number} */ position) => order ? order[position] : position,
    positionOf: (/** @type {number} */ number) => order ? order.indexOf(number) : number,
    order: () => order,
    isChosen: () => order !== null,
    isSettled: () => !isAtWork() && !isStale(),
    choose(/** @type {Partial<Choice>} */ changes) {
      Object.assign(choice, changes);
      start();
    },
    follow() {
      if (!isAtWork() && performance.now() >= notBefore && isStale()) start();
    },
    end: () => work?.end(),
  };
}

/** Tells the views of a page apart in the ids of their rows. */
let views = 0;

/**
 * Draw the picture into *el* and return what repaints it and what ends it.
 * @param {HTMLElement} el
 * @param {Picture} picture
 * @param {(what: string, more?: object) => Promise<Answer>} ask
 */
function view(el, picture, ask) {
  const rows = ordering(picture, repaint);
  const { choice } = rows;
  const header = headerElement(toggle);
  const tools = toolsElement(ask, { search: (search) => choose({ search }), next, charts: openCharts });
  const charts = chartsElement();
  const { scroller, head, body, empty, showColumns, showSort } = table((name) =>
    choose({ sort: nextSort(choice.sort, name) }));
  const isConnected = () => !el.closest(".jupyter-widgets-disconnected");
  const details = detailsElement(ask, { closed: () => scroller.focus(), isConnected });
  const live = element("div", "adm-live", { role: "status", "aria-live": "polite" });
  const root = element("div", "adm-root", {}, header.node, tools.node, charts.node, scroller,
    details.node, live);
  /** @type {Map<number, ReturnType<typeof rowElement>>} by position */
  const drawn = new Map();
  /** @type {boolean | null} */ let hasJobs = null;
  const name = `adm-${++views}`;
  /** @type {Column[]} */ let columns = [];
  let found = NOTHING_FOUND;
  /** @type {ReturnType<typeof inSlices> | null} */ let measure = null;
  let [frame, top, wasHidden, spokenAt, measuredAt, measuredSeq, current] = [0, 0, false, 0, 0, -1, -1];
  let isLooking = false; // What is found at once is painted at once.

  function toggle(/** @type {string} */ word) {
    const words = choice.words.includes(word)
      ? choice.words.filter((each) => each !== word) : [...choice.words, word];
    choose({ words });
  }

  function choose(/** @type {Partial<Choice>} */ changes) {
    rows.choose(changes);
    showSort(choice.sort);
    repaint();
  }

  function openCharts(/** @type {boolean} */ isOpen) {
    charts.node.hidden = !isOpen;
    measuredSeq = -1;
    measuredAt = 0;
    repaint();
  }

  const scroll = () => ({
    top: scroller.scrollTop, height: scroller.clientHeight - head.offsetHeight, count: rows.count(),
  });

  function paint() {
    frame = 0;
    const now = clock();
    look(now);
    const at = restoreScroll();
    header.show(picture, found, { now, isConnected: isConnected(), words: choice.words });
    if (!picture.header) return;
    tools.show(picture.header, { isConnected: isConnected(), count: rows.count(), isChosen: rows.isChosen() });
    showTable(picture.header);
    paintRows(at, knownUntil(picture, now, isConnected()) + picture.skew);
    details.show(picture);
    speak(now);
  }

  function look(/** @type {number} */ now) {
    isLooking = true;
    try {
      rows.follow();
      follow(now);
    } finally {
      isLooking = false;
    }
  }

  const isMeasured = () => measuredSeq === picture.seq && (!measure || measure.isOver());

  // A look at all of 100,000 operations takes a few ms: more often than that nobody reads it.
  function follow(/** @type {number} */ now) {
    const isSoon = now - measuredAt < ((picture.header?.operations ?? 0) < 2000 ? 0.2 : 1);
    if (picture.header?.at_rest ? isMeasured() : isSoon) return;
    // Those that are still to come may take longer than those that are here.
    if (isBehind(picture) || (measure && !measure.isOver())) return;
    [measuredAt, measuredSeq] = [now, picture.seq];
    measure = inSlices(measuring(picture, now + picture.skew), (all) => {
      found = all;
      if (!charts.node.hidden) charts.show(picture);
      repaint();
    });
  }

  // JupyterLab takes cells that are far away out of the page, and their scroll position with them.
  function restoreScroll() {
    const hidden = scroller.clientHeight === 0;
    if (wasHidden && !hidden) scroller.scrollTop = top;
    wasHidden = hidden;
    return scroll();
  }

  function showTable(/** @type {Header} */ header) {
    const { jobs } = header;
    if (hasJobs !== jobs) {
      hasJobs = jobs;
      columns = picture.columns.filter((each) => each.shown === "always" || (jobs && each.shown === "jobs"));
      showColumns(columns);
      showSort(choice.sort);
      drawn.forEach(({ node }) => node.remove());
      drawn.clear();
      mark(scroller, "aria-colcount", String(columns.length));
    }
    mark(scroller, "aria-rowcount", String(rows.count() + 1));
    mark(body, "style", `height:${rows.count() * ROW_HEIGHT}px`);
    say(empty, rows.count() ? "" : emptySentence(choice, header));
  }

  function paintRows(/** @type {ReturnType<typeof scroll>} */ at, /** @type {number} */ now) {
    const [first, last] = visibleRows({ ...at, count: rows.count() });
    for (const [position, row] of drawn) {
      if (position >= first && position < last) continue;
      row.node.remove();
      drawn.delete(position);
    }
    // From the last one up: each finds its place before the one below it.
    for (let position = last - 1; position >= first; position--) {
      const row = rowAt(position);
      const number = rows.numberAt(position);
      row.show(picture, number, now);
      mark(row.node, "aria-selected", String(number === current));
      row.node.dataset.number = String(number); // The order may be another when it is clicked.
    }
    const isSeen = current >= 0 && drawn.has(rows.positionOf(current));
    mark(scroller, "aria-activedescendant", isSeen ? `${name}-${rows.positionOf(current)}` : "");
  }

  function rowAt(/** @type {number} */ position) {
    const known = drawn.get(position);
    if (known) return known;
    const made = rowElement(columns);
    made.node.id = `${name}-${position}`;
    made.node.style.top = `${position * ROW_HEIGHT}px`;
    mark(made.node, "aria-rowindex", String(position + 2));
    drawn.set(position, made);
    body.insertBefore(made.node, drawn.get(position + 1)?.node ?? null);
    return made;
  }

  function goTo(/** @type {number} */ position) {
    current = rows.numberAt(position);
    scroller.scrollTop = scrolledTo(position, scroll());
    repaint();
  }

  function next() {
    const at = nextTrouble(/** @type {string[]} */ (picture.fields.status ?? []), rows.order(),
      rows.count(), rows.positionOf(current));
    if (at >= 0) goTo(at);
    scroller.focus({ preventScroll: true });
  }

  function open() {
    if (rows.positionOf(current) < 0) return; // Chosen before, and not among those that are shown.
    details.show(picture, current);
    goTo(rows.positionOf(current)); // The table has become lower.
  }

  const sentence = () =>
    picture.header
      ? `${picture.header.status}: ${restSentence(picture.header.counts, found.moving)}` : "";
  const isSettled = () =>
    picture.header?.at_rest && live.textContent === sentence() && rows.isSettled() &&
    isMeasured() && isConnected() === wasConnected;
  let wasConnected = true;

  function speak(/** @type {number} */ now) {
    wasConnected = isConnected();
    if (now - spokenAt < SPOKEN_EVERY) return;
    spokenAt = now;
    say(live, sentence());
  }

  function repaint() {
    if (!isLooking) frame ||= requestAnimationFrame(paint);
  }

  function pressed(/** @type {KeyboardEvent} */ event) {
    if (isForHost(event) || event.altKey) return;
    if (event.key === "Escape") details.close();
    if (event.target !== scroller) return;
    const to = movedTo(event.key, { ...scroll(), at: rows.positionOf(current) });
    if (to !== null) goTo(to);
    else if (event.key === "Enter") open(), details.focus();
    else if (event.key === "c" && current >= 0) copy(String(picture.fields.id?.[current] ?? ""));
    else if (event.key === "f") next();
    else return;
    event.preventDefault();
  }

  function clicked(/** @type {MouseEvent} */ event) {
    const row = event.target instanceof Element ? event.target.closest(".adm-row") : null;
    // Whoever selects a text does not ask for details.
    if (!(row instanceof HTMLElement) || !getSelection()?.isCollapsed) return;
    current = Number(row.dataset.number);
    open();
  }

  scroller.addEventListener("scroll", () => {
    if (scroller.clientHeight) top = scroller.scrollTop;
    repaint();
  });
  root.addEventListener("keydown", pressed);
  body.addEventListener("click", clicked);
  const letKeysGo = keepKeys(root);
  const resized = new ResizeObserver(repaint);
  resized.observe(scroller);
  const ticking = setInterval(() => isSettled() || repaint(), 1000);
  el.append(root);
  paint();

  return {
    repaint,
    end() {
      letKeysGo();
      rows.end();
      measure?.end();
      clearInterval(ticking);
      resized.disconnect();
      cancelAnimationFrame(frame);
    },
  };
}

/**
 * Say why the table is empty; "" = it will not stay so.
 * @param {Pick<Choice, "words" | "search">} choice
 * @param {Pick<Header, "counts" | "operations" | "at_rest" | "jobs">} header
 */
export function emptySentence({ words, search }, { counts, operations, at_rest: atRest, jobs }) {
  const isChosen = words.length > 0 || search.trim() !== "";
  if (!operations && !atRest && !isChosen) return "";
  const wantsInvalid = words.join() === "invalid" && !search.trim();
  if (counts.invalid && (wantsInvalid || !operations)) {
    const were = counts.invalid === 1 ? "was" : "were";
    return `${several(counts.invalid, "row")} did not fit and ${were} not sent: run.failed() says why`;
  }
  if (jobs && search.trim()) return "no job fits; rows inside jobs are not searched: run.results() has them";
  return operations || isChosen ? "no operation fits" : "nothing was sent";
}

/** One picture per model, shared by its views: anywidget calls this once per model. */
export default () => {
  /** @type {Picture} */ let picture = emptyPicture([]);
  /** @type {Set<ReturnType<typeof view>>} */
  const open = new Set();
  /** @type {Map<string, (answer: Answer) => void>} */
  const asked = new Map();
  // Answers reach every browser that shows the run; this one knows its own questions.
  const me = Math.random().toString(36).slice(2);
  let [questions, askedAt, patience] = [0, 0, ASK_AGAIN];

  /** @param {any} model @returns {(what: string, more?: object) => Promise<Answer>} */
  const asking = (model) => (what, more = {}) => new Promise((resolve) => {
    const ask = `${me}-${++questions}`;
    asked.set(ask, resolve);
    try {
      model.send({ ask, what, ...more });
    } catch { // It has gone, and never answers.
      asked.delete(ask);
      resolve({ content: { error: "not connected: the kernel that could tell has gone" }, buffers: [] });
    }
  });

  function take(/** @type {any} */ model, /** @type {any} */ message, /** @type {Buffer[]} */ buffers) {
    if (!message?.kind) return;
    if (message.kind === "answer") {
      asked.get(message.ask)?.({ content: message, buffers });
      asked.delete(message.ask);
      return;
    }
    try {
      apply(picture, message, buffers, clock());
    } catch (error) { // What follows may still be good.
      [picture.trouble, picture.gapAt] = [String(error), picture.seq];
    }
    open.forEach(({ repaint }) => repaint());
    askForTheRest(model);
  }

  // After the last word of a run nothing is told again unless somebody asks.
  function askForTheRest(/** @type {any} */ model) {
    const now = clock();
    if (!isWanting(picture, now)) {
      if (!isBehind(picture)) patience = ASK_AGAIN;
      return;
    }
    // Where cells keep the kernel from hearing, what was asked meanwhile is answered all at once.
    if (now - askedAt < patience) return;
    [askedAt, patience] = [now, Math.min(ASK_SELDOM, 2 * patience)];
    try {
      model.send({ what: "renewal" });
    } catch { // The kernel has gone, and the view says so.
    }
  }

  return {
    /** @param {{model: any}} context */
    initialize({ model }) {
      picture = emptyPicture(model.get("_columns"));
      const takeState = () => take(model, model.get("_snapshot"), model.get("_snapshot")?.buffers ?? []);
      takeState();
      model.on("change:_snapshot", takeState);
      model.on("msg:custom", (/** @type {any} */ message, /** @type {Buffer[]} */ buffers) =>
        take(model, message, buffers?.length ? buffers : message.buffers ?? []));
      const asking = setInterval(askForTheRest, 1000 * ASK_AGAIN, model);
      return () => clearInterval(asking);
    },
    /** @param {{model: any, el: HTMLElement}} context */
    render({ model, el }) {
      const made = view(el, picture, asking(model));
      open.add(made);
      model.on("comm_live_update", made.repaint);
      return () => {
        model.off("comm_live_update", made.repaint);
        open.delete(made);
        made.end();
      };
    },
  };
};
