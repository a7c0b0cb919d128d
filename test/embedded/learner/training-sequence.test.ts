import { describe, expect, it } from 'vitest';
import { trainingSequences } from '../../../src/embedded/learner/training-sequence.ts';
import { metadata, row } from '../../batch/fixtures.ts';

const withoutKl = { ...metadata, loss: { ...metadata.loss, klCoef: 0 } } as typeof metadata;
const taken = (change: Parameters<typeof row>[0], about = withoutKl) => trainingSequences([row(change)], about).length;
const advantages = (...values: readonly number[]) => {
  const { inputIds } = row();
  return Float32Array.from(inputIds, (_, t) => values[t] ?? 0);
};

describe('trainingSequences', () => {
  it('leaves a row out that sends nothing to the gradient', () => {
    expect(taken({ advantage: 1, tokenAdvantages: null })).toBe(1);
    expect(taken({ advantage: 0, tokenAdvantages: null })).toBe(0);
    expect(taken({ advantage: 1, lossWeight: 0 })).toBe(0);
  });

  it('looks at the advantages of tokens where there are any, and not at the one of the row', () => {
    expect(taken({ advantage: 0, tokenAdvantages: advantages(0, 0, 0.5) })).toBe(1);
    expect(taken({ advantage: 1, tokenAdvantages: advantages() })).toBe(0);
    const [sequence] = trainingSequences([row({ advantage: 0, tokenAdvantages: advantages(9, 9, 9, 9) })], withoutKl);
    expect([...(sequence?.columns.advantage ?? [])].every((value) => value === 9)).toBe(true);
  });

  it('keeps a row of advantage 0 under a KL penalty', () => {
    expect(taken({ advantage: 0, tokenAdvantages: null, refLogprobs: new Float32Array(row().inputIds.length) }, metadata)).toBe(1);
  });
});
