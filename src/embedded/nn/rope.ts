/** Rotary position embedding tables, in the convention of Hugging Face's Llama (halves rotated, not pairs). */

export interface RopeTables {
  /** [length, headDim / 2] cosines of the angle of each position and frequency. */
  readonly cos: Float32Array;
  readonly sin: Float32Array;
}

/**
 * Angles `position * theta^(-2 i / headDim)` for i in [0, headDim / 2).
 *
 * With x = (x1, x2) in halves, the embedding is (x1 cos - x2 sin, x2 cos + x1 sin). Frequencies are rounded to float32
 * before the product, as torch does, so that long positions agree with it.
 */
export function ropeTables(length: number, headDim: number, theta: number): RopeTables {
  const half = headDim / 2;
  const cos = new Float32Array(length * half);
  const sin = new Float32Array(length * half);
  for (let i = 0; i < half; i++) {
    const frequency = Math.fround(1 / Math.fround(theta ** Math.fround((2 * i) / headDim)));
    for (let position = 0; position < length; position++) {
      const angle = Math.fround(position * frequency);
      cos[position * half + i] = Math.cos(angle);
      sin[position * half + i] = Math.sin(angle);
    }
  }
  return { cos, sin };
}
