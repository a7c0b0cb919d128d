import type { LossConfig } from 'evom';
import { klTerm, type LossRow, lossDenominators, samplerWeights, surrogateLoss } from 'evom/rl';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const ppo = {
  type: 'policy_gradient',
  clipLow: 0.2,
  clipHigh: 0.2,
  dualClip: 3,
  ratio: 'token',
  surrogate: 'ppo',
  aggregation: 'token_mean',
  normLength: null,
  klCoef: 0,
  klEstimator: 'k3',
} as const satisfies LossConfig;
type Ppo = Extract<LossConfig, { type: 'policy_gradient' }>;

const lp = [
  [-1, -0.5, -2],
  [-0.7, -1.2, -9],
];
const old = [Float32Array.of(-1.2, -0.5, -1.5), Float32Array.of(-0.9, -1, -1)];
const ref = [Float32Array.of(-1.1, -0.6, -1), Float32Array.of(-0.7, -2, 0)];
const masks = [Uint8Array.of(1, 1, 1), Uint8Array.of(1, 1, 0)];
const row = (i: number, change: Partial<LossRow> = {}): LossRow => ({
  lossMask: masks[i] as Uint8Array,
  lossWeight: 1,
  advantage: i === 0 ? 1 : -1,
  tokenAdvantages: null,
  samplerLogprobs: old[i] as Float32Array,
  oldLogprobs: null,
  refLogprobs: null,
  klWeights: null,
  ...change,
});
const rows = [row(0), row(1)];
const run = (change: Partial<Ppo>, input: readonly LossRow[] = rows, logprobs: readonly (readonly number[])[] = lp) =>
  surrogateLoss(input, logprobs, { ...ppo, ...change } as LossConfig, lossDenominators(input));

