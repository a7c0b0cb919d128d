/** The policy of a run that only learns: it says what its model is and samples nothing, so that no engine is opened for it. */
import { EvomError } from '../lib/errors.ts';
import type { Policy } from './policy.ts';

/** @param limits of the model, as of a policy that samples. */
export function unsampledPolicy(limits: Pick<Policy, 'modelId' | 'version' | 'maxLength'>): Policy {
  const refuse = async (): Promise<never> => {
    throw new EvomError('E_INTERNAL', `${limits.modelId} was asked to sample in a run without evaluation sets`);
  };
  return { ...limits, sample: refuse, score: refuse, update: refuse, close: async () => {} };
}
