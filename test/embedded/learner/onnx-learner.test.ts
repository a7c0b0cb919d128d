import { describe, expect, it } from 'vitest';
import { createOnnxLearner } from '../../../src/embedded/learner/onnx-learner.ts';
import { adamwDefaults, muonDefaults, type OptimizerConfig } from '../../../src/policy/optimizer-config.ts';
import { goldenCase, goldenModel, relativeError } from '../../../src/testing/golden-case.ts';
import { type CreateLearner, describeLearner, flatWeights, train } from '../../../src/testing/learner-suite.ts';

const step = { learningRateFactor: 1 };

/** Small micro-batches, so that the tiny golden batches need several. */
const creates =
  (optimizer: OptimizerConfig): CreateLearner =>
  ({ directory, stateDirectory }) =>
    createOnnxLearner({
      model: { directory },
      optimizer,
      threads: 2,
      microBatchTokens: 24,
      ...(stateDirectory === null ? {} : { stateDirectory }),
    });

describeLearner('onnxruntime with Muon', creates(muonDefaults));
describeLearner('onnxruntime with AdamW', creates({ ...adamwDefaults, lr: 0.02 }));

describe('createOnnxLearner', () => {
  it('gives nearly the same weights with another number of threads', async () => {
    const { batch } = await goldenCase('llama-sft');
    const model = await goldenModel('llama');
    const runs: Float32Array[] = [];
    for (const threads of [1, 3]) {
      const learner = await createOnnxLearner({ model, optimizer: muonDefaults, threads, microBatchTokens: 24 });
      await train(learner, batch, 3);
      runs.push(await flatWeights(learner));
      await learner.close();
    }
    expect(relativeError(runs[0] ?? [], runs[1] ?? [])).toBeLessThan(1e-3);
  });

  it('reports what the guards of a run watch', async () => {
    const { batch } = await goldenCase('llama-grpo');
    const learner = await createOnnxLearner({
      model: await goldenModel('llama'),
      optimizer: muonDefaults,
      threads: 2,
      microBatchTokens: 24,
    });
    const { metrics } = await learner.step(batch, step);
    await learner.close();
    const names = [
      'approx_kl',
      'clip_fraction',
      'effective_sample_size',
      'entropy',
      'grad_norm',
      'logprob_diff_max',
      'logprob_diff_mean',
      'loss',
      'loss_tokens',
    ];
    expect(Object.keys(metrics).sort()).toEqual([...names, 'micro_batches', 'ratio_max', 'ref_kl', 'skipped', 'tokens']);
  });

  it('skips a step whose gradient is not finite, and gives up after too many', async () => {
    const { batch } = await goldenCase('llama-sft');
    const learner = await createOnnxLearner({ model: await goldenModel('llama'), optimizer: muonDefaults, threads: 2, maxSkippedSteps: 1 });
    const before = await flatWeights(learner);
    const rows = batch.rows.map((row) => ({ ...row, temperature: 1e-42 }));
    const { metrics } = await learner.step({ ...batch, rows }, step);
    expect(metrics).toMatchObject({ skipped: 1, grad_norm: Number.NaN }); // kept, and not left out as if it had been fine
    expect(await flatWeights(learner)).toEqual(before);
    await expect(learner.step({ ...batch, rows }, step)).rejects.toThrow(/not finite in 2 steps in a row/);
    await learner.close();
  });

  it('takes steps and saves in turn when asked at once', async () => {
    const { batch } = await goldenCase('llama-sft');
    const learner = await createOnnxLearner({
      model: await goldenModel('llama'),
      optimizer: muonDefaults,
      threads: 2,
      microBatchTokens: 24,
    });
    const results = await Promise.all([learner.step(batch, step), learner.step(batch, step), learner.step(batch, step)]);
    await learner.close();
    expect(results.map(({ version }) => version)).toEqual([1, 2, 3]);
    await expect(learner.step(batch, step)).rejects.toMatchObject({ code: 'E_LEARNER' });
  });

  it('refuses weights that do not fit their configuration, rows longer than the model, and another optimizer’s state', async () => {
    const { config, tensors } = await goldenModel('llama');
    const common = { optimizer: muonDefaults, threads: 1 };
    const without = new Map([...tensors].filter(([name]) => name !== 'model.norm.weight'));
    await expect(createOnnxLearner({ model: { config, tensors: without }, ...common })).rejects.toThrow(/"model.norm.weight" is missing/);
    const wider = { ...config, vocabSize: 41 };
    await expect(createOnnxLearner({ model: { config: wider, tensors }, ...common })).rejects.toThrow(
      /embed_tokens.weight" has shape \[40,16\]/,
    );
    const { batch } = await goldenCase('llama-sft');
    const short = await createOnnxLearner({ model: { config: { ...config, maxPositions: 8 }, tensors }, ...common });
    await expect(short.step(batch, step)).rejects.toThrow(/row s0: 16 tokens, but the model has 8 positions/);
    await short.close();
    await expect(createOnnxLearner({ model: { directory: '/nowhere' }, ...common })).rejects.toMatchObject({ code: 'E_CHECKPOINT' });
  });
});
