/** How a model server takes new weights: the requests of each way, each ending in a check that the server really serves them. */
import { EvomError } from '../core/errors.ts';
import { requestJson } from '../remote/http.ts';
import type { PolicyWeights } from './policy.ts';

export type ReloadMethod =
  /** SGLang reads a model folder (`/update_weights_from_disk`). */
  | 'sglang-disk'
  /** vLLM loads a LoRA adapter under a new name, so that no cached prefix of an older one is met. */
  | 'vllm-lora'
  /** vLLM with `evom_vllm.WorkerExtension` reads a model folder (`/collective_rpc`, a developer route). */
  | 'vllm-extension'
  /** The server keeps its weights: for evaluation. */
  | 'none';

export interface ServerAccess {
  readonly url: string;
  readonly token: string | null;
  /** Longest wait for one request of a reload. */
  readonly timeoutMs: number;
}

/** Name of the adapter of a version: never used twice. */
export const adapterName = (version: number): string => `evom-v${version}`;

/**
 * Makes a server take weights, and checks that it has.
 *
 * @param previous the version that it serves now; its adapter is unloaded afterwards.
 * @throws {EvomError} `E_POLICY` when the server refuses, or afterwards names another version.
 */
export async function reloadWeights(method: ReloadMethod, server: ServerAccess, weights: PolicyWeights, previous: number): Promise<void> {
  if (weights.type !== 'directory')
    throw new EvomError('E_POLICY', 'a model server reads weights from disk; take a learner that writes them there (learner.type: torch)');
  const { directory, version } = weights;
  const post = <T>(path: string, body: unknown): Promise<T> =>
    requestJson<T>(`${server.url}${path}`, { method: 'POST', body, token: server.token, timeoutMs: server.timeoutMs, code: 'E_POLICY' });
  const get = <T>(path: string): Promise<T> =>
    requestJson<T>(`${server.url}${path}`, { token: server.token, timeoutMs: server.timeoutMs, code: 'E_POLICY' });
  const fail = (what: string): never => {
    throw new EvomError('E_POLICY', `${server.url} did not take version ${version} from ${directory}: ${what}`);
  };
  switch (method) {
    case 'sglang-disk': {
      const answer = await post<{ success: boolean; message?: string }>('/update_weights_from_disk', {
        model_path: directory,
        flush_cache: true,
        abort_all_requests: false,
        weight_version: String(version),
      });
      if (!answer.success) fail(answer.message ?? 'it gave no reason');
      const { weight_version: serves } = await get<{ weight_version: string }>('/get_weight_version');
      if (serves !== String(version)) fail(`it serves ${serves}`);
      return;
    }
    case 'vllm-lora': {
      await post('/v1/load_lora_adapter', { lora_name: adapterName(version), lora_path: directory });
      const { data } = await get<{ data: readonly { id: string }[] }>('/v1/models');
      if (!data.some(({ id }) => id === adapterName(version))) fail(`/v1/models does not name ${adapterName(version)}`);
      // What is gone already (a server that was restarted) need not go again.
      if (previous > 0 && previous !== version && data.some(({ id }) => id === adapterName(previous)))
        await post('/v1/unload_lora_adapter', { lora_name: adapterName(previous) });
      return;
    }
    case 'vllm-extension': {
      await post('/collective_rpc', { method: 'update_weights_from_path', args: [directory, version] });
      const { results } = await post<{ results: readonly unknown[] }>('/collective_rpc', { method: 'weights_version', args: [] });
      if (results.length === 0 || results.some((serves) => Number(serves) !== version)) fail(`its workers serve ${results.join(', ')}`);
      // Prefixes cached under the old weights would be continued by the new ones.
      const { success } = await post<{ success: boolean }>('/reset_prefix_cache', {});
      if (!success) fail('its prefix cache could not be cleared');
      return;
    }
    case 'none':
      return fail('policy.openai.reload is none; name how the server takes weights');
    default:
      return method satisfies never;
  }
}
