/** What policies have in common that give texts and know nothing of their distribution: recordings, and models behind an API. */
import type { Completion, TokenUsage } from '../core/rollout.ts';
import { EvomError } from '../lib/errors.ts';
import type { Policy } from './policy.ts';

/**
 * A text as a completion: no log-probabilities and no entropy.
 *
 * @param ids of the text; the stop token follows them where the text is whole.
 */
export function textCompletion(
  ids: Int32Array,
  stopId: number,
  {
    isCut = false,
    usage = null,
    meanLogprob = null,
  }: { readonly isCut?: boolean; readonly usage?: TokenUsage | null; readonly meanLogprob?: number | null } = {},
): Completion {
  const tokenIds = new Int32Array(ids.length + (isCut ? 0 : 1)).fill(stopId);
  tokenIds.set(ids);
  return {
    tokenIds,
    logprobs: new Float32Array(0),
    entropy: null,
    finishReason: isCut ? 'length' : 'stop',
    policyVersion: 0,
    ...(usage === null ? {} : { usage }),
    ...(meanLogprob === null ? {} : { meanLogprob }),
  };
}

/** The rest of a policy that can be sampled, and neither scored nor trained. @param what who that is, as in `x is recorded`. */
export function withoutWeights(what: string): Pick<Policy, 'score' | 'update' | 'close'> {
  const refuse = async (work: string): Promise<never> => {
    throw new EvomError('E_POLICY', `${what} and cannot ${work}; take a policy with weights`);
  };
  return { score: () => refuse('score tokens'), update: () => refuse('take new weights'), close: async () => {} };
}
