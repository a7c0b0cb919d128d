import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DecoderConfig, decoderConfigJson, decoderParameters, parseDecoderConfig } from '../../src/checkpoint/decoder-config.ts';
import { ropeTables } from '../../src/embedded/nn/rope.ts';
import { goldenModel } from '../../src/testing/golden-case.ts';

const base = {
  architectures: ['LlamaForCausalLM'],
  vocab_size: 512,
  hidden_size: 128,
  intermediate_size: 344,
  num_hidden_layers: 2,
  num_attention_heads: 4,
};

describe('parseDecoderConfig', () => {
  it.each(['llama', 'qwen2', 'qwen3'])('reads what transformers 5 writes, with the parameters it saves (%s)', async (name) => {
    const { config, tensors } = await goldenModel(name);
    const saved = [...tensors].map(([key, { shape }]) => `${key} [${shape}]`).sort();
    expect(
      decoderParameters(config)
        .map(({ name: key, shape }) => `${key} [${shape}]`)
        .sort(),
    ).toEqual(saved);
    expect(config).toMatchObject({ ropeTheta: 10_000, hiddenSize: 16, qkvBias: name === 'qwen2', qkNorm: name === 'qwen3' });
  });

  it("fills in transformers' defaults", () => {
    expect(parseDecoderConfig(base)).toMatchObject({ headDim: 32, numKeyValueHeads: 4, tieWordEmbeddings: false, rmsNormEps: 1e-6 });
  });

  it('reads back what decoderConfigJson writes', () => {
    const configs = fc.record<DecoderConfig>({
      architecture: fc.constantFrom('LlamaForCausalLM', 'Qwen2ForCausalLM', 'Qwen3ForCausalLM'),
      vocabSize: fc.integer({ min: 1, max: 1000 }),
      hiddenSize: fc.integer({ min: 1, max: 64 }),
      intermediateSize: fc.integer({ min: 1, max: 64 }),
      numLayers: fc.integer({ min: 1, max: 4 }),
      numHeads: fc.constant(6),
      numKeyValueHeads: fc.constantFrom(1, 2, 3, 6),
      headDim: fc.constantFrom(2, 8, 64),
      rmsNormEps: fc.constantFrom(1e-5, 1e-6),
      ropeTheta: fc.constantFrom(10_000, 1_000_000),
      maxPositions: fc.integer({ min: 1, max: 4096 }),
      tieWordEmbeddings: fc.boolean(),
      qkvBias: fc.constant(false),
      outputBias: fc.constant(false),
      qkNorm: fc.constant(false),
    });
    fc.assert(
      fc.property(configs, (drawn) => {
        const config = { ...drawn, qkvBias: drawn.architecture === 'Qwen2ForCausalLM', qkNorm: drawn.architecture === 'Qwen3ForCausalLM' };
        const json: unknown = JSON.parse(JSON.stringify(decoderConfigJson(config, { eosTokenId: 1, padTokenId: 0 })));
        expect(parseDecoderConfig(json)).toEqual(config);
      }),
    );
  });

  it.each([
    [{ architectures: ['GPT2LMHeadModel'] }, /GPT2LMHeadModel.*served policy/],
    [{ rope_scaling: { rope_type: 'llama3' } }, /rope scaling "llama3"/],
    [{ rope_parameters: { rope_type: 'yarn' } }, /rope scaling "yarn"/],
    [{ hidden_act: 'gelu' }, /"hidden_act" is "gelu"/],
    [{ hidden_size: undefined }, /"hidden_size" must be a positive number/],
    [{ num_key_value_heads: 3 }, /multiple of "num_key_value_heads"/],
    [{ head_dim: 5 }, /"head_dim" must be even/],
    [{ use_sliding_window: true }, /sliding_window/],
    [{ quantization_config: {} }, /dequantize/],
  ])('refuses %j', (change, message) => {
    expect(() => parseDecoderConfig({ ...base, ...change }, 'm/config.json')).toThrow(message);
    expect(() => parseDecoderConfig({ ...base, ...change }, 'm/config.json')).toThrow(/^m\/config\.json: /);
  });
});

describe('ropeTables', () => {
  it('turns by the position times theta^(-2i/d)', () => {
    const { cos, sin } = ropeTables(3, 4, 100);
    expect(cos[4]).toBeCloseTo(Math.cos(2), 6);
    expect(sin[5]).toBeCloseTo(Math.sin(2 * 100 ** -0.5), 6);
  });

  it('makes products depend on the distance only', () => {
    const { cos, sin } = ropeTables(40, 2, 10_000);
    const turned = (position: number): [number, number] => [cos[position] as number, sin[position] as number];
    const product = (m: number, n: number) => turned(m)[0] * turned(n)[0] + turned(m)[1] * turned(n)[1];
    for (let shift = 0; shift < 30; shift++) expect(product(shift, shift + 7)).toBeCloseTo(product(0, 7), 5);
  });
});
