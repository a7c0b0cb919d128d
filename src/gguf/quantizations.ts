/** How GGUF stores weights: blocks of values with shared scales, and their way back to float32. Layouts of ggml's `ggml-common.h`. */
import { float32FromBfloat16, float32FromFloat16 } from '../lib/half-floats.ts';

/** One way to store weights. */
export interface Quantization {
  readonly name: string;
  /** Values of one block. */
  readonly blockValues: number;
  /** Bytes of one block. */
  readonly blockBytes: number;
  /** @returns one float32 a stored value, in order; rounded after each operation as ggml and the `gguf` package do. */
  dequantize(bytes: Uint8Array): Float32Array;
}

const f = Math.fround;

/** Reads one block at `at` into `out` from `to` on. */
type ReadBlock = (bytes: Uint8Array, half: (at: number) => number, at: number, out: Float32Array, to: number) => void;

function blocks(name: string, blockValues: number, blockBytes: number, read: ReadBlock): Quantization {
  const dequantize = (bytes: Uint8Array): Float32Array => {
    const half = (at: number): number => float32FromFloat16(bytes.slice(at, at + 2))[0] as number;
    const out = new Float32Array((bytes.length / blockBytes) * blockValues);
    for (let at = 0, to = 0; at < bytes.length; at += blockBytes, to += blockValues) read(bytes, half, at, out, to);
    return out;
  };
  return { name, blockValues, blockBytes, dequantize };
}

/** The quantizations that can be read, by ggml's number of the type. */
export const quantizations: ReadonlyMap<number, Quantization> = new Map([
  [0, { name: 'F32', blockValues: 1, blockBytes: 4, dequantize: (bytes) => new Float32Array(bytes.slice().buffer) }],
  [1, { name: 'F16', blockValues: 1, blockBytes: 2, dequantize: float32FromFloat16 }],
  [30, { name: 'BF16', blockValues: 1, blockBytes: 2, dequantize: float32FromBfloat16 }],
  [2, blocks('Q4_0', 32, 18, (bytes, half, at, out, to) => readFour(bytes, at + 2, out, to, half(at), -8, -0))],
  [3, blocks('Q4_1', 32, 20, (bytes, half, at, out, to) => readFour(bytes, at + 4, out, to, half(at), 0, half(at + 2)))],
  [6, blocks('Q5_0', 32, 22, (bytes, half, at, out, to) => readFive(bytes, at + 2, out, to, half(at), -16, -0))],
  [7, blocks('Q5_1', 32, 24, (bytes, half, at, out, to) => readFive(bytes, at + 4, out, to, half(at), 0, half(at + 2)))],
  [
    8,
    blocks('Q8_0', 32, 34, (bytes, half, at, out, to) => {
      const scale = half(at);
      for (let i = 0; i < 32; i++) out[to + i] = signed(bytes[at + 2 + i] as number) * scale;
    }),
  ],
  [10, blocks('Q2_K', 256, 84, readQ2K)],
  [11, blocks('Q3_K', 256, 110, readQ3K)],
  [12, blocks('Q4_K', 256, 144, readQ4K)],
  [13, blocks('Q5_K', 256, 176, readQ5K)],
  [14, blocks('Q6_K', 256, 210, readQ6K)],
] satisfies [number, Quantization][]);

const signed = (byte: number): number => (byte << 24) >> 24;

/** 32 values of four bits: the low halves of 16 bytes, then the high ones. A minimum of -0 keeps the sign of zeros. */
function readFour(bytes: Uint8Array, at: number, out: Float32Array, to: number, scale: number, offset: number, minimum: number): void {
  for (let i = 0; i < 16; i++) {
    const byte = bytes[at + i] as number;
    out[to + i] = f(((byte & 15) + offset) * scale) + minimum;
    out[to + 16 + i] = f(((byte >> 4) + offset) * scale) + minimum;
  }
}

/** 32 values of five bits: the fifth ones come first, 32 bits in all. */
function readFive(bytes: Uint8Array, at: number, out: Float32Array, to: number, scale: number, offset: number, minimum: number): void {
  for (let i = 0; i < 16; i++) {
    const byte = bytes[at + 4 + i] as number;
    const fifth = (k: number): number => (((bytes[at + (k >> 3)] as number) >> (k & 7)) & 1) << 4;
    out[to + i] = f((((byte & 15) | fifth(i)) + offset) * scale) + minimum;
    out[to + 16 + i] = f((((byte >> 4) | fifth(16 + i)) + offset) * scale) + minimum;
  }
}

