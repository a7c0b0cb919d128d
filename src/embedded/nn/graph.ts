/** An ONNX graph under construction: values with names, types and shapes; nodes are emitted in order. */
import {
  type AttributeValue,
  type Dim,
  type ElementType,
  encodeModel,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from './onnx-proto.ts';

/** A named tensor of a graph. A dim may be a product of named sizes such as `B*G*C`. */
export interface Value {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly Dim[];
}

/** Typed arrays that hold a tensor's elements: int64 is BigInt64Array, bool is Uint8Array. */
export type TensorData = Float32Array | Int32Array | BigInt64Array | Uint8Array | Int8Array;

export interface NodeOptions {
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  readonly domain?: '' | 'com.microsoft';
  /** Prefix of the node's and its outputs' names; the operator's name by default. */
  readonly name?: string;
  /** Type of the first output; that of the first input by default. */
  readonly type?: ElementType;
}

/** Value of a dim expression such as `B*G*C*4`, a product of numbers and named sizes. */
export function evaluateDim(dim: Dim, sizes: Readonly<Record<string, number>>): number {
  if (typeof dim === 'number') return dim;
  return dim.split('*').reduce((product, factor) => {
    const size = sizes[factor] ?? Number(factor);
    if (!Number.isInteger(size)) throw new RangeError(`size "${factor}" of dim "${dim}" is not given`);
    return product * size;
  }, 1);
}

// ONNX takes names, not expressions, as symbolic dims.
const declared = (name: string, shape: readonly Dim[]): Dim[] =>
  shape.map((dim, axis) => (typeof dim === 'string' && dim.includes('*') ? `${name}.${axis}` : dim));

const bytesOf = (data: TensorData): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

/**
 * Builds one model. Values are immutable; each method appends a node and returns its output.
 *
 * Shapes are carried for the builders' sake (and for gradients); onnxruntime checks them again when it runs.
 */
export class Graph {
  readonly name: string;
  private readonly nodes: NodeProto[] = [];
  private readonly inputs: ValueInfoProto[] = [];
  private readonly outputs: ValueInfoProto[] = [];
  private readonly initializers: TensorProto[] = [];
  private readonly constants = new Map<string, Value>();
  private readonly shapes = new Map<string, { readonly value: Value; readonly dims: readonly Dim[] }>();
  private readonly counters = new Map<string, number>();

  constructor(name: string) {
    this.name = name;
  }

  private fresh(prefix: string): string {
    const count = this.counters.get(prefix) ?? 0;
    this.counters.set(prefix, count + 1);
    return `${prefix}_${count}`;
  }

  /** A tensor given at run time. */
  input(name: string, type: ElementType, shape: readonly Dim[]): Value {
    this.inputs.push({ name, type, shape: declared(name, shape) });
    return { name, type, shape };
  }

  /** A weight stored in the model (onnxruntime prepacks it for GEMM). */
  initializer(name: string, data: TensorData, type: ElementType, shape: readonly number[]): Value {
    this.initializers.push({ name, type, shape, bytes: bytesOf(data) });
    return { name, type, shape };
  }

  /** A small constant; equal ones are stored once. */
  constant(values: readonly number[], shape: readonly number[] = [], type: 'float32' | 'int32' | 'int64' = 'float32'): Value {
    const key = `${type}:${shape.join(',')}:${values.join(',')}`;
    const known = this.constants.get(key);
    if (known !== undefined) return known;
    const data =
      type === 'float32' ? Float32Array.from(values) : type === 'int32' ? Int32Array.from(values) : BigInt64Array.from(values, BigInt);
    const value = this.initializer(this.fresh('constant'), data, type, shape);
    this.constants.set(key, value);
    return value;
  }

  /** Asks for a value as an output, under its own name or a new one. Returns the output's name. */
  output(value: Value, name?: string): string {
    const named = name === undefined || name === value.name ? value : this.rename(value, name);
    this.outputs.push({ name: named.name, type: named.type, shape: declared(named.name, named.shape) });
    return named.name;
  }

  private rename(value: Value, name: string): Value {
    this.nodes.push({
      name: this.fresh('Identity'),
      opType: 'Identity',
      domain: '',
      inputs: [value.name],
      outputs: [name],
      attributes: {},
    });
    return { ...value, name };
  }

  /** Any operator with one output. */
  op(opType: string, inputs: readonly (Value | undefined)[], shape: readonly Dim[], options: NodeOptions = {}): Value {
    const type = options.type ?? inputs[0]?.type ?? 'float32';
    return this.ops(opType, inputs, [{ type, shape }], options)[0] as Value;
  }

  /** Any operator with several outputs; `undefined` leaves an optional one out. */
  ops(
    opType: string,
    inputs: readonly (Value | undefined)[],
    outputs: readonly ({ readonly type: ElementType; readonly shape: readonly Dim[] } | undefined)[],
    options: NodeOptions = {},
  ): Value[] {
    const name = this.fresh(options.name ?? opType);
    const values = outputs.map((output, i) => ({
      name: output === undefined ? '' : i === 0 ? name : `${name}.${i}`,
      type: 'float32' as const,
      shape: [],
      ...output,
    }));
    this.nodes.push({
      name,
      opType,
      domain: options.domain ?? '',
      inputs: inputs.map((input) => input?.name ?? ''),
      outputs: values.map((value) => value.name),
      attributes: options.attributes ?? {},
    });
    return values;
  }

  /** The int64 tensor that Reshape takes: a constant when at most one dim has to be inferred. */
  shape(dims: readonly Dim[]): Value {
    const unknown = dims.filter((dim) => typeof dim === 'string').length;
    return unknown === 1 ? this.fullShape(dims.map((dim) => (typeof dim === 'number' ? dim : -1))) : this.fullShape(dims);
  }

  /** The int64 tensor of all dims: a constant when all are numbers, otherwise an input, see `shapeInputs`. */
  fullShape(dims: readonly Dim[]): Value {
    if (dims.every((dim) => typeof dim === 'number')) return this.constant(dims, [dims.length], 'int64');
    const key = `shape:${dims.join(',')}`;
    const known = this.shapes.get(key);
    if (known !== undefined) return known.value;
    const value = this.input(key, 'int64', [dims.length]);
    this.shapes.set(key, { value, dims });
    return value;
  }

  /** Names and dims of the shapes that must be fed, see `shapeFeeds` in session.ts. */
  shapeInputs(): ReadonlyMap<string, readonly Dim[]> {
    return new Map([...this.shapes].map(([key, { dims }]) => [key, dims]));
  }

  numNodes(): number {
    return this.nodes.length;
  }

  /** The model's bytes, opset 21. */
  encode(): Uint8Array {
    return encodeModel({
      name: this.name,
      opset: 21,
      nodes: this.nodes,
      initializers: this.initializers,
      inputs: this.inputs,
      outputs: this.outputs,
    });
  }

  // The operators that most builders need, with their shape rules.

  reshape(x: Value, shape: readonly Dim[]): Value {
    return this.op('Reshape', [x, this.shape(shape)], shape);
  }

  transpose(x: Value, perm: readonly number[]): Value {
    return this.op(
      'Transpose',
      [x],
      perm.map((axis) => x.shape[axis] as Dim),
      { attributes: { perm: { ints: perm } } },
    );
  }

  /** `x @ w^T (+ addend)` for x [N, in], w [out, in] as Hugging Face stores it. */
  linear(x: Value, w: Value, addend?: Value): Value {
    return this.gemm(x, w, { transB: true, addend });
  }

  /** Matrix product of two matrices with optional transposes and a summand that may broadcast. */
  gemm(a: Value, b: Value, options: { transA?: boolean; transB?: boolean; alpha?: number; addend?: Value | undefined } = {}): Value {
    const rows = a.shape[options.transA ? 1 : 0] as Dim;
    const columns = b.shape[options.transB ? 0 : 1] as Dim;
    const attributes = {
      transA: { int: options.transA ? 1 : 0 },
      transB: { int: options.transB ? 1 : 0 },
      alpha: { float: options.alpha ?? 1 },
    };
    return this.op('Gemm', options.addend === undefined ? [a, b] : [a, b, options.addend], [rows, columns], { attributes });
  }

  /** Batched `alpha * A B` over the last two axes; leading axes must be equal (or broadcast, for constant batches). */
  matmul(a: Value, b: Value, options: { transA?: boolean; transB?: boolean; alpha?: number } = {}): Value {
    const rows = a.shape.at(options.transA ? -1 : -2) as Dim;
    const columns = b.shape.at(options.transB ? -2 : -1) as Dim;
    const batch = a.shape.length >= b.shape.length ? a.shape.slice(0, -2) : b.shape.slice(0, -2);
    if (!options.transA && !options.transB && options.alpha === undefined) return this.op('MatMul', [a, b], [...batch, rows, columns]);
    const attributes = {
      transA: { int: options.transA ? 1 : 0 },
      transB: { int: options.transB ? 1 : 0 },
      alpha: { float: options.alpha ?? 1 },
    };
    return this.op('FusedMatMul', [a, b], [...batch, rows, columns], { attributes, domain: 'com.microsoft' });
  }

  /** Elementwise with numpy broadcasting. */
  binary(opType: 'Add' | 'Sub' | 'Mul' | 'Div' | 'Min' | 'Max', a: Value, b: Value): Value {
    return this.op(opType, [a, b], broadcastShape(a.shape, b.shape));
  }

  add(a: Value, b: Value): Value {
    return this.binary('Add', a, b);
  }

  sub(a: Value, b: Value): Value {
    return this.binary('Sub', a, b);
  }

  mul(a: Value, b: Value): Value {
    return this.binary('Mul', a, b);
  }

  unary(opType: 'Neg' | 'Exp' | 'Log' | 'Sigmoid' | 'Sqrt' | 'Reciprocal' | 'Abs', x: Value): Value {
    return this.op(opType, [x], x.shape);
  }

  softmax(x: Value): Value {
    return this.op('Softmax', [x], x.shape, { attributes: { axis: { int: -1 } } });
  }

  /** Sum over one axis, kept as size 1 unless told otherwise. */
  reduceSum(x: Value, axis: number, keep = true): Value {
    const at = axis < 0 ? axis + x.shape.length : axis;
    const shape = x.shape.flatMap((dim, i): Dim[] => (i !== at ? [dim] : keep ? [1] : []));
    return this.op('ReduceSum', [x, this.constant([at], [1], 'int64')], shape, { attributes: { keepdims: { int: keep ? 1 : 0 } } });
  }

  concat(values: readonly Value[], axis: number, size: Dim): Value {
    const first = values[0] as Value;
    const at = axis < 0 ? axis + first.shape.length : axis;
    return this.op(
      'Concat',
      values,
      first.shape.map((dim, i) => (i === at ? size : dim)),
      { attributes: { axis: { int: at } } },
    );
  }

  /** Cuts a value along an axis. */
  split(x: Value, axis: number, sizes: readonly Dim[]): Value[] {
    const outputs = sizes.map((size) => ({ type: x.type, shape: x.shape.map((dim, i) => (i === axis ? size : dim)) }));
    return this.ops('Split', [x, this.fullShape(sizes)], outputs, { attributes: { axis: { int: axis } } });
  }

  /** Rows of a matrix by int32 or int64 ids. */
  gather(x: Value, indices: Value): Value {
    return this.op('Gather', [x, indices], [...indices.shape, ...x.shape.slice(1)], { attributes: { axis: { int: 0 } } });
  }

  /**
   * RMSNorm over the last axis: `y = x * inv * w` with `inv = 1 / sqrt(mean(x^2) + eps)`.
   *
   * @returns y, and inv [.., 1] for the backward pass.
   */
  rmsNorm(x: Value, w: Value, eps: number): readonly [y: Value, inv: Value] {
    const attributes = { axis: { int: -1 }, epsilon: { float: eps } };
    const [y, inv] = this.ops(
      'SimplifiedLayerNormalization',
      [x, w],
      [
        { type: x.type, shape: x.shape },
        { type: x.type, shape: [...x.shape.slice(0, -1), 1] },
      ],
      { attributes },
    );
    return [y as Value, inv as Value];
  }

  /**
   * Rotary position embedding, halves rotated as in Llama.
   *
   * @param x [R, 1, heads * headDim] rows, or [B, heads, T, headDim].
   * @param positions int64 [R, 1] or [B, T].
   * @param cos [positions, headDim / 2] and `sin` alike, see rope.ts; a negated `sin` rotates back.
   */
  rope(x: Value, positions: Value, cos: Value, sin: Value, numHeads: number): Value {
    const attributes = { interleaved: { int: 0 }, num_heads: { int: numHeads } };
    return this.op('RotaryEmbedding', [x, positions, cos, sin], x.shape, { attributes, domain: 'com.microsoft' });
  }
}

/** Shape of an elementwise result: a dim of 1 gives way to the other's. */
export function broadcastShape(a: readonly Dim[], b: readonly Dim[]): Dim[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const left = a[i - rank + a.length] ?? 1;
    const right = b[i - rank + b.length] ?? 1;
    if (left !== right && left !== 1 && right !== 1)
      throw new RangeError(`shapes [${a.join(', ')}] and [${b.join(', ')}] do not broadcast`);
    return left === 1 ? right : left;
  });
}
