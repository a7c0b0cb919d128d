/** Products with weights, in float32 or int8: what of a decoder layer depends on how its weights are stored. */
import type { Graph, Value } from '../nn/graph.ts';
import type { Dim } from '../nn/onnx-proto.ts';
import { type Int8Matrix, int8Matrix } from './int8-weights.ts';

export type SamplerPrecision = 'float32' | 'int8';

/** A weight in a graph: [out, in] float32, or [in, out] int8 with [out] scales. */
export interface Weight {
  readonly values: Value;
  readonly scales: Value | null;
  readonly out: number;
}

/** Rows to be multiplied: [rows, in] float32, or [2 * rows, in] uint8: the first digits of all rows, then the second ones. */
export interface Operand {
  readonly values: Value;
  /** [2 * rows, 1] what the largest digit is worth; null in float32. */
  readonly scales: Value | null;
  readonly rows: Dim;
}

/** `x w^T` for the matrices of a graph. */
export interface Projections {
  /** @param data of `name`, [out, in] row-major; called only where the matrix has to be made. */
  weight(name: string, data: () => Float32Array, out: number, inner: number): Weight;
  /** Prepares rows [rows, in] once for all products that they take part in. */
  operand(x: Value): Operand;
  /** `x w^T + addend`, [rows, out]. */
  product(x: Operand, w: Weight, addend?: Value): Value;
}

/** Matrices by name that were rounded before: the graphs of one engine share them. */
export type Int8Matrices = Map<string, Int8Matrix>;

export function float32Projections(g: Graph): Projections {
  return {
    weight: (name, data, out, inner) => ({ values: g.initializer(name, data(), 'float32', [out, inner]), scales: null, out }),
    operand: (x) => ({ values: x, scales: null, rows: x.shape[0] as Dim }),
    product: (x, w, addend) => g.linear(x.values, w.values, addend),
  };
}

/** A digit has 255 levels, moved up by 128: the integer kernels multiply uint8 by int8. */
const levels = 127;
const zeroPoint = 128;
/** What a step of the second digit is of one of the first: what the first leaves over is at most half of its step. */
const secondDigit = 1 / (2 * levels);

/**
 * Weights rounded to int8 an output (`int8Matrix`), activations written with two digits of 255 levels a row, products summed as int32.
 *
 * One digit is not enough: a few channels are so large that the rest of the row has few levels left (decision 0077). Both digits are rows of one product, which
 * reads the weights once. Each row has its own scale, so what a token gets does not depend on what is computed beside it. onnxruntime's own
 * DynamicQuantizeMatMul has one digit and one scale for all rows together.
 */
export function int8Projections(g: Graph, known: Int8Matrices): Projections {
  const zero = g.initializer('int8.zero_point', Uint8Array.of(zeroPoint), 'uint8', []);
  const firstStep = g.constant([1 / levels]);
  const secondStep = g.constant([secondDigit / levels]);
  return {
    weight: (name, data, out, inner) => {
      const { values, scales } = known.get(name) ?? int8Matrix(data(), out, inner);
      known.set(name, { values, scales });
      return {
        values: g.initializer(`${name}.int8`, values, 'int8', [inner, out]),
        scales: g.initializer(`${name}.scales`, scales, 'float32', [out]),
        out,
      };
    },
    operand: (x) => {
      const [rows, inner] = x.shape as [Dim, Dim];
      const largest = g.op('ReduceMax', [g.unary('Abs', x), g.constant([-1], [1], 'int64')], [rows, 1], {
        attributes: { keepdims: { int: 1 } },
      });
      // A row of zeros becomes 0 / 0, then some whole number, and 0 again when the product is multiplied by its largest value.
      const share = g.binary('Div', x, largest);
      const first = g.op('QuantizeLinear', [share, firstStep, zero], x.shape, { type: 'uint8' });
      const rest = g.sub(share, g.op('DequantizeLinear', [first, firstStep, zero], x.shape, { type: 'float32' }));
      const second = g.op('QuantizeLinear', [rest, secondStep, zero], x.shape, { type: 'uint8' });
      const scales = g.concat([largest, g.mul(largest, g.constant([secondDigit]))], 0, twice(rows));
      return { values: g.op('Concat', [first, second], [twice(rows), inner], { attributes: { axis: { int: 0 } } }), scales, rows };
    },
    product: (x, w, addend) => {
      const inputs = [x.values, w.values, firstStep, w.scales ?? undefined, zero];
      const digits = g.op('MatMulIntegerToFloat', inputs, [twice(x.rows), w.out], { domain: 'com.microsoft', type: 'float32' });
      const half = { type: 'float32', shape: [x.rows, w.out] } as const;
      const parts = g.ops('Split', [g.mul(digits, x.scales as Value)], [half, half], {
        attributes: { axis: { int: 0 }, num_outputs: { int: 2 } },
      });
      return g.op('Sum', addend === undefined ? parts : [...parts, addend], half.shape);
    },
  };
}

const twice = (rows: Dim): Dim => (typeof rows === 'number' ? 2 * rows : `2*${rows}`);
