/**
 * A stand-in for vLLM and SGLang. vLLM's answers are those that a real one gave (recorded/vllm-*.json, made by scripts/record-vllm.mjs):
 * status, type and body, with the numbers of the embedded policy in their places, so that ids, log-probabilities and reloaded weights
 * are real. served.suite.ts runs against the stand-in and, where EVOM_VLLM names one, against a real server. SGLang has no build for CPU:
 * its answers are those of the source of its released wheel, 0.5.23 (sglang/srt/entrypoints/http_server.py).
 */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { readWeights } from '../../src/checkpoint/hf-layout.ts';
import { createOnnxPolicy } from '../../src/embedded/sampler/onnx-policy.ts';
import { readSafetensors, writeSafetensors } from '../../src/lib/safetensors.ts';
import type { Policy } from '../../src/policy/policy.ts';

export interface StandIn {
  readonly url: string;
  /** Paths asked for, in order. */
  readonly asked: string[];
  /** Bodies of the completions asked for, in order. */
  readonly completions: Body[];
  /** Most completions in flight at once. */
  readonly mostInFlight: () => number;
  /** What goes wrong next: a path, the status it answers (0: the connection breaks), a recorded exchange or an answer, and how often. */
  fail(path: string, answer: number | string | Answer, times: number): void;
  /** Says that it takes weights, and keeps those that it has. */
  keepWeights(): void;
  /** Does what is asked at a path and loses the answer, as often. */
  loseAnswer(path: string, times: number): void;
  /** Says so often that the prefix cache is held. */
  holdPrefixCache(times: number): void;
  /** Breaks off what it is at and does not answer any more, until it is restarted. */
  kill(): Promise<void>;
  /** Forgets weights, versions and adapters, as a server that was restarted. */
  restart(): Promise<void>;
  /** Has no worker extension from now on. */
  withoutExtension(): void;
  /** Tells other settings than those that were recorded. */
  settings(of: Answer): void;
  close(): Promise<void>;
}

type Body = Readonly<Record<string, unknown>>;

export interface Answer {
  readonly status: number;
  readonly contentType: string | null;
  readonly body: string;
}

const folder = fileURLToPath(new URL('recorded', import.meta.url));
const recording = JSON.parse(readFileSync(join(folder, readdirSync(folder).sort().at(-1) as string), 'utf8')) as {
  readonly version: string;
  readonly exchanges: Readonly<Record<string, Answer>>;
};
/** Release that the answers were recorded from. */
export const recordedVersion = recording.version;

/** What the real server answered, by the recording's name of the exchange. */
export function recorded(name: string): Answer {
  const answer = recording.exchanges[name];
  if (answer === undefined) throw new Error(`nothing recorded as ${name}`);
  return answer;
}

/** The same with another body. */
function changed(name: string, change: (body: never) => unknown): Answer {
  const answer = recorded(name);
  return { ...answer, body: JSON.stringify(change(JSON.parse(answer.body) as never)) };
}
/** The same with one word for another. */
export const said = (name: string, from: string, to: string): Answer => ({
  ...recorded(name),
  body: recorded(name).body.replaceAll(from, to),
});
const json = (status: number, body: unknown): Answer => ({ status, contentType: 'application/json', body: JSON.stringify(body) });

