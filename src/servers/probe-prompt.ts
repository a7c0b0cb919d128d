/** Whether new weights reached a server, by what it says about one fixed text before and after. */
import { EvomError } from '../lib/errors.ts';
import { requestPromptLogprobs, type ServerEngine } from './completion-request.ts';
import type { DirectoryWeights, ServerAccess } from './weight-reload.ts';

/** Shares of weights that must differ, as bfloat16, before an unchanged probe is taken as proof that they did not arrive. */
const noticeable = 1e-3;

export interface ProbeOptions {
  readonly engine: ServerEngine;
  readonly model: string;
  readonly vocabSize: number;
  /** Share of the weights of two folders that differ once they are rounded to bfloat16, as servers have them. */
  readonly differingShare: (before: string, after: string) => Promise<number>;
}

/** [T-1] log-probabilities of a text of 32 tokens spread over the vocabulary, so that the embedding's rows count too. */
export function probeServer(server: ServerAccess, { engine, model, vocabSize }: ProbeOptions): Promise<number[]> {
  const promptIds = Int32Array.from({ length: 32 }, (_, i) => 2 + Math.floor(((i * 0.618_033_988_7) % 1) * (vocabSize - 2)));
  return requestPromptLogprobs(server, { engine, model, promptIds });
}

/** Mean difference of two servers' probes beyond which they are taken for two models, nats: engines and devices round within a tenth of it. */
const otherModel = 0.5;

/** Whether two servers that should have the same weights have the same model: what to say where they do not, both by name; else null. */
export function differentProbes(
  own: { readonly url: string; readonly logprobs: readonly number[] },
  others: { readonly url: string; readonly logprobs: readonly number[] },
): string | null {
  const count = Math.min(own.logprobs.length, others.logprobs.length);
  if (count === 0) return null;
  let sum = 0;
  for (let t = 0; t < count; t++) sum += Math.abs((own.logprobs[t] ?? 0) - (others.logprobs[t] ?? 0));
  if (sum / count <= otherModel) return null;
  return `${own.url} and ${others.url} should have the same weights, and their log-probabilities of a probe text differ by ${(sum / count).toFixed(1)} nats a token; start both from the same model`;
}

/**
 * Compares two probes of a server.
 *
 * @throws {EvomError} `E_POLICY` when the probe is the same to the bit although the weights on disk differ.
 */
export async function checkProbe(
  { url }: ServerAccess,
  { before, after }: { readonly before: readonly number[]; readonly after: readonly number[] },
  served: DirectoryWeights,
  weights: DirectoryWeights,
  { differingShare }: ProbeOptions,
): Promise<void> {
  if (before.length === 0 || before.join() !== after.join()) return;
  const share = await differingShare(served.directory, weights.directory);
  if (share < noticeable) return; // a step that hardly moved anything
  throw new EvomError(
    'E_POLICY',
    `${url} did not take version ${weights.version} from ${weights.directory}: ${(100 * share).toFixed(1)} % of the weights differ from version ${served.version}, and its log-probabilities of a probe text are the same to the bit; look into its log for weights that were not loaded`,
  );
}
