/** Differentiable layers of a decoder, over rows: x is [N, width] for N tokens of any sequences. */
import type { Tape } from './autodiff.ts';
import type { Value } from './graph.ts';
import type { Dim } from './onnx-proto.ts';

/** `x w^T + bias (+ residual)` with w [out, in]. */
export function linear(
  tape: Tape,
  x: Value,
  w: Value,
  options: { readonly bias?: Value | undefined; readonly residual?: Value } = {},
): Value {
  const { graph } = tape;
  const { bias, residual } = options;
  const product = graph.linear(x, w, residual ?? bias);
  const y = residual !== undefined && bias !== undefined ? graph.add(product, bias) : product;
  tape.record([x, w, ...(bias === undefined ? [] : [bias]), ...(residual === undefined ? [] : [residual])], [y], ([gradient]) => {
    const dy = gradient as Value;
    if (residual !== undefined) tape.accumulate(residual, dy);
    if (bias !== undefined && tape.tracks(bias)) tape.accumulate(bias, graph.reduceSum(dy, 0, false));
    tape.addGradient(w, (sum) => graph.gemm(dy, x, { transA: true, addend: sum }));
    tape.addGradient(x, (sum) => graph.gemm(dy, w, { addend: sum }));
  });
  return y;
}

/**
 * `y = x * inv * w`, `inv = 1 / sqrt(mean(x^2) + eps)` over the last axis.
 *
 * With t = dy * x: dw = inv^T t, and dx = dy * w * inv - x * inv^3 * (t w^T) / width. The two sums over rows and columns
 * are products with a vector, which cost less than reductions of a product.
 */
export function rmsNorm(tape: Tape, x: Value, w: Value, eps: number): Value {
  const { graph } = tape;
  const [y, inv] = graph.rmsNorm(x, w, eps);
  const rows = x.shape[0] as Dim;
  const width = w.shape[0] as number;
  tape.record([x, w], [y], ([gradient]) => {
    const dy = gradient as Value;
    const t = graph.mul(dy, x);
    if (tape.tracks(w)) tape.accumulate(w, graph.reshape(graph.gemm(inv, t, { transA: true }), [width]));
    if (!tape.tracks(x)) return;
    const dot = graph.gemm(t, graph.reshape(w, [width, 1]), { alpha: 1 / width });
    const cube = graph.mul(graph.mul(inv, inv), inv);
    const along = graph.mul(x, graph.reshape(graph.mul(dot, cube), [rows, 1]));
    tape.accumulate(x, graph.sub(graph.mul(graph.mul(dy, w), inv), along));
  });
  return y;
}

export interface RopeValues {
  /** int64 [N, 1]. */
  readonly positions: Value;
  /** [maxPositions, headDim / 2]. */
  readonly cos: Value;
  readonly sin: Value;
  /** -sin: rotating back is the gradient. */
  readonly negativeSin: Value;
}

/** Rotary position embedding of rows [N, heads * headDim]. */
export function rope(tape: Tape, x: Value, tables: RopeValues, numHeads: number): Value {
  const { graph } = tape;
  const [rows, width] = x.shape as [Dim, Dim];
  const rotate = (value: Value, sin: Value) =>
    graph.reshape(graph.rope(graph.reshape(value, [rows, 1, width]), tables.positions, tables.cos, sin, numHeads), [rows, width]);
  const y = rotate(x, tables.sin);
  tape.record([x], [y], ([dy]) => tape.accumulate(x, rotate(dy as Value, tables.negativeSin)));
  return y;
}

/**
 * Softmax attention of batched heads: `softmax(scale q k^T + bias) v`.
 *
 * The gradient of the scores is `p * (dp - rowsum(dout * out))`: the row sums come from the small output instead of the
 * large score matrix.
 *
 * @param q [X, M, headDim]
 * @param k [X, S, headDim] and `v` alike.
 * @param bias added to the scores seen as `biasView`, e.g. [1, 1, T, S] of 0 and -1e9.
 * @param biasView shape of the scores to which the bias broadcasts.
 */
