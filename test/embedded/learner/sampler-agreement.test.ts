import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { decoderConfigJson } from '../../../src/checkpoint/decoder-config.ts';
import { writeModelFolder } from '../../../src/checkpoint/hf-layout.ts';
import type { TrainingRow } from '../../../src/core/training.ts';
import { createOnnxLearner } from '../../../src/embedded/learner/onnx-learner.ts';
import { createOnnxPolicy } from '../../../src/embedded/sampler/onnx-policy.ts';
import { muonDefaults } from '../../../src/policy/optimizer-config.ts';
import { goldenCase, goldenModel } from '../../../src/testing/golden-case.ts';
import { loadTokenizer } from '../../../src/tokenizer/chat-tokenizer.ts';

const tiny = fileURLToPath(new URL('../../../checkpoints/tiny', import.meta.url));

async function goldenFolder(name: string): Promise<string> {
  const { config, tensors } = await goldenModel(name);
  const directory = await mkdtemp(join(tmpdir(), 'evom-agree-'));
  await writeModelFolder(directory, { config: decoderConfigJson(config, { eosTokenId: 1, padTokenId: 0 }), tensors });
  return directory;
}

async function tinyPrompts(): Promise<Int32Array[]> {
  const { encode } = await loadTokenizer(tiny);
  return [
    'A bakery earns 5 dollars a cake and 3 a loaf. It has 12 hours; a cake takes 2 and a loaf 1. How much can it earn?\n[highs-js]',
  ].map((text) => encode(text));
}

describe('sampler and learner', () => {
  // In int8 the learner's own log-probabilities are those of other weights: what is left of the difference is for sampler_correction.
  it.each([
    ['llama', 'float32', { mean: 2e-5, most: 2e-5 }],
    ['qwen2', 'float32', { mean: 2e-5, most: 2e-5 }],
    ['qwen3', 'float32', { mean: 2e-5, most: 2e-5 }],
    ['llama', 'int8', { mean: 0.05, most: 0.3 }],
    ['tiny', 'int8', { mean: 0.05, most: 0.5 }],
  ] as const)('agree on the log-probabilities of sampled tokens, before and after a step (%s, %s)', async (name, precision, bounds) => {
    const { batch } = await goldenCase('llama-grpo');
    const [template] = batch.rows;
    if (template === undefined) throw new Error('golden case changed');
    const directory = name === 'tiny' ? tiny : await goldenFolder(name);
    const policy = await createOnnxPolicy({ directory, threads: 1, stopIds: [1], precision });
    const learner = await createOnnxLearner({ model: { directory }, optimizer: muonDefaults, threads: 2 });
    const prompts = name === 'tiny' ? await tinyPrompts() : [Int32Array.of(3, 14, 15, 9, 26, 5), Int32Array.of(31)];
    const temperature = 0.8;
    for (const round of [0, 1]) {
      const requests = prompts.map((promptIds, p) => ({ promptIds, seeds: Array.from({ length: 4 }, (_, i) => `${round}/${p}/${i}`) }));
      const completions = await policy.sample(requests, { temperature, topK: 0, topP: 1, maxTokens: 24 });
      const rows = completions.flatMap((group, p) =>
        group.map((completion, i): TrainingRow => {
          const prompt = prompts[p] as Int32Array;
          const length = prompt.length + completion.tokenIds.length;
          const samplerLogprobs = new Float32Array(length);
          samplerLogprobs.set(completion.logprobs, prompt.length);
          return {
            ...template,
            sampleId: `${p}.${i}`,
            groupId: `${p}`,
            inputIds: Int32Array.from([...prompt, ...completion.tokenIds]),
            promptLength: prompt.length,
            lossMask: new Uint8Array(length).fill(1, prompt.length),
            samplerLogprobs,
            oldLogprobs: null,
            refLogprobs: samplerLogprobs,
            advantage: i - 1.5,
            temperature,
          };
        }),
      );
      const globalLossTokens = rows.reduce((sum, row) => sum + row.inputIds.length - row.promptLength, 0);
      const metadata = { ...batch.metadata, globalLossTokens, globalLossRows: rows.length };
      const { metrics, version } = await learner.step({ metadata, rows }, { learningRateFactor: 1 });
      expect(metrics.logprob_diff_mean).toBeLessThan(bounds.mean);
      expect(metrics.logprob_diff_max).toBeLessThan(bounds.most);
      expect(metrics.loss_tokens).toBe(globalLossTokens);
      if (precision === 'float32') expect(metrics.ratio_max).toBeCloseTo(1, 4);
      if (precision === 'float32') expect(metrics.clip_fraction).toBe(0);
      else expect(metrics.logprob_diff_mean).toBeGreaterThan(1e-4);
      await policy.update({ ...learner.weights(), version });
    }
    await Promise.all([policy.close(), learner.close()]);
  });
});
