/** `evom/rl`: advantages, losses and sampler corrections as pure functions of numbers. */

export {
  type AdvantageEstimator,
  type BatchEstimator,
  type GroupAdvantageOptions,
  type GroupEstimator,
  groupAdvantages,
} from './advantage.ts';
export { type LossDenominators, lossDenominators, type MaskedRow, promptMeanWeights, tokenWeights } from './aggregate.ts';
export { type BatchAdvantageOptions, batchAdvantages, type RewardedGroup } from './batch-advantage.ts';
export { type AdvantageConventions, type Compat, compatPresets } from './conventions.ts';
export {
  type AccuracyWeights,
  beginSamplingStep,
  type DynamicSamplingConfig,
  type DynamicSamplingState,
  type GroupSummary,
  initialSamplingState,
  nextSamplingAction,
  offerGroups,
  type SamplingCounts,
  type SamplingDecision,
  summarizeGroup,
} from './dynamic-sampling.ts';
export { type SamplerCorrection, samplerWeights, sequenceRatio, tokenRatios } from './importance-ratio.ts';
export { type KlEstimator, klTerm } from './kl.ts';
export { passAtK } from './pass-at-k.ts';
export { learningRateFactor, type ScheduleConfig } from './schedule.ts';
export { type LossRow, type SurrogateLoss, surrogateLoss } from './surrogate.ts';
