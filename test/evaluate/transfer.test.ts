import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Evaluation } from '../../src/evaluate/evaluate.ts';
import { clusteredWilson, type TransferCell, transferReport } from '../../src/evaluate/transfer.ts';
import { transferPicture } from '../../src/evaluate/transfer-picture.ts';
import { transferMarkdown } from '../../src/evaluate/transfer-text.ts';

const evaluation = (passes: readonly number[], samples = 1, name = 'set'): Evaluation => ({
  summary: {
    name,
    judge: 'sirl',
    problems: passes.length,
    denominator: passes.length,
    labels: ['nl4opt@sirl#sha256:0'],
    samples,
    temperature: 1,
    pass_at_1: passes.reduce((sum, count) => sum + count / samples, 0) / passes.length,
    pass_at_1_ci95: null,
    by_judge: {},
    flagged_passes: 0,
    pass_at_k: {},
    identical: null,
    identical_ci95: null,
    execution_rate: 1,
    unscorable: 0,
    taxonomy: { optimal: passes.length * samples },
    by_family: {},
    diagnosis: null,
    flags: {},
    mean_tokens: 1,
    truncated: 0,
    entropy: 0,
    usage: null,
  },
  scores: passes.map((count, i) => ({
    id: `p${i}`,
    family: null,
    scorable: samples,
    passes: count,
    flagged_passes: 0,
    identical: null,
    executed: samples,
  })),
});
const cell = (policy: string, backend: string, passes: readonly number[], samples = 1): TransferCell => ({
  policy,
  backend,
  dialect: `${backend}-js`,
  evaluation: evaluation(passes, samples),
});

describe('transferReport', () => {
  it('compares each backend with the first of its policy, and each policy with the first on its backend', () => {
    const report = transferReport(
      [
        cell('base', 'highs', [1, 1, 1, 1, 1, 0]),
        cell('base', 'glpk', [0, 0, 0, 0, 0, 1]),
        cell('tuned', 'highs', [1, 1, 1, 1, 1, 1]),
        cell('tuned', 'glpk', [1, 1, 1, 1, 1, 1]),
      ],
      1,
    );
    expect(
      report.comparisons.map(({ from, to, difference }) => [
        from.policy,
        from.backend,
        to.policy,
        to.backend,
        Math.round(600 * difference),
      ]),
    ).toEqual([
      ['base', 'highs', 'base', 'glpk', -400],
      ['base', 'highs', 'tuned', 'highs', 100],
      ['tuned', 'highs', 'tuned', 'glpk', 0],
      ['base', 'glpk', 'tuned', 'glpk', 500],
    ]);
    // One of six gained, five lost: 2 (C(6,0) + C(6,1)) / 2^6 by McNemar's exact test.
    expect(report.comparisons[0]?.mcnemar).toEqual({ gained: 1, lost: 5, p_value: expect.closeTo(14 / 64, 12) });
  });

  it('gives no McNemar test to several samples a problem', () => {
    expect(transferReport([cell('a', 'highs', [2, 1], 2), cell('a', 'glpk', [1, 1], 2)], 1).comparisons[0]?.mcnemar).toBeNull();
  });

  it('leaves out of a comparison what either side could not score', () => {
    const broken = cell('a', 'glpk', [1, 1]);
    const half: TransferCell = {
      ...broken,
      evaluation: {
        ...broken.evaluation,
        scores: broken.evaluation.scores.map((score, i) => (i === 0 ? { ...score, scorable: 0, passes: 0 } : score)),
      },
    };
    expect(transferReport([cell('a', 'highs', [0, 1]), half], 1).comparisons[0]).toMatchObject({ problems: 1, difference: 0 });
  });
});

describe('clusteredWilson', () => {
  it('is as wide as problems alone when their samples always agree, and as samples when those are independent of the problem', () => {
    const agreeing = clusteredWilson([1, 1, 0, 0, 1, 0, 1, 0], 32) as [number, number];
    const mixed = clusteredWilson([0.5, 0.5, 0.5, 0.5, 0.75, 0.25, 0.5, 0.5], 32) as [number, number];
    expect(agreeing[1] - agreeing[0]).toBeGreaterThan(1.5 * (mixed[1] - mixed[0]));
    expect(clusteredWilson([], 0)).toBeNull();
  });

  it('holds the mean and stays in [0, 1]', () =>
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 40 }), (passes) => {
        const rates = passes.map((count) => count / 4);
        const [low, high] = clusteredWilson(rates, 4 * rates.length) as [number, number];
        const p = rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
        expect(low).toBeGreaterThanOrEqual(0);
        expect(high).toBeLessThanOrEqual(1);
        expect(low).toBeLessThanOrEqual(p + 1e-12);
        expect(high).toBeGreaterThanOrEqual(p - 1e-12);
      }),
    ));
});

describe('the report in words and as a picture', () => {
  const report = transferReport([cell('a|b', 'highs', [1, 0]), cell('a|b', 'glpk', [0, 0])], 1);
  it('is Markdown whose cells cannot break the table', () => {
    const text = transferMarkdown(report, [
      { system: 'S', benchmark: 'nl4opt', backend: null, percent: 85.7, metric: 'pass@1', rule: 'orlm', source: 'its README' },
    ]);
    expect(text).toContain('| a\\|b | highs (highs-js) | set | sirl | 50.0 % |');
    expect(text).toContain('-50.0 points');
    expect(text).toContain('| S | nl4opt | not said | 85.7 | pass@1 | orlm | - | its README |');
  });
  it('is SVG with a bar a cell', () => {
    const svg = transferPicture(report.rows, 'a < b');
    expect(svg).toContain('<title>a &lt; b</title>');
    expect(svg.match(/opacity="0.15"/g)).toHaveLength(2);
    expect(svg).toContain('50.0 % of 2');
  });
});
