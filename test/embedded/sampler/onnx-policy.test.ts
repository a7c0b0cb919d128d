import { readFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decoderConfigJson, decoderParameters, parseDecoderConfig } from '../../../src/checkpoint/decoder-config.ts';
import { readWeights, writeModelFolder } from '../../../src/checkpoint/hf-layout.ts';
import { initialWeights } from '../../../src/checkpoint/init.ts';
import { createOnnxPolicy } from '../../../src/embedded/sampler/onnx-policy.ts';
import type { Policy, SampleRequest } from '../../../src/policy/policy.ts';
import { describePolicy } from '../../../src/testing/policy-suite.ts';

const golden = (name: string) => fileURLToPath(new URL(`../../golden/policy/${name}`, import.meta.url));
const free = { temperature: 1, topK: 0, topP: 1, maxTokens: 20 };

for (const name of ['llama', 'qwen2', 'qwen3'])
  describePolicy(`onnx (${name})`, async () => ({
    policy: await createOnnxPolicy({ directory: golden(name), threads: 2, batchRows: 6 }),
    vocabSize: 48,
    stopIds: [1],
  }));

describe.each(['llama', 'qwen2', 'qwen3'])('%s beside transformers in float64', (name) => {
  const cases = JSON.parse(readFileSync(join(golden(name), 'golden.json'), 'utf8')) as {
    prompt: number[];
    greedy: number[];
    given: number[];
    logprobs: Record<string, number[]>;
  }[];
  let policy: Policy;
  beforeAll(async () => {
    policy = await createOnnxPolicy({ directory: golden(name), threads: 1 });
  });
  afterAll(() => policy.close());

  it('gives the same log-probabilities to given tokens', async () => {
    for (const temperature of [1, 0.7]) {
      const requests = cases.map(({ prompt, given }) => ({ promptIds: Int32Array.from(prompt), completionIds: Int32Array.from(given) }));
      const scored = await policy.score(requests, temperature);
      for (const [i, { logprobs }] of cases.entries())
        for (const [t, expected] of (logprobs[temperature.toFixed(1)] as number[]).entries())
          expect(Math.abs((scored[i]?.[t] ?? NaN) - expected)).toBeLessThan(2e-5);
    }
  });

  it('decodes the same tokens greedily', async () => {
    const requests = cases.map(({ prompt }) => ({ promptIds: Int32Array.from(prompt), seeds: ['a'] }));
    const groups = await policy.sample(requests, { ...free, temperature: 0, maxTokens: 12 });
    expect(groups.map(([completion]) => [...(completion?.tokenIds ?? [])])).toEqual(cases.map(({ greedy }) => greedy));
  });
});

