import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareEvaluations } from '../../src/evaluate/compare.ts';
import type { Evaluation, ProblemScore } from '../../src/evaluate/evaluate.ts';
import { evaluation } from '../train/fixtures.ts';

const score = (id: string, passes: number, over: Partial<ProblemScore> = {}): ProblemScore => ({
  id,
  family: null,
  scorable: 4,
  passes,
  flagged_passes: 0,
  identical: null,
  executed: 4,
  ...over,
});
const of = (scores: readonly ProblemScore[]): Evaluation => evaluation({}, scores);
const many = (passes: number, over: Partial<ProblemScore> = {}): Evaluation =>
  of(Array.from({ length: 12 }, (_, i) => score(`p${i}`, passes, over)));

describe('compareEvaluations', () => {
  it('finds a gain on every problem unlikely to be chance: two of 2^12 sign flips are as extreme', () => {
    const { pass_at_1_gain, p_value, identical_gain, identical_p_value } = compareEvaluations(many(1), many(3), 1);
    expect(pass_at_1_gain).toBe(0.5);
    expect(p_value).toBeCloseTo(2 / 2 ** 12, 10);
    expect({ identical_gain, identical_p_value }).toEqual({ identical_gain: null, identical_p_value: null });
  });

  it('finds nothing where nothing changed', () => {
    expect(compareEvaluations(many(2), many(2), 1)).toMatchObject({ pass_at_1_gain: 0, p_value: 1 });
  });

  it('refuses sets with other problems, or in another order', () => {
    const [a, b] = [score('a', 1), score('b', 1)];
    for (const after of [[a], [b, a], [a, b, a], [a, score('c', 1)]]) {
      expect(() => compareEvaluations(of([a, b]), of(after), 1)).toThrow(
        expect.objectContaining({ code: 'E_DATA', message: expect.stringContaining('different problems') }),
      );
    }
  });

  it('leaves a problem out that could not be scored on either side: a fault of ours is no failure', () => {
    const lost = score('lost', 0, { scorable: 0, executed: 0 });
    const before = of([score('a', 2), score('lost', 4)]);
    const after = of([score('a', 4), lost]);
    expect(compareEvaluations(before, after, 1).pass_at_1_gain).toBe(0.5);
    expect(compareEvaluations(after, before, 1).pass_at_1_gain).toBe(-0.5);
    expect(compareEvaluations(of([lost]), of([lost]), 1)).toMatchObject({ pass_at_1_gain: null, p_value: null });
  });

  it('compares identical models over the problems that have a reference', () => {
    const before = of([score('a', 4, { identical: 0 }), score('b', 4)]);
    const after = of([score('a', 4, { identical: 3 }), score('b', 4)]);
    expect(compareEvaluations(before, after, 1)).toMatchObject({ pass_at_1_gain: 0, p_value: 1, identical_gain: 0.75 });
  });

  it('turned round has the opposite gain and the same p-value', () => {
    const passes = fc.array(fc.tuple(fc.nat(4), fc.nat(4)), { minLength: 1, maxLength: 10 });
    fc.assert(
      fc.property(passes, (list) => {
        const before = of(list.map(([b], i) => score(`p${i}`, b)));
        const after = of(list.map(([, a], i) => score(`p${i}`, a)));
        const [there, back] = [compareEvaluations(before, after, 1), compareEvaluations(after, before, 1)];
        expect(there.pass_at_1_gain).toBeCloseTo(-(back.pass_at_1_gain as number), 12);
        expect(there.p_value).toBeCloseTo(back.p_value as number, 12);
        expect(there.p_value).toBeGreaterThan(0);
        expect(there.p_value).toBeLessThanOrEqual(1);
      }),
      { numRuns: 50 },
    );
  });
});
