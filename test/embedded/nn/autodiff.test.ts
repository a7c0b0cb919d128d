import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Tape } from '../../../src/embedded/nn/autodiff.ts';
import { Graph, type Value } from '../../../src/embedded/nn/graph.ts';
import { attend, linear, rmsNorm, rope, swiglu, tokenLogprobs } from '../../../src/embedded/nn/layers.ts';
import { ropeTables } from '../../../src/embedded/nn/rope.ts';
import { createSession, type Tensor } from '../../../src/embedded/nn/session.ts';
import { randomStream } from '../../../src/lib/random.ts';

type Build = (tape: Tape, inputs: readonly Value[]) => Value;

/** Deterministic numbers in [-1, 1). */
const numbers = (length: number, key: string): Float32Array => {
  const stream = randomStream('autodiff', key);
  return Float32Array.from({ length }, () => 2 * stream.next() - 1);
};

/**
 * Compares the gradient of `sum(seed * f(inputs))` with central differences, along one random direction an input.
 * float32 leaves about three digits.
 */
async function expectGradient(shapes: readonly (readonly number[])[], build: Build, values?: readonly Float32Array[]): Promise<void> {
  const graph = new Graph('check');
  const tape = new Tape(graph);
  const inputs = shapes.map((shape, i) => tape.track(graph.input(`x${i}`, 'float32', shape)));
  const y = build(tape, inputs);
  const seedShape = y.shape as number[];
  tape.backward(y, graph.input('seed', 'float32', seedShape));
  graph.output(y, 'y');
  for (const [i, input] of inputs.entries()) graph.output(tape.gradient(input) as Value, `g${i}`);
  const session = await createSession(graph.encode());
  const size = (shape: readonly number[]) => shape.reduce((product, dim) => product * dim, 1);
  const seed = { data: numbers(size(seedShape), 'seed'), shape: seedShape };
  const points = shapes.map((shape, i) => values?.[i] ?? numbers(size(shape), `x${i}`));
  const run = (at: readonly Float32Array[]) =>
    session.run({ seed, ...Object.fromEntries(at.map((data, i) => [`x${i}`, { data, shape: shapes[i] ?? [] }])) });
  const dot = (a: ArrayLike<number>, b: ArrayLike<number>) => Array.from(a).reduce((sum, value, i) => sum + value * (b[i] as number), 0);
  const floats = (tensor: Tensor | undefined) => tensor?.data as Float32Array;
  const gradients = await run(points);
  for (const [i, point] of points.entries()) {
    const direction = numbers(point.length, `direction${i}`);
    const h = 2e-3;
    const moved = (step: number) => points.map((p, j) => (j === i ? p.map((value, k) => value + step * (direction[k] as number)) : p));
    const ahead = dot(floats((await run(moved(h))).y), seed.data);
    const behind = dot(floats((await run(moved(-h))).y), seed.data);
    const slope = dot(floats(gradients[`g${i}`]), direction);
    expect(Math.abs((ahead - behind) / (2 * h) - slope), `input ${i}`).toBeLessThan(2e-3 * Math.max(1, Math.abs(slope)));
  }
  await session.close();
}

describe('Tape', () => {
  const cases: readonly (readonly [string, readonly (readonly number[])[], Build])[] = [
    [
      'add, sub and mul',
      [
        [3, 2],
        [3, 2],
      ],
      (t, [a, b]) => t.mul(t.add(a as Value, b as Value), t.sub(a as Value, b as Value)),
    ],
    ['exp', [[4]], (t, [x]) => t.exp(x as Value)],
    ['min and max', [[8], [8]], (t, [a, b]) => t.add(t.min(a as Value, b as Value), t.mul(t.max(a as Value, b as Value), a as Value))],
    ['clip', [[16]], (t, [x]) => t.clip(x as Value, t.graph.constant([-0.51]), t.graph.constant([0.313]))],
    [
      'reshape and transpose',
      [[2, 6]],
      (t, [x]) => t.mul(t.transpose(t.reshape(x as Value, [2, 3, 2]), [2, 0, 1]), t.graph.constant([1, 2, 3], [3])),
    ],
    ['expand', [[2, 1, 3]], (t, [x]) => t.exp(t.expand(x as Value, 1, 4))],
    [
      'concat',
      [
        [2, 3],
        [2, 1],
      ],
      (t, [a, b]) => t.exp(t.concat(a as Value, b as Value, 1, 4)),
    ],
    [
      'splitRows',
      [[5, 2]],
      (t, [x]) => {
        const [a, b] = t.splitRows(x as Value, [2, 3]);
        return t.concat(t.exp(b), t.mul(a, a), 0, 5);
      },
    ],
    ['one part of splitRows', [[5, 2]], (t, [x]) => t.exp(t.splitRows(t.mul(x as Value, x as Value), [2, 3])[1])],
  ];
  it.each(cases)('differentiates %s', (_, shapes, build) => expectGradient(shapes, build));

  it('gives no gradient to what is detached', async () => {
    const graph = new Graph('detached');
    const tape = new Tape(graph);
    const x = tape.track(graph.input('x', 'float32', [1]));
    tape.backward(tape.mul(tape.detach(x), x), graph.constant([1], [1]));
    graph.output(tape.gradient(x) as Value, 'g');
    const session = await createSession(graph.encode());
    expect((await session.run({ x: { data: Float32Array.of(3), shape: [1] } })).g?.data).toEqual(Float32Array.of(3));
    await session.close();
  });
});

