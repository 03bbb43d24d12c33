// The browser's half of the monitor: it is told what changes and never has to answer.
// One module without a build: the kernel hands this very file to the browser, and the
// tests import it in node. Text reaches the page through text nodes only.

/**
 * @typedef {{name: string, title: string, kind: string, width: string}} Column
 * @typedef {{title: string, status: string, counts: Record<string, number>, operations: number,
 *   notices: string[], at_rest: boolean, heard_at: number, now: number}} Header
 * @typedef {Header & {kind: "snapshot" | "delta" | "trouble", seq: number, text?: string,
 *   rows?: string | DataView}} Message
 * @typedef {{numbers: number[], columns: Record<string, unknown[]>}} Rows
 * @typedef {{header: Header | null, columns: Record<string, unknown[]>, seq: number,
 *   behind: boolean, trouble: string, skew: number, wordAt: number}} Picture
 */

export const ROW_HEIGHT = 28; // px, the --adm-row of the style sheet
const OVERSCAN = 6; // rows
const SILENCE = 30; // seconds without a word before the kernel is doubted
const SPOKEN_EVERY = 10; // seconds between two sentences to a screen reader

// Drawn in a box of 16 by 16, so that a status is told by shape where colour says nothing.
const SHAPES = {
  waiting: "M8 3a5 5 0 1 0 0 10a5 5 0 1 0 0-10",
  running: "M8 3a5 5 0 1 0 0 10a5 5 0 1 0 0-10M8 5.2v3.1l2.1 1.3",
  good: "M3.2 8.6l3.1 3.1 6.5-7",
  mixed: "M8 3a5 5 0 1 0 0 10a5 5 0 1 0 0-10M5.4 8h5.2",
  bad: "M4 4l8 8M12 4l-8 8",
  stopped: "M8 3a5 5 0 1 0 0 10a5 5 0 1 0 0-10M4.5 11.5l7-7",
  unknown: "M5.6 6.1a2.5 2.5 0 1 1 3.6 2.2c-.8.4-1.2.8-1.2 1.7M8 12.4v.2",
};

/** The shape of each word for a row, an operation or a run. */
export const TONES = {
  planned: "waiting", submitting: "waiting", pending: "waiting",
  accepted: "running", running: "running", canceling: "running",
  completed: "good", partial: "mixed",
  failed: "bad", rejected: "bad", invalid: "bad",
  canceled: "stopped", unknown: "unknown", held: "unknown", lost: "unknown",
};

/** @param {string} word */
export function toneOf(word) {
  return TONES[word] ?? "unknown";
}

// ---------------------------------------------------------------- what arrives

/**
 * Return the bytes of a buffer, whichever form the host hands over.
 * @param {DataView | ArrayBuffer | Uint8Array | string} buffer a string is base64
 */
export function bytesOf(buffer) {
  if (typeof buffer === "string") return Uint8Array.from(atob(buffer), (c) => c.charCodeAt(0));
  if (buffer instanceof ArrayBuffer) return new Uint8Array(buffer);
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}

/**
 * Read rows as `packed` in packing.py wrote them.
 * @param {DataView | ArrayBuffer | Uint8Array | string} buffer
 * @returns {Rows}
 */
export function unpacked(buffer) {
  return JSON.parse(new TextDecoder().decode(bytesOf(buffer)));
}

/** @returns {Picture} */
export function emptyPicture() {
  return {
    header: null, columns: {}, seq: -1, behind: false, trouble: "", skew: 0, wordAt: 0,
  };
}

/**
 * Apply a message to the picture, in place.
 * @param {Picture} picture
 * @param {Message} message
 * @param {Rows | null} rows
 * @param {number} now Unix seconds of the browser
 */
export function apply(picture, message, rows, now) {
  if (message.kind === "trouble") {
    picture.trouble = message.text ?? "";
    return;
  }
  // A snapshot built on demand may overtake the delta before it, or be overtaken.
  const isSnapshot = message.kind === "snapshot";
  if (message.seq < picture.seq + (isSnapshot ? 0 : 1)) return;
  if (isSnapshot) picture.columns = {};
  picture.behind = !isSnapshot && (picture.behind || message.seq !== picture.seq + 1);
  picture.seq = message.seq;
  picture.header = { ...message, rows: undefined };
  picture.skew = message.now - now;
  picture.wordAt = now;
  picture.trouble = "";
  if (rows) lay(picture.columns, rows);
}

/**
 * @param {Record<string, unknown[]>} columns
 * @param {Rows} rows
 */
function lay(columns, rows) {
  for (const [name, values] of Object.entries(rows.columns)) {
    const column = (columns[name] ??= []);
    rows.numbers.forEach((number, at) => (column[number] = values[at]));
  }
}

