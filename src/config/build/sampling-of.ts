/** `sampling` of a configuration -> how completions are drawn. */
import { camelKeys } from '../../lib/camel-keys.ts';
import type { SamplingParams } from '../../policy/policy.ts';
import type { TrainConfig } from '../schema/schema.ts';

export function samplingOf({ sampling }: Pick<TrainConfig, 'sampling'>): SamplingParams {
  const { temperature, topK, topP, maxTokens } = camelKeys(sampling);
  return { temperature, topK, topP, maxTokens };
}
