import { describe, expect, it } from 'vitest';
import { type Aggregation, type LossConfig, lossDenominators, promptMeanWeights, tokenWeights } from '../../src/index.ts';

const values = [
  [1, 2, 3],
  [4, 5, 6],
  [7, 8, 9],
];
const rows = [Uint8Array.of(1, 1, 0), Uint8Array.of(1, 0, 0), Uint8Array.of(0, 0, 0)].map((lossMask) => ({ lossMask, lossWeight: 1 }));
const loss = (aggregation: Aggregation, normLength: number | null = null): LossConfig => ({
  type: 'policy_gradient',
  clipLow: 0.2,
  clipHigh: 0.2,
  dualClip: null,
  ratio: 'token',
  surrogate: 'ppo',
  aggregation,
  normLength,
  klCoef: 0,
  klEstimator: 'k3',
});
const dot = (weights: readonly Float32Array[]) =>
  weights.reduce((sum, row, r) => row.reduce((s, w, t) => s + w * (values[r]?.[t] ?? 0), sum), 0);

describe('tokenWeights', () => {
  it.each<[Aggregation, number | null, number]>([
    ['token_mean', null, 2.3333333],
    ['seq_mean_token_sum', null, 3.5],
    ['seq_mean_token_mean', null, 2.75],
    ['seq_mean_token_sum_norm', 3 / 2, 2.3333333], // verl divides by the length alone: two rows count
  ])('%s gives the value of verl agg_loss', (aggregation, normLength, expected) => {
    expect(dot(tokenWeights(rows, loss(aggregation, normLength), lossDenominators(rows)))).toBeCloseTo(expected, 6);
  });

  it('scales advantages of +1 and -1 as SkyRL does', () => {
    // Rows of three and two tokens, of two prompts.
    const pair = [Uint8Array.of(1, 1, 1), Uint8Array.of(1, 1, 0)].map((lossMask, i) => ({ lossMask, lossWeight: 1, groupId: `${i}` }));
    const scaled = (some: typeof pair, config: LossConfig) => {
      const weights = tokenWeights(some, config, lossDenominators(some));
      return [weights[0]?.[0], -(weights[1]?.[0] ?? Number.NaN)];
    };
    const close = (actual: (number | undefined)[], expected: number[]) => {
      for (const [i, value] of expected.entries()) expect(actual[i]).toBeCloseTo(value, 6);
    };
    close(scaled(pair, loss('token_mean')), [0.2, -0.2]);
    close(scaled(pair, loss('seq_mean_token_mean')), [0.1666667, -0.25]);
    close(scaled(pair, loss('seq_mean_token_sum_norm', 3)), [0.1666667, -0.1666667]);
    const weights = promptMeanWeights(pair);
    const byPrompt = pair.map((row, i) => ({ ...row, lossWeight: weights[i] as number }));
    close(scaled(byPrompt, loss('token_mean')), [0.1666667, -0.25]);
  });

  it('divides by the global counts that it is given', () => {
    const global = { globalLossTokens: 12, globalLossRows: 8 };
    expect(dot(tokenWeights(rows, loss('token_mean'), global))).toBeCloseTo(7 / 12, 6);
    expect(dot(tokenWeights(rows, loss('seq_mean_token_sum'), global))).toBeCloseTo(7 / 8, 6);
    expect(dot(tokenWeights(rows, loss('seq_mean_token_mean'), global))).toBeCloseTo(5.5 / 8, 6);
    // verl's agg_loss with two data-parallel ranks, whose mean takes the factor 2 back: 1.1666667, 1.75, 1.375, and 0.7 by a scale of 10.
    const verl = { token_mean: 1.1666667, seq_mean_token_sum: 1.75, seq_mean_token_mean: 1.375 } as const;
    for (const [aggregation, expected] of Object.entries(verl))
      expect(2 * dot(tokenWeights(rows, loss(aggregation as Aggregation), global))).toBeCloseTo(expected, 6);
    expect(dot(tokenWeights(rows, loss('seq_mean_token_sum_norm', 10 / 8), global))).toBeCloseTo(0.7, 6);
  });

  it('sums to 1 under the means, and counts neither truncated nor empty rows', () => {
    const some = [...rows, { lossMask: Uint8Array.of(1, 1, 1), lossWeight: 0 }];
    const denominators = lossDenominators(some);
    expect(denominators).toEqual({ globalLossTokens: 3, globalLossRows: 2 });
    for (const aggregation of ['token_mean', 'seq_mean_token_mean'] as const) {
      const weights = tokenWeights(some, loss(aggregation), denominators);
      expect(weights.reduce((sum, row) => row.reduce((s, w) => s + w, sum), 0)).toBeCloseTo(1, 6);
      expect([...(weights[3] ?? [])]).toEqual([0, 0, 0]);
    }
  });

  it('gives zeros, not NaN, to a batch without loss tokens', () => {
    const masked = [{ lossMask: new Uint8Array(4), lossWeight: 1 }];
    for (const aggregation of ['token_mean', 'seq_mean_token_mean', 'seq_mean_token_sum'] as const)
      expect(tokenWeights(masked, loss(aggregation), lossDenominators(masked))).toEqual([new Float32Array(4)]);
  });

  it('asks for a norm length where one is needed', () => {
    expect(() => tokenWeights(rows, loss('seq_mean_token_sum_norm'), lossDenominators(rows))).toThrow(/normLength/);
  });
});
