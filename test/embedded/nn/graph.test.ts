import { describe, expect, it } from 'vitest';
import { broadcastShape, evaluateDim, Graph } from '../../../src/embedded/nn/graph.ts';
import { createSession, shapeFeeds } from '../../../src/embedded/nn/session.ts';

describe('Graph', () => {
  it('builds a model that onnxruntime runs', async () => {
    const graph = new Graph('example');
    const x = graph.input('x', 'float32', ['N', 2]);
    const w = graph.initializer('w', Float32Array.of(1, 2, 3, 4), 'float32', [2, 2]); // [out, in]
    graph.output(graph.add(graph.linear(x, w), graph.constant([10, 20], [2])), 'y');
    const session = await createSession(graph.encode());
    const { y } = await session.run({ x: { data: Float32Array.of(1, 1, 0, 1), shape: [2, 2] } });
    await session.close();
    expect(y).toEqual({ data: Float32Array.of(13, 27, 12, 24), shape: [2, 2] });
  });

  it('takes shapes of several named sizes as inputs', async () => {
    const graph = new Graph('shapes');
    const x = graph.input('x', 'float32', ['A*B', 2]);
    graph.output(graph.transpose(graph.reshape(x, ['A', 'B', 2]), [1, 0, 2]), 'y');
    expect(graph.shapeInputs()).toEqual(new Map([['shape:A,B,2', ['A', 'B', 2]]]));
    const session = await createSession(graph.encode());
    const data = Float32Array.from({ length: 12 }, (_, i) => i);
    const { y } = await session.run({ x: { data, shape: [6, 2] }, ...shapeFeeds(graph.shapeInputs(), { A: 2, B: 3 }) });
    await session.close();
    expect(y?.shape).toEqual([3, 2, 2]);
    expect([...(y?.data ?? [])]).toEqual([0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11]);
  });

  it('stores equal constants once and infers a single unknown dim', () => {
    const graph = new Graph('constants');
    expect(graph.constant([1, 2], [2])).toBe(graph.constant([1, 2], [2]));
    expect(graph.constant([1, 2], [2])).not.toBe(graph.constant([1, 2], [2], 'int64'));
    graph.reshape(graph.input('x', 'float32', ['N', 4]), ['N', 2, 2]);
    expect(graph.shapeInputs().size).toBe(0);
  });

  it('computes with int32, int64, uint8 and negative attributes', async () => {
    const graph = new Graph('types');
    const ids = graph.input('ids', 'int32', ['N']);
    const table = graph.initializer('table', Float32Array.of(1, 2, 3, 4, 5, 6), 'float32', [3, 2]);
    graph.output(graph.reduceSum(graph.gather(table, ids), -1, false), 'sums');
    graph.output(
      graph.op('Cast', [graph.input('bytes', 'uint8', ['N'])], ['N'], { type: 'int64', attributes: { to: { int: 7 } } }),
      'wide',
    );
    const session = await createSession(graph.encode());
    const { sums, wide } = await session.run({
      ids: { data: Int32Array.of(2, 0), shape: [2] },
      bytes: { data: Uint8Array.of(200, 1), shape: [2] },
    });
    await session.close();
    expect(sums?.data).toEqual(Float32Array.of(11, 3));
    expect(wide?.data).toEqual(BigInt64Array.of(200n, 1n));
  });
});

describe('evaluateDim', () => {
  it('multiplies named sizes and numbers', () => {
    expect(evaluateDim('B*G*4', { B: 2, G: 3 })).toBe(24);
    expect(() => evaluateDim('B*G', { B: 2 })).toThrow(/size "G" of dim "B\*G"/);
  });
});

describe('broadcastShape', () => {
  it('lets a 1 give way and refuses two sizes that differ', () => {
    expect(broadcastShape(['N', 1], [4])).toEqual(['N', 4]);
    expect(() => broadcastShape(['N', 3], [4])).toThrow(/do not broadcast/);
  });
});

describe('createSession', () => {
  it('reads shared memory through a copy', async () => {
    const graph = new Graph('shared');
    graph.output(graph.unary('Neg', graph.input('x', 'float32', [2])), 'y');
    const session = await createSession(graph.encode());
    const data = new Float32Array(new SharedArrayBuffer(8));
    data.set([1, -2]);
    expect((await session.run({ x: { data, shape: [2] } })).y?.data).toEqual(Float32Array.of(-1, 2));
    await session.close();
  });

  it('says that a broken graph is our fault', async () => {
    const graph = new Graph('broken');
    graph.output(graph.op('NoSuchOperator', [graph.input('x', 'float32', [1])], [1]), 'y');
    await expect(createSession(graph.encode())).rejects.toMatchObject({
      code: 'E_INTERNAL',
      message: expect.stringContaining('NoSuchOperator'),
    });
  });
});
