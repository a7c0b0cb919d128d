import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { TrainingBatch } from '../../src/core/training.ts';
import type { Learner } from '../../src/learner/learner.ts';
import { createOnnxLearner } from '../../src/learner/onnx-learner.ts';
import { adamwDefaults, muonDefaults, type OptimizerConfig } from '../../src/learner/optimizer-config.ts';
import { goldenCase, relativeError } from './golden-case.ts';

const step = { learningRateFactor: 1 };

async function open(
  optimizer: OptimizerConfig = muonDefaults,
  more: { threads?: number; stateDirectory?: string; maxSkippedSteps?: number } = {},
) {
  const golden = await goldenCase('llama-sft');
  const learner = await createOnnxLearner({ model: golden, optimizer, threads: 2, microBatchTokens: 24, ...more });
  return { learner, batch: golden.batch };
}

function weightsOf(learner: Learner): Float32Array {
  return Float32Array.from([...learner.weights().tensors.values()].flatMap((tensor) => [...tensor]));
}

async function train(learner: Learner, batch: TrainingBatch, steps: number): Promise<number[]> {
  const losses: number[] = [];
  for (let i = 0; i < steps; i++) losses.push((await learner.step(batch, step)).metrics.loss as number);
  return losses;
}

describe('createOnnxLearner', () => {
  it.each([muonDefaults, { ...adamwDefaults, lr: 0.02 }])('learns a batch by heart with $type', async (optimizer) => {
    const { learner, batch } = await open(optimizer);
    const losses = await train(learner, batch, 30);
    await learner.close();
    expect(losses[29]).toBeLessThan((losses[0] as number) * 0.3);
    expect(learner.version).toBe(30);
  });

  it('gives bit-identical weights when a run is repeated, and nearly equal ones with another number of threads', async () => {
    const runs = [];
    for (const threads of [2, 2, 1, 3]) {
      const { learner, batch } = await open(muonDefaults, { threads });
      await train(learner, batch, 3);
      runs.push(weightsOf(learner));
      await learner.close();
    }
    const [first, again, one, three] = runs as [Float32Array, Float32Array, Float32Array, Float32Array];
    expect(again).toEqual(first);
    expect(relativeError(one, first)).toBeLessThan(1e-3);
    expect(relativeError(three, first)).toBeLessThan(1e-3);
  });

  it.each([muonDefaults, adamwDefaults])('goes on after save as if it had not stopped ($type)', async (optimizer) => {
    const directory = await mkdtemp(join(tmpdir(), 'evom-learner-'));
    const { learner, batch } = await open(optimizer);
    await train(learner, batch, 2);
    await learner.save(directory);
    const golden = await goldenCase('llama-sft');
    const { tensors } = await import('../../src/checkpoint/safetensors.ts').then((m) =>
      m.readSafetensors(join(directory, 'model.safetensors')),
    );
    const resumed = await createOnnxLearner({
      model: { config: golden.config, tensors },
      optimizer,
      threads: 2,
      microBatchTokens: 24,
      stateDirectory: join(directory, 'evom_state'),
    });
    expect(resumed.version).toBe(2);
    await train(learner, batch, 2);
    await train(resumed, batch, 2);
    expect(weightsOf(resumed)).toEqual(weightsOf(learner));
    await Promise.all([learner.close(), resumed.close()]);
    expect((await readFile(join(directory, 'evom_state', 'optimizer.safetensors'))).length).toBeGreaterThan(1000);
  });

  it('reports what the loss and its guards need', async () => {
    const golden = await goldenCase('llama-grpo');
    const learner = await createOnnxLearner({ model: golden, optimizer: muonDefaults, threads: 2 });
    const { metrics, version } = await learner.step(golden.batch, step);
    await learner.close();
    expect(version).toBe(1);
    expect(metrics.loss).toBeCloseTo(golden.expectedLoss, 5);
    expect(metrics.loss_tokens).toBe(golden.batch.metadata.globalLossTokens);
    const names = ['approx_kl', 'clip_fraction', 'entropy', 'grad_norm', 'logprob_diff_max', 'logprob_diff_mean', 'loss', 'loss_tokens'];
    expect(Object.keys(metrics).sort()).toEqual([...names, 'micro_batches', 'ratio_max', 'ref_kl', 'skipped', 'tokens']);
  });

  it('leaves the weights alone when nothing in the batch has weight', async () => {
    const { learner, batch } = await open();
    const before = weightsOf(learner);
    const rows = batch.rows.map((row) => ({ ...row, lossWeight: 0 }));
    const { metrics } = await learner.step({ ...batch, rows }, step);
    expect(metrics).toMatchObject({ loss: 0, loss_tokens: 0, skipped: 1 });
    expect(weightsOf(learner)).toEqual(before);
    await learner.close();
  });

  it('skips a step whose gradient is not finite, and gives up after too many', async () => {
    const { learner, batch } = await open(muonDefaults, { maxSkippedSteps: 1 });
    const before = weightsOf(learner);
    const rows = batch.rows.map((row) => ({ ...row, temperature: 1e-42 }));
    expect((await learner.step({ ...batch, rows }, step)).metrics.skipped).toBe(1);
    expect(weightsOf(learner)).toEqual(before);
    await expect(learner.step({ ...batch, rows }, step)).rejects.toThrow(/not finite in 2 steps in a row/);
    await learner.close();
  });

  it('stops without a trace when its signal aborts', async () => {
    const { learner, batch } = await open();
    const before = weightsOf(learner);
    const controller = new AbortController();
    const pending = learner.step(batch, { ...step, signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(pending).rejects.toThrow('enough');
    expect(weightsOf(learner)).toEqual(before);
    expect(learner.version).toBe(0);
    await train(learner, batch, 1);
    await learner.close();
  });

  it('names the tensor that does not fit its configuration', async () => {
    const { config, tensors } = await goldenCase('llama-sft');
    const without = new Map([...tensors].filter(([name]) => name !== 'model.norm.weight'));
    const optimizer = muonDefaults;
    await expect(createOnnxLearner({ model: { config, tensors: without }, optimizer, threads: 1 })).rejects.toThrow(
      /"model.norm.weight" is missing/,
    );
    const wider = { ...config, vocabSize: 41 };
    await expect(createOnnxLearner({ model: { config: wider, tensors }, optimizer, threads: 1 })).rejects.toThrow(
      /embed_tokens.weight" has shape \[40,16\]/,
    );
  });
});
