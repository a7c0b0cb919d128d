/** `evom/train`: rollouts, batches, guards and the training loops. */

export { readBatch, writeBatch } from '../batch/arrow.ts';
export { readRollouts, writeRollouts } from '../batch/rollouts.ts';
export { type RowOptions, trainingRows } from '../batch/rows.ts';
export { episodeText, ownTokens, type Stretch, stretchesOf } from '../core/turns.ts';
export { type RolloutParts, type RolloutRequest, type RolloutResult, type RolloutTimes, rollOut, type Task } from '../rollout/engine.ts';
export type { Tell, TurnSettings } from '../rollout/episode.ts';
export { type BatchSettings, trainingBatches } from './batches.ts';
export type { GatheredStep, ProblemSource, SamplingPosition } from './gather.ts';
export { checkGuards, type GuardLimits, type GuardReadings, type GuardState, type GuardVerdict, initialGuardState } from './guards.ts';
export { type RunStore, type TrainParts, type TrainSettings, type TrainState, trainLoop } from './loop.ts';
export { partialKlWeights } from './partial-kl.ts';
export { initialTrainState, type SftParts, type SftSettings, sftLoop } from './sft.ts';
export { type SftExample, sftRow } from './sft-rows.ts';
export type { StepMetrics } from './step-metrics.ts';