describe('createOnnxPolicy', () => {
  const config = parseDecoderConfig({
    architectures: ['LlamaForCausalLM'],
    vocab_size: 40,
    hidden_size: 16,
    intermediate_size: 24,
    num_hidden_layers: 2,
    num_attention_heads: 2,
    max_position_embeddings: 256,
    tie_word_embeddings: true,
  });
  const weightsOf = (seed: number) => initialWeights(decoderParameters(config), { numLayers: 2, seed, std: 0.3 });
  const folder = async () => {
    const directory = await mkdtemp(join(tmpdir(), 'evom-policy-'));
    await writeModelFolder(directory, { config: decoderConfigJson(config, { eosTokenId: 1, padTokenId: 0 }), tensors: weightsOf(0) });
    return directory;
  };
  const requests = (count: number, group: number): SampleRequest[] =>
    Array.from({ length: count }, (_, i) => ({
      promptIds: Int32Array.from({ length: 3 + ((i * 7) % 30) }, (_, t) => 2 + ((i + 3 * t) % 38)),
      seeds: Array.from({ length: group }, (_, g) => `${i}/${g}`),
    }));

  it('samples the same tokens with any batch size, refill and number of threads', async () => {
    const directory = await folder();
    const params = { ...free, maxTokens: 100 };
    const variants = [
      { threads: 1, batchRows: 64 },
      { threads: 1, batchRows: 3 },
      { threads: 2, batchRows: 8, refillBelow: 1 },
      { threads: 3, batchRows: 16, refillBelow: 0 },
    ];
    const outputs: number[][][][] = [];
    for (const variant of variants) {
      const policy = await createOnnxPolicy({ directory, ...variant });
      const asked = requests(7, 5);
      const groups = await policy.sample(asked, params);
      const given = groups.flatMap((group, i) =>
        group.map(({ tokenIds }) => ({ promptIds: (asked[i] as SampleRequest).promptIds, completionIds: tokenIds })),
      );
      const scored = await policy.score(given, 1);
      for (const [j, { logprobs }] of groups.flat().entries())
        for (const [t, logprob] of logprobs.entries()) expect(Math.abs(logprob - (scored[j]?.[t] ?? NaN))).toBeLessThan(1e-5);
      outputs.push(groups.map((group) => group.map(({ tokenIds }) => [...tokenIds])));
      await policy.close();
    }
    for (const output of outputs) expect(output).toEqual(outputs[0]);
    expect(new Set(outputs[0]?.flat().map((ids) => ids.length)).size).toBeGreaterThan(5);
  });

  it('samples with new weights after an update, and not before', async () => {
    const directory = await folder();
    const policy = await createOnnxPolicy({ directory, threads: 2, version: 3 });
    const other = new Map([...weightsOf(1)].map(([name, { data }]) => [name, data]));
    const before = policy.sample(requests(4, 4), free);
    const updating = policy.update({ type: 'tensors', version: 4, tensors: other });
    const after = policy.sample(requests(4, 4), free);
    await updating;
    expect(policy.version).toBe(4);
    expect(new Set((await before).flat().map(({ policyVersion }) => policyVersion))).toEqual(new Set([3]));
    expect(new Set((await after).flat().map(({ policyVersion }) => policyVersion))).toEqual(new Set([4]));
    const back = new Map([...(await readWeights(directory))].map(([name, { data }]) => [name, data]));
    await policy.update({ type: 'tensors', version: 5, tensors: back });
    const again = await policy.sample(requests(4, 4), free);
    expect(again.flat().map(({ tokenIds }) => [...tokenIds])).toEqual((await before).flat().map(({ tokenIds }) => [...tokenIds]));
    await expect(policy.update({ type: 'tensors', version: 6, tensors: new Map() })).rejects.toMatchObject({ code: 'E_CHECKPOINT' });
    expect(policy.version).toBe(5);
    await policy.close();
  });

  it('can be stopped while it samples, and then goes on with other work', async () => {
    const policy = await createOnnxPolicy({ directory: await folder(), threads: 1, stopIds: [] });
    const controller = new AbortController();
    const long = policy.sample(
      requests(20, 8),
      { ...free, maxTokens: 200 },
      {
        signal: controller.signal,
        onCompletion: () => controller.abort(new Error('stopped')),
      },
    );
    await expect(long).rejects.toThrow('stopped');
    expect((await policy.sample(requests(1, 2), free)).length).toBe(1);
    await policy.close();
    await expect(policy.sample(requests(1, 1), free)).rejects.toMatchObject({
      code: 'E_POLICY',
      message: expect.stringContaining('closed'),
    });
  });

  it('gives the caller what its own callback throws', async () => {
    const policy = await createOnnxPolicy({ directory: await folder(), threads: 2 });
    const onCompletion = () => {
      throw new Error('verifier is full');
    };
    await expect(policy.sample(requests(4, 4), free, { onCompletion })).rejects.toThrow('verifier is full');
    expect((await policy.sample(requests(1, 2), free)).length).toBe(1);
    await policy.close();
  });

  it('leaves the event loop free while it samples', async () => {
    const policy = await createOnnxPolicy({ directory: await folder(), threads: 1, stopIds: [] });
    let turns = 0;
    let done = false;
    const turn = () => {
      turns++;
      if (!done) setImmediate(turn);
    };
    turn();
    await policy.sample(requests(8, 8), { ...free, maxTokens: 60 });
    done = true;
    expect(turns).toBeGreaterThan(100);
    await policy.close();
  });

  it('says what is wrong with a folder', async () => {
    await expect(createOnnxPolicy({ directory: tmpdir(), threads: 1 })).rejects.toMatchObject({ code: 'E_CHECKPOINT' });
    const directory = await mkdtemp(join(tmpdir(), 'evom-policy-'));
    const tensors = weightsOf(0);
    tensors.delete('model.norm.weight');
    await writeModelFolder(directory, { config: decoderConfigJson(config, { eosTokenId: 1, padTokenId: 0 }), tensors });
    await expect(createOnnxPolicy({ directory, threads: 1 })).rejects.toMatchObject({
      code: 'E_CHECKPOINT',
      message: expect.stringContaining('model.norm.weight'),
    });
  });
});
