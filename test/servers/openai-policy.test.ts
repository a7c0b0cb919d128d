/** The policy on served models against the stand-in: replicas, faults and refusals. What a real vLLM must do too is in served.suite.ts. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { differingShare, readWeights } from '../../src/checkpoint/hf-layout.ts';
import { createOnnxPolicy } from '../../src/embedded/sampler/onnx-policy.ts';
import { writeSafetensors } from '../../src/lib/safetensors.ts';
import type { Policy, SamplingParams } from '../../src/policy/policy.ts';
import { createOpenAiPolicy, type OpenAiPolicyOptions } from '../../src/servers/openai-policy.ts';
import { describePolicy } from '../../src/testing/policy-suite.ts';
import { recorded, type StandIn, said, startStandIn } from './stand-in-server.ts';

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
  reload: 'vllm-disk',
  concurrency: 8,
  retries: 2,
  timeoutMs: 20_000,
  token: null,
  limits,
  hasTiedHead: false,
  stopIds,
  initial: golden,
  weights: null,
  differingShare,
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
    ['vllm', 'vllm-disk'],
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
    for (const { asked } of servers) expect(asked.some((path) => /collective_rpc|from_disk/.test(path))).toBe(true);
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
    ['vllm', 'vllm-disk', '/reset_prefix_cache'],
    ['sglang', 'sglang-disk', '/model_info'],
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

  it.each(['vllm', 'sglang'] as const)('says in each request to %s what the model folder might say otherwise', async (engine) => {
    const servers = await serve();
    const policy = await connect(servers, { engine, reload: 'none' });
    await policy.sample([request], free);
    const neutral = { temperature: 1, top_p: 1, top_k: -1, min_p: 0, repetition_penalty: 1, presence_penalty: 0, frequency_penalty: 0 };
    expect(servers[0]?.completions.length).toBe(3);
    for (const body of servers[0]?.completions ?? []) expect(engine === 'vllm' ? body : body.sampling_params).toMatchObject(neutral);
  });

  it.each([
    ['vllm', 'vllm-disk', '/collective_rpc'],
    ['vllm', 'vllm-disk', '/reset_prefix_cache'],
    ['vllm', 'vllm-disk', '/pause?mode=keep'],
    ['sglang', 'sglang-disk', '/update_weights_from_disk'],
  ] as const)('asks again when an answer is lost (%s, %s, %s)', async (engine, reload, path) => {
    const servers = await serve();
    const policy = await connect(servers, { engine, reload });
    servers[0]?.loseAnswer(path, 1);
    await policy.update({ type: 'directory', version: 1, directory: other });
    expect(await mismatch(policy, other)).toBeLessThan(1e-5);
  });

  it.each([
    ['vllm', 'vllm-disk'],
    ['sglang', 'sglang-disk'],
  ] as const)('refuses a server that says it took weights and samples from the old ones (%s, %s)', async (engine, reload) => {
    const servers = await serve();
    const policy = await connect(servers, { engine, reload });
    servers[0]?.keepWeights();
    await expect(policy.update({ type: 'directory', version: 1, directory: other })).rejects.toThrow(
      /stay at version 0: .* 9[0-9][.]. % of the weights differ .* same to the bit/,
    );
    // A step that changed nothing is no fault.
    await policy.update({ type: 'directory', version: 1, directory: golden });
    expect(policy.version).toBe(1);
  });

  it.each([
    ['vllm', 'vllm-disk'],
    ['sglang', 'sglang-disk'],
  ] as const)('keeps nothing that a restarted server sampled from its first weights (%s, %s)', async (engine, reload) => {
    const servers = await serve(2);
    const policy = await connect(servers, { engine, reload });
    await policy.update({ type: 'directory', version: 1, directory: other });
    await servers[0]?.restart();
    expect(await mismatch(policy, other)).toBeLessThan(1e-5);
    expect(servers[0]?.asked.filter((path) => /collective_rpc|from_disk/.test(path)).length).toBe(engine === 'vllm' ? 1 + 1 : 2);
  });

  it.each([
    ['vllm', 'vllm-disk', true],
    ['vllm', 'vllm-disk', false],
    ['sglang', 'sglang-disk', true],
  ] as const)('goes on at a server that has the weights of its checkpoint already (%s, %s, tells its version: %s)', async (...of) => {
    const [engine, reload, tells] = of;
    const servers = await serve(2);
    const checkpoint = { type: 'directory', version: 1, directory: other } as const;
    const killed = await connect(servers, { engine, reload });
    await killed.update(checkpoint);
    if (!tells) for (const server of servers) server.fail('/weight_info', 404, 100);
    const resumed = await connect(servers, { engine, reload, weights: checkpoint });
    expect([resumed.version, await mismatch(resumed, other)]).toEqual([1, expect.closeTo(0, 4)]);
    // One that keeps what it has is still found out.
    for (const server of servers) server.keepWeights();
    const later = { type: 'directory', version: 2, directory: golden } as const;
    await expect(resumed.update(later)).rejects.toThrow(/same to the bit/);
  });

  it('tries five times to clear the prefix cache, then refuses', async () => {
    const servers = await serve();
    const policy = await connect(servers);
    servers[0]?.holdPrefixCache(2);
    await policy.update({ type: 'directory', version: 1, directory: other });
    expect(await mismatch(policy, other)).toBeLessThan(1e-5);
    servers[0]?.holdPrefixCache(5);
    await expect(policy.update({ type: 'directory', version: 2, directory: golden })).rejects.toThrow(
      /stay at version 1: .* prefix cache could not be cleared in 5 tries/,
    );
    expect(servers[0]?.asked.at(-1)).not.toBe('/reset_prefix_cache'); // it was resumed and went back
  });

  it.each([
    ['vllm-disk', '/collective_rpc', /VLLM_SERVER_DEV_MODE=1/],
    ['vllm-lora', '/v1/load_lora_adapter', /VLLM_ALLOW_RUNTIME_LORA_UPDATING=1 and --enable-lora/],
  ] as const)('names the flags that a server was not started with (%s)', async (reload, path, flags) => {
    const servers = await serve();
    const policy = await connect(servers, { reload, retries: 0 });
    servers[0]?.fail(path, 'load_lora_adapter_off', 1);
    await expect(policy.update({ type: 'directory', version: 1, directory: other })).rejects.toThrow(flags);
  });

  it('refuses a server on a CPU that would keep the old head of a tied model', async () => {
    const tied = fileURLToPath(new URL('../golden/policy/qwen2', import.meta.url));
    const server = await startStandIn(tied, 'base-model');
    open.push(server);
    server.withoutExtension();
    const policy = await connect([server], { hasTiedHead: true, initial: tied, retries: 0 });
    await expect(policy.update({ type: 'directory', version: 1, directory: tied })).rejects.toThrow(
      /leaves the head .* --worker-extension-cls evom_vllm.WorkerExtension/,
    );
  });

  it('refuses a server whose settings would spoil or end the run', async () => {
    const [server] = (await serve()) as [StandIn];
    server.settings(recorded('crash_server_info'));
    await expect(connect([server])).rejects.toThrow(/prefills prompts in chunks.*--no-enable-chunked-prefill/);
    server.settings(said('server_info', 'processed_logprobs', 'raw_logprobs'));
    await expect(connect([server])).rejects.toThrow(/started with --logprobs-mode raw_logprobs/);
    server.fail('/server_info?config_format=json', 404, 1); // without VLLM_SERVER_DEV_MODE nothing is known
    await connect([server]);
  });

  it('does not ask twice for an answer that is not JSON', async () => {
    const servers = await serve();
    const policy = await connect(servers);
    servers[0]?.fail('/v1/completions', 'load_lora_adapter', 9);
    await expect(policy.sample([{ promptIds: prompt, seeds: ['a'] }], free)).rejects.toThrow(/answered something else than JSON: Success/);
    expect(servers[0]?.asked.filter((path) => path === '/v1/completions').length).toBe(1);
  });

  it('names the death of a server whose engine ended by a request, as vLLM on CPU does', async () => {
    const servers = await serve();
    const policy = await connect(servers, { retries: 0 });
    servers[0]?.fail('/v1/completions', 'crash_seeded_chunked', 1);
    await expect(policy.sample([{ promptIds: prompt, seeds: ['a'] }], free)).rejects.toThrow(/may have ended by a request of this run/);
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
