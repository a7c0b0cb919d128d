import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assignToThreads, type MicroBatch, packMicroBatches } from '../../../src/embedded/learner/micro-batches.ts';
import { type TokenColumns, type TrainingSequence, tokenColumnNames } from '../../../src/embedded/learner/training-sequence.ts';

/** A sequence whose tokens tell where they come from: targets are numbered over all sequences. */
function sequence(rowIndex: number, group: number, contextLength: number, length: number, firstTarget: number): TrainingSequence {
  const column = new Float32Array(length).fill(1);
  return {
    rowIndex,
    contextKey: `${group}`,
    context: Int32Array.from({ length: contextLength }, (_, i) => 1000 * (group + 1) + i),
    read: Int32Array.from({ length }, (_, i) => firstTarget + i + 100_000),
    targets: Int32Array.from({ length }, (_, i) => firstTarget + i),
    columns: Object.fromEntries(tokenColumnNames.map((name) => [name, column])) as unknown as TokenColumns,
  };
}

const sequences = fc
  .array(
    fc.record({
      context: fc.integer({ min: 0, max: 20 }),
      lengths: fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 6 }),
    }),
    {
      maxLength: 8,
    },
  )
  .map((groups) => {
    let rowIndex = 0;
    let target = 0;
    return groups.flatMap(({ context, lengths }, group) =>
      lengths.map((length) => {
        const made = sequence(rowIndex++, group, context, length, target);
        target += length;
        return made;
      }),
    );
  });

const trainedTargets = (batch: MicroBatch): number[] => [...batch.targets].filter((_, i) => batch.columns.weight[i] !== 0);

describe('packMicroBatches', () => {
  it('computes a shared prompt once', () => {
    const [batch, ...rest] = packMicroBatches([sequence(0, 0, 4, 3, 0), sequence(1, 0, 4, 3, 3)], { microBatchTokens: 100, threads: 1 });
    expect(rest).toEqual([]);
    expect(batch?.sizes).toEqual({ B: 1, G: 2, P: 4, C: 3, N: 10, S: 7 });
    expect([...(batch?.ids ?? [])].slice(0, 4)).toEqual([1000, 1001, 1002, 1003]);
  });

  it('copies a prompt rather than pad much more than it', () => {
    const batches = packMicroBatches([sequence(0, 0, 2, 90, 0), sequence(1, 0, 2, 3, 90)], { microBatchTokens: 200, threads: 1 });
    expect(batches.map(({ sizes }) => sizes.N).reduce((a, b) => a + b)).toBe(2 + 90 + 2 + 3);
  });

  it('loses no token and doubles none, and gives the same micro-batches again', () =>
    fc.assert(
      fc.property(sequences, fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 4 }), (rows, microBatchTokens, threads) => {
        const batches = packMicroBatches(rows, { microBatchTokens, threads });
        const expected = rows.reduce((sum, { targets }) => sum + targets.length, 0);
        expect(batches.flatMap(trainedTargets).sort((a, b) => a - b)).toEqual(Array.from({ length: expected }, (_, i) => i));
        for (const { sizes } of batches) expect(sizes.N <= microBatchTokens || sizes.B * sizes.G === 1).toBe(true);
        expect(packMicroBatches(rows, { microBatchTokens, threads })).toEqual(batches);
        const assigned = assignToThreads(batches, threads);
        expect(assigned.flat()).toHaveLength(batches.length);
        expect(new Set(assigned.flat()).size).toBe(batches.length);
      }),
    ));
});
