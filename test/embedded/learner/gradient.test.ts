import { describe, expect, it } from 'vitest';
import type { LossConfig, TrainingBatch } from '../../../src/core/training.ts';
import { GradientEngine } from '../../../src/embedded/learner/gradient-engine.ts';
import { packMicroBatches } from '../../../src/embedded/learner/micro-batches.ts';
import { fillFromTensors, parameterViews } from '../../../src/embedded/learner/parameters.ts';
import { emptyStatistics, type StepStatistics } from '../../../src/embedded/learner/step-statistics.ts';
import { trainingSequences } from '../../../src/embedded/learner/training-sequence.ts';
import { tokenWeights } from '../../../src/rl/aggregate.ts';
import { samplerWeights } from '../../../src/rl/importance-ratio.ts';
import { surrogateLoss } from '../../../src/rl/surrogate.ts';
import { goldenCase, type goldenModel, relativeError } from '../../../src/testing/golden-case.ts';
import { goldenCases } from '../../golden/learner-cases.ts';

type PolicyGradient = Extract<LossConfig, { type: 'policy_gradient' }>;

/** Gradient of a whole batch on this thread. */
async function gradientOf(
  { config, tensors }: Awaited<ReturnType<typeof goldenModel>>,
  batch: TrainingBatch,
  microBatchTokens: number,
): Promise<{ gradient: ReadonlyMap<string, Float32Array>; flat: Float32Array; statistics: StepStatistics; microBatches: number }> {
  const engine = new GradientEngine(config);
  const weights = new Float32Array(engine.layout.total);
  fillFromTensors(engine.layout, weights, tensors, 'golden');
  engine.setWeights(weights);
  const flat = new Float32Array(engine.layout.total);
  const statistics = emptyStatistics();
  const packed = packMicroBatches(trainingSequences(batch.rows, batch.metadata), { microBatchTokens, threads: 1 });
  for (const microBatch of packed) await engine.accumulate(microBatch, batch.metadata.loss, flat, statistics);
  await engine.close();
  return { gradient: parameterViews(engine.layout, flat), flat, statistics, microBatches: packed.length };
}

