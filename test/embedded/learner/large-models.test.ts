import { describe, expect, it } from 'vitest';
import { decoderParameters, parseDecoderConfig } from '../../../src/checkpoint/decoder-config.ts';
import { initialWeights } from '../../../src/checkpoint/init.ts';
import { gradientPlan } from '../../../src/embedded/learner/large-models.ts';
import { createOnnxLearner } from '../../../src/embedded/learner/onnx-learner.ts';
import { adamwDefaults } from '../../../src/policy/optimizer-config.ts';

const decoder = (shape: object) =>
  parseDecoderConfig({ architectures: ['LlamaForCausalLM'], tie_word_embeddings: true, max_position_embeddings: 128, ...shape });
const weightsOf = (config: ReturnType<typeof decoder>): number =>
  decoderParameters(config).reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);

describe('gradientPlan', () => {
  it('gives a small model a worker a thread, and leaves its micro-batches alone', () => {
    const tiny = decoder({ vocab_size: 1024, hidden_size: 128, intermediate_size: 344, num_hidden_layers: 4, num_attention_heads: 4 });
    expect(gradientPlan(tiny, weightsOf(tiny), 3, 2048)).toEqual({ workers: 3, session: { threads: 1 }, microBatchTokens: 2048 });
  });

  it('gives SmolLM2-135M one worker on all threads, and runs of about 1 GiB of activations', () => {
    const heads = { num_attention_heads: 9, num_key_value_heads: 3 };
    const smollm2 = decoder({ vocab_size: 49152, hidden_size: 576, intermediate_size: 1536, num_hidden_layers: 30, ...heads });
    const weights = weightsOf(smollm2);
    const plan = gradientPlan(smollm2, weights, 2, 2048);
    expect(plan).toEqual({ workers: 1, session: { threads: 2, keepsMemory: false }, microBatchTokens: 728 });
    expect(gradientPlan(smollm2, weights, 2, 300).microBatchTokens).toBe(300);
  });
});

describe('the learner of a large model', () => {
  // Wide and shallow: 34 million weights, most of them in the embedding.
  const config = decoder({ vocab_size: 131072, hidden_size: 256, intermediate_size: 256, num_hidden_layers: 1, num_attention_heads: 2 });
  const tensors = initialWeights(decoderParameters(config), { numLayers: 1, seed: 0 });
  const row = (index: number) => ({
    sampleId: `${index}`,
    groupId: `${index}`,
    inputIds: Int32Array.from({ length: 12 }, (_, t) => (index * 7919 + t * 31) % 131072),
    promptLength: 4,
    lossMask: Uint8Array.from({ length: 12 }, (_, t) => (t < 4 ? 0 : 1)),
    samplerLogprobs: new Float32Array(12),
    oldLogprobs: null,
    refLogprobs: null,
    advantage: 1,
    tokenAdvantages: null,
    klWeights: null,
    lossWeight: 1,
    temperature: 1,
  });
  const rows = [row(1), row(2), row(3)];
  const batch = {
    metadata: { loss: { type: 'cross_entropy', aggregation: 'token_mean' } as const, globalLossTokens: 24, globalLossRows: 3 },
    rows,
  };
  const learn = async (): Promise<{ losses: number[]; weights: Uint8Array }> => {
    const learner = await createOnnxLearner({ model: { config, tensors }, optimizer: { ...adamwDefaults, lr: 0.01 }, threads: 2 });
    try {
      const all: number[] = [];
      for (let step = 0; step < 2; step++) all.push(Number((await learner.step(batch as never, { learningRateFactor: 1 })).metrics.loss));
      const state = learner.weights() as { tensors: ReadonlyMap<string, Float32Array> };
      const own = state.tensors.get('model.layers.0.mlp.up_proj.weight') as Float32Array;
      return { losses: all, weights: new Uint8Array(own.slice().buffer) };
    } finally {
      await learner.close();
    }
  };

  it('learns with more threads than gradient workers, and repeats to the bit', async () => {
    const first = await learn();
    expect(first.losses[1]).toBeLessThan((first.losses[0] as number) - 0.5);
    expect(await learn()).toEqual(first);
  }, 120_000);
});
