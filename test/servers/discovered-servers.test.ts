/** The policy on served models whose addresses are looked up: the stand-ins come, go, die and differ while it samples. */
import { cpSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { differingShare, readWeights } from '../../src/checkpoint/hf-layout.ts';
import type { Completion } from '../../src/core/rollout.ts';
import { createOnnxPolicy } from '../../src/embedded/sampler/onnx-policy.ts';
import { writeSafetensors } from '../../src/lib/safetensors.ts';
import type { Policy, SamplingParams } from '../../src/policy/policy.ts';
import { createOpenAiPolicy, type OpenAiPolicyOptions } from '../../src/servers/openai-policy.ts';
import { type StandIn, said, startStandIn } from './stand-in-server.ts';

const golden = fileURLToPath(new URL('../golden/policy/llama', import.meta.url));
const free: SamplingParams = { temperature: 1, topK: 0, topP: 1, maxTokens: 12 };
const prompt = Int32Array.of(3, 8, 13);
const seeds = Array.from({ length: 24 }, (_, k) => `s${k}`);

let folder: string;
let other: string;
let unlike: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'evom-discovered-'));
  const scaled = async (name: string, factor: number): Promise<string> => {
    cpSync(golden, join(folder, name), { recursive: true });
    const tensors = new Map([...(await readWeights(golden))].map(([key, t]) => [key, { ...t, data: t.data.map((v) => v * factor) }]));
    await writeSafetensors(join(folder, name, 'model.safetensors'), tensors);
    return join(folder, name);
  };
  other = await scaled('other', 1.1);
  unlike = await scaled('unlike', -3);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const part of open.splice(0).reverse()) await part.close();
});
async function serve(count = 1, model = golden, delayMs = 0): Promise<StandIn[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => startStandIn(model, 'base-model', delayMs)));
  open.push(...servers);
  return servers;
}
/** Writes who is there as a cluster would: in one piece. */
function name(...servers: readonly (StandIn | string)[]): string {
  const path = join(folder, 'servers.txt');
  writeFileSync(`${path}.new`, servers.map((one) => `${typeof one === 'string' ? one : one.url}\n`).join(''));
  renameSync(`${path}.new`, path);
  return `file:${path}`;
}

interface Connected {
  readonly policy: Policy;
  readonly notices: string[];
}
async function connect(from: string, change: Partial<OpenAiPolicyOptions> = {}, waitMs = 20_000): Promise<Connected> {
  const notices: string[] = [];
  const policy = await createOpenAiPolicy({
    servers: [],
    discover: { from, everyMs: 50, waitMs },
    onNotice: (text) => notices.push(text),
    ...{ engine: 'vllm', model: 'base-model', reload: 'vllm-disk', concurrency: 2, retries: 2, timeoutMs: 20_000, token: null },
    ...{ limits: { modelId: 'llama', maxLength: 64, vocabSize: 48 }, hasTiedHead: false, stopIds: [1], initial: golden },
    ...{ weights: null, differingShare },
    ...change,
  });
  open.push(policy);
  return { policy, notices };
}
const sample = (policy: Policy, count = seeds.length): Promise<Completion[][]> =>
  policy.sample([{ promptIds: prompt, seeds: seeds.slice(0, count) }], free);
const told = async (notices: readonly string[], what: RegExp): Promise<void> => {
  while (!notices.some((text) => what.test(text))) await sleep(20);
};
const asked = (server: StandIn | undefined, path = '/v1/completions'): number => server?.asked.filter((one) => one === path).length ?? 0;
/** Completions proper: the probes ask for one token. */
const sampled = (server: StandIn | undefined): number =>
  server?.completions.filter((body) => body.prompt_logprobs === undefined).length ?? 0;

/** Largest difference between what completions say and what weights really give. */
async function mismatch(completions: readonly Completion[], directory: string): Promise<number> {
  const embedded = await createOnnxPolicy({ directory, threads: 1 });
  open.push(embedded);
  const requests = completions.map(({ tokenIds }) => ({ promptIds: prompt, completionIds: tokenIds }));
  const scores = await embedded.score(requests, 1);
  return Math.max(...completions.flatMap((c, i) => [...c.logprobs].map((lp, t) => Math.abs(lp - (scores[i]?.[t] ?? Number.NaN)))));
}