export function attend(tape: Tape, q: Value, k: Value, v: Value, bias: Value, biasView: readonly Dim[]): Value {
  const { graph } = tape;
  const alpha = 1 / Math.sqrt(q.shape[2] as number);
  const scores = graph.matmul(q, k, { transB: true, alpha });
  const masked = graph.add(graph.reshape(scores, biasView), bias);
  const p = graph.reshape(graph.softmax(masked), scores.shape);
  const out = graph.matmul(p, v);
  tape.record([q, k, v], [out], ([gradient]) => {
    const dout = gradient as Value;
    tape.accumulate(v, graph.matmul(p, dout, { transA: true }));
    const dp = graph.matmul(dout, v, { transB: true });
    const ds = graph.mul(p, graph.sub(dp, graph.reduceSum(graph.mul(dout, out), -1)));
    tape.accumulate(q, graph.matmul(ds, k, { alpha }));
    tape.accumulate(k, graph.matmul(ds, q, { transA: true, alpha }));
  });
  return out;
}

/** `silu(gate) * up`, elementwise. */
export function swiglu(tape: Tape, gate: Value, up: Value): Value {
  const { graph } = tape;
  const sigmoid = graph.unary('Sigmoid', gate);
  const silu = graph.mul(gate, sigmoid);
  const y = graph.mul(silu, up);
  tape.record([gate, up], [y], ([gradient]) => {
    const dy = gradient as Value;
    tape.accumulate(up, graph.mul(dy, silu));
    // silu' = sigmoid + silu * (1 - sigmoid)
    const slope = graph.add(sigmoid, graph.sub(silu, graph.mul(silu, sigmoid)));
    tape.accumulate(gate, graph.mul(graph.mul(dy, up), slope));
  });
  return y;
}

/** What the vocabulary projection gives for one target a row. */
export interface TokenLogprobs {
  /** [R, 1] nats. */
  readonly logprobs: Value;
  /** [R, 1] entropy of the whole distribution, nats. */
  readonly entropy: Value;
  /** [R, width]: after `Tape.backward`, the rows to add to the weight's gradient at the targets. */
  readonly targetRows: () => Value | undefined;
}

/**
 * Log-probabilities of the targets under `softmax(h w^T * inverseTemperature)`.
 *
 * The temperature scales the rows of h, and the one-hot part of the gradient becomes gathered rows, so that the softmax is
 * the only elementwise pass over the [R, V] matrix; the entropy comes from products that the gradient needs anyway. A
 * probability below 1e-37 counts as 1e-37 (-85 nats).
 *
 * @param h [R, width]
 * @param w [V, width]
 * @param targets int32 [R, 1]
 * @param inverseTemperature [R, 1]
 */
export function tokenLogprobs(tape: Tape, h: Value, w: Value, targets: Value, inverseTemperature: Value): TokenLogprobs {
  const { graph } = tape;
  const rows = h.shape[0] as Dim;
  const width = h.shape[1] as Dim;
  const scaled = graph.mul(h, inverseTemperature);
  const p = graph.softmax(graph.linear(scaled, w));
  const chosen = graph.op('GatherElements', [p, targets], [rows, 1], { attributes: { axis: { int: 1 } } });
  const logprobs = graph.unary('Log', graph.binary('Max', chosen, graph.constant([1e-37])));
  const targetWeights = graph.reshape(graph.gather(w, targets), [rows, width]);
  const meanWeights = graph.gemm(p, w);
  // entropy = logsumexp - E[logit] = (logit_target - logprob) - E[logit]
  const margin = graph.reduceSum(graph.mul(scaled, graph.sub(targetWeights, meanWeights)), 1);
  const entropy = graph.sub(margin, logprobs);
  let targetRows: Value | undefined;
  tape.record([h, w], [logprobs], ([gradient]) => {
    const g = gradient as Value;
    targetRows = graph.mul(scaled, g);
    const rowsOut = targetRows;
    tape.addGradient(w, (sum) => graph.gemm(p, rowsOut, { transA: true, alpha: -1, addend: sum }));
    tape.accumulate(h, graph.mul(graph.sub(targetWeights, meanWeights), graph.mul(g, inverseTemperature)));
  });
  return { logprobs, entropy, targetRows: () => targetRows };
}
