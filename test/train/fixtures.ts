/** What the loop needs besides the parts under test: a learner that counts, a store that remembers, settings of a short run. */

import type { RolloutGroup } from '../../src/core/rollout.ts';
import type { TrainingBatch } from '../../src/core/training.ts';
import type { Evaluation, EvaluationSummary } from '../../src/evaluate/evaluate.ts';
import type { Learner } from '../../src/policy/learner.ts';
import { problemCursor } from '../../src/problems/sets/cursor.ts';
import type { RolloutParts } from '../../src/rollout/engine.ts';
import { type BatchSettings, trainingBatches } from '../../src/train/batches.ts';
import type { GuardLimits } from '../../src/train/guards.ts';
import type { RunStore, StepTexts, TrainParts, TrainSettings, TrainState } from '../../src/train/loop.ts';
import type { StepMetrics } from '../../src/train/step-metrics.ts';
import { problem, sampling } from '../rollout/scripted.ts';

/** A learner of one weight: each step adds the advantages it is given, so that what it saw can be read off it. */
export function countingLearner(
  version = 0,
  weight = 0,
): Learner & { readonly batches: TrainingBatch[]; readonly factors: number[]; readonly weight: number } {
  const state = { version, weight };
  const batches: TrainingBatch[] = [];
  const factors: number[] = [];
  return {
    batches,
    factors,
    get weight() {
      return state.weight;
    },
    get version() {
      return state.version;
    },
    step: async (batch, { learningRateFactor }) => {
      batches.push(batch);
      factors.push(learningRateFactor);
      for (const row of batch.rows) state.weight += learningRateFactor * row.advantage * row.inputIds.length;
      state.version += 1;
      return { version: state.version, metrics: { loss: state.weight, approx_kl: 0.25 } };
    },
    weights: () => ({ type: 'tensors' as const, version: state.version, tensors: new Map([['w', Float32Array.of(state.weight)]]) }),
    save: async () => {},
    close: async () => {},
  };
}

/** What a run wrote, in memory and in order. */
export class MemoryStore implements RunStore {
  readonly events: string[] = [];
  readonly lines: StepMetrics[] = [];
  /** Of each step. */
  readonly alarms: (readonly string[])[] = [];
  readonly seen: (readonly RolloutGroup[])[] = [];
  readonly checkpoints: { readonly state: TrainState; readonly version: number }[] = [];
  readonly #learner: Learner;

  constructor(learner: Learner) {
    this.#learner = learner;
  }

  async writeStep(step: number, groups: readonly RolloutGroup[], batches: readonly TrainingBatch[], weightVersion: number): Promise<void> {
    this.seen.push(groups);
    this.events.push(`write ${step}: ${batches.length} batches at version ${weightVersion}`);
  }

  async appendMetrics(step: number, metrics: StepMetrics, { alarms }: StepTexts): Promise<void> {
    this.lines.push(metrics);
    this.alarms.push(alarms);
    this.events.push(`metrics ${step}`);
  }

  async saveEvaluation(step: number): Promise<void> {
    this.events.push(`evaluation ${step}`);
  }

  async saveCheckpoint(state: TrainState): Promise<void> {
    this.checkpoints.push({ state, version: this.#learner.version });
    this.events.push(`checkpoint ${state.step}`);
  }
}

export const guardsOff: GuardLimits = {
  entropyMin: null,
  noSignalSteps: null,
  klMax: null,
  infraRateMax: null,
  flagRateMax: null,
  infraStopSteps: null,
  driftSteps: null,
  formatOnlySteps: null,
};

export const settings = (over: Partial<TrainSettings> = {}): TrainSettings => ({
  seed: 7,
  steps: 4,
  stepsAhead: 0,
  groupSize: 2,
  groupsPerStep: 2,
  sampling,
  dynamicSampling: { batchGroups: 2, band: null, minScorable: 2, maxRounds: 1, minFill: 0.5, maxStaleness: 1 },
  accuracyWeights: { answer: 1, consistency: 0 },
  schedule: { type: 'constant', warmupSteps: 0 },
  guards: guardsOff,
  onAlarm: 'stop',
  checkpointEvery: 2,
  evalEvery: 0,
  ...over,
});

export const batchSettings = (over: Partial<BatchSettings> = {}): BatchSettings => ({
  runId: 'run',
  estimator: 'grpo',
  compat: 'exact',
  loss: {
    type: 'policy_gradient',
    clipLow: 0.2,
    clipHigh: 0.2,
    dualClip: null,
    ratio: 'token',
    surrogate: 'ppo',
    aggregation: 'token_mean',
    normLength: null,
    klCoef: 0,
    klEstimator: 'k3',
  },
  sampling,
  truncated: 'train',
  updatesPerBatch: 1,
  tokenizerSha256: '00',
  modelId: 'scripted',
  padId: 0,
  reference: null,
  ...over,
});

export const problems = Array.from({ length: 5 }, (_, i) => problem(`p${i}`, 1));

/** The parts of a run over `problems`, from a state. */
export function trainParts(rollout: RolloutParts, learner: Learner, state: TrainState, over: Partial<TrainParts> = {}) {
  const cursor = problemCursor(problems.length, 7, state.cursor);
  const store = new MemoryStore(learner);
  const alarms: string[] = [];
  const parts: TrainParts = {
    rollout,
    learner,
    problems: { next: () => problems[cursor.next()] ?? problem('none'), state: () => cursor.state },
    store,
    batches: (groups, step, genStep) => trainingBatches(groups, step, genStep, batchSettings()),
    evaluate: async () => [],
    onStep: () => {},
    onAlarm: (step, alarm) => alarms.push(`${step}: ${alarm}`),
    onEvaluation: () => {},
    ...over,
  };
  return { parts, store, alarms };
}

const summary: EvaluationSummary = {
  name: 'set',
  judge: 'sirl',
  problems: 1,
  samples: 1,
  temperature: 1,
  pass_at_1: 0.5,
  denominator: 1,
  labels: ['test'],
  by_judge: {},
  diagnosis: null,
  pass_at_1_ci95: [0, 1],
  pass_at_k: { 1: 0.5 },
  flagged_passes: 0,
  identical: null,
  identical_ci95: null,
  execution_rate: 1,
  unscorable: 0,
  taxonomy: {},
  by_family: {},
  flags: {},
  mean_tokens: 1,
  truncated: 0,
  entropy: 0,
  usage: null,
};
export const evaluation = (over: Partial<EvaluationSummary> = {}, scores: Evaluation['scores'] = []): Evaluation => ({
  summary: { ...summary, ...over },
  scores,
});
