/** How a model server takes new weights: the requests of each way, each ending in a check that the server really serves them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { EvomError } from '../lib/errors.ts';
import { HttpFault, requestDone, requestJson, retryPauseMs } from '../lib/http.ts';
import type { PolicyWeights } from '../policy/policy.ts';

export type ReloadMethod =
  /** SGLang reads a model folder (`/update_weights_from_disk`). */
  | 'sglang-disk'
  /** vLLM reads a model folder by its workers' own `reload_weights` (`/collective_rpc`, a developer route). */
  | 'vllm-disk'
  /** vLLM loads a LoRA adapter under a new name, so that no cached prefix of an older one is met. */
  | 'vllm-lora'
  /** The server keeps its weights: for evaluation. */
  | 'none';

export interface ServerAccess {
  readonly url: string;
  readonly token: string | null;
  /** Longest wait for one request of a reload. */
  readonly timeoutMs: number;
  /** vLLM on a CPU, where the head of a model with tied embeddings is a packed copy that a reload leaves as it was. */
  readonly repacksHead?: boolean;
}

export type DirectoryWeights = PolicyWeights & { readonly type: 'directory' };

/** Name of the adapter of a version: never used twice. */
export const adapterName = (version: number): string => `evom-v${version}`;

/**
 * Makes a server take weights, and asks it what it serves. Doing it twice is doing it once, so a lost answer may be asked for again.
 *
 * @param previous the version that it serves now; its adapter is unloaded afterwards.
 * @throws {EvomError} `E_POLICY` when the server refuses, or afterwards names another version.
 */
export async function reloadWeights(
  method: ReloadMethod,
  server: ServerAccess,
  weights: DirectoryWeights,
  previous: number,
): Promise<void> {
  switch (method) {
    case 'sglang-disk':
      await reloadSglang(server, weights);
      break;
    case 'vllm-disk':
      await reloadVllm(server, weights);
      break;
    case 'vllm-lora':
      return loadAdapter(server, weights, previous);
    case 'none':
      throw refusal(server, weights, 'policy.openai.reload is none; name how the server takes weights');
    default:
      return method satisfies never;
  }
  const serves = await servedVersion(method, server);
  if (serves !== null && serves !== String(weights.version)) throw refusal(server, weights, `it serves version ${serves}`);
}

/**
 * The version that a server names, as it was told with the weights: one that was restarted meanwhile names another.
 *
 * @returns null where the way has no such question, or the server is too old for it.
 */
export async function servedVersion(method: ReloadMethod, server: ServerAccess): Promise<string | null> {
  const ask = async (path: string): Promise<string | null> =>
    (await get<{ readonly weight_version?: string }>(server, path)).weight_version ?? null;
  if (method === 'vllm-disk') return ask('/weight_info').catch(unlessAbsent(null));
  if (method !== 'sglang-disk') return null;
  // 0.5.23 has /model_info alone; before, the version was a question of its own.
  return (await ask('/model_info').catch(unlessAbsent(null))) ?? ask('/get_weight_version').catch(unlessAbsent(null));
}

async function reloadSglang(server: ServerAccess, weights: DirectoryWeights): Promise<void> {
  const answer = await post<{ readonly success?: boolean; readonly message?: string } | null>(server, '/update_weights_from_disk', {
    model_path: weights.directory,
    flush_cache: true,
    abort_all_requests: false,
    weight_version: String(weights.version),
  });
  if (answer?.success !== true) throw refusal(server, weights, answer?.message ?? 'it gave no reason');
}

/** With the queue frozen: requests of others than this run would be continued by other weights than began them. */
async function reloadVllm(server: ServerAccess, weights: DirectoryWeights): Promise<void> {
  await done(server, '/pause?mode=keep').catch(unlessAbsent(undefined));
  try {
    await done(server, '/collective_rpc', { method: 'reload_weights', kwargs: { weights_path: weights.directory } }).catch(
      unlessNoRoute(server, weights, 'VLLM_SERVER_DEV_MODE=1'),
    );
    if (server.repacksHead === true) await repackHead(server, weights);
    await clearPrefixCache(server, weights);
    await done(server, '/update_weight_version', { new_version: String(weights.version) }).catch(unlessAbsent(undefined));
  } finally {
    // A server that does not answer here does not answer anything; what failed first is the fault to tell.
    await done(server, '/resume').catch(() => undefined);
  }
}

