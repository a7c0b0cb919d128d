/** Which program and which model a server is: replicas that share a run must be alike. */
import { HttpFault, requestJson } from '../lib/http.ts';
import type { ServerEngine } from './completion-request.ts';
import type { ServerAccess } from './weight-reload.ts';

export interface ServedIdentity {
  readonly url: string;
  /** Release of vLLM or SGLang; null where it does not say. */
  readonly version: string | null;
  /** Names of its models, adapters left out; empty where it does not say. */
  readonly models: readonly string[];
  /** Longest prompt plus completion, tokens; null where it does not say. */
  readonly maxLength: number | null;
}

interface Models {
  readonly data?: readonly { readonly id?: string; readonly parent?: string | null; readonly max_model_len?: number | null }[];
}

/** @throws {HttpFault} when it does not answer; a route that it does not have is none. */
export async function servedIdentity(engine: ServerEngine, server: ServerAccess): Promise<ServedIdentity> {
  const ask = async <T>(path: string): Promise<T | null> => {
    try {
      return await requestJson<T>(`${server.url}${path}`, { token: server.token, timeoutMs: 30_000, code: 'E_POLICY' });
    } catch (fault) {
      if (fault instanceof HttpFault && (fault.failure === 'refused' || fault.failure === 'unreadable')) return null;
      throw fault;
    }
  };
  const path = engine === 'vllm' ? '/version' : '/server_info';
  const about = await ask<{ readonly version?: unknown }>(path);
  const data = (await ask<Models>('/v1/models'))?.data ?? [];
  const own = data.filter(({ id, parent }) => typeof id === 'string' && (parent ?? null) === null);
  return {
    url: server.url,
    version: typeof about?.version === 'string' ? about.version : null,
    models: own.map(({ id }) => id as string),
    maxLength: own[0]?.max_model_len ?? null,
  };
}

/** How a server differs from the first of a run, both by name; null where it does not, as far as both say. */
export function differentIdentity(own: ServedIdentity, first: ServedIdentity, engine: ServerEngine, model: string): string | null {
  if (own.version !== null && first.version !== null && own.version !== first.version)
    return `${own.url} runs ${engine} ${own.version} and ${first.url} runs ${engine} ${first.version}; install the same release on both`;
  // SGLang takes any name.
  if (engine === 'vllm' && own.models.length > 0 && !own.models.includes(model))
    return `${own.url} serves ${own.models.join(', ')} and ${first.url} serves ${model}; start it with --served-model-name ${model}`;
  if (own.maxLength !== null && first.maxLength !== null && own.maxLength !== first.maxLength)
    return `${own.url} takes ${own.maxLength} tokens and ${first.url} takes ${first.maxLength}; start both with the same --max-model-len`;
  return null;
}
