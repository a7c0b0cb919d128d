import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decoderConfigJson } from '../../../src/checkpoint/decoder-config.ts';
import { writeModelFolder } from '../../../src/checkpoint/hf-layout.ts';
import type { TrainingRow } from '../../../src/core/training.ts';
import { createOnnxLearner } from '../../../src/embedded/learner/onnx-learner.ts';
import { createOnnxPolicy } from '../../../src/embedded/sampler/onnx-policy.ts';
import { muonDefaults } from '../../../src/policy/optimizer-config.ts';
import { goldenCase, goldenModel } from '../../../src/testing/golden-case.ts';

describe('sampler and learner', () => {
  it.each(['llama', 'qwen2', 'qwen3'])('agree on the log-probabilities of sampled tokens, before and after a step (%s)', async (name) => {
    const { config, tensors } = await goldenModel(name);
    const { batch } = await goldenCase('llama-grpo');
    const [template] = batch.rows;
    if (template === undefined) throw new Error('golden case changed');
    const directory = await mkdtemp(join(tmpdir(), 'evom-agree-'));
    await writeModelFolder(directory, { config: decoderConfigJson(config, { eosTokenId: 1, padTokenId: 0 }), tensors });
    const policy = await createOnnxPolicy({ directory, threads: 1, stopIds: [1] });
    const learner = await createOnnxLearner({ model: { directory }, optimizer: muonDefaults, threads: 2 });
    const prompts = [Int32Array.of(3, 14, 15, 9, 26, 5), Int32Array.of(31)];
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
      expect(metrics.logprob_diff_max).toBeLessThan(2e-5);
      expect(metrics.ratio_max).toBeCloseTo(1, 4);
      expect(metrics).toMatchObject({ clip_fraction: 0, loss_tokens: globalLossTokens });
      await policy.update({ ...learner.weights(), version });
    }
    await Promise.all([policy.close(), learner.close()]);
  });
});
