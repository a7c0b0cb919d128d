import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decoderConfigJson, parseDecoderConfig } from '../../../src/checkpoint/decoder-config.ts';
import { readModelConfig, readWeights, writeModelFolder } from '../../../src/checkpoint/hf-layout.ts';
import { buildEmbeddedPolicy } from '../../../src/config/build/build-policy.ts';
import type { Completion } from '../../../src/core/rollout.ts';
import { Graph } from '../../../src/embedded/nn/graph.ts';
import { createSession } from '../../../src/embedded/nn/session.ts';
import { floats } from '../../../src/embedded/sampler/decoder-engine.ts';
import { requireInt8Products } from '../../../src/embedded/sampler/int8-check.ts';
import { int8Matrix } from '../../../src/embedded/sampler/int8-weights.ts';
import { createOnnxPolicy } from '../../../src/embedded/sampler/onnx-policy.ts';
import { int8Projections } from '../../../src/embedded/sampler/projections.ts';
import { largest } from '../../../src/lib/extremes.ts';
import type { Policy, SampleRequest } from '../../../src/policy/policy.ts';
import { describePolicy } from '../../../src/testing/policy-suite.ts';
import { loadTokenizer } from '../../../src/tokenizer/chat-tokenizer.ts';

const golden = (name: string) => fileURLToPath(new URL(`../../golden/policy/${name}`, import.meta.url));
const tiny = fileURLToPath(new URL('../../../checkpoints/tiny', import.meta.url));
const free = { temperature: 1, topK: 0, topP: 1, maxTokens: 24 };

