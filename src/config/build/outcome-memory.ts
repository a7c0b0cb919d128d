/** A file of outcomes for one setting: what decides an outcome names its cell, so that a change of it is asked anew. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { weightsSha256 } from '../../checkpoint/hf-layout.ts';
import type { PromptTemplate } from '../../dialects/prompt.ts';
import type { OutcomeMemory } from '../../evaluate/sampled.ts';
import { fileSha256 } from '../../lib/file-sha256.ts';
import type { OutcomeFile } from '../../runs/outcome-file.ts';
import { chatFingerprint } from '../../servers/chat-policy.ts';
import type { TrainConfig } from '../schema/schema.ts';

/** Hash of what a policy's answers come from: weights, a graph, a recording; of an API, its address and model. */
export async function policyFingerprint(directory: string, policy: Pick<TrainConfig['policy'], 'type' | 'chat'>): Promise<string> {
  const { url = '', model = '', body } = policy.chat;
  if (policy.type === 'chat') return chatFingerprint({ url, model, body });
  for (const file of [join(directory, 'onnx', 'model.onnx'), join(directory, 'model.onnx')]) {
    if (existsSync(file) && !existsSync(join(directory, 'model.safetensors'))) return fileSha256(file);
  }
  return existsSync(join(directory, 'config.json')) ? weightsSha256(directory) : fileSha256(directory);
}

type CellConfig = Pick<TrainConfig, 'run' | 'dialect' | 'prompt' | 'backend' | 'sandbox' | 'sampling' | 'rollout' | 'reward' | 'audit'> & {
  readonly policy: Pick<TrainConfig['policy'], 'type' | 'precision'>;
};

/**
 * Name of a setting: everything that an outcome and its audit depend on, but not how it is judged.
 *
 * @param set temperature of the evaluation set, where 0 is greedy, and the dialect that it names, which goes before the run's.
 */
export function cellOf(
  config: CellConfig,
  { fingerprint, template }: { readonly fingerprint: string; readonly template: PromptTemplate | null },
  set: { readonly temperature: number; readonly dialect?: string | undefined },
): string {
  const { policy, backend, sandbox, sampling, rollout, reward, audit, run } = config;
  const { top_k, top_p, max_tokens } = sampling;
  const prompt = template === null ? config.prompt : { ...config.prompt, template };
  const what = {
    policy: policy.type,
    // float32 is named as before there was a choice.
    ...(policy.precision === 'float32' ? {} : { precision: policy.precision }),
    fingerprint,
    dialect: set.dialect === undefined ? config.dialect : [{ name: set.dialect, weight: 1 }],
    prompt,
    backend,
    limits: sandbox.limits,
    top_k,
    top_p,
    max_tokens,
    // One turn is named as before there were several.
    ...(rollout.turns === 1 ? {} : { rollout }),
    temperature: set.temperature,
    reward,
    audit,
    seed: run.seed,
  };
  return createHash('sha256').update(JSON.stringify(what)).digest('hex').slice(0, 16);
}

/** The memory of one setting in a file that may hold several. */
export const memoryOf = (file: OutcomeFile, cell: string): OutcomeMemory => ({
  recall: (set, problem, samples) => file.recall({ cell, set }, problem, samples),
  keep: (set, sampled) => file.keep({ cell, set }, sampled),
});
