/**
 * Reverse-mode differentiation that emits ONNX nodes: a tape of builders, each of which knows its own gradient.
 *
 * Gradients that scatter rows into a table (an embedding's) never become nodes: onnxruntime's ScatterND with
 * `reduction=add` loses updates at duplicate indices when it has more than one thread. Such rows leave the graph as an
 * output, and JavaScript adds them.
 */
import type { Graph, Value } from './graph.ts';
import type { Dim } from './onnx-proto.ts';

export class Tape {
  readonly graph: Graph;
  private readonly tracked = new Set<string>();
  private readonly gradients = new Map<string, Value>();
  private readonly backwards: (() => void)[] = [];

  constructor(graph: Graph) {
    this.graph = graph;
  }

  /** Marks a value (a parameter, or gathered rows) whose gradient is wanted. */
  track(value: Value): Value {
    this.tracked.add(value.name);
    return value;
  }

  /** Whether a gradient flows into a value. */
  tracks(value: Value): boolean {
    return this.tracked.has(value.name);
  }

  /** The same numbers without a gradient (stop-gradient). */
  detach(value: Value): Value {
    return this.tracks(value) ? this.graph.op('Identity', [value], value.shape) : value;
  }

  /**
   * Declares how gradients flow from outputs to inputs; nothing is kept when no input is tracked.
   *
   * @param backward called in reverse order with the gradient of each output, `undefined` where none arrived; not called
   *   when none did. It calls `addGradient` for its inputs.
   */
  record(inputs: readonly Value[], outputs: readonly Value[], backward: (gradients: readonly (Value | undefined)[]) => void): void {
    if (!inputs.some((input) => this.tracks(input))) return;
    for (const output of outputs) this.track(output);
    this.backwards.push(() => {
      const gradients = outputs.map((output) => this.gradients.get(output.name));
      if (gradients.some((gradient) => gradient !== undefined)) backward(gradients);
    });
  }

  /**
   * Adds to a value's gradient if it is tracked.
   *
   * @param make builds the summand, or, given what was there before, the sum: a GEMM adds it for free.
   */
  addGradient(value: Value, make: (sum: Value | undefined) => Value): void {
    if (this.tracks(value)) this.gradients.set(value.name, make(this.gradients.get(value.name)));
  }

  /** Adds a summand that is already built. */
  accumulate(value: Value, summand: Value): void {
    this.addGradient(value, (sum) => (sum === undefined ? summand : this.graph.add(sum, summand)));
  }

  /** Emits the backward pass from `d(loss)/d(value) = seed`. */
  backward(value: Value, seed: Value): void {
    this.gradients.set(value.name, seed);
    for (const backward of this.backwards.toReversed()) backward();
  }

  gradient(value: Value): Value | undefined {
    return this.gradients.get(value.name);
  }

  // Elementwise. Differentiable operands have the result's shape; only constants may broadcast.

  add(a: Value, b: Value): Value {
    const y = this.graph.add(a, b);
    this.record([a, b], [y], ([dy]) => {
      for (const x of [a, b]) this.accumulate(x, dy as Value);
    });
    return y;
  }

  sub(a: Value, b: Value): Value {
    const y = this.graph.sub(a, b);
    this.record([a, b], [y], ([dy]) => {
      this.accumulate(a, dy as Value);
      if (this.tracks(b)) this.accumulate(b, this.graph.unary('Neg', dy as Value));
    });
    return y;
  }

  mul(a: Value, b: Value): Value {
    const y = this.graph.mul(a, b);
    this.record([a, b], [y], ([dy]) => {
      if (this.tracks(a)) this.accumulate(a, this.graph.mul(dy as Value, b));
      if (this.tracks(b)) this.accumulate(b, this.graph.mul(dy as Value, a));
    });
    return y;
  }

  exp(x: Value): Value {
    const y = this.graph.unary('Exp', x);
    this.record([x], [y], ([dy]) => this.accumulate(x, this.graph.mul(dy as Value, y)));
    return y;
  }

  /** `min(max(x, low), high)`; the gradient is zero outside, as in torch.clamp. */
  clip(x: Value, low: Value, high: Value): Value {
    return this.min(this.max(x, low), high);
  }

  min(a: Value, b: Value): Value {
    return this.extremum('Min', a, b);
  }

  max(a: Value, b: Value): Value {
    return this.extremum('Max', a, b);
  }

  /** The gradient goes to the operand chosen, to the first at a tie. */
  private extremum(opType: 'Min' | 'Max', a: Value, b: Value): Value {
    const { graph } = this;
    const y = graph.binary(opType, a, b);
    this.record([a, b], [y], ([dy]) => {
      const first = graph.op(opType === 'Min' ? 'LessOrEqual' : 'GreaterOrEqual', [a, b], y.shape, { type: 'bool' });
      const zero = graph.constant([0]);
      if (this.tracks(a)) this.accumulate(a, graph.op('Where', [first, dy, zero], y.shape, { type: 'float32' }));
      if (this.tracks(b)) this.accumulate(b, graph.op('Where', [first, zero, dy], y.shape, { type: 'float32' }));
    });
    return y;
  }

  // Layout.

  reshape(x: Value, shape: readonly Dim[]): Value {
    const y = this.graph.reshape(x, shape);
    this.record([x], [y], ([dy]) => this.accumulate(x, this.graph.reshape(dy as Value, x.shape)));
    return y;
  }

  transpose(x: Value, perm: readonly number[]): Value {
    const y = this.graph.transpose(x, perm);
    const inverse = perm.map((_, axis) => perm.indexOf(axis));
    this.record([x], [y], ([dy]) => this.accumulate(x, this.graph.transpose(dy as Value, inverse)));
    return y;
  }

  /** Copies a size-1 axis `size` times; the gradient is the sum over it. */
  expand(x: Value, axis: number, size: Dim): Value {
    const { graph } = this;
    const shape = x.shape.map((dim, i) => (i === axis ? size : dim));
    const y = graph.op('Expand', [x, graph.fullShape(shape)], shape);
    this.record([x], [y], ([dy]) => this.accumulate(x, graph.reduceSum(dy as Value, axis)));
    return y;
  }

  /** Joins two values along an axis. */
  concat(a: Value, b: Value, axis: number, size: Dim): Value {
    const { graph } = this;
    const y = graph.concat([a, b], axis, size);
    this.record([a, b], [y], ([dy]) => {
      const [da, db] = graph.split(dy as Value, axis, [a.shape[axis] as Dim, b.shape[axis] as Dim]);
      this.accumulate(a, da as Value);
      this.accumulate(b, db as Value);
    });
    return y;
  }

  /** Cuts a value in two along its rows; a part without a gradient counts as zeros. */
  splitRows(x: Value, sizes: readonly [Dim, Dim]): readonly [Value, Value] {
    const { graph } = this;
    const [a, b] = graph.split(x, 0, sizes) as [Value, Value];
    this.record([x], [a, b], ([da, db]) => {
      if (da !== undefined && db !== undefined) this.accumulate(x, graph.concat([da, db], 0, x.shape[0] as Dim));
      else {
        // Pad is the cheapest way to put zeros where nothing flowed.
        const pads = da === undefined ? [sizes[0], 0, 0, 0] : [0, 0, sizes[1], 0];
        this.accumulate(x, graph.op('Pad', [(da ?? db) as Value, graph.fullShape(pads)], x.shape));
      }
    });
    return [a, b];
  }
}
