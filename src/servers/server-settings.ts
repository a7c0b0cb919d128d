/** What a model server must have been started with, and what it means when it is gone. */
import { EvomError } from '../lib/errors.ts';
import { HttpFault, requestJson } from '../lib/http.ts';
import type { ServerEngine } from './completion-request.ts';
import type { ServerAccess } from './weight-reload.ts';

interface VllmInfo {
  readonly vllm_config?: {
    readonly scheduler_config?: { readonly enable_chunked_prefill?: boolean };
    readonly model_config?: { readonly logprobs_mode?: string };
  };
}

/**
 * Looks at the settings that a vLLM server tells under VLLM_SERVER_DEV_MODE=1; without it, and of SGLang, nothing is known.
 *
 * @returns whether it runs on a CPU.
 * @throws {EvomError} `E_POLICY` naming the flag that is missing.
 */
export async function checkServerSettings(engine: ServerEngine, { url, token }: ServerAccess): Promise<{ readonly onCpu: boolean }> {
  if (engine !== 'vllm') return { onCpu: false };
  const ask = async <T>(path: string): Promise<T | null> => {
    try {
      return await requestJson<T>(`${url}${path}`, { token, timeoutMs: 120_000, code: 'E_POLICY' });
    } catch (fault) {
      if (fault instanceof HttpFault && fault.failure === 'refused') return null; // a route that it does not have
      throw fault;
    }
  };
  const info = await ask<VllmInfo>('/server_info?config_format=json');
  const mode = info?.vllm_config?.model_config?.logprobs_mode;
  if (mode !== undefined && mode !== 'processed_logprobs')
    throw new EvomError(
      'E_POLICY',
      `${url} was started with --logprobs-mode ${mode}, so its log-probabilities are not those at the sampling temperature; start it with --logprobs-mode processed_logprobs`,
    );
  // The JSON leaves the device out; the text has it.
  const text = info === null ? null : await ask<{ readonly vllm_config?: string }>('/server_info');
  const onCpu = /\bdevice_config=cpu\b/.test(text?.vllm_config ?? '');
  if (onCpu && info?.vllm_config?.scheduler_config?.enable_chunked_prefill === true)
    throw new EvomError(
      'E_POLICY',
      `${url} runs on a CPU and prefills prompts in chunks, and a request of ours would end it: ${chunksOnCpu}`,
    );
  return { onCpu };
}

const chunksOnCpu =
  'vLLM stops there at a request with a seed whose prompt is prefilled in chunks ("CPU Generator does not use offset"); start it with --no-enable-chunked-prefill --max-num-batched-tokens 16384';

/** Names what a fault in the middle of a run may mean; other faults are left as they are. */
export function deathOf(engine: ServerEngine, { url }: ServerAccess, promptTokens: number, fault: HttpFault): HttpFault {
  const engineIsDead = fault.status === 500 && /EngineCore|EngineDead|engine/i.test(fault.message);
  if (fault.failure !== 'unreachable' && fault.failure !== 'broken_off' && !engineIsDead) return fault;
  const known = engine === 'vllm' ? `; known of vLLM on a CPU: ${chunksOnCpu}` : '';
  return new HttpFault(
    'E_POLICY',
    `${fault.message}${/[.?]$/.test(fault.message) ? '' : '.'} ${url} was up before and is gone; it may have ended by a request of this run (the last one had a prompt of ${promptTokens} tokens). Its log says why. Start it again and go on with --resume${known}`,
    { failure: fault.failure, status: fault.status, cause: fault },
  );
}
