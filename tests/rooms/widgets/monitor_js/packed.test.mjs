// Rows as the kernel packs them, without a browser.

import assert from "node:assert/strict";
import { test } from "node:test";

import { unpacked } from "../../../../asyncdest_nb/widgets/monitor_js/packed.js";
import { bytes } from "./made_state.mjs";

test("bytes are read from every form that a host hands over", () => {
  const values = Float64Array.from([1.5, -2]);
  const padded = new Uint8Array([0, 0, 0, ...bytes(values), 0]);
  const forms = [
    new DataView(padded.buffer, 3, 16), bytes(values).slice().buffer, bytes(values),
    Buffer.from(values.buffer).toString("base64"),
  ];
  const message = { numbers: [[7, 2]], parts: [["x", 0, "d", 0]] };
  for (const form of forms) {
    const [part] = unpacked(message, [form]);
    assert.deepEqual([...part.values], [1.5, -2]);
    assert.deepEqual([...part.numbers], [7, 8]);
  }
});