describe('surrogateLoss against values that verl, TRL and OpenRLHF gave', () => {
  it.each<[string, Partial<Ppo>, number]>([
    ['PPO clip, token mean', {}, -0.1532795],
    ['clip-higher, token mean', { clipHigh: 0.28 }, -0.15756],
    ['PPO clip, sequence mean', { aggregation: 'seq_mean_token_mean' }, 0.0422783],
    ['clip-higher, sequence mean', { clipHigh: 0.28, aggregation: 'seq_mean_token_mean' }, 0.0387112],
    ['PPO clip, sequence sum', { aggregation: 'seq_mean_token_sum' }, -0.3831986],
    ['Dr.GRPO denominators of TRL', { aggregation: 'seq_mean_token_sum_norm', normLength: 3 }, -0.1277329],
    ['Dr.GRPO denominators of verl: no division by rows', { aggregation: 'seq_mean_token_sum_norm', normLength: 3 / 2 }, -0.2554657],
    ['the same, clip-higher', { clipHigh: 0.28, aggregation: 'seq_mean_token_sum_norm', normLength: 3 }, -0.1313],
    ['and of verl', { clipHigh: 0.28, aggregation: 'seq_mean_token_sum_norm', normLength: 3 / 2 }, -0.2625999],
    ['SAPO, sequence mean', { surrogate: 'sapo', dualClip: null, aggregation: 'seq_mean_token_mean' }, -0.0097027],
    ['GSPO, sequence mean', { ratio: 'sequence', dualClip: null, aggregation: 'seq_mean_token_mean' }, 0.0475813],
    ['GSPO, token mean', { ratio: 'sequence', dualClip: null }, -0.1429025],
    ['CISPO, two-sided', { surrogate: 'cispo', clipHigh: 0.28 }, 0.2967888],
    ['CISPO, upper bound 5', { surrogate: 'cispo', clipLow: 1, clipHigh: 4 }, 0.2194011],
    ['CISPO, upper bound 1.28', { surrogate: 'cispo', clipLow: 1, clipHigh: 0.28 }, 0.2194011],
  ])('%s', (_, change, expected) => {
    expect(Math.abs(run(change).loss - expected)).toBeLessThan(1e-6);
  });

  it('bounds a runaway ratio by the dual clip', () => {
    const runaway = [lp[0] as number[], [-0.9 + Math.log(5), -1.2, -9]];
    expect(run({ dualClip: 3 }, rows, runaway).loss).toBeCloseTo(0.20244, 5);
    expect(run({ dualClip: 10 }, rows, runaway).loss).toBeCloseTo(0.60244, 5);
    expect(run({ dualClip: null }, rows, runaway).loss).toBeCloseTo(0.60244, 5);
    expect(run({ dualClip: 3 }, rows, runaway).gradients[1]?.[0]).toBeCloseTo(0, 12);
  });

  it('gives the gradients of verl', () => {
    const expected = [-0.2442806, -0.2, -0.1213061, 0.2442806, 0.1637461, 0];
    const actual = run({ clipHigh: 0.28 }).gradients.flatMap((g) => [...g]);
    for (const [i, value] of expected.entries()) expect(Math.abs((actual[i] as number) - value)).toBeLessThan(1e-6);
    expect(run({}).gradients[0]?.[0]).toBeCloseTo(0, 12);
  });

  it('leaves a fully masked row out of the sequence mean, and gives 0 when everything is masked', () => {
    const masked = { lossMask: Uint8Array.of(0, 0, 0) };
    expect(run({ aggregation: 'seq_mean_token_mean' }, [row(0), row(1, masked)]).loss).toBeCloseTo(-0.9355102, 6);
    expect(run({}, [row(0, masked), row(1, masked)])).toMatchObject({ loss: 0, lossTokens: 0, clipFraction: 0, approxKl: 0 });
  });

  it('adds the k3 penalty of TRL', () => {
    const withRef = rows.map((r, i) => ({ ...r, refLogprobs: ref[i] as Float32Array }));
    const result = run({ klCoef: 0.1 }, withRef);
    expect(result.loss).toBeCloseTo(-0.1337337, 6);
    expect(result.refKl).toBeCloseTo(0.1954571, 6);
  });

  it('adds the k3 penalty weighed by the ratio, TRL’s use_bias_correction_kl', () => {
    const withRef = rows.map((r, i) => ({ ...r, refLogprobs: ref[i] as Float32Array }));
    expect(run({ klCoef: 0.1, klUnbiased: true }, withRef).loss).toBeCloseTo(-0.1402687, 6);
    // At its clamp the ratio does not move with the log-probability: the gradient is that of the estimate, times the ratio.
    for (const klEstimator of ['k1', 'k2', 'k3', 'k3+'] as const) {
      const far = [row(0, { refLogprobs: ref[0] as Float32Array, oldLogprobs: Float32Array.of(-30, -30, -30), advantage: 0 })];
      const { gradients } = run({ klCoef: 0.1, klUnbiased: true, klEstimator }, far, lp);
      for (const [t, logprob] of (lp[0] as readonly number[]).entries()) {
        const expected = (0.1 / 3) * Math.exp(20) * klTerm(klEstimator, logprob, (ref[0] as Float32Array)[t] as number).gradient;
        expect((gradients[0]?.[t] as number) / Math.exp(20)).toBeCloseTo(expected / Math.exp(20), 7);
      }
    }
  });

  it('divides by the counts that it is given: of the whole batch, of several passes, of rows that are masked too', () => {
    const divided = (change: Partial<Ppo>, denominators: Parameters<typeof surrogateLoss>[3], input = rows) =>
      surrogateLoss(input, lp, { ...ppo, ...change } as LossConfig, denominators).loss;
    expect(divided({ clipHigh: 0.28 }, { globalLossTokens: 10, globalLossRows: 2 })).toBeCloseTo(-0.07878, 6); // TRL, num_items 10
    const sequenceMean = { aggregation: 'seq_mean_token_mean' } as const;
    expect(divided(sequenceMean, { globalLossTokens: 10, globalLossRows: 4 })).toBeCloseTo(0.0211391, 6); // TRL, two accumulated passes
    const half = [row(0), row(1, { lossMask: Uint8Array.of(0, 0, 0) })];
    expect(divided(sequenceMean, { globalLossTokens: 3, globalLossRows: 2 }, half)).toBeCloseTo(-0.4677551, 6); // TRL counts the empty row
  });

  it('takes a weight for each row, as TRL’s importance_sampling_ratio', () => {
    const weights = [new Float64Array(3).fill(0.5), new Float64Array(3)];
    const loss = { ...ppo, clipHigh: 0.28, dualClip: null };
    expect(surrogateLoss(rows, lp, loss, lossDenominators(rows), weights).loss).toBeCloseTo(-0.2827933, 6);
  });

  it('drops what moved too far in probability and holds the rest near the sampler, as prime-rl does', () => {
    const [trainer, sampler] = [[0.9, 0.5, 0.2].map(Math.log), Float32Array.from([0.5, 0.5, 0.5], Math.log)];
    const one = row(0, { samplerLogprobs: sampler, refLogprobs: sampler, tokenAdvantages: Float32Array.of(1, 1, -1) });
    // kl_tau 1e-3 on the squared log-ratio is k2 with twice the coefficient; prime-rl sums over tokens, of which there are three.
    const result = run({ surrogate: 'dppo', dualClip: null, klCoef: 2e-3, klEstimator: 'k2' }, [one], [trainer]);
    expect(3 * result.loss).toBeCloseTo(-0.998815, 6);
    expect(result.clipFraction).toBeCloseTo(2 / 3, 12);
    expect(result.gradients[0]?.[1]).toBeCloseTo(-1 / 3, 6);
  });

  it('on policy is -A per token', () => {
    const onPolicy = rows.map((r, i) => ({ ...r, samplerLogprobs: Float32Array.from(lp[i] as number[]) }));
    const exact = lp.map((values) => values.map(Math.fround));
    expect(run({}, onPolicy, exact).loss).toBeCloseTo(-0.2, 6);
    expect(run({ aggregation: 'seq_mean_token_mean' }, onPolicy, exact).loss).toBeCloseTo(0, 6);
  });

  const roll = [Float32Array.of(-1.3, -0.5, -1.5), Float32Array.of(-0.9, -3, -1)];
  const weigh = (correction: Parameters<typeof samplerWeights>[3]) =>
    masks.map((mask, i) => samplerWeights(old[i] as Float32Array, roll[i] as Float32Array, mask, correction));
  it.each([
    ['truncated', { type: 'truncate', level: 'token', low: 0.5, high: 5 }, 0.4717334],
    ['IcePop', { type: 'mask', level: 'token', low: 0.5, high: 5 }, -0.3469973],
    ['sequence-masked', { type: 'mask', level: 'geometric', low: 0.5, high: 5 }, 0.8629321],
  ] as const)('is corrected for the sampler, %s, as in OpenRLHF', (_, correction, expected) => {
    const loss = { ...ppo, clipHigh: 0.28, dualClip: null };
    expect(surrogateLoss(rows, lp, loss, lossDenominators(rows), weigh(correction)).loss).toBeCloseTo(expected, 6);
  });
  it('has the truncated weights of verl', () => {
    const token = weigh({ type: 'truncate', level: 'token', low: 0, high: 2 });
    const flat = (weights: readonly Float64Array[]) => weights.flatMap((w) => [...w]);
    const expectFlat = (weights: readonly Float64Array[], expected: readonly number[]) => {
      for (const [i, value] of flat(weights).entries()) expect(Math.abs(value - (expected[i] as number))).toBeLessThan(1e-6);
    };
    expectFlat(token, [1.105171, 1, 1, 1, 2, 0]);
    expectFlat(weigh({ type: 'truncate', level: 'sequence', low: 0, high: 2 }), [1.105171, 1.105171, 1.105171, 2, 2, 0]);
  });
  it('keeps the tokens that verl’s token_k1 test keeps, from 0.5 to 2', () => {
    const kept = weigh({ type: 'mask', level: 'token', low: 0.5, high: 2 }).map((w) => [...w].map((weight) => (weight > 0 ? 1 : 0)));
    expect(kept).toEqual([
      [1, 1, 1],
      [1, 0, 0],
    ]);
  });
  it('drops bad sequences that became unlikely, as TRL’s off-policy mask', () => {
    const weights = [
      [1, 2],
      [-1, 0.5],
      [-1, 2],
    ].map(([advantage, kl]) =>
      samplerWeights([-1 - (kl as number)], [-1], Uint8Array.of(1), { type: 'off_policy_mask', threshold: 1 }, [advantage as number]),
    );
    expect(weights.map(([weight]) => weight)).toEqual([1, 1, 0]);
  });
  it('drops a whole sequence under TRL sequence_mask', () => {
    expect([...(weigh({ type: 'mask', level: 'sequence', low: 0, high: 3 })[1] as Float64Array)]).toEqual([0, 0, 0]);
  });
});

