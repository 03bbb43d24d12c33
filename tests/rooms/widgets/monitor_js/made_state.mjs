// States of a run as the kernel sends them, for the tests of single modules.

import { applyMessage, emptyState } from "../../../../asyncdest_nb/widgets/monitor_js/sent_state.js";
import { isOpen } from "../../../../asyncdest_nb/widgets/monitor_js/statuses.js";

export const NOW = 1_700_000_000;
export const COLUMNS = [
  { name: "row", title: "Row", kind: "text", width: "1fr", shown: "always" },
  { name: "status", title: "Status", kind: "status", width: "1fr", shown: "always" },
  { name: "progress", title: "Progress", kind: "percent", width: "1fr", shown: "always" },
  { name: "started", title: "Started", kind: "time", width: "1fr", shown: "never" },
  { name: "elapsed", title: "Elapsed", kind: "elapsed", width: "1fr", shown: "always" },
];
export const COUNTS = { pending: 2, completed: 0, failed: 0, invalid: 0, canceled: 0, unknown: 0 };
export const HEADER = {
  title: "t", status: "pending", counts: COUNTS, entries: 2, lines: 2, jobs: false, notices: [],
  requests: 0, can: [], paused: false, done: false, updated_at: NOW,
};

export const emptyColumns = () => emptyState(COLUMNS);

export const bytes = (values) => new Uint8Array(values.buffer);

/** Rows of one status, as the kernel packs them. */
export function rows(numbers, status) {
  const buffers = [
    bytes(Uint8Array.from(numbers)), bytes(Uint8Array.from(numbers, () => 0)),
    new TextEncoder().encode(JSON.stringify([status])),
  ];
  return [{ numbers: [["B", 0]], parts: [["status", 0, "B", 1, 2]] }, buffers];
}

export function receive(sent, kind, seq, [packed, buffers] = [{ numbers: [], parts: [] }, []], more = {}, now = NOW) {
  const isSnapshot = kind === "snapshot";
  const header = isSnapshot ? { ...HEADER, ...more.header } : more.header ?? {};
  const reach = isSnapshot ? { since: seq, is_last: true } : {};
  applyMessage(sent, { kind, seq, now: NOW, ...packed, ...reach, ...more, header }, buffers, now);
}

export function openedState(seq = 5) {
  const sent = emptyColumns();
  receive(sent, "snapshot", seq, rows([0, 1], "planned"));
  return sent;
}

/** A state of as many operations as the fields have values. */
export function stateWith(fields) {
  const sent = emptyColumns();
  const operations = Object.values(fields)[0].length;
  receive(sent, "snapshot", 1, undefined, { header: { entries: operations } });
  Object.assign(sent.fields, fields);
  sent.fields["status.open"] = Float64Array.from(fields.status, (state) => Number(isOpen(state)));
  return sent;
}

/** Run work that is done in slices; return its result and how often it paused. */
export function finished(work) {
  let pauses = 0;
  for (;;) {
    const { done, value } = work.next();
    if (done) return { value, pauses };
    pauses += 1;
  }
}

export const resultOf = (work) => finished(work).value;