// ---------------------------------------------------------------- what is shown

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
 * Return where a key scrolls to in px, or null for a key that does not scroll.
 * @param {string} key
 * @param {{top: number, height: number, count: number}} scroll
 */
export function scrolledTo(key, { top, height, count }) {
  const page = Math.max(ROW_HEIGHT, height - 2 * ROW_HEIGHT);
  const end = Math.max(0, count * ROW_HEIGHT - height);
  const to = {
    ArrowDown: top + ROW_HEIGHT, ArrowUp: top - ROW_HEIGHT,
    PageDown: top + page, PageUp: top - page,
    Home: 0, End: end,
  }[key];
  return to === undefined ? null : Math.min(end, Math.max(0, to));
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
 * @param {[number | null, number | null] | undefined} span start and end in Unix seconds
 * @param {number} now Unix seconds of the kernel
 */
export function elapsed(span, now) {
  if (!span || span[0] === null) return "–";
  return duration((span[1] ?? now) - span[0]);
}

/** @param {number} n */
const grouped = (n) => n.toLocaleString("en-US");

/** @param {Record<string, number>} counts */
export function progressOf(counts) {
  const total = Object.values(counts).reduce((sum, n) => sum + n, 0);
  const rest = total - (counts.pending ?? 0);
  // Rounded down: 100 % is for all of them.
  return { total, rest, percent: total ? Math.floor((100 * rest) / total) : 0 };
}

/** @param {Record<string, number>} counts */
export function restSentence(counts) {
  const { total, rest, percent } = progressOf(counts);
  return `${grouped(rest)} of ${grouped(total)} ${total === 1 ? "row" : "rows"} at rest · ${percent} %`;
}

/** The counts to show: these two always, so that the line does not jump. */
export function shownCounts(/** @type {Record<string, number>} */ counts) {
  const words = ["completed", "failed", "invalid", "canceled", "unknown", "pending"];
  return words.filter((word) => counts[word] || word === "completed" || word === "pending");
}

/**
 * Say how fresh the picture is: "" at rest, when nothing more is due.
 * @param {Picture} picture
 * @param {number} now Unix seconds of the browser
 */
export function freshness(picture, now) {
  if (!picture.header) return "waiting for the first word";
  if (picture.behind) return "catching up";
  if (picture.header.at_rest) return "";
  const silent = now - picture.wordAt;
  if (silent > SILENCE) return `no word from the kernel for ${duration(silent)}`;
  return `last word ${duration(now + picture.skew - picture.header.heard_at)} ago`;
}

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

function shape() {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  svg.append(document.createElementNS("http://www.w3.org/2000/svg", "path"));
  return svg;
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
function badge() {
  const icon = shape();
  const word = element("span", "adm-word");
  const node = element("span", "adm-badge", {}, icon, word);
  return {
    node,
    show(/** @type {string} */ tone, /** @type {string} */ text) {
      mark(node, "data-tone", tone);
      mark(/** @type {Element} */ (icon.firstChild), "d", SHAPES[tone]);
      say(word, text);
    },
  };
}

/** How each kind of column draws a cell: make the cell, get what updates it. */
export const CELLS = {
  text(/** @type {HTMLElement} */ cell) {
    cell.dir = "auto";
    return (/** @type {string} */ value) => sayWithTitle(cell, value);
  },
  code(/** @type {HTMLElement} */ cell) {
    return CELLS.text(cell);
  },
  number(/** @type {HTMLElement} */ cell) {
    return (/** @type {number} */ value) => say(cell, grouped(value));
  },
  status(/** @type {HTMLElement} */ cell) {
    const made = badge();
    cell.append(made.node);
    return (/** @type {string} */ value) => made.show(toneOf(value), value);
  },
  percent(/** @type {HTMLElement} */ cell) {
    const fill = element("span", "adm-fill");
    const text = element("span", "adm-share");
    cell.append(element("span", "adm-track", { "aria-hidden": "true" }, fill), text);
    return (/** @type {number | null} */ value) => {
      mark(fill, "style", `width:${value ?? 0}%`);
      say(text, value === null ? "–" : `${Math.floor(value)} %`);
    };
  },
  elapsed(/** @type {HTMLElement} */ cell) {
    return (/** @type {[number | null, number | null]} */ value, /** @type {number} */ now) =>
      say(cell, elapsed(value, now));
  },
};

/**
 * @param {Column[]} columns
 * @param {number} number
 */
function rowElement(columns, number) {
  const node = element("div", "adm-row", { role: "row", "aria-rowindex": String(number + 2) });
  node.style.top = `${number * ROW_HEIGHT}px`;
  const updates = columns.map(({ name, kind }) => {
    const cell = element("div", `adm-cell adm-${kind}`, { role: "cell" });
    node.append(cell);
    return { name, update: (CELLS[kind] ?? CELLS.text)(cell) };
  });
  return {
    node,
    show(/** @type {Picture} */ picture, /** @type {number} */ now) {
      for (const { name, update } of updates) {
        const value = picture.columns[name]?.[number];
        if (value !== undefined) update(/** @type {never} */ (value), now);
      }
      const status = String(picture.columns.status?.[number] ?? "");
      mark(node, "data-tone", toneOf(status));
    },
  };
}

/** @param {Column[]} columns */
function table(columns) {
  const titles = columns.map(({ title, kind }) =>
    element("div", `adm-cell adm-${kind}`, { role: "columnheader" }, title));
  const head = element("div", "adm-titles", { role: "row", "aria-rowindex": "1" }, ...titles);
  const body = element("div", "adm-body", { role: "rowgroup" });
  const grid = element("div", "adm-table", { role: "table", "aria-label": "Operations" },
    element("div", "adm-thead", { role: "rowgroup" }, head), body);
  grid.style.setProperty("--adm-columns", columns.map(({ width }) => width).join(" "));
  const scroller = element("div", "adm-scroll",
    { tabindex: "0", role: "group", "aria-label": "Operations, scrollable" }, grid);
  return { scroller, grid, head, body };
}

/** The part above the table. */
function headerElement() {
  const title = element("span", "adm-title", { dir: "auto" });
  const status = badge();
  const fresh = element("span", "adm-fresh");
  const bar = element("div", "adm-bar", {
    role: "progressbar", "aria-label": "rows at rest", "aria-valuemin": "0", "aria-valuemax": "100",
  });
  const counts = element("div", "adm-counts");
  const rest = element("span", "adm-rest");
  const notices = element("ul", "adm-notices");
  const node = element("div", "adm-head", {},
    element("div", "adm-line", {}, title, status.node, fresh), bar,
    element("div", "adm-line", {}, counts, rest), notices);
  return {
    node,
    show(/** @type {Picture} */ picture, /** @type {number} */ now) {
      sayWithTitle(title, picture.header?.title ?? "");
      say(fresh, freshness(picture, now));
      if (!picture.header) return;
      const { header } = picture;
      const moving = header.status === "pending" && !header.at_rest;
      status.show(moving ? "running" : toneOf(header.status), header.status);
      showBar(bar, header.counts);
      showCounts(counts, header.counts);
      say(rest, restSentence(header.counts));
      const trouble = picture.trouble ? [`the monitor stumbled: ${picture.trouble}`] : [];
      showNotices(notices, [...header.notices, ...trouble]);
    },
  };
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

function showBar(/** @type {HTMLElement} */ bar, /** @type {Record<string, number>} */ counts) {
  const { total, percent } = progressOf(counts);
  mark(bar, "aria-valuenow", String(percent));
  mark(bar, "aria-valuetext", restSentence(counts));
  const words = shownCounts(counts).filter((word) => word !== "pending" && counts[word]);
  matched(bar, words, () => element("span", "adm-part"), (part, word) => {
    mark(part, "data-tone", toneOf(word));
    mark(part, "style", `width:${(100 * counts[word]) / total}%`);
  });
}

/** @type {WeakMap<Element, ReturnType<typeof badge>>} */
const badges = new WeakMap();

function showCounts(/** @type {HTMLElement} */ node, /** @type {Record<string, number>} */ counts) {
  const make = () => {
    const made = badge();
    badges.set(made.node, made);
    return made.node;
  };
  matched(node, shownCounts(counts), make, (child, word) => {
    badges.get(child)?.show(toneOf(word), `${grouped(counts[word] ?? 0)} ${word}`);
    mark(child, "data-word", word);
    mark(child, "data-zero", String(!counts[word]));
  });
}

function showNotices(/** @type {HTMLElement} */ node, /** @type {string[]} */ notices) {
  matched(node, notices, () => element("li", "adm-notice", { dir: "auto" }), sayWithTitle);
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
 * Keep keys typed in *focused* from the host, and return what ends that.
 *
 * Stopping them is enough in JupyterLab and comes too late in Notebook 7, which listens
 * on the way down. There only the attribute helps, on the very element that has the
 * focus, since the shortcuts are written for ":focus"; and it would keep Ctrl+S as well.
 * @param {Element} focused
 */
function keepKeys(focused) {
  const guard = (/** @type {KeyboardEvent} */ event) =>
    focused.toggleAttribute("data-lm-suppress-shortcuts", !isForHost(event));
  const stop = (/** @type {KeyboardEvent} */ event) => isForHost(event) || event.stopPropagation();
  window.addEventListener("keydown", guard, true);
  focused.addEventListener("keydown", /** @type {EventListener} */ (stop));
  return () => window.removeEventListener("keydown", guard, true);
}

/**
 * Draw the picture into *el* and return what repaints it and what ends it.
 * @param {HTMLElement} el
 * @param {Picture} picture
 * @param {Column[]} columns
 */
function view(el, picture, columns) {
  const header = headerElement();
  const { scroller, grid, head, body } = table(columns);
  const live = element("div", "adm-live", { role: "status", "aria-live": "polite" });
  const root = element("div", "adm-root", {}, header.node, scroller, live);
  /** @type {Map<number, ReturnType<typeof rowElement>>} */
  const drawn = new Map();
  let frame = 0;
  let top = 0;
  let wasHidden = false;
  let spokenAt = 0;

  const count = () => picture.header?.operations ?? 0;
  const scroll = () => ({
    top: scroller.scrollTop,
    height: scroller.clientHeight - head.offsetHeight,
    count: count(),
  });

  function paint() {
    frame = 0;
    const now = clock();
    header.show(picture, now);
    mark(grid, "aria-rowcount", String(count() + 1));
    mark(body, "style", `height:${count() * ROW_HEIGHT}px`);
    restoreScroll();
    paintRows(now + picture.skew);
    speak(now);
  }

  // JupyterLab takes cells that are far away out of the page, and their scroll position with them.
  function restoreScroll() {
    const hidden = scroller.clientHeight === 0;
    if (wasHidden && !hidden) scroller.scrollTop = top;
    wasHidden = hidden;
  }

  function paintRows(/** @type {number} */ now) {
    const [first, last] = visibleRows(scroll());
    for (const [number, row] of drawn) {
      if (number >= first && number < last) continue;
      row.node.remove();
      drawn.delete(number);
    }
    for (let number = first; number < last; number++) rowAt(number).show(picture, now);
  }

  function rowAt(/** @type {number} */ number) {
    const known = drawn.get(number);
    if (known) return known;
    const made = rowElement(columns, number);
    drawn.set(number, made);
    body.insertBefore(made.node, drawn.get(number + 1)?.node ?? null);
    return made;
  }

  const sentence = () =>
    picture.header ? `${picture.header.status}: ${restSentence(picture.header.counts)}` : "";
  const isSettled = () => picture.header?.at_rest && live.textContent === sentence();

  function speak(/** @type {number} */ now) {
    if (now - spokenAt < SPOKEN_EVERY) return;
    spokenAt = now;
    say(live, sentence());
  }

  function repaint() {
    frame ||= requestAnimationFrame(paint);
  }

  scroller.addEventListener("scroll", () => {
    if (scroller.clientHeight) top = scroller.scrollTop;
    repaint();
  });
  scroller.addEventListener("keydown", (event) => {
    const to = isForHost(event) || event.altKey ? null : scrolledTo(event.key, scroll());
    if (to === null) return;
    event.preventDefault();
    scroller.scrollTop = to;
  });
  const letKeysGo = keepKeys(scroller);
  const resized = new ResizeObserver(repaint);
  resized.observe(scroller);
  const ticking = setInterval(() => isSettled() || repaint(), 1000);
  el.append(root);
  paint();

  return {
    repaint,
    end() {
      letKeysGo();
      clearInterval(ticking);
      resized.disconnect();
      cancelAnimationFrame(frame);
    },
  };
}

/** One picture per model, shared by its views: anywidget calls this once per model. */
export default () => {
  const picture = emptyPicture();
  /** @type {Set<ReturnType<typeof view>>} */
  const views = new Set();

  function take(/** @type {Message | null} */ message, /** @type {DataView | string | undefined} */ buffer) {
    if (!message?.kind) return;
    apply(picture, message, buffer === undefined ? null : unpacked(buffer), clock());
    views.forEach(({ repaint }) => repaint());
  }

  return {
    initialize({ model }) {
      const takeState = () => take(model.get("_snapshot"), model.get("_snapshot")?.rows);
      takeState();
      model.on("change:_snapshot", takeState);
      model.on("msg:custom", (message, buffers) => take(message, buffers?.[0] ?? message.rows));
    },
    render({ model, el }) {
      const made = view(el, picture, model.get("_columns"));
      views.add(made);
      return () => {
        views.delete(made);
        made.end();
      };
    },
  };
};
