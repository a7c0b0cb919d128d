/**
 * A stand-in for vLLM and SGLang, which cannot be installed here: the same routes, bodies and answers as far as evom uses them,
 * served by the embedded policy, so that ids, log-probabilities and reloaded weights are real. It is no proof that a given
 * release of either server speaks so; the routes are those of their sources (vLLM's OpenAI and developer routes, SGLang's
 * http_server). An adapter's folder is read as a whole model, since the embedded engine has no adapters.
 */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createOnnxPolicy } from '../../src/policy/onnx-policy.ts';
import type { Policy } from '../../src/policy/policy.ts';

export interface StandIn {
  readonly url: string;
  /** Paths asked for, in order. */
  readonly asked: string[];
  /** Most completions in flight at once. */
  readonly mostInFlight: () => number;
  /** What goes wrong next: a path, the status it answers, and how often. */
  fail(path: string, status: number, times: number): void;
  close(): Promise<void>;
}

type Body = Readonly<Record<string, unknown>>;

/** @param delayMs time that each completion takes on top of its tokens, several at once as a server with room has it. */
export async function startStandIn(directory: string, model: string, delayMs = 0): Promise<StandIn> {
  const policy: Policy = await createOnnxPolicy({ directory, threads: 1 });
  const asked: string[] = [];
  const faults = new Map<string, { status: number; times: number }>();
  const adapters = new Map<string, string>();
  const state = { served: '0', version: 0, loaded: 'base', inFlight: 0, most: 0 };
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const next = last.then(work, work);
    last = next;
    return next;
  };
  const load = async (name: string, folder: string): Promise<void> => {
    await policy.update({ type: 'directory', version: state.version, directory: folder });
    state.loaded = name;
  };
  const complete = async (promptIds: readonly number[], seed: unknown, params: Body, weights: string) => {
    await sleep(delayMs);
    return inTurn(async () => {
      if (state.loaded !== weights) await load(weights, adapters.get(weights) ?? directory);
      const maxTokens = Number(params.max_tokens ?? params.max_new_tokens);
      const [[completion] = []] = await policy.sample([{ promptIds: Int32Array.from(promptIds), seeds: [String(seed)] }], {
        temperature: Number(params.temperature),
        topK: Math.max(0, Number(params.top_k)),
        topP: Number(params.top_p),
        maxTokens,
      });
      if (completion === undefined) throw new Error('no completion');
      return completion;
    });
  };
  const ids = (value: unknown): number[] => (value as number[]).map(Number);

  const routes: Readonly<Record<string, (body: Body) => Promise<unknown> | unknown>> = {
    'GET /health': () => null,
    'GET /v1/models': () => ({ object: 'list', data: [model, ...adapters.keys()].map((id) => ({ id, object: 'model' })) }),
    'POST /v1/completions': async (body) => {
      const name = String(body.model);
      if (name !== model && !adapters.has(name)) throw new Refused(404, `The model \`${name}\` does not exist.`);
      const { tokenIds, logprobs, finishReason } = await complete(ids(body.prompt), body.seed, body, name === model ? state.loaded : name);
      return {
        object: 'text_completion',
        model: name,
        choices: [
          {
            index: 0,
            text: '',
            finish_reason: finishReason,
            token_ids: body.return_token_ids === true ? [...tokenIds] : null,
            logprobs: body.logprobs === undefined ? null : { token_logprobs: [...logprobs] },
          },
        ],
      };
    },
    'POST /v1/load_lora_adapter': (body) => {
      const name = String(body.lora_name);
      if (adapters.has(name)) throw new Refused(400, `The lora adapter '${name}' has already been loaded.`);
      adapters.set(name, String(body.lora_path));
      return null;
    },
    'POST /v1/unload_lora_adapter': (body) => {
      if (!adapters.delete(String(body.lora_name))) throw new Refused(404, 'no such adapter');
      return null;
    },
    'POST /collective_rpc': async (body) => {
      if (body.method === 'update_weights_from_path') {
        const [folder, version] = body.args as [string, number];
        state.version = version;
        await inTurn(() => load('base', folder));
      } else if (body.method !== 'weights_version') throw new Refused(400, `no method ${String(body.method)}`);
      return { results: [state.version, state.version] };
    },
    'POST /reset_prefix_cache': () => ({ success: true }),
    'POST /generate': async (body) => {
      const params = body.sampling_params as Body;
      const { tokenIds, logprobs, finishReason } = await complete(ids(body.input_ids), params.sampling_seed, params, 'base');
      return {
        text: '',
        meta_info: {
          finish_reason: { type: finishReason },
          output_token_logprobs: body.return_logprob === true ? [...tokenIds].map((id, t) => [logprobs[t], id, null]) : undefined,
          weight_version: state.served,
        },
      };
    },
    'POST /update_weights_from_disk': async (body) => {
      await inTurn(() => load('base', String(body.model_path)));
      state.served = String(body.weight_version);
      return { success: true, message: 'Succeeded to update model weights.', num_paused_requests: 0 };
    },
    'GET /get_weight_version': () => ({ weight_version: state.served }),
  };

  const server: Server = createServer(async (request, response) => {
    const path = request.url ?? '';
    asked.push(path);
    const answer = (status: number, body: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(body === null ? '' : JSON.stringify(body));
    };
    const fault = faults.get(path);
    if (fault && fault.times > 0) {
      fault.times -= 1;
      if (fault.status === 0) return request.destroy();
      return answer(fault.status, { error: { message: 'asked to fail' } });
    }
    const route = routes[`${request.method} ${path}`];
    if (route === undefined) return answer(404, { error: { message: `no route ${path}` } });
    state.inFlight += 1;
    state.most = Math.max(state.most, state.inFlight);
    try {
      answer(200, await route(await bodyOf(request)));
    } catch (error) {
      answer(error instanceof Refused ? error.status : 500, { error: { message: String(error) } });
    } finally {
      state.inFlight -= 1;
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    mostInFlight: () => state.most,
    fail: (path, status, times) => faults.set(path, { status, times }),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await policy.close();
    },
  };
}

class Refused extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

async function bodyOf(request: IncomingMessage): Promise<Body> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const text = Buffer.concat(parts).toString('utf8');
  return text === '' ? {} : (JSON.parse(text) as Body);
}
