/** What a policy on a vLLM server must do: the same suite for the stand-in and for a real server. The model is checkpoints/tiny. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeAdapter, writeScaled } from '../../scripts/record-vllm/server.mjs';
import { differingShare, readWeights } from '../../src/checkpoint/hf-layout.ts';
import { createOnnxPolicy } from '../../src/embedded/sampler/onnx-policy.ts';
import { writeSafetensors } from '../../src/lib/safetensors.ts';
import type { Policy, SamplingParams } from '../../src/policy/policy.ts';
import { createOpenAiPolicy, type OpenAiPolicyOptions } from '../../src/servers/openai-policy.ts';

export interface ServedModel {
  readonly url: string;
  kill(): Promise<void>;
  /** Starts it again at the same address, with the weights of its first start. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

export interface ServedOptions {
  /** Starts a server of a model folder under the name `base`. */
  readonly start: (model: string, options: { readonly adapters: boolean }) => Promise<ServedModel>;
  /** Largest difference of two float32 engines' log-probabilities, nats. */
  readonly tolerance: number;
  readonly timeoutMs: number;
}

const tiny = fileURLToPath(new URL('../../checkpoints/tiny', import.meta.url));
const vocabulary = 1344;
const prompt = Int32Array.from({ length: 24 }, (_, i) => 40 + 7 * i);
const free: SamplingParams = { temperature: 1, topK: 0, topP: 1, maxTokens: 12 };