describe('layers', () => {
  const cases: readonly (readonly [string, readonly (readonly number[])[], Build])[] = [
    [
      'linear with bias and residual',
      [[3, 4], [2, 4], [2], [3, 2]],
      (t, [x, w, bias, residual]) => linear(t, x as Value, w as Value, { bias, residual: residual as Value }),
    ],
    [
      'linear used twice',
      [
        [3, 4],
        [4, 4],
      ],
      (t, [x, w]) => linear(t, linear(t, x as Value, w as Value), w as Value),
    ],
    ['rmsNorm', [[3, 4], [4]], (t, [x, w]) => rmsNorm(t, x as Value, w as Value, 1e-5)],
    [
      'swiglu',
      [
        [3, 4],
        [3, 4],
      ],
      (t, [gate, up]) => swiglu(t, gate as Value, up as Value),
    ],
    [
      'attend',
      [
        [2, 3, 4],
        [2, 5, 4],
        [2, 5, 4],
      ],
      (t, [q, k, v]) => attend(t, q as Value, k as Value, v as Value, t.graph.constant([0, 0, 0, -1e9, 0.5], [1, 1, 5]), [2, 3, 5]),
    ],
    [
      'rope',
      [[3, 8]],
      (t, [x]) => {
        const { cos, sin } = ropeTables(8, 4, 10_000);
        const table = (name: string, data: Float32Array) => t.graph.initializer(name, data, 'float32', [8, 2]);
        const tables = {
          cos: table('cos', cos),
          sin: table('sin', sin),
          negativeSin: table(
            'negative',
            sin.map((s) => -s),
          ),
        };
        return rope(t, x as Value, { ...tables, positions: t.graph.constant([0, 3, 7], [3, 1], 'int64') }, 2);
      },
    ],
    [
      'tokenLogprobs, except the rows that leave the graph',
      [[3, 4]],
      (t, [h]) => {
        const w = t.graph.initializer('w', numbers(20, 'w'), 'float32', [5, 4]);
        return tokenLogprobs(t, h as Value, w, t.graph.constant([1, 4, 1], [3, 1], 'int32'), t.graph.constant([1, 2, 0.5], [3, 1]))
          .logprobs;
      },
    ],
  ];
  it.each(cases)('differentiates %s', (_, shapes, build) => expectGradient(shapes, build));

  it('gives the entropy of the whole distribution', async () => {
    const graph = new Graph('entropy');
    const h = graph.input('h', 'float32', ['R', 2]);
    const w = graph.constant([1, 0, 0, 1, 1, 1], [3, 2]);
    const { logprobs, entropy } = tokenLogprobs(new Tape(graph), h, w, graph.input('t', 'int32', ['R', 1]), graph.constant([1], [1, 1]));
    graph.output(logprobs, 'logprobs');
    graph.output(entropy, 'entropy');
    const session = await createSession(graph.encode());
    await fc.assert(
      fc.asyncProperty(
        fc.tuple(fc.integer({ min: -8, max: 8 }), fc.integer({ min: -8, max: 8 })),
        fc.integer({ min: 0, max: 2 }),
        async ([a, b], target) => {
          const results = await session.run({
            h: { data: Float32Array.of(a / 4, b / 4), shape: [1, 2] },
            t: { data: Int32Array.of(target), shape: [1, 1] },
          });
          const logits = [a / 4, b / 4, (a + b) / 4];
          const total = Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0));
          const expected = logits.reduce((sum, logit) => sum - Math.exp(logit - total) * (logit - total), 0);
          expect(results.entropy?.data[0]).toBeCloseTo(expected, 5);
          expect(results.logprobs?.data[0]).toBeCloseTo((logits[target] as number) - total, 5);
        },
      ),
    );
    await session.close();
  });
});
