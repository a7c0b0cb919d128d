import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readWeights } from '../../src/checkpoint/hf-layout.ts';
import type { TrainingBatch } from '../../src/core/training.ts';
import { readSafetensors } from '../../src/lib/safetensors.ts';
import type { Learner } from '../../src/policy/learner.ts';
import { goldenCase, relativeError } from '../embedded/learner/golden-case.ts';

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

/** How a suite opens a learner: on a golden model (`llama`, `qwen2`, `qwen3`), or to go on from a directory that `save` wrote. */
export type CreateLearner = (model: string, savedIn?: string) => Promise<Learner>;

/** What every learner must do. A new learner's test is one call of this, with its skips and their reasons. */
export function describeLearner(
  name: string,
  create: CreateLearner,
  { skip = [] }: { readonly skip?: readonly { readonly test: string; readonly reason: string }[] } = {},
): void {
  describe(`${name} as a learner`, () => {
    const run = (title: string, body: () => Promise<void>) =>
      it(title, async (context) => {
        const skipped = skip.find(({ test }) => test === title);
        if (skipped) return context.skip(skipped.reason);
        await body();
      });
    const on = async (model: string, use: (learner: Learner) => Promise<void>, savedIn?: string): Promise<void> => {
      const learner = await create(model, savedIn);
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
      const directory = await mkdtemp(join(tmpdir(), 'evom-learner-'));
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