describe('int8Matrix', () => {
  it('has 255 levels an output, with inputs and outputs exchanged', () => {
    const { values, scales } = int8Matrix(Float32Array.of(1, -0.5, 0.25, 0, 127, -1.4), 2, 3);
    expect([...scales]).toEqual([Math.fround(1 / 127), 1]);
    expect([...values]).toEqual([127, 0, -63, 127, 32, -1]);
  });

  it('is off by at most half a level, whatever the size of the matrix', () => {
    const shape = fc.record({ out: fc.integer({ min: 1, max: 140 }), inner: fc.integer({ min: 1, max: 9 }), seed: fc.nat() });
    fc.assert(
      fc.property(shape, ({ out, inner, seed }) => {
        const weights = Float32Array.from({ length: out * inner }, (_, i) => Math.sin(seed + i * i) * 10 ** (i % 4));
        const { values, scales } = int8Matrix(weights, out, inner);
        for (const [i, weight] of weights.entries()) {
          const [o, k] = [Math.floor(i / inner), i % inner];
          const scale = scales[o] as number;
          expect(Math.abs((values[k * out + o] as number) * scale - weight)).toBeLessThanOrEqual(scale * 0.50001);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('rounds zeros to zero and lets broken weights show', () => {
    const { values, scales } = int8Matrix(Float32Array.of(0, 0, NaN, 1), 2, 2);
    expect([values[0], values[2], scales[0]]).toEqual([0, 0, 0]);
    expect(scales[1]).toBeNaN();
  });
});

describe('int8Projections', () => {
  const [inner, out] = [48, 20];
  const weights = Float32Array.from({ length: out * inner }, (_, i) => Math.cos(i * 1.3) / 7);
  const row = (seed: number, size: number) => Float32Array.from({ length: inner }, (_, i) => size * Math.sin(seed + i * 2.1));
  async function products(rows: readonly Float32Array[]): Promise<Float32Array[]> {
    const g = new Graph('products');
    const projections = int8Projections(g, new Map());
    const weight = projections.weight('w', () => weights, out, inner);
    const y = g.output(projections.product(projections.operand(g.input('x', 'float32', ['R', inner])), weight));
    const session = await createSession(g.encode());
    const data = Float32Array.from(rows.flatMap((values) => [...values]));
    const results = await session.run({ x: { data, shape: [rows.length, inner] } });
    await session.close();
    const all = floats(results, y);
    return rows.map((_, r) => all.slice(r * out, (r + 1) * out));
  }
  const { values, scales } = int8Matrix(weights, out, inner);

  it('multiplies by the rounded weights, with activations to one part in 32,258 of the largest', async () => {
    const outlier = row(3, 0.01);
    outlier[7] = 100;
    const rows = [row(1, 1), row(2, 1e-6), outlier];
    for (const [r, y] of (await products(rows)).entries()) {
      const x = rows[r] as Float32Array;
      const most = largest(x.map(Math.abs));
      for (const [o, product] of y.entries()) {
        let exact = 0;
        let weight = 0;
        for (const [i, value] of x.entries()) {
          const w = (values[i * out + o] as number) * (scales[o] as number);
          exact += w * value;
          weight += Math.abs(w);
        }
        expect(Math.abs(product - exact)).toBeLessThan((most / 32258) * weight);
      }
    }
  });

  it('gives a row the same bits whatever is computed beside it, and zeros to a row of zeros', async () => {
    const [alone] = await products([row(1, 1)]);
    const [beside, , zeros] = await products([row(1, 1), row(5, 1000), row(1, 0)]);
    expect(beside).toEqual(alone);
    expect(zeros?.every((product) => product === 0)).toBe(true);
  });

  it('finds that the kernels of this machine count right', () => requireInt8Products());
});

// What was sampled is scored in another batch, where float32 sums round otherwise and now and then push an activation to the next level.
for (const name of ['llama', 'qwen2', 'qwen3'])
  describePolicy(`onnx in int8 (${name})`, async () => ({
    policy: await createOnnxPolicy({ directory: golden(name), threads: 2, batchRows: 6, precision: 'int8' }),
    vocabSize: 48,
    stopIds: [1],
    logprobTolerance: 1e-3,
  }));

/** A checkpoint whose matrices are rounded to 255 levels an output and are float32 again; its head is no longer the embedding, which is as it was. */
async function roundedFolder(directory: string): Promise<string> {
  const config = parseDecoderConfig(await readModelConfig(directory));
  const tensors = await readWeights(directory);
  const embedding = tensors.get('model.embed_tokens.weight');
  if (config.tieWordEmbeddings && embedding) tensors.set('lm_head.weight', embedding);
  for (const [name, { dtype, data, shape }] of tensors) {
    const [rows = 0, columns = 0] = shape;
    if (shape.length !== 2 || name === 'model.embed_tokens.weight') continue;
    const rounded = Float32Array.from(data);
    for (let o = 0; o < rows; o++) {
      const of = rounded.subarray(o * columns, (o + 1) * columns);
      const scale = largest(of.map(Math.abs)) / 127 || 1;
      of.forEach((weight, i) => {
        of[i] = Math.round(weight / scale) * scale;
      });
    }
    tensors.set(name, { dtype, shape, data: rounded });
  }
  const folder = await mkdtemp(join(tmpdir(), 'evom-rounded-'));
  await writeModelFolder(folder, {
    config: { ...decoderConfigJson({ ...config, tieWordEmbeddings: false }, { eosTokenId: 1, padTokenId: 0 }) },
    tensors,
  });
  return folder;
}

const asked: SampleRequest[] = [
  { promptIds: Int32Array.of(3, 14, 15, 9, 26, 5), seeds: ['a', 'b', 'c', 'd'] },
  { promptIds: Int32Array.of(31), seeds: ['e', 'f'] },
];

/** [tokens] what was recorded less what `other` gives to the same tokens, in nats. */
async function differences(groups: readonly (readonly Completion[])[], other: Policy, requests = asked): Promise<number[]> {
  const given = groups.flatMap((group, i) =>
    group.map(({ tokenIds }) => ({ promptIds: (requests[i] as SampleRequest).promptIds, completionIds: tokenIds })),
  );
  const scored = await other.score(given, 1);
  return groups.flat().flatMap(({ logprobs }, j) => [...logprobs].map((logprob, t) => logprob - (scored[j]?.[t] ?? NaN)));
}

const meanSize = (values: readonly number[]): number => values.reduce((sum, value) => sum + Math.abs(value), 0) / values.length;

describe('createOnnxPolicy in int8', () => {
  it.each(['llama', 'qwen2', 'qwen3', 'tiny'])('records the log-probabilities of the model with rounded weights (%s)', async (name) => {
    const directory = name === 'tiny' ? tiny : golden(name);
    const policy = await createOnnxPolicy({ directory, threads: 1, precision: 'int8' });
    const rounded = await createOnnxPolicy({ directory: await roundedFolder(directory), threads: 1 });
    const groups = await policy.sample(asked, free);
    for (const difference of await differences(groups, rounded)) expect(Math.abs(difference)).toBeLessThan(2e-3);
    await Promise.all([policy.close(), rounded.close()]);
  });

  it('samples with the new weights after an update', async () => {
    const directory = golden('llama');
    const other = async (): Promise<Map<string, Float32Array>> =>
      new Map(
        [...(await readWeights(directory))].map(([name, { data }]) => [name, data.map((weight, i) => weight * (1 + 0.5 * Math.sin(i)))]),
      );
    const policy = await createOnnxPolicy({ directory, threads: 1, precision: 'int8' });
    const before = await policy.sample(asked, free);
    const tensors = await other();
    const updating = policy.update({ type: 'tensors', version: 1, tensors });
    // The learner may go on with its own at once.
    for (const data of tensors.values()) data.fill(0);
    await updating;
    const after = await policy.sample(asked, free);
    expect(after.flat().map(({ policyVersion }) => policyVersion)).toEqual(new Array(6).fill(1));
    const exact = await createOnnxPolicy({ directory, threads: 1 });
    expect(meanSize(await differences(before, exact))).toBeLessThan(0.05);
    await exact.update({ type: 'tensors', version: 1, tensors: await other() });
    expect(meanSize(await differences(after, exact))).toBeLessThan(0.05);
    expect(meanSize(await differences(before, exact))).toBeGreaterThan(0.1);
    await Promise.all([policy.close(), exact.close()]);
  });
});

describe('an ONNX export', () => {
  it('is not sampled in int8, and the message says what to do', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'evom-export-'));
    await mkdir(join(directory, 'onnx'));
    await writeFile(join(directory, 'onnx', 'model.onnx'), '');
    const opening = buildEmbeddedPolicy(directory, { threads: 1, batchRows: 8, version: 0, precision: 'int8' });
    await expect(opening).rejects.toMatchObject({ code: 'E_CONFIG', message: expect.stringContaining('leave the key out') });
  });
});

const model = process.env.EVOM_TEST_MODEL ?? '';

describe.skipIf(model === '')('a model of real size in int8 (EVOM_TEST_MODEL names its folder)', () => {
  it('is near the float32 model on what it says itself', async () => {
    const { encodeChat } = await loadTokenizer(model);
    const { tokenIds } = encodeChat([{ role: 'user', content: 'A bakery earns 5 dollars a cake and 3 a loaf. What should it bake?' }]);
    const requests = [{ promptIds: tokenIds, seeds: ['a', 'b', 'c', 'd'] }];
    const policy = await createOnnxPolicy({ directory: model, threads: 1, precision: 'int8' });
    const groups = await policy.sample(requests, { ...free, maxTokens: 64 });
    // One after the other: two engines of a large model take too much memory.
    await policy.close();
    const exact = await createOnnxPolicy({ directory: model, threads: 1 });
    const found = await differences(groups, exact, requests);
    await exact.close();
    process.stderr.write(
      `${found.length} tokens, int8 less float32: mean size ${meanSize(found).toFixed(4)}, largest ${largest(found.map(Math.abs)).toFixed(3)} nats\n`,
    );
    expect(meanSize(found)).toBeLessThan(0.15);
    expect(Math.abs(found.reduce((sum, value) => sum + value, 0) / found.length)).toBeLessThan(0.05);
  }, 600_000);
});
