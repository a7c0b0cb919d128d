/** What every learner must do, on models of a few hundred weights whose losses PyTorch computed. */
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readWeights } from '../checkpoint/hf-layout.ts';
import type { TrainingBatch } from '../core/training.ts';
import { readSafetensors } from '../lib/safetensors.ts';
import type { Learner } from '../policy/learner.ts';
import { goldenCase, goldenFile, relativeError } from './golden-case.ts';

const step = { learningRateFactor: 1 };

/** The learner's weights by name, wherever it keeps them. */
export async function namedWeights(learner: Learner): Promise<ReadonlyMap<string, Float32Array>> {
  const weights = learner.weights();
  if (weights.type === 'tensors') return weights.tensors;
  if (weights.type === 'shared') throw new Error('this learner shows its weights only by saving them');
  return new Map([...(await readWeights(weights.directory))].map(([name, { data }]) => [name, data]));
}

export const flatWeights = async (learner: Learner): Promise<Float32Array> => {
  const named = [...(await namedWeights(learner))].sort(([a], [b]) => (a < b ? -1 : 1));
  return Float32Array.from(named.flatMap(([, tensor]) => [...tensor]));
};

export async function train(learner: Learner, batch: TrainingBatch, steps: number): Promise<number[]> {
  const losses: number[] = [];
  for (let i = 0; i < steps; i++) losses.push((await learner.step(batch, step)).metrics.loss as number);
  return losses;
}

/** What a learner is opened with; a module of `learner.type` is given the same. */
export interface LearnerStart {
  /** Model folder: `config.json` and `model.safetensors`. */
  readonly directory: string;
  /** `evom_state` of a folder that `save` wrote, so that moments and version go on; null at the start. */
  readonly stateDirectory: string | null;
}

export type CreateLearner = (start: LearnerStart) => Promise<Learner>;

/** What every learner must do. A new learner's test is one call of this, with its skips and their reasons. */
export function describeLearner(
  name: string,
  create: CreateLearner,
  { skip = [] }: { readonly skip?: readonly { readonly test: string; readonly reason: string }[] } = {},
): void {
  describe(`${name} as a learner`, () => {
    let scratch: string;
    beforeAll(async () => {
      scratch = await mkdtemp(join(tmpdir(), 'evom-learner-'));
    });
    afterAll(() => rm(scratch, { recursive: true }));
    const run = (title: string, body: () => Promise<void>) =>
      it(title, async (context) => {
        const skipped = skip.find(({ test }) => test === title);
        if (skipped) return context.skip(skipped.reason);
        await body();
      });
    /** A new folder with a model's configuration; what `save` writes completes it. */
    const folder = async (model: string): Promise<string> => {
      const directory = await mkdtemp(join(scratch, `${model}-`));
      await copyFile(goldenFile(`${model}.config.json`), join(directory, 'config.json'));
      return directory;
    };
    const on = async (model: string, use: (learner: Learner) => Promise<void>, savedIn?: string): Promise<void> => {
      const directory = savedIn ?? (await folder(model));
      if (savedIn === undefined) await copyFile(goldenFile(`${model}.model.safetensors`), join(directory, 'model.safetensors'));
      const learner = await create({ directory, stateDirectory: savedIn === undefined ? null : join(savedIn, 'evom_state') });
      try {
        await use(learner);
      } finally {
        await learner.close();
      }
    };

    run('reports the loss of the batch at the weights before the step', async () => {
      for (const golden of ['llama-grpo', 'qwen2-gspo', 'qwen3-cispo']) {
        const { batch, expectedLoss } = await goldenCase(golden);
        await on(batch.metadata.modelId, async (learner) => {
          const { metrics } = await learner.step(batch, step);
          expect(Math.abs((metrics.loss as number) - expectedLoss)).toBeLessThan(1e-5 * Math.max(1, Math.abs(expectedLoss)));
          expect(metrics.loss_tokens).toBe(batch.metadata.globalLossTokens);
        });
      }
    });

    run('counts its steps as versions and lowers the loss', async () => {
      const { batch } = await goldenCase('llama-sft');
      await on('llama', async (learner) => {
        expect(learner.version).toBe(0);
        const losses = await train(learner, batch, 30);
        expect(learner.version).toBe(30);
        expect(learner.weights().version).toBe(30);
        expect(losses.at(-1)).toBeLessThan((losses[0] as number) * 0.5);
      });
    });

    run('changes nothing at a learning rate of zero', async () => {
      const { batch } = await goldenCase('llama-sft');
      await on('llama', async (learner) => {
        const before = await flatWeights(learner);
        await learner.step(batch, { learningRateFactor: 0 });
        expect(await flatWeights(learner)).toEqual(before);
      });
    });

    run('leaves the weights alone when nothing in the batch has weight', async () => {
      const { batch } = await goldenCase('llama-sft');
      await on('llama', async (learner) => {
        const before = await flatWeights(learner);
        const { metrics } = await learner.step({ ...batch, rows: batch.rows.map((row) => ({ ...row, lossWeight: 0 })) }, step);
        expect(metrics).toMatchObject({ loss: 0, loss_tokens: 0 });
        expect(await flatWeights(learner)).toEqual(before);
      });
    });

    run('gives bit-identical weights when a run is repeated', async () => {
      const { batch } = await goldenCase('llama-grpo');
      const runs: Float32Array[] = [];
      for (let i = 0; i < 2; i++) {
        await on('llama', async (learner) => {
          await train(learner, batch, 3);
          runs.push(await flatWeights(learner));
        });
      }
      expect(runs[1]).toEqual(runs[0]);
    });

    run('goes on after a save as if it had not stopped', async () => {
      const { batch } = await goldenCase('llama-sft');
      const directory = await folder('llama');
      await on('llama', async (learner) => {
        await train(learner, batch, 2);
        await learner.save(directory);
        const saved = await readSafetensors(join(directory, 'model.safetensors'));
        for (const [key, values] of await namedWeights(learner)) expect(relativeError(saved.tensors.get(key)?.data ?? [], values)).toBe(0);
        await on(
          'llama',
          async (resumed) => {
            expect(resumed.version).toBe(2);
            await train(learner, batch, 2);
            await train(resumed, batch, 2);
            expect(await flatWeights(resumed)).toEqual(await flatWeights(learner));
          },
          directory,
        );
      });
    });

    run('stops without a trace when its signal aborts', async () => {
      const { batch } = await goldenCase('llama-sft');
      await on('llama', async (learner) => {
        const before = await flatWeights(learner);
        const controller = new AbortController();
        const pending = learner.step(batch, { ...step, signal: controller.signal });
        controller.abort(new Error('enough'));
        await expect(pending).rejects.toThrow('enough');
        expect(await flatWeights(learner)).toEqual(before);
        expect(learner.version).toBe(0);
        await learner.step(batch, step);
        expect(learner.version).toBe(1);
      });
    });
  });
}
