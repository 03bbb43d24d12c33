// How rows arrive from the kernel: by column, in buffers. packed.py writes them.

/**
 * @typedef {DataView | ArrayBuffer | Uint8Array | string} Buffer a string is base64
 * @typedef {{numbers: (string | number)[][], parts: (string | number)[][]}} Packed
 * @typedef {{name: string, numbers: ArrayLike<number>, values: ArrayLike<number>,
 *   texts: string[] | null}} Part the values of a column; `numbers` are of operations, and where
 *   there are `texts`, a value is an index into them
 */

export const NO_PERCENT = 255; // NO_PERCENT of packed.py

/**
 * Return the bytes of a buffer, in any of the forms that hosts hand over.
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
  // A copy, since the buffer may begin at any byte.
  return new ARRAYS[typecode](bytesOf(buffer).slice().buffer);
}

/** @param {number} first @param {number} count */
function consecutive(first, count) {
  const numbers = new Uint32Array(count);
  for (let at = 0; at < count; at++) numbers[at] = first + at;
  return numbers;
}

/**
 * Read rows as `Packed` in packed.py holds them, a column at a time.
 * @param {Packed} packed
 * @param {Buffer[]} buffers
 * @returns {Generator<Part>}
 */
export function* unpacked(packed, buffers) {
  const lists = packed.numbers.map(([form, at]) =>
    typeof form === "string"
      ? numbersOf(form, buffers[Number(at)])
      : consecutive(form, Number(at)));
  for (const [name, which, typecode, at, texts] of packed.parts) {
    yield {
      name: String(name),
      numbers: lists[Number(which)],
      values: numbersOf(String(typecode), buffers[Number(at)]),
      texts: texts === undefined
        ? null : JSON.parse(new TextDecoder().decode(bytesOf(buffers[Number(texts)]))),
    };
  }
}
