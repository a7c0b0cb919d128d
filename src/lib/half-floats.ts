/** float16 and bfloat16 as stored in checkpoints, to and from float32. */

const wordsOf = (bytes: Uint8Array): Uint16Array =>
  bytes.byteOffset % 2 === 0
    ? new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 1)
    : new Uint16Array(bytes.slice().buffer);

let halfTable: Float32Array | undefined;

/** Every float16 as float32, by its 16 bits: 256 kB, built once. */
function tableOfHalves(): Float32Array {
  if (halfTable) return halfTable;
  const table = new Float32Array(65536);
  for (let bits = 0; bits < 65536; bits++) {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    if (exponent === 31) table[bits] = fraction === 0 ? sign * Infinity : NaN;
    else if (exponent === 0) table[bits] = sign * fraction * 2 ** -24;
    else table[bits] = sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  }
  halfTable = table;
  return table;
}

/** float16 (little-endian) as float32; exact. */
export function float32FromFloat16(bytes: Uint8Array): Float32Array {
  const table = tableOfHalves();
  const words = wordsOf(bytes);
  const out = new Float32Array(words.length);
  for (let i = 0; i < words.length; i++) out[i] = table[words[i] as number] as number;
  return out;
}

/** bfloat16 (little-endian) as float32; exact. */
export function float32FromBfloat16(bytes: Uint8Array): Float32Array {
  const words = wordsOf(bytes);
  const bits = new Uint32Array(words.length);
  for (let i = 0; i < words.length; i++) bits[i] = (words[i] as number) << 16;
  return new Float32Array(bits.buffer);
}

const bitsOf = (data: Float32Array): Uint32Array => new Uint32Array(data.buffer, data.byteOffset, data.length);

/** float32 rounded to the nearest bfloat16, ties to even; NaN stays NaN. */
export function bfloat16FromFloat32(data: Float32Array): Uint16Array {
  const bits = bitsOf(data);
  const out = new Uint16Array(data.length);
  for (let i = 0; i < bits.length; i++) {
    const b = bits[i] as number;
    out[i] = (b & 0x7fffffff) > 0x7f800000 ? (b >>> 16) | 0x40 : (b + 0x7fff + ((b >>> 16) & 1)) >>> 16;
  }
  return out;
}

/** float32 rounded to the nearest float16, ties to even; values past 65519 become infinite. */
export function float16FromFloat32(data: Float32Array): Uint16Array {
  const bits = bitsOf(data);
  const out = new Uint16Array(data.length);
  for (let i = 0; i < bits.length; i++) {
    const b = bits[i] as number;
    const sign = (b >>> 16) & 0x8000;
    const magnitude = b & 0x7fffffff;
    if (magnitude > 0x7f800000) out[i] = sign | 0x7e00;
    else if (magnitude >= 0x477ff000) out[i] = sign | 0x7c00;
    else if (magnitude < 0x38800000) {
      // Subnormal halves are multiples of 2^-24.
      const steps = Math.abs(data[i] as number) * 2 ** 24;
      const low = Math.floor(steps);
      const rest = steps - low;
      out[i] = sign | (low + (rest > 0.5 || (rest === 0.5 && low % 2 === 1) ? 1 : 0));
    } else {
      const shifted = magnitude - 0x38000000;
      out[i] = sign | ((shifted + 0xfff + ((shifted >>> 13) & 1)) >>> 13);
    }
  }
  return out;
}