/** @param delayMs time that each completion takes on top of its tokens, several at once as a server with room has it. */
export async function startStandIn(directory: string, model: string, delayMs = 0): Promise<StandIn> {
  const policy: Policy = await createOnnxPolicy({ directory, threads: 1 });
  const scratch = mkdtempSync(join(tmpdir(), 'evom-stand-in-'));
  const asked: string[] = [];
  const completions: Body[] = [];
  const faults = new Map<string, { answer: number | string | Answer; times: number }>();
  const losses = new Map<string, number>();
  const adapters = new Map<string, string>();
  const isTied = (JSON.parse(readFileSync(join(directory, 'config.json'), 'utf8')) as Body).tie_word_embeddings === true;
  const fresh = { version: 'default', base: directory, read: directory, held: 0, paused: false, keeps: false };
  const state = { ...fresh, isPlain: false, settings: recorded('server_info'), loaded: directory, inFlight: 0, most: 0 };
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const next = last.then(work, work);
    last = next;
    return next;
  };
  const folders = new Map<string, string>();
  const folderOf = async (name: string): Promise<string> => {
    const adapter = adapters.get(name);
    if (adapter === undefined) return state.base;
    const key = `${state.base}:${adapter}`;
    if (!folders.has(key)) folders.set(key, await merged(state.base, adapter, join(scratch, String(folders.size))));
    return folders.get(key) as string;
  };
  /** Samples or scores with the weights of a name: the base, or the base with an adapter. */
  const withWeights = <T>(name: string, work: () => Promise<T>): Promise<T> =>
    inTurn(async () => {
      const wanted = await folderOf(name);
      if (state.loaded !== wanted) await policy.update({ type: 'directory', version: 0, directory: wanted });
      state.loaded = wanted;
      return work();
    });
  const complete = async (promptIds: readonly number[], seed: unknown, params: Body, name: string) => {
    await sleep(delayMs);
    return withWeights(name, async () => {
      const [[completion] = []] = await policy.sample([{ promptIds: Int32Array.from(promptIds), seeds: [String(seed)] }], {
        temperature: Number(params.temperature),
        topK: Math.max(0, Number(params.top_k)),
        topP: Number(params.top_p),
        maxTokens: Number(params.max_tokens ?? params.max_new_tokens),
      });
      if (completion === undefined) throw new Error('no completion');
      return completion;
    });
  };
  const scores = (promptIds: readonly number[], name: string): Promise<readonly number[]> =>
    withWeights(name, async () => {
      const request = { promptIds: Int32Array.from(promptIds.slice(0, 1)), completionIds: Int32Array.from(promptIds.slice(1)) };
      return [...((await policy.score([request], 1))[0] ?? [])];
    });
  const ids = (value: unknown): number[] => (value as number[]).map(Number);
  const hasWeights = (path: unknown): boolean => {
    try {
      return readdirSync(String(path)).some((name) => name.endsWith('.safetensors'));
    } catch {
      return false;
    }
  };

  const routes: Readonly<Record<string, (body: Body) => Promise<Answer> | Answer>> = {
    'GET /health': () => recorded('health'),
    'GET /version': () => recorded('version'),
    'GET /server_info?config_format=json': () => state.settings,
    'GET /server_info': () => recorded('server_info_text'),
    'GET /v1/models': () =>
      changed('models_lora', ({ data: [base, adapter], ...rest }: { data: Body[] }) => ({
        ...rest,
        data: [{ ...base, id: model, root: directory }, ...[...adapters].map(([id, root]) => ({ ...adapter, id, root, parent: model }))],
      })),
    'POST /v1/completions': async (body) => {
      completions.push(body);
      const name = String(body.model);
      if (name !== model && !adapters.has(name)) return said('completion_unknown_model', 'nobody', name);
      const prompt = ids(body.prompt);
      if (body.prompt_logprobs !== undefined) {
        const given = await scores(prompt, name);
        const entries = given.map((logprob, t) => ({ [String(prompt[t + 1])]: { logprob, rank: 1, decoded_token: '' } }));
        return changed('probe', ({ choices: [choice], ...rest }: { choices: Body[] }) => ({
          ...rest,
          choices: [{ ...choice, prompt_logprobs: [null, ...entries] }],
        }));
      }
      const { tokenIds, logprobs, finishReason } = await complete(prompt, body.seed, body, name);
      return changed('completion', ({ choices: [choice], ...rest }: { choices: (Body & { logprobs: Body })[] }) => ({
        ...{ ...rest, model: name },
        choices: [
          {
            ...choice,
            finish_reason: finishReason,
            token_ids: body.return_token_ids === true ? [...tokenIds] : null,
            logprobs: body.logprobs === undefined ? null : { ...choice?.logprobs, token_logprobs: [...logprobs] },
          },
        ],
      }));
    },
    'POST /v1/load_lora_adapter': (body) => {
      const name = String(body.lora_name);
      if (adapters.has(name)) return said('load_lora_adapter_again', 'evom-v1', name);
      if (!hasWeights(body.lora_path)) return said('load_lora_adapter_missing', 'evom-v2', name);
      adapters.set(name, String(body.lora_path));
      return said('load_lora_adapter', 'evom-v1', name);
    },
    'POST /v1/unload_lora_adapter': (body) => {
      const name = String(body.lora_name);
      return said(adapters.delete(name) ? 'unload_lora_adapter' : 'unload_lora_adapter_again', 'evom-v1', name);
    },
    'POST /pause?mode=keep': () => {
      state.paused = true;
      return recorded('pause');
    },
    'POST /resume': () => {
      state.paused = false;
      return recorded('resume');
    },
    'POST /collective_rpc': async ({ method, kwargs }) => {
      if (method === 'repack_tied_head' && !state.isPlain) {
        state.base = state.read;
        return recorded('repack_tied_head');
      }
      if (method !== 'reload_weights') return recorded('reload_unknown_method');
      const path = String((kwargs as Body).weights_path);
      if (!hasWeights(path)) return recorded('reload_missing');
      if (!state.keeps) state.read = path;
      // A tied head is packed again by a call of its own; until then nothing that is sampled is right.
      if (!isTied) state.base = state.read;
      return recorded('reload');
    },
    'POST /reset_prefix_cache': () => {
      if (state.held <= 0) return recorded('reset_prefix_cache');
      state.held -= 1;
      return recorded('reset_prefix_cache_held');
    },
    'POST /update_weight_version': ({ new_version: version }) => {
      state.version = String(version);
      return changed('update_weight_version', (body: Body) => ({ ...body, new_version: version }));
    },
    'GET /weight_info': () => changed('weight_info', (body: Body) => ({ ...body, weight_version: state.version })),

    // SGLang 0.5.23
    'POST /generate': async (body) => {
      completions.push(body);
      const params = body.sampling_params as Body;
      const prompt = ids(body.input_ids);
      const input = body.logprob_start_len === 0 ? [null, ...(await scores(prompt, model))] : [];
      const { tokenIds, logprobs, finishReason } = await complete(prompt, params.sampling_seed, { top_k: -1, top_p: 1, ...params }, model);
      return json(200, {
        text: '',
        meta_info: {
          finish_reason: { type: finishReason },
          input_token_logprobs: body.return_logprob === true ? input.map((logprob, t) => [logprob, prompt[t], null]) : undefined,
          output_token_logprobs: body.return_logprob === true ? [...tokenIds].map((id, t) => [logprobs[t], id, null]) : undefined,
          weight_version: state.version,
        },
      });
    },
    'POST /update_weights_from_disk': (body) => {
      if (!hasWeights(body.model_path))
        return json(400, { success: false, message: `Failed to load ${body.model_path}`, num_paused_requests: 0 });
      if (!state.keeps) state.base = String(body.model_path);
      state.version = String(body.weight_version);
      return json(200, { success: true, message: 'Succeeded to update model weights.', num_paused_requests: 0 });
    },
    'GET /model_info': () => json(200, { model_path: state.base, is_generation: true, weight_version: state.version }),
  };

  const server: Server = createServer(async (request, response) => {
    const path = request.url ?? '';
    asked.push(path);
    const answer = ({ status, contentType, body }: Answer): void => {
      response.writeHead(status, contentType === null ? {} : { 'content-type': contentType });
      response.end(body);
    };
    const fault = faults.get(path);
    if (fault && fault.times > 0) {
      fault.times -= 1;
      if (typeof fault.answer === 'string') return answer(recorded(fault.answer));
      if (typeof fault.answer === 'object') return answer(fault.answer);
      if (fault.answer === 0) return void request.socket.destroy();
      return answer(json(fault.answer, { error: { message: 'asked to fail' } }));
    }
    const route = routes[`${request.method} ${path}`];
    if (route === undefined) return answer(recorded('load_lora_adapter_off')); // FastAPI's answer to any route that is not there
    state.inFlight += 1;
    state.most = Math.max(state.most, state.inFlight);
    try {
      const result = await route(await bodyOf(request));
      const lost = losses.get(path) ?? 0;
      losses.set(path, lost - 1);
      if (lost > 0) request.socket.destroy();
      else answer(result);
    } catch (error) {
      answer(json(500, { error: { message: String(error) } }));
    } finally {
      state.inFlight -= 1;
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    completions,
    mostInFlight: () => state.most,
    fail: (path, what, times) => faults.set(path, { answer: what, times }),
    keepWeights: () => {
      state.keeps = true;
    },
    loseAnswer: (path, times) => losses.set(path, times),
    holdPrefixCache: (times) => {
      state.held = times;
    },
    kill: async () => {
      server.closeAllConnections();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
      await last.catch(() => undefined);
    },
    restart: async () => {
      server.closeAllConnections();
      await last.catch(() => undefined);
      Object.assign(state, fresh);
      adapters.clear();
      if (!server.listening) await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    },
    withoutExtension: () => {
      state.isPlain = true;
    },
    settings: (of) => {
      state.settings = of;
    },
    close: async () => {
      server.closeAllConnections();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
      await policy.close();
      rmSync(scratch, { recursive: true, force: true });
    },
  };
}

/** The embedded engine has no adapters: W + (alpha / r) B A, in a folder of its own. */
async function merged(base: string, adapter: string, to: string): Promise<string> {
  const config = JSON.parse(readFileSync(join(adapter, 'adapter_config.json'), 'utf8')) as { r: number; lora_alpha: number };
  const { tensors: low } = await readSafetensors(join(adapter, 'adapter_model.safetensors'));
  const weights = new Map(await readWeights(base));
  for (const [key, a] of low) {
    const name = /^base_model[.]model[.](.+)[.]lora_A[.]weight$/.exec(key)?.[1];
    if (name === undefined) continue;
    const b = low.get(key.replace('lora_A', 'lora_B'));
    const weight = weights.get(`${name}.weight`);
    if (b === undefined || weight === undefined) throw new Error(`adapter without ${name}`);
    const [rank = 0, inner = 0] = a.shape;
    const data = Float32Array.from(weight.data, (value, i) => {
      const [row, column] = [Math.floor(i / inner), i % inner];
      let sum = 0;
      for (let k = 0; k < rank; k++) sum += (b.data[row * rank + k] as number) * (a.data[k * inner + column] as number);
      return value + (config.lora_alpha / config.r) * sum;
    });
    weights.set(`${name}.weight`, { ...weight, data });
  }
  cpSync(base, to, { recursive: true });
  await writeSafetensors(join(to, 'model.safetensors'), weights);
  return to;
}

async function bodyOf(request: IncomingMessage): Promise<Body> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const text = Buffer.concat(parts).toString('utf8');
  return text === '' ? {} : (JSON.parse(text) as Body);
}
