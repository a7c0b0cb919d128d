import type { Aggregation, LossConfig } from 'evom';
import { lossDenominators, promptMeanWeights, tokenWeights } from 'evom/rl';
import { describe, expect, it } from 'vitest';

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

  it.each([null, 0, -3, Number.NaN])('asks for a norm length where one is needed: %s is none', (normLength) => {
    expect(() => tokenWeights(rows, loss('seq_mean_token_sum_norm', normLength), lossDenominators(rows))).toThrow(/normLength/);
  });

  it('gives zeros where it is told that the batch has no loss tokens and no rows', () => {
    const none = { globalLossTokens: 0, globalLossRows: 0 };
    for (const aggregation of ['token_mean', 'seq_mean_token_mean', 'seq_mean_token_sum', 'seq_mean_token_sum_norm'] as const)
      expect(tokenWeights(rows, loss(aggregation, 3), none)).toEqual(rows.map(() => new Float32Array(3)));
  });

  it('scales with the weight of the row', () => {
    const halved = rows.map((row) => ({ ...row, lossWeight: 0.5 }));
    for (const aggregation of ['token_mean', 'seq_mean_token_mean', 'seq_mean_token_sum', 'seq_mean_token_sum_norm'] as const) {
      const of = (some: typeof rows) => dot(tokenWeights(some, loss(aggregation, 3), { globalLossTokens: 3, globalLossRows: 2 }));
      expect(of(halved)).toBeCloseTo(of(rows) / 2, 6);
    }
  });
});

describe('promptMeanWeights', () => {
  const row = (groupId: string, tokens: number, lossWeight = 1) => ({ groupId, lossMask: new Uint8Array(tokens).fill(1), lossWeight });
  it('counts no prompt without loss tokens, and leaves rows without any as they are', () => {
    expect(promptMeanWeights([row('a', 2), row('b', 0), row('c', 3, 0)])).toEqual([1, 1, 0]);
  });
  it('gives each prompt the same sum over its tokens, whatever rows and weights it has', () => {
    const some = [row('a', 1), row('a', 3), row('b', 2), row('b', 5, 0), row('c', 6)];
    const weights = promptMeanWeights(some);
    const sums = ['a', 'b', 'c'].map((id) =>
      some.reduce((sum, r, i) => sum + (r.groupId === id ? (weights[i] ?? 0) * r.lossMask.length : 0), 0),
    );
    for (const sum of sums) expect(sum).toBeCloseTo(12 / 3, 12);
    expect(promptMeanWeights([row('a', 2, 0.5)])).toEqual([0.5]);
  });
});