describe('createOpenAiPolicy with servers that are looked up', () => {
  it.each([
    ['vllm', 'vllm-disk', '/collective_rpc'],
    ['sglang', 'sglang-disk', '/update_weights_from_disk'],
  ] as const)('gives a replica that joins the weights of the moment before it samples (%s)', async (engine, reload, path) => {
    const [first] = (await serve()) as [StandIn];
    const { policy, notices } = await connect(name(first), { engine, reload });
    await policy.update({ type: 'directory', version: 1, directory: other });
    const [second] = (await serve(1, golden, 20)) as [StandIn];
    const samples = sample(policy);
    name(first, second);
    await told(notices, /joined/);
    expect(asked(second, path)).toBeGreaterThan(0);
    const [late = []] = await sample(policy);
    const [early = []] = await samples;
    expect(sampled(second)).toBeGreaterThan(0);
    expect([...early, ...late].map(({ policyVersion }) => policyVersion)).toEqual(Array.from({ length: 48 }, () => 1));
    expect(await mismatch([...early, ...late], other)).toBeLessThan(1e-5);
    const order = second.asked.indexOf(path);
    const firstSample = second.asked.findIndex((one, i) => i > order && /completions|generate/.test(one));
    expect([order >= 0, firstSample > order]).toEqual([true, true]);
  });

  it('lets a replica in with the weights of an update that began while it joined', async () => {
    const [first, second] = (await serve(2)) as [StandIn, StandIn];
    const { policy, notices } = await connect(name(first));
    await policy.update({ type: 'directory', version: 1, directory: other });
    name(first, second);
    while (asked(second, '/collective_rpc') === 0) await sleep(1);
    await policy.update({ type: 'directory', version: 2, directory: golden });
    await policy.update({ type: 'directory', version: 3, directory: other });
    await told(notices, /joined/);
    const [completions = []] = await sample(policy);
    expect(sampled(second)).toBeGreaterThan(0);
    expect(completions.every(({ policyVersion }) => policyVersion === 3)).toBe(true);
    expect(await mismatch(completions, other)).toBeLessThan(1e-5);
  });

  it('samples elsewhere what a replica that left or died cannot end, and the same completions', async () => {
    const [first, second, third] = (await serve(3, golden, 30)) as [StandIn, StandIn, StandIn];
    const { policy, notices } = await connect(name(first, second, third));
    const [before = []] = await sample(policy);
    const samples = sample(policy);
    while (sampled(second) === 0 || sampled(third) === 0) await sleep(5);
    name(first, third);
    await told(notices, new RegExp(`${second.url} left`));
    await third.kill();
    const [completions = []] = await samples;
    expect(completions.map(({ tokenIds }) => [...tokenIds])).toEqual(before.map(({ tokenIds }) => [...tokenIds]));
    await told(notices, new RegExp(`${third.url} broke off`));
    // It comes back without the weights of the run, and is given them.
    await policy.update({ type: 'directory', version: 1, directory: other });
    await third.restart();
    await told(notices, new RegExp(`${third.url} joined`));
    const [after = []] = await sample(policy);
    expect(await mismatch(after, other)).toBeLessThan(1e-5);
    expect(sampled(third)).toBeGreaterThan(0);
  });

  it.each([
    [
      'another release',
      'vllm-disk',
      (one: StandIn) => one.fail('/version', said('version', '0.32.0', '0.31.1'), 99),
      /runs vllm 0\.31\.1 and .* runs vllm 0\.32\.0/,
    ],
    [
      'another model by name',
      'vllm-disk',
      (one: StandIn) => one.fail('/v1/models', said('models', 'base', 'elsewhere'), 99),
      /serves elsewhere and .* serves base-model; start it with --served-model-name base-model/,
    ],
    ['another model by what it says', 'none', null, /should have the same weights, and their log-probabilities .* differ by/],
  ] as const)('refuses %s, with both names', async (_, reload, change, why) => {
    const [first] = (await serve()) as [StandIn];
    const [second] = (await serve(1, change === null ? unlike : golden)) as [StandIn];
    change?.(second);
    const { policy, notices } = await connect(name(first), { reload });
    name(first, second);
    await told(notices, why);
    const refusal = notices.find((text) => why.test(text)) ?? '';
    expect([first.url, second.url].every((url) => refusal.includes(url))).toBe(true);
    await sample(policy);
    expect(sampled(second)).toBe(0);
    if (change === null) return; // of a first look, only what servers say of themselves is compared
    await policy.close();
    await expect(connect(name(second, first), { reload, ...(_ === 'another release' ? {} : { model: 'base-model' }) })).rejects.toThrow(
      _ === 'another release' ? /0\.32\.0 and .* 0\.31\.1/ : /serves elsewhere/,
    );
  });

  it('begins with who answers, and takes the others in when they do', async () => {
    const [first, second] = (await serve(2)) as [StandIn, StandIn];
    await second.kill();
    const { policy, notices } = await connect(name(second, first));
    await sample(policy, 4);
    await second.restart();
    await told(notices, new RegExp(`${second.url} joined`));
    await sample(policy);
    expect(sampled(second)).toBeGreaterThan(0);
  });

  it('goes on when a replica dies while it is given weights', async () => {
    const [first, second] = (await serve(2)) as [StandIn, StandIn];
    const { policy } = await connect(name(first, second), { retries: 0 });
    second.fail('/collective_rpc', 0, 1);
    await policy.update({ type: 'directory', version: 1, directory: other });
    expect(policy.version).toBe(1);
    const [completions = []] = await sample(policy);
    expect(await mismatch(completions, other)).toBeLessThan(1e-5);
  });

  it('waits for a bounded time where nobody is there, then says what the list says', async () => {
    await expect(connect(name(), {}, 300)).rejects.toThrow(
      expect.objectContaining({
        code: 'E_POLICY',
        message: expect.stringMatching(/no model server from file:.*servers\.txt within 0\.3 s: it names none;/),
      }),
    );
    await expect(connect('file:nowhere.txt', {}, 300)).rejects.toThrow(/cannot read nowhere\.txt: no such file/);
    await expect(connect(name('http://127.0.0.1:9'), {}, 300)).rejects.toThrow(/none of http:\/\/127\.0\.0\.1:9 can be used/);
    await expect(connect(name('nonsense'), {}, 60_000)).rejects.toMatchObject({
      code: 'E_CONFIG',
      message: expect.stringMatching(/servers\.txt:1: "nonsense"/),
    });
    const [server] = (await serve()) as [StandIn];
    const { policy, notices } = await connect(name(server), {}, 500);
    name();
    await told(notices, /left/);
    await expect(sample(policy, 1)).rejects.toMatchObject({ code: 'E_POLICY', message: expect.stringMatching(/it names none/) });
    name(server);
    await told(notices, /joined/);
    expect((await sample(policy, 1)).flat()).toHaveLength(1);
  });

  it.each([
    ['asks for another token', 401],
    ['sends elsewhere', 307],
    ['is another program by now', 404],
  ] as const)('samples elsewhere what a server refuses that %s', async (_, status) => {
    const [first, second] = (await serve(2)) as [StandIn, StandIn];
    const { policy, notices } = await connect(name(first, second));
    second.fail('/v1/completions', status, 999);
    const [completions = []] = await sample(policy);
    expect(completions).toHaveLength(24);
    await told(notices, new RegExp(`${second.url} broke off .*${status}`));
    // What another server would refuse too ends the run as before.
    first.fail('/v1/completions', 400, 999);
    await expect(sample(policy, 1)).rejects.toThrow(/answered 400/);
  });

  it('ends a wait for the first server when it is told to', async () => {
    for (const from of [name(), name('http://127.0.0.1:9')]) {
      const stop = new AbortController();
      setTimeout(() => stop.abort(new Error('no more')), 100);
      await expect(connect(from, { signal: stop.signal }, 60_000)).rejects.toThrow('no more');
    }
  });

  it('loads the adapter of the moment into a replica that joins', async () => {
    const adapter = join(folder, 'adapter');
    const { writeAdapter } = await import('../../scripts/record-vllm/server.mjs');
    await writeAdapter(golden, adapter, 4);
    const [first, second] = (await serve(2)) as [StandIn, StandIn];
    const { policy, notices } = await connect(name(first), { reload: 'vllm-lora' });
    await policy.update({ type: 'directory', version: 1, directory: adapter });
    name(first, second);
    await told(notices, /joined/);
    await sample(policy);
    const wanted = second.completions.filter((body) => body.prompt_logprobs === undefined);
    expect([wanted.length > 0, wanted.every(({ model }) => model === 'evom-v1')]).toEqual([true, true]);
  });
});
