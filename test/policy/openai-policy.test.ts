/** The policy on served models, against the stand-in of stand-in-server.ts: real vLLM and SGLang cannot be installed here. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { readWeights } from '../../src/checkpoint/hf-layout.ts';
import { writeSafetensors } from '../../src/checkpoint/safetensors.ts';
import { createOnnxPolicy } from '../../src/policy/onnx-policy.ts';
import { createOpenAiPolicy, type OpenAiPolicyOptions } from '../../src/policy/openai-policy.ts';
import type { Policy, SamplingParams } from '../../src/policy/policy.ts';
import { describePolicy } from './policy.suite.ts';
import { type StandIn, startStandIn } from './stand-in-server.ts';

const golden = fileURLToPath(new URL('../golden/policy/llama', import.meta.url));
const free: SamplingParams = { temperature: 1, topK: 0, topP: 1, maxTokens: 12 };
const stopIds = [1];
const prompt = Int32Array.of(3, 8, 13);
const request = { promptIds: prompt, seeds: ['a', 'b', 'c'] };

let folder: string;
let other: string;
let limits: OpenAiPolicyOptions['limits'];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'evom-served-'));
  other = join(folder, 'other');
  cpSync(golden, other, { recursive: true });
  const tensors = new Map([...(await readWeights(golden))].map(([name, t]) => [name, { ...t, data: t.data.map((v) => v * 1.1) }]));
  await writeSafetensors(join(other, 'model.safetensors'), tensors);
  const embedded = await createOnnxPolicy({ directory: golden, threads: 1 });
  limits = { modelId: 'llama', maxLength: embedded.maxLength, vocabSize: vocabulary };
  await embedded.close();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const vocabulary = 48;
const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const part of open.splice(0).reverse()) await part.close();
});

async function serve(count = 1): Promise<StandIn[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => startStandIn(golden, 'base-model')));
  open.push(...servers);
  return servers;
}

const options = (servers: readonly StandIn[], change: Partial<OpenAiPolicyOptions> = {}): OpenAiPolicyOptions => ({
  servers: servers.map(({ url }) => url),
  engine: 'vllm',
  model: 'base-model',
  reload: 'vllm-extension',
  concurrency: 8,
  retries: 2,
  timeoutMs: 20_000,
  token: null,
  limits,
  stopIds,
  initial: golden,
  weights: null,
  ...change,
});
const connect = async (servers: readonly StandIn[], change: Partial<OpenAiPolicyOptions> = {}): Promise<Policy> =>
  createOpenAiPolicy(options(servers, change));

/** Largest difference between what a policy reported and what weights really give. */
async function mismatch(policy: Policy, directory: string): Promise<number> {
  const [completions = []] = await policy.sample([request], free);
  const embedded = await createOnnxPolicy({ directory, threads: 1 });
  open.push(embedded);
  const scores = await embedded.score(
    completions.map(({ tokenIds }) => ({ promptIds: prompt, completionIds: tokenIds })),
    1,
  );
  return Math.max(...completions.flatMap((c, i) => [...c.logprobs].map((lp, t) => Math.abs(lp - (scores[i]?.[t] ?? Number.NaN)))));
}

const unscored = [
  { test: 'reports log-probabilities that equal its own scores', reason: 'servers do not score; mismatch() below checks the same' },
  { test: 'takes an empty list, and scores an empty completion', reason: 'servers do not score' },
  { test: 'refuses what cannot be, and says why', reason: 'it ends with a score; the sampling refusals are shared code' },
];
for (const engine of ['vllm', 'sglang'] as const)
  describePolicy(
    `served (stand-in for ${engine})`,
    async () => {
      const server = await startStandIn(golden, 'base-model');
      const limit = { modelId: 'llama', maxLength: limits.maxLength, vocabSize: vocabulary };
      const policy = await createOpenAiPolicy({ ...options([server]), engine, limits: limit });
      return {
        vocabSize: vocabulary,
        stopIds,
        policy: Object.assign(Object.create(policy) as Policy, { close: () => server.close() }),
      };
    },
    unscored,
  );