/** By `scripts/torch_host/evom_vllm`; a worker without it answers that it has no such attribute. */
async function repackHead(server: ServerAccess, weights: DirectoryWeights): Promise<void> {
  const { results } = await post<{ readonly results: readonly unknown[] }>(server, '/collective_rpc', { method: 'repack_tied_head' }).catch(
    (fault: unknown): never => {
      if (fault instanceof HttpFault && /has no attribute/.test(fault.message))
        throw refusal(
          server,
          weights,
          'on a CPU it leaves the head of a model with tied embeddings as it was; start it with PYTHONPATH=scripts/torch_host and --worker-extension-cls evom_vllm.WorkerExtension',
        );
      throw fault;
    },
  );
  if (!results.some((heads) => Number(heads) > 0)) throw refusal(server, weights, 'no worker has a head to pack again');
}

const prefixCacheTries = 5;

/** Prefixes cached under the old weights would be continued by the new ones. vLLM says `false` while requests hold blocks. */
async function clearPrefixCache(server: ServerAccess, weights: DirectoryWeights): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    // Before 0.26 the answer was empty.
    const answer = await post<{ readonly success?: boolean } | null>(server, '/reset_prefix_cache', {});
    if (answer?.success !== false) return;
    if (attempt + 1 >= prefixCacheTries)
      throw refusal(
        server,
        weights,
        `its prefix cache could not be cleared in ${prefixCacheTries} tries, because requests hold parts of it; keep other users off the server`,
      );
    await sleep(retryPauseMs(attempt));
  }
}

async function loadAdapter(server: ServerAccess, weights: DirectoryWeights, previous: number): Promise<void> {
  const name = adapterName(weights.version);
  const loaded = await adaptersOf(server);
  // Another run on the same server has its own folders.
  const from = loaded.get(name);
  if (from !== undefined && from !== null && from !== weights.directory)
    await done(server, '/v1/unload_lora_adapter', { lora_name: name }).catch(unlessAbsent(undefined));
  if (from === undefined || from !== weights.directory)
    await done(server, '/v1/load_lora_adapter', { lora_name: name, lora_path: weights.directory })
      .catch(unlessNoRoute(server, weights, 'VLLM_ALLOW_RUNTIME_LORA_UPDATING=1 and --enable-lora'))
      .catch((fault: unknown) => {
        // The answer of an earlier try was lost.
        if (!(fault instanceof HttpFault && fault.status === 400 && /already been loaded/.test(fault.message))) throw fault;
      });
  const now = await adaptersOf(server);
  if (!now.has(name)) throw refusal(server, weights, `/v1/models does not name ${name}`);
  // What is gone already (a server that was restarted) need not go again.
  if (previous > 0 && previous !== weights.version && now.has(adapterName(previous)))
    await done(server, '/v1/unload_lora_adapter', { lora_name: adapterName(previous) }).catch(unlessAbsent(undefined));
}

/** The models that a server names, with the folder of each where it says so. */
async function adaptersOf(server: ServerAccess): Promise<Map<string, string | null>> {
  const { data } = await get<{ readonly data: readonly { readonly id: string; readonly root?: string | null }[] }>(server, '/v1/models');
  return new Map(data.map(({ id, root }) => [id, root ?? null]));
}

/** A route that a release does not have, or a thing that is gone. */
const unlessAbsent =
  <T>(instead: T) =>
  (fault: unknown): T => {
    if (fault instanceof HttpFault && fault.status === 404) return instead;
    throw fault;
  };

/** The web framework's own answer to a path that the server was not started with. */
const unlessNoRoute =
  (server: ServerAccess, weights: DirectoryWeights, flags: string) =>
  (fault: unknown): never => {
    if (fault instanceof HttpFault && fault.status === 404 && /"detail":\s*"Not Found"/.test(fault.message))
      throw refusal(server, weights, `it has no such route; start it with ${flags}`);
    throw fault;
  };

const refusal = ({ url }: ServerAccess, { version, directory }: DirectoryWeights, what: string): EvomError =>
  new EvomError('E_POLICY', `${url} did not take version ${version} from ${directory}: ${what}`);

const options = ({ token, timeoutMs }: ServerAccess) => ({ token, timeoutMs, code: 'E_POLICY' }) as const;
const get = <T>(server: ServerAccess, path: string): Promise<T> => requestJson<T>(`${server.url}${path}`, options(server));
const post = <T>(server: ServerAccess, path: string, body: unknown): Promise<T> =>
  requestJson<T>(`${server.url}${path}`, { ...options(server), method: 'POST', body });
/** What is answered beside the status is not read: some routes answer with text. */
const done = (server: ServerAccess, path: string, body: unknown = {}): Promise<void> =>
  requestDone(`${server.url}${path}`, { ...options(server), method: 'POST', body });
