/** Matrices rounded to int8, one scale an output, laid out as onnxruntime's integer product takes them. */

/** `w[o, i] ~ values[i, o] * scales[o]`. */
export interface Int8Matrix {
  /** [in, out] -127 to 127. */
  readonly values: Int8Array;
  /** [out] largest absolute weight of an output, divided by 127. */
  readonly scales: Float32Array;
}

/** Outputs of one block: their cache lines stay in the first cache while the block is turned from rows into columns. */
const blockOutputs = 64;

/**
 * Rounds a matrix to the nearest of 255 levels an output (symmetric, without zero point). The largest error of a weight is half its output's scale.
 *
 * @param weights [out, in] row-major, as Hugging Face stores them.
 */
export function int8Matrix(weights: Float32Array, out: number, inner: number): Int8Matrix {
  const values = new Int8Array(weights.length);
  const scales = new Float32Array(out);
  const inverse = new Float64Array(out);
  for (let o = 0; o < out; o++) {
    let most = 0;
    for (let i = o * inner; i < (o + 1) * inner; i++) {
      const size = Math.abs(weights[i] as number);
      if (size > most || Number.isNaN(size)) most = size;
    }
    scales[o] = most / 127;
    inverse[o] = most > 0 ? 127 / most : 0;
  }
  for (let start = 0; start < out; start += blockOutputs) {
    const end = Math.min(out, start + blockOutputs);
    for (let i = 0; i < inner; i++)
      // Rounds to the nearest: the sum is positive, so cutting off is rounding down. Math.round takes twice as long.
      for (let o = start; o < end; o++)
        values[i * out + o] = (((weights[o * inner + i] as number) * (inverse[o] as number) + 128.5) | 0) - 128;
  }
  return { values, scales };
}