describe('gradient of the training graph', () => {
  for (const name of goldenCases) {
    it(`equals PyTorch's for ${name}`, async () => {
      const golden = await goldenCase(name);
      const { gradient, statistics } = await gradientOf(golden, golden.batch, 2048);
      expect(Math.abs(statistics.loss - golden.expectedLoss) / Math.abs(golden.expectedLoss)).toBeLessThan(1e-5);
      expect([...gradient.keys()].sort()).toEqual([...golden.gradients.keys()].sort());
      for (const [parameter, expected] of golden.gradients) {
        expect(relativeError(gradient.get(parameter) as Float32Array, expected), parameter).toBeLessThan(1e-4);
      }
    });
  }

  it('does not depend on how rows are packed or whether prompts are shared', async () => {
    const golden = await goldenCase('qwen3-token-advantages');
    const packed = await gradientOf(golden, golden.batch, 2048);
    const single = await gradientOf(golden, golden.batch, 1);
    const unshared = { ...golden.batch, rows: golden.batch.rows.map((row, i) => ({ ...row, groupId: `alone${i}` })) };
    const alone = await gradientOf(golden, unshared, 2048);
    expect(single.microBatches).toBe(7); // one a row in the gradient
    expect(packed.microBatches).toBeLessThan(7);
    expect(packed.statistics.tokens).toBeLessThan(alone.statistics.tokens);
    expect(relativeError(packed.flat, single.flat)).toBeLessThan(1e-5);
    expect(relativeError(packed.flat, alone.flat)).toBeLessThan(1e-5);
    expect(packed.statistics.loss).toBeCloseTo(single.statistics.loss, 6);
    expect(packed.statistics.lossTokens).toBe(golden.batch.metadata.globalLossTokens);
  });

  it('computes no row whose advantage is 0, which changes nothing', async () => {
    const golden = await goldenCase('llama-dual-clip');
    const withAdvantage = (advantage: number) => ({
      ...golden.batch,
      rows: golden.batch.rows.map((row, i) => (i % 2 === 0 ? row : { ...row, advantage })),
    });
    const [left, computed] = [await gradientOf(golden, withAdvantage(0), 2048), await gradientOf(golden, withAdvantage(1e-30), 2048)];
    expect(left.statistics.tokens).toBeLessThan(computed.statistics.tokens);
    expect(relativeError(left.flat, computed.flat)).toBeLessThan(1e-6);
    expect(left.statistics.loss).toBeCloseTo(computed.statistics.loss, 6);
  });

  it('adds up the gradients of a token that occurs many times', async () => {
    const golden = await goldenCase('llama-sft');
    const rows = golden.batch.rows.map((row) => ({ ...row, inputIds: row.inputIds.map(() => 5) }));
    const { gradient } = await gradientOf(golden, { ...golden.batch, rows }, 2048);
    const embedding = gradient.get('model.embed_tokens.weight') as Float32Array;
    // Finite difference along the gradient's own direction, for the embedding of token 5.
    const direction = embedding.slice(5 * 16, 6 * 16);
    const slope = direction.reduce((sum, value) => sum + value * value, 0);
    const lossAt = async (step: number): Promise<number> => {
      const tensors = new Map(golden.tensors);
      const table = tensors.get('model.embed_tokens.weight');
      const data = Float32Array.from(table?.data ?? []);
      for (let i = 0; i < 16; i++) data[80 + i] = (data[80 + i] as number) + step * (direction[i] as number);
      tensors.set('model.embed_tokens.weight', { dtype: 'F32', shape: [40, 16], data });
      return (await gradientOf({ ...golden, tensors }, { ...golden.batch, rows }, 2048)).statistics.loss;
    };
    const h = 0.01;
    const measured = ((await lossAt(h)) - (await lossAt(-h))) / (2 * h);
    expect(measured / slope).toBeCloseTo(1, 2);
  });

  it('measures how far the policy is from its sampler', async () => {
    const golden = await goldenCase('llama-grpo');
    const { loss } = golden.batch.metadata;
    if (loss.type !== 'policy_gradient') throw new Error('golden case changed');
    const metadata = { ...golden.batch.metadata, loss: { ...loss, klCoef: 0 } };
    const rows = golden.batch.rows.map((row) => ({ ...row, oldLogprobs: null, refLogprobs: null }));
    const { statistics } = await gradientOf(golden, { metadata, rows }, 2048);
    // The golden files' sampler is the policy with noise of 0.35 nats a token.
    expect(statistics.approxKl / statistics.lossTokens).toBeGreaterThan(0.02);
    expect(statistics.logprobDiffMax).toBeGreaterThan(0.3);
    expect(statistics.clipped).toBeGreaterThan(0);
    expect(statistics.refKl).toBe(0);
  });

  it.each([
    ['truncate', 'token'],
    ['truncate', 'sequence'],
    ['mask', 'geometric'],
  ] as const)('weighs advantages for the sampler as the reference loss does (%s by %s)', async (type, level) => {
    const golden = await goldenCase('llama-grpo');
    const { loss } = golden.batch.metadata;
    if (loss.type !== 'policy_gradient') throw new Error('golden case changed');
    const samplerCorrection = { type, level, low: 0.7, high: 1.2 } as NonNullable<typeof loss.samplerCorrection>;
    const given = { ...golden.batch, metadata: { ...golden.batch.metadata, loss: { ...loss, samplerCorrection } } };
    const own = { ...given, rows: given.rows.map((row) => ({ ...row, oldLogprobs: null })) };
    for (const batch of [given, own]) {
      const { statistics } = await gradientOf(golden, batch, 2048);
      // The golden file has the policy's log-probabilities; without old ones they are the old ones.
      const rows = batch.rows.map((row, i) => ({ ...row, oldLogprobs: row.oldLogprobs ?? (golden.logprobs[i] as Float32Array) }));
      const weights = rows.map((row) => samplerWeights(row.oldLogprobs, row.samplerLogprobs, row.lossMask, samplerCorrection));
      const expected = surrogateLoss(rows, golden.logprobs, batch.metadata.loss, batch.metadata, weights);
      expect(Math.abs(statistics.loss - expected.loss)).toBeLessThan(1e-5);
    }
  });

  // The reference loss knows the derivative by each log-probability; as token advantages on policy they ask for the same gradient.
  it.each<[string, Partial<PolicyGradient>]>([
    ['sapo by token', { surrogate: 'sapo', klCoef: 0 }],
    ['sapo by sequence', { surrogate: 'sapo', ratio: 'sequence', gateTemperature: { positive: 2, negative: 0.5 }, klCoef: 0 }],
    ['dppo', { surrogate: 'dppo', clipLow: 0.01, clipHigh: 0.01, klCoef: 0 }],
    ['ppo with an unbiased k3', { klUnbiased: true, klCoef: 0.2 }],
    ['dppo with k1+', { surrogate: 'dppo', clipLow: 0.01, clipHigh: 0.02, klEstimator: 'k1+', klCoef: 0.2 }],
    ['sapo with an unbiased k3+', { surrogate: 'sapo', klEstimator: 'k3+', klUnbiased: true, klCoef: 0.2 }],
    ['ppo under an off-policy mask', { klCoef: 0, samplerCorrection: { type: 'off_policy_mask', threshold: 0.02 } }],
  ])('is that of the reference loss for %s', async (_, change) => {
    const golden = await goldenCase('llama-grpo');
    const { metadata } = golden.batch;
    if (metadata.loss.type !== 'policy_gradient') throw new Error('golden case changed');
    const loss: PolicyGradient = { ...metadata.loss, dualClip: null, ...change };
    const rows = golden.batch.rows.map((row) => ({ ...row, oldLogprobs: row.oldLogprobs ?? row.samplerLogprobs }));
    const correction = loss.samplerCorrection;
    const weights = rows.map((row, i) =>
      correction
        ? samplerWeights(
            golden.logprobs[i] as Float32Array,
            row.samplerLogprobs,
            row.lossMask,
            correction,
            new Float32Array(row.lossMask.length).fill(row.advantage),
          )
        : Float64Array.from(row.lossMask),
    );
    const expected = surrogateLoss(rows, golden.logprobs, loss, metadata, weights);
    const scales = tokenWeights(rows, loss, metadata);
    const onPolicy = rows.map((row, i) => ({
      ...row,
      oldLogprobs: golden.logprobs[i] as Float32Array,
      tokenAdvantages: Float32Array.from(scales[i] as Float32Array, (scale, t) =>
        scale === 0 ? 0 : -(expected.gradients[i]?.[t] ?? 0) / scale,
      ),
    }));
    const plain: PolicyGradient = { ...metadata.loss, surrogate: 'ppo', ratio: 'token', klCoef: 0, dualClip: null };
    const actual = await gradientOf(golden, { metadata: { ...metadata, loss }, rows }, 2048);
    const wanted = await gradientOf(golden, { metadata: { ...metadata, loss: plain }, rows: onPolicy }, 2048);
    expect(relativeError(actual.flat, wanted.flat)).toBeLessThan(1e-4);
    expect(Math.abs(actual.statistics.loss - expected.loss)).toBeLessThan(1e-5);
    if (!correction) expect(actual.statistics.clipped / actual.statistics.lossTokens).toBeCloseTo(expected.clipFraction, 2);
    if (loss.surrogate === 'dppo') expect(actual.statistics.clipped).toBeGreaterThan(0);
    if (correction) expect(new Set(weights.flatMap((row) => [...row])).size).toBe(2);
  });

  it('has ratio 1 and clips nothing under a weight for the sampler, and keeps ratio and clip beside a mask', async () => {
    const golden = await goldenCase('llama-grpo');
    const { metadata } = golden.batch;
    const { loss } = metadata;
    if (loss.type !== 'policy_gradient') throw new Error('golden case changed');
    const rows = golden.batch.rows.map((row) => ({ ...row, oldLogprobs: null }));
    const under = async (samplerCorrection: PolicyGradient['samplerCorrection'] = null) =>
      (await gradientOf(golden, { metadata: { ...metadata, loss: { ...loss, samplerCorrection } }, rows }, 2048)).statistics;
    const plain = await under();
    expect(plain.clipped).toBeGreaterThan(0);
    const weighed = await under({ type: 'truncate', level: 'token', low: 0, high: 2 });
    expect([weighed.clipped, weighed.ratioMax]).toEqual([0, 1]);
    const masked = await under({ type: 'off_policy_mask', threshold: 100 }); // far above: nothing is masked
    expect([masked.clipped, masked.ratioMax, masked.loss]).toEqual([plain.clipped, plain.ratioMax, plain.loss]);
  });

  it('refuses a batch whose first token is in the loss, or that lacks reference log-probabilities', async () => {
    const { batch } = await goldenCase('llama-grpo');
    const [row] = batch.rows;
    if (row === undefined) throw new Error('golden case changed');
    const everything = { ...row, lossMask: row.lossMask.map(() => 1) };
    expect(() => trainingSequences([everything], batch.metadata)).toThrow(/first token is in the loss/);
    expect(() => trainingSequences([{ ...row, refLogprobs: null }], batch.metadata)).toThrow(/refLogprobs is null/);
    expect(() => trainingSequences([{ ...row, lossMask: Uint8Array.of(0, 1) }], batch.metadata)).toThrow(/lossMask has 2 values/);
  });
});