/** 16 scales and minima of four bits, 64 bytes of two bits, then the scales of the scales. */
function readQ2K(bytes: Uint8Array, half: (at: number) => number, at: number, out: Float32Array, to: number): void {
  const scale = half(at + 80);
  const minimum = half(at + 82);
  for (let i = 0; i < 256; i++) {
    const group = bytes[at + (i >> 4)] as number;
    const two = ((bytes[at + 16 + 32 * (i >> 7) + (i & 31)] as number) >> (2 * ((i >> 5) & 3))) & 3;
    out[to + i] = f(f(scale * (group & 15)) * two) - f(minimum * (group >> 4));
  }
}

/** 32 bytes of third bits, 64 bytes of two bits, 16 scales of six bits in 12 bytes, then the scale of the scales. */
function readQ3K(bytes: Uint8Array, half: (at: number) => number, at: number, out: Float32Array, to: number): void {
  const scale = half(at + 108);
  const six = (group: number): number => {
    const low = ((bytes[at + 96 + (group & 7)] as number) >> (group < 8 ? 0 : 4)) & 15;
    const high = ((bytes[at + 104 + (group & 3)] as number) >> (2 * (group >> 2))) & 3;
    return (low | (high << 4)) - 32;
  };
  for (let i = 0; i < 256; i++) {
    const two = ((bytes[at + 32 + 32 * (i >> 7) + (i & 31)] as number) >> (2 * ((i >> 5) & 3))) & 3;
    const third = ((bytes[at + (i & 31)] as number) >> (i >> 5)) & 1;
    out[to + i] = f(scale * six(i >> 4)) * (third === 1 ? two : two - 4);
  }
}

/** Scale and minimum of group 0 to 7, six bits each, of 12 bytes. */
function scaleAndMinimum(bytes: Uint8Array, at: number, group: number): [number, number] {
  const byte = (k: number): number => bytes[at + k] as number;
  if (group < 4) return [byte(group) & 63, byte(group + 4) & 63];
  return [(byte(group + 4) & 15) | ((byte(group - 4) >> 6) << 4), (byte(group + 4) >> 4) | ((byte(group) >> 6) << 4)];
}

/** Scales of scales and minima, eight of each in 12 bytes, 128 bytes of four bits. */
function readQ4K(bytes: Uint8Array, half: (at: number) => number, at: number, out: Float32Array, to: number): void {
  const scale = half(at);
  const minimum = half(at + 2);
  for (let group = 0; group < 8; group++) {
    const [s, m] = scaleAndMinimum(bytes, at + 4, group);
    for (let i = 0; i < 32; i++) {
      const byte = bytes[at + 16 + 32 * (group >> 1) + i] as number;
      out[to + 32 * group + i] = f(f(scale * s) * ((group & 1) === 0 ? byte & 15 : byte >> 4)) - f(minimum * m);
    }
  }
}

/** As Q4_K, with 32 bytes of fifth bits before the four. */
function readQ5K(bytes: Uint8Array, half: (at: number) => number, at: number, out: Float32Array, to: number): void {
  const scale = half(at);
  const minimum = half(at + 2);
  for (let group = 0; group < 8; group++) {
    const [s, m] = scaleAndMinimum(bytes, at + 4, group);
    for (let i = 0; i < 32; i++) {
      const byte = bytes[at + 48 + 32 * (group >> 1) + i] as number;
      const fifth = (((bytes[at + 16 + i] as number) >> group) & 1) << 4;
      out[to + 32 * group + i] = f(f(scale * s) * (((group & 1) === 0 ? byte & 15 : byte >> 4) | fifth)) - f(minimum * m);
    }
  }
}

/** 128 bytes of four bits, 64 of two, 16 signed scales, and their scale. */
function readQ6K(bytes: Uint8Array, half: (at: number) => number, at: number, out: Float32Array, to: number): void {
  const scale = half(at + 208);
  for (let i = 0; i < 256; i++) {
    const part = i >> 7; // 128 values share 64 bytes of four bits and 32 of two
    const four = ((bytes[at + 64 * part + (i & 63)] as number) >> ((i & 64) === 0 ? 0 : 4)) & 15;
    const two = ((bytes[at + 128 + 32 * part + (i & 31)] as number) >> (2 * ((i >> 5) & 3))) & 3;
    out[to + i] = f(scale * signed(bytes[at + 192 + (i >> 4)] as number)) * ((four | (two << 4)) - 32);
  }
}
