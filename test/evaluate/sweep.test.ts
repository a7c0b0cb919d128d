import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Evaluation } from '../../src/evaluate/evaluate.ts';
import { type SweepRun, sweepReport } from '../../src/evaluate/sweep.ts';
import { sweepMarkdown, sweepPicture } from '../../src/evaluate/sweep-text.ts';
import { meanInterval } from '../../src/lib/statistics.ts';

/** An evaluation of problems `p0`, `p1`, ...: passes of four samples each. */
function evaluation(passes: readonly number[], name = 'held_out'): Evaluation {
  const scores = passes.map((count, i) => ({
    ...{ id: `p${i}`, family: null, scorable: 4, passes: count },
    ...{ flagged_passes: 0, identical: count, executed: 4 },
  }));
  const rate = passes.reduce((sum, count) => sum + count, 0) / (4 * passes.length);
  return {
    summary: {
      ...{ name, judge: 'sirl', problems: passes.length, denominator: passes.length, labels: [], samples: 4, temperature: 1 },
      ...{ pass_at_1: rate, pass_at_1_ci95: null, by_judge: {}, flagged_passes: 0, pass_at_k: {}, identical: rate, identical_ci95: null },
      ...{ execution_rate: 1, unscorable: 0, taxonomy: {}, by_family: {}, diagnosis: null, flags: {} },
      ...{ mean_tokens: null, truncated: null, entropy: null, usage: null },
    },
    scores,
  };
}
const run = (arm: string, seed: number, ...steps: readonly (readonly number[])[]): SweepRun => ({
  arm,
  seed,
  evaluations: steps.map((passes, i) => ({ step: 50 * i, sets: [evaluation(passes)] })),
});

describe('sweepReport', () => {
  const report = sweepReport([
    run('plain', 1, [0, 0, 0, 4], [2, 2, 0, 4]),
    run('mixed', 1, [0, 0, 0, 4], [4, 4, 0, 4]),
    run('plain', 2, [0, 0, 0, 4], [0, 4, 0, 4]),
    run('mixed', 2, [0, 0, 0, 4], [4, 4, 4, 4]),
  ]);

  it('pools each arm over its seeds, before and after', () => {
    expect(report.rows.map(({ arm, before, after }) => [arm, before?.mean, after.mean, after.values])).toEqual([
      ['plain', 0.25, 0.5, [0.5, 0.5]],
      ['mixed', 0.25, 0.875, [0.75, 1]],
    ]);
    // 0.875 +- 12.706 * 0.17678 / sqrt(2)
    expect(report.rows[1]?.after.interval?.[0]).toBeCloseTo(0.875 - 12.706 * 0.125, 9);
  });

  it('tests gains over problems, each with its mean over seeds, and over seeds', () => {
    const gain = report.rows[1]?.gain;
    expect([gain?.mean, gain?.values]).toEqual([0.625, [0.5, 0.75]]);
    expect(gain?.pProblems).toBe(2 / 2 ** 3); // three problems rise
    expect(gain?.pSeeds).toBe(2 / 2 ** 2); // the least that two seeds can give
  });

  it('compares arms with the first, seed by seed', () => {
    expect(report.comparisons).toMatchObject([{ from: 'plain', to: 'mixed', set: 'held_out', mean: 0.375, values: [0.25, 0.5] }]);
  });

  it('draws a curve where all seeds of an arm were measured', () => {
    expect(report.curves.map(({ arm, points }) => [arm, points.map(({ step, mean }) => [step, mean])])).toEqual([
      [
        'plain',
        [
          [0, 0.25],
          [50, 0.5],
        ],
      ],
      [
        'mixed',
        [
          [0, 0.25],
          [50, 0.875],
        ],
      ],
    ]);
    const uneven = sweepReport([run('plain', 1, [0], [1], [2]), run('plain', 2, [0], [1])]);
    expect(uneven.curves[0]?.points.map(({ step }) => step)).toEqual([0, 50]);
  });

  it('leaves out of a pair what could not be scored on either side', () => {
    const broken = run('plain', 1, [0, 0], [4, 4]);
    const [, last] = broken.evaluations;
    const score = last?.sets[0]?.scores[1];
    Object.assign(score ?? {}, { scorable: 0, passes: 0 });
    expect(sweepReport([broken]).rows[0]?.gain).toMatchObject({ mean: 1, pProblems: 1, interval: null });
  });

  it('has no gain without an evaluation before training, as supervised runs have none', () => {
    const supervised: SweepRun = { arm: 'sft', seed: 1, evaluations: [{ step: 240, sets: [evaluation([4, 0])] }] };
    expect(sweepReport([supervised]).rows[0]).toMatchObject({ before: null, gain: null, after: { mean: 0.5, interval: null } });
    expect(sweepPicture(sweepReport([supervised]))).toBeNull();
  });

  it('finds no difference between an arm and itself', () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.nat(4), { minLength: 3, maxLength: 3 }), { minLength: 1, maxLength: 4 }), (seeds) => {
        const runs = seeds.flatMap((passes, i) => [run('a', i, passes), run('b', i, passes)]);
        const [comparison] = sweepReport(runs).comparisons;
        return comparison?.mean === 0 && comparison.pProblems === 1 && comparison.pSeeds === 1;
      }),
    );
  });

  it.each<[string, (evaluation: Evaluation) => void]>([
    ['a judge', ({ summary }) => Object.assign(summary, { judge: 'evom' })],
    ['a temperature', ({ summary }) => Object.assign(summary, { temperature: 0 })],
    ['problems', ({ scores }) => Object.assign(scores[0] ?? {}, { id: 'other' })],
  ])('refuses to pool over %s of different runs', (_, change) => {
    const other = run('mixed', 1, [1, 2]);
    change(other.evaluations[0]?.sets[0] as Evaluation);
    expect(() => sweepReport([run('plain', 1, [1, 2]), other])).toThrow(/mixed-seed1 measures held_out otherwise than plain-seed1/);
  });

  it('is a table, and a picture with a band', () => {
    const text = sweepMarkdown(report);
    expect(text).toContain('| mixed | held_out | sirl | 1 | 4 x 4 | 2 | 25.0 % | 87.5 % | [-71.3, 246.3] | +62.5 |');
    expect(text).toContain('2 seeds can give no p below 0.500');
    const picture = sweepPicture(report) ?? '';
    expect(picture.match(/opacity="0.18"/g)).toHaveLength(2);
    expect(picture).toContain('>mixed<');
    expect(picture).not.toContain('NaN');
  });
});

describe('meanInterval', () => {
  it('is the interval that statistical tables give', () => {
    // scipy.stats.t.interval(0.95, 4, loc=3, scale=scipy.stats.sem([1, 2, 3, 4, 5]))
    const { mean, interval } = meanInterval([1, 2, 3, 4, 5]);
    expect(mean).toBe(3);
    expect(interval?.[0]).toBeCloseTo(1.0368, 3);
    expect(interval?.[1]).toBeCloseTo(4.9632, 3);
    expect(meanInterval([7])).toEqual({ mean: 7, interval: null });
  });
  it('goes on beyond the table', () => {
    // t of 40 and 100 degrees of freedom: 2.0211, 1.9840
    for (const [n, t] of [
      [41, 2.0211],
      [101, 1.984],
    ] as const) {
      const values = Array.from({ length: n }, (_, i) => i % 2);
      const { mean, interval } = meanInterval(values);
      const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1));
      expect(((interval?.[1] ?? 0) - mean) / (deviation / Math.sqrt(n))).toBeCloseTo(t, 2);
    }
  });
});