describe('createOpenAiPolicy', () => {
  it.each([
    ['vllm', 'vllm-extension'],
    ['vllm', 'vllm-lora'],
    ['sglang', 'sglang-disk'],
  ] as const)('serves reloaded weights at every replica (%s, %s)', async (engine, reload) => {
    const servers = await serve(2);
    const policy = await connect(servers, { engine, reload });
    expect(await mismatch(policy, golden)).toBeLessThan(1e-5);
    await policy.update({ type: 'directory', version: 1, directory: other });
    expect(await mismatch(policy, other)).toBeLessThan(1e-5);
    const [completions = []] = await policy.sample([request], free);
    expect(completions.map(({ policyVersion }) => policyVersion)).toEqual([1, 1, 1]);
    await policy.update({ type: 'directory', version: 2, directory: golden });
    expect([policy.version, await mismatch(policy, golden)]).toEqual([2, expect.closeTo(0, 4)]);
    for (const { asked } of servers) expect(asked.some((path) => /collective_rpc|lora_adapter|from_disk/.test(path))).toBe(true);
    if (reload === 'vllm-lora') expect(servers[0]?.asked.filter((path) => path === '/v1/unload_lora_adapter').length).toBe(1);
  });

  it('warns of no leak when many completions are under way under one signal', async () => {
    const warnings: string[] = [];
    const note = (warning: Error): void => void warnings.push(warning.name);
    process.on('warning', note);
    try {
      const policy = await connect(await serve(), { concurrency: 40 });
      const seeds = Array.from({ length: 40 }, (_, k) => `${k}`);
      const [completions] = await policy.sample([{ promptIds: prompt, seeds }], free, { signal: new AbortController().signal });
      expect(completions).toHaveLength(40);
      await policy.close();
    } finally {
      process.off('warning', note);
    }
    expect(warnings).toEqual([]);
  });

  it('keeps to its concurrency, and sends the samples of a prompt to one replica', async () => {
    const servers = await serve(2);
    const policy = await connect(servers, { concurrency: 3 });
    const seeds = Array.from({ length: 10 }, (_, k) => `s/${k}`);
    await policy.sample(
      [0, 1].map(() => ({ promptIds: prompt, seeds })),
      free,
    );
    for (const server of servers) {
      expect(server.mostInFlight()).toBeLessThanOrEqual(3);
      expect(server.asked.filter((path) => path === '/v1/completions').length).toBe(10);
    }
  });

  it('tries again, at the next replica, when one is overloaded or breaks off', async () => {
    const [first, second] = (await serve(2)) as [StandIn, StandIn];
    const policy = await connect([first, second]);
    first.fail('/v1/completions', 503, 2);
    first.fail('/health', 200, 0);
    const [completions = []] = await policy.sample([request], free);
    expect(completions.length).toBe(3);
    expect(second.asked.filter((path) => path === '/v1/completions').length).toBe(2);
    first.fail('/v1/completions', 0, 1);
    expect((await policy.sample([request], free))[0]?.length).toBe(3);
    first.fail('/v1/completions', 400, 1);
    await expect(policy.sample([request], free)).rejects.toMatchObject({
      code: 'E_POLICY',
      message: expect.stringMatching(/answered 400/),
    });
  });

  it.each([
    ['vllm', 'vllm-extension', '/reset_prefix_cache'],
    ['sglang', 'sglang-disk', '/get_weight_version'],
  ] as const)('goes back at every replica when one does not take the weights (%s, %s)', async (engine, reload, path) => {
    const servers = (await serve(2)) as [StandIn, StandIn];
    const policy = await connect(servers, { engine, reload, retries: 0 });
    servers[1].fail(path, 500, 1);
    await expect(policy.update({ type: 'directory', version: 1, directory: other })).rejects.toMatchObject({
      code: 'E_POLICY',
      message: expect.stringMatching(/the servers stay at version 0: .* answered 500/),
    });
    expect(policy.version).toBe(0);
    expect(await mismatch(policy, golden)).toBeLessThan(1e-5);
    await policy.update({ type: 'directory', version: 1, directory: other });
    expect(await mismatch(policy, other)).toBeLessThan(1e-5);
  });

  it('waits with a reload for what is in flight, and holds what comes after', async () => {
    const servers = await serve();
    const policy = await connect(servers);
    const before = policy.sample([request], free);
    const updating = policy.update({ type: 'directory', version: 1, directory: other });
    const after = policy.sample([request], free);
    await updating;
    const versions = (groups: Awaited<typeof before>) => groups.flat().map(({ policyVersion }) => policyVersion);
    expect([versions(await before), versions(await after)]).toEqual([
      [0, 0, 0],
      [1, 1, 1],
    ]);
  });

  it('refuses weights that are nowhere on disk, and a server that is away', async () => {
    const policy = await connect(await serve());
    await expect(policy.update({ type: 'shared', version: 1 })).rejects.toMatchObject({ code: 'E_POLICY' });
    await expect(policy.score([], 1)).rejects.toMatchObject({ code: 'E_POLICY' });
    await expect(connect([], { servers: ['http://127.0.0.1:9'] })).rejects.toMatchObject({
      message: expect.stringMatching(/cannot be reached/),
    });
  });
});