export function describeServed(name: string, { start, tolerance, timeoutMs }: ServedOptions): void {
  describe(name, { timeout: timeoutMs }, () => {
    let folder: string;
    let model: string;
    const at = (part: string): string => join(folder, part);
    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'evom-served-'));
      model = at('model');
      cpSync(tiny, model, { recursive: true });
      rmSync(join(model, 'manifest.json'), { force: true });
      // What Qwen2.5-Instruct has: the defaults of a request that does not say otherwise.
      const generation = JSON.parse(readFileSync(join(model, 'generation_config.json'), 'utf8')) as object;
      writeFileSync(
        join(model, 'generation_config.json'),
        JSON.stringify({ ...generation, do_sample: true, repetition_penalty: 1.3, temperature: 0.7, top_p: 0.8, top_k: 20 }),
      );
      await writeScaled(tiny, at('other'), 1.05);
      // A tied model whose embedding alone changes: its head must change too.
      cpSync(at('other'), at('embedding'), { recursive: true });
      const weights = new Map(await readWeights(tiny));
      const embedding = weights.get('model.embed_tokens.weight');
      if (embedding !== undefined) weights.set('model.embed_tokens.weight', { ...embedding, data: embedding.data.map((v) => v * 1.3) });
      await writeSafetensors(join(at('embedding'), 'model.safetensors'), weights);
      await writeAdapter(tiny, at('adapter-1'), 8);
      await writeAdapter(tiny, at('adapter-2'), 8, 0.16);
    });
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    const options = (url: string, change: Partial<OpenAiPolicyOptions> = {}): OpenAiPolicyOptions => ({
      servers: [url],
      engine: 'vllm',
      model: 'base',
      reload: 'vllm-disk',
      concurrency: 16,
      retries: 3,
      timeoutMs: 120_000,
      token: null,
      limits: { modelId: 'tiny', maxLength: 512, vocabSize: vocabulary },
      hasTiedHead: true,
      stopIds: [1],
      initial: tiny,
      weights: null,
      differingShare,
      ...change,
    });
    const sampled = async (policy: Policy, params = free, seeds = ['a', 'b', 'c', 'd']) =>
      (await policy.sample([{ promptIds: prompt, seeds }], params))[0] ?? [];

    /** Largest difference between what a policy reported and what the weights of a folder really give. */
    async function mismatch(policy: Policy, directory: string, params = free): Promise<number> {
      const completions = await sampled(policy, params);
      const embedded = await createOnnxPolicy({ directory, threads: 1 });
      try {
        const requests = completions.map(({ tokenIds }) => ({ promptIds: prompt, completionIds: tokenIds }));
        const scores = await embedded.score(requests, params.temperature === 0 ? 1 : params.temperature);
        return Math.max(...completions.flatMap((c, i) => [...c.logprobs].map((lp, t) => Math.abs(lp - (scores[i]?.[t] ?? Number.NaN)))));
      } finally {
        await embedded.close();
      }
    }

    describe('a whole model', () => {
      let server: ServedModel;
      beforeAll(async () => {
        server = await start(model, { adapters: false });
      }, timeoutMs);
      afterAll(() => server?.close());

      it("samples from the model itself, whatever its generation_config.json says, with the learner's log-probabilities", async () => {
        const policy = await createOpenAiPolicy(options(server.url));
        for (const temperature of [1, 0.7, 1.3]) expect(await mismatch(policy, tiny, { ...free, temperature })).toBeLessThan(tolerance);
      });

      it('samples greedily what the embedded engine does', async () => {
        const policy = await createOpenAiPolicy(options(server.url));
        const embedded = await createOnnxPolicy({ directory: tiny, threads: 1 });
        const greedy = { ...free, temperature: 0 };
        const [theirs, ours] = [await sampled(policy, greedy, ['a']), await sampled(embedded, greedy, ['a'])];
        await embedded.close();
        expect(theirs[0]?.tokenIds).toEqual(ours[0]?.tokenIds);
        expect(await mismatch(policy, tiny, greedy)).toBeLessThan(tolerance);
      });

      it('draws the same from a seed, and other things from others', async () => {
        const policy = await createOpenAiPolicy(options(server.url));
        const [once, again] = [await sampled(policy), await sampled(policy)];
        expect(again.map(({ tokenIds }) => [...tokenIds])).toEqual(once.map(({ tokenIds }) => [...tokenIds]));
        expect(new Set(once.map(({ tokenIds }) => tokenIds.join())).size).toBeGreaterThan(1);
      });

      it('takes new weights, goes back, and changes the head with a tied embedding', async () => {
        const policy = await createOpenAiPolicy(options(server.url));
        let version = 0;
        for (const directory of [at('other'), at('embedding'), tiny]) {
          version += 1;
          await policy.update({ type: 'directory', version, directory });
          expect(await mismatch(policy, directory)).toBeLessThan(tolerance);
          expect((await sampled(policy)).map(({ policyVersion }) => policyVersion)).toEqual([version, version, version, version]);
        }
      });

      it('clears the prefix cache although a request of somebody else holds it for a while', async () => {
        const policy = await createOpenAiPolicy(options(server.url));
        const body = { model: 'base', prompt: [...prompt], max_tokens: 150, ignore_eos: true, temperature: 1 };
        const others = fetch(`${server.url}/v1/completions`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
        }).then((response) => response.text());
        await policy.update({ type: 'directory', version: 1, directory: at('other') });
        expect(await mismatch(policy, at('other'))).toBeLessThan(tolerance);
        await others;
        await policy.update({ type: 'directory', version: 2, directory: tiny });
      });

      it('stays at its version when the weights are not there', async () => {
        const policy = await createOpenAiPolicy(options(server.url, { retries: 0 }));
        await expect(policy.update({ type: 'directory', version: 1, directory: at('absent') })).rejects.toMatchObject({
          code: 'E_POLICY',
          message: expect.stringMatching(/the servers stay at version 0: .*collective_rpc answered 500/),
        });
        expect(await mismatch(policy, tiny)).toBeLessThan(tolerance);
      });

      it('answers twenty requests at once without a warning', async () => {
        const warnings: string[] = [];
        const listen = (warning: Error): void => void warnings.push(warning.name);
        process.on('warning', listen);
        const policy = await createOpenAiPolicy(options(server.url, { concurrency: 32 }));
        const seeds = Array.from({ length: 20 }, (_, k) => `many/${k}`);
        const signal = new AbortController().signal;
        const [completions = []] = await policy.sample([{ promptIds: prompt, seeds }], free, { signal });
        await new Promise((resolve) => setImmediate(resolve));
        process.off('warning', listen);
        expect([completions.length, warnings]).toEqual([20, []]);
      });

      it('gives its weights back to a server that was restarted between two steps', async () => {
        const policy = await createOpenAiPolicy(options(server.url));
        await policy.update({ type: 'directory', version: 1, directory: at('other') });
        await server.restart();
        expect(await mismatch(policy, at('other'))).toBeLessThan(tolerance);
        await policy.update({ type: 'directory', version: 2, directory: tiny });
      });

      it('goes on at a server that has the weights of its checkpoint already, because the trainer alone was killed', async () => {
        const checkpoint = { type: 'directory', version: 1, directory: at('other') } as const;
        const killed = await createOpenAiPolicy(options(server.url));
        await killed.update(checkpoint);
        const resumed = await createOpenAiPolicy(options(server.url, { weights: checkpoint }));
        expect([resumed.version, await mismatch(resumed, at('other'))]).toEqual([1, expect.closeTo(0, 2)]);
      });

      it('says that a server is gone that is killed in the middle of a step, and a new policy goes on where the run was', async () => {
        const policy = await createOpenAiPolicy(options(server.url, { retries: 1 }));
        await policy.update({ type: 'directory', version: 1, directory: at('other') });
        const seeds = Array.from({ length: 8 }, (_, k) => `killed/${k}`);
        const step = policy.sample([{ promptIds: prompt, seeds }], { ...free, maxTokens: 400 });
        const killed = expect(step).rejects.toMatchObject({
          code: 'E_POLICY',
          message: expect.stringMatching(/was up before and is gone/),
        });
        await new Promise((resolve) => setTimeout(resolve, 30));
        await server.kill();
        await killed;
        await server.restart();
        const resumed = await createOpenAiPolicy(
          options(server.url, { weights: { type: 'directory', version: 1, directory: at('other') } }),
        );
        expect([resumed.version, await mismatch(resumed, at('other'))]).toEqual([1, expect.closeTo(0, 2)]);
      });
    });

    describe('adapters', () => {
      let server: ServedModel;
      beforeAll(async () => {
        server = await start(model, { adapters: true });
      }, timeoutMs);
      afterAll(() => server?.close());
      const lora = { reload: 'vllm-lora' } as const;

      /** The log-probabilities of a text, so that adapters can be told apart. */
      const given = async (name: string): Promise<number> => {
        const body = { model: name, prompt: [...prompt], max_tokens: 1, temperature: 0, prompt_logprobs: 0 };
        const response = await fetch(`${server.url}/v1/completions`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
        });
        const { choices } = (await response.json()) as { choices: { prompt_logprobs: ({ [id: string]: { logprob: number } } | null)[] }[] };
        return (choices[0]?.prompt_logprobs ?? []).reduce(
          (sum, entry) => sum + (entry === null ? 0 : (Object.values(entry)[0]?.logprob ?? 0)),
          0,
        );
      };

      it('loads an adapter by a text answer, then the next, and unloads the one before', async () => {
        const policy = await createOpenAiPolicy(options(server.url, lora));
        await policy.update({ type: 'directory', version: 1, directory: at('adapter-1') });
        const [base, first] = [await given('base'), await given('evom-v1')];
        expect(Math.abs(base - first)).toBeGreaterThan(0.01);
        await policy.update({ type: 'directory', version: 2, directory: at('adapter-2') });
        expect(Math.abs((await given('evom-v2')) - first)).toBeGreaterThan(0.01);
        const { data } = (await (await fetch(`${server.url}/v1/models`)).json()) as { data: { id: string }[] };
        expect(data.map(({ id }) => id)).toEqual(['base', 'evom-v2']);
        expect((await sampled(policy)).map(({ policyVersion }) => policyVersion)).toEqual([2, 2, 2, 2]);
      });

      it('takes a load whose answer was lost as done, and one that is loaded already', async () => {
        const proxy = await lossyProxy(server.url, '/v1/load_lora_adapter');
        const policy = await createOpenAiPolicy(options(proxy.url, lora));
        await policy.update({ type: 'directory', version: 3, directory: at('adapter-1') });
        await sampled(policy);
        expect(proxy.lost()).toBe(1);
        const second = await createOpenAiPolicy(options(server.url, lora));
        await second.update({ type: 'directory', version: 3, directory: at('adapter-1') });
        await sampled(second);
        await proxy.close();
      });

      it('does not take the adapter of another run for its own', async () => {
        const policy = await createOpenAiPolicy(options(server.url, lora));
        await policy.update({ type: 'directory', version: 4, directory: at('adapter-1') });
        const first = await given('evom-v4');
        const other = await createOpenAiPolicy(options(server.url, lora));
        await other.update({ type: 'directory', version: 4, directory: at('adapter-2') });
        expect(Math.abs((await given('evom-v4')) - first)).toBeGreaterThan(0.01);
      });

      it('refuses an adapter that is not there', async () => {
        const policy = await createOpenAiPolicy(options(server.url, { ...lora, retries: 0 }));
        await expect(policy.update({ type: 'directory', version: 9, directory: at('absent') })).rejects.toThrow(
          /the servers stay at version 0: .*load_lora_adapter answered 404/,
        );
      });

      it('loads its adapter again at a server that was restarted', async () => {
        const policy = await createOpenAiPolicy(options(server.url, lora));
        await policy.update({ type: 'directory', version: 5, directory: at('adapter-1') });
        await server.restart();
        expect((await sampled(policy)).length).toBe(4);
        expect(Math.abs((await given('evom-v5')) - (await given('base')))).toBeGreaterThan(0.01);
      });
    });
  });
}

/** Passes requests on; the first answer at `path` is lost on its way back. */
async function lossyProxy(target: string, path: string): Promise<{ url: string; lost(): number; close(): Promise<void> }> {
  let lost = 0;
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const answer = await fetch(`${target}${request.url}`, {
      method: request.method ?? 'GET',
      ...(parts.length === 0 ? {} : { body: Buffer.concat(parts), headers: { 'content-type': 'application/json' } }),
    });
    const body = Buffer.from(await answer.arrayBuffer());
    if (request.url === path && lost === 0) {
      lost += 1;
      return void request.socket.destroy();
    }
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'text/plain' });
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    lost: () => lost,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