describe('surrogateLoss', () => {
  it('weighs the KL penalty, and not the gradient of the reward, by klWeights', () => {
    const withRef = row(0, { refLogprobs: ref[0] as Float32Array, klWeights: Float32Array.of(0, 0, 1) });
    const plain = run({}, [row(0)]);
    const partial = run({ klCoef: 0.1 }, [withRef]);
    expect(partial.gradients[0]?.[1]).toBe(plain.gradients[0]?.[1]);
    expect(partial.loss - plain.loss).toBeCloseTo((0.1 * 0.7182817) / 3, 6);
  });

  it('is the mean negative log-probability under cross entropy', () => {
    const result = surrogateLoss(rows, lp, { type: 'cross_entropy', aggregation: 'token_mean' }, lossDenominators(rows));
    expect(result.loss).toBeCloseTo((1 + 0.5 + 2 + 0.7 + 1.2) / 5, 6);
  });

  it('never reads what the mask hides', () => {
    const hidden = [lp[0] as number[], [-0.7, -1.2, Number.NaN]];
    expect(run({}, rows, hidden).loss).toBe(run({}).loss);
  });

  const logprob = fc.double({ min: -4, max: -0.01, noNaN: true });
  const config = fc.record({
    ratio: fc.constantFrom('token' as const, 'sequence' as const),
    clipLow: fc.constantFrom(0.2, 1),
    clipHigh: fc.constantFrom(0.2, 0.28, 4),
    surrogate: fc.constantFrom('ppo' as const, 'sapo' as const),
    klUnbiased: fc.boolean(),
    dualClip: fc.constantFrom(null, 3),
    aggregation: fc.constantFrom('token_mean' as const, 'seq_mean_token_mean' as const, 'seq_mean_token_sum' as const),
    klCoef: fc.constantFrom(0, 0.1),
    klEstimator: fc.constantFrom('k1' as const, 'k2' as const, 'k3' as const),
  });
  const randomRow = fc.tuple(
    fc.array(fc.tuple(logprob, logprob, logprob, fc.boolean()), { minLength: 1, maxLength: 5 }),
    fc.double({ min: -2, max: 2, noNaN: true }),
  );
  const batch = fc.array(randomRow, { minLength: 1, maxLength: 4 }).map((drawn) => ({
    logprobs: drawn.map(([tokens]) => tokens.map(([value]) => value)),
    rows: drawn.map(
      ([tokens, advantage]): LossRow => ({
        lossMask: Uint8Array.from(tokens, ([, , , bit]) => (bit ? 1 : 0)),
        lossWeight: 1,
        advantage,
        tokenAdvantages: null,
        samplerLogprobs: Float32Array.from(tokens, ([, value]) => value),
        oldLogprobs: null,
        refLogprobs: Float32Array.from(tokens, ([, , value]) => value),
        klWeights: null,
      }),
    ),
  }));

  it('has the gradient of its own value (finite differences, away from kinks)', () => {
    fc.assert(
      fc.property(batch, config, (b, drawn) => {
        // A sequence ratio sends its gradient to each token as if it were the token's: with unequal terms that is another one.
        const change = { ...drawn, klUnbiased: drawn.klUnbiased && drawn.ratio === 'token' };
        const step = 1e-5;
        const at = (delta: number, r: number, t: number) =>
          run(
            change,
            b.rows,
            b.logprobs.map((values, i) => values.map((x, j) => (i === r && j === t ? x + delta : x))),
          ).loss;
        const { gradients } = run(change, b.rows, b.logprobs);
        for (const [r, gradient] of gradients.entries())
          for (const [t, value] of gradient.entries()) {
            const [left, here, right] = [at(-step, r, t), at(0, r, t), at(step, r, t)];
            const slopes = [(here - left) / step, (right - here) / step] as const;
            if (Math.abs(slopes[0] - slopes[1]) > 1e-2) continue; // a kink: no derivative there
            expect(Math.abs((right - left) / (2 * step) - value)).toBeLessThan(5e-3 + 1e-3 * Math.abs(value));
          }
      }),
      { numRuns: 200 },
    );
  });

  it('is the same under any sharding', () => {
    fc.assert(
      fc.property(batch, config, fc.nat(4), (b, change, cut) => {
        const whole = run(change, b.rows, b.logprobs);
        const denominators = lossDenominators(b.rows);
        const loss = { ...ppo, ...change } as LossConfig;
        const parts = [0, cut].map((from, i) => {
          const to = i === 0 ? cut : b.rows.length;
          return surrogateLoss(b.rows.slice(from, to), b.logprobs.slice(from, to), loss, denominators);
        });
        expect(parts.reduce((sum, part) => sum + part.loss, 0)).toBeCloseTo(whole.loss, 9);
        expect(parts.flatMap((part) => part.gradients)).toEqual(whole.gradients);
      }),
    );
  });
});
