/** The loop: sample and verify groups, turn rewards into advantages, write the batch, take the gradient step, again. */
import { EvomError } from '../core/errors.ts';
import type { Problem } from '../core/problem.ts';
import type { RolloutGroup } from '../core/rollout.ts';
import type { TrainingBatch } from '../core/training.ts';
import type { Evaluation } from '../evaluate/evaluate.ts';
import type { Learner, LearnerMetrics } from '../learner/learner.ts';
import type { SamplingParams } from '../policy/policy.ts';
import { isHardFlagged } from '../reward/audit.ts';
import {
  beginSamplingStep,
  type DynamicSamplingConfig,
  type DynamicSamplingState,
  nextSamplingAction,
  offerGroups,
  type SamplingCounts,
  summarizeGroup,
} from '../rl/dynamic-sampling.ts';
import { learningRateFactor, type ScheduleConfig } from '../rl/schedule.ts';
import { type RolloutParts, type RolloutTimes, rollOut } from '../rollout/engine.ts';
import { checkGuards, type GuardLimits, type GuardState } from './guards.ts';

/** What must survive a kill besides the weights and the optimizer. */
export interface TrainState {
  /** Steps finished. */
  readonly step: number;
  /** Sampling rounds finished, over all steps. */
  readonly genStep: number;
  readonly cursor: { readonly epoch: number; readonly position: number };
  readonly guards: GuardState;
  /** Accepted groups that wait for a batch. */
  readonly carry: readonly RolloutGroup[];
}

export interface TrainSettings {
  readonly seed: number;
  readonly steps: number;
  readonly groupSize: number;
  readonly groupsPerStep: number;
  readonly sampling: SamplingParams;
  readonly dynamicSampling: DynamicSamplingConfig;
  /** What a right answer earns (`reward.answer`): dynamic sampling measures accuracy by it. */
  readonly answerWeight: number;
  readonly schedule: ScheduleConfig;
  readonly guards: GuardLimits;
  readonly onAlarm: 'warn' | 'stop';
  readonly checkpointEvery: number;
  readonly evalEvery: number;
}

/** Draws problems in a fixed order, epoch after epoch. */
export interface ProblemSource {
  next(): Problem;
  state(): TrainState['cursor'];
}

/** The run's directory, as far as the loop writes to it. Every write is whole or not there. */
export interface RunStore {
  writeStep(step: number, groups: readonly RolloutGroup[], batches: readonly TrainingBatch[], weightVersion: number): Promise<void>;
  appendMetrics(step: number, metrics: StepMetrics): Promise<void>;
  saveEvaluation(step: number, evaluations: readonly Evaluation[]): Promise<void>;
  saveCheckpoint(state: TrainState, learner: Pick<Learner, 'save'>): Promise<void>;
}

/** Figures of a step by name; those under `time/` are wall clock and do not replay. */
export type StepMetrics = Readonly<Record<string, number>>;

export interface TrainParts {
  readonly rollout: RolloutParts;
  readonly learner: Learner;
  readonly problems: ProblemSource;
  readonly store: RunStore;
  /** Turns the step's groups into one batch an optimizer step. */
  readonly batches: (groups: readonly RolloutGroup[], step: number, genStep: number) => Promise<readonly TrainingBatch[]>;
  readonly evaluate: () => Promise<readonly Evaluation[]>;
  readonly onStep: (step: number, metrics: StepMetrics) => void;
  readonly onAlarm: (step: number, alarm: string) => void;
  readonly onEvaluation: (step: number, evaluations: readonly Evaluation[]) => void;
}

/**
 * Trains from `state` to `settings.steps`.
 *
 * A step is: sampling rounds until the batch is full (or bounded), advantages, `rollouts.arrow` and `batch.arrow` on
 * disk, the gradient step, new weights in the sampler, one line of metrics. State is saved every
 * `settings.checkpointEvery` steps, so a run killed at any moment resumes from there and replays what it lost.
 *
 * @returns the state after the last step.
 * @throws {EvomError} `E_GUARD` when a guard stops the run, `E_INTERRUPTED` on abort; a checkpoint is written first.
 */
export async function trainLoop(parts: TrainParts, settings: TrainSettings, start: TrainState, signal?: AbortSignal): Promise<TrainState> {
  let state = start;
  while (state.step < settings.steps) {
    const began = performance.now();
    const step = state.step + 1;
    const gathered = await gatherGroups(parts, settings, state, signal);
    if (gathered === null) return interrupted(parts, state);
    const { groups, sampling, genStep, seen, times } = gathered;

    const batches = await parts.batches(groups, step, genStep);
    await parts.store.writeStep(step, seen, batches, parts.learner.version);
    const stepStarted = performance.now();
    const factor = learningRateFactor(settings.schedule, state.step);
    let learned: LearnerMetrics = {};
    for (const [i, batch] of batches.entries()) {
      const publishWeights = i === batches.length - 1;
      learned = (await parts.learner.step(batch, { learningRateFactor: factor, publishWeights })).metrics;
    }
    const learnedAt = performance.now();
    if (batches.length > 0) await parts.rollout.policy.update(parts.learner.weights());

    const metrics: StepMetrics = {
      ...rolloutMetrics(seen, groups, sampling.counts),
      ...Object.fromEntries(Object.entries(learned).map(([name, value]) => [`learner/${name}`, value])),
      learning_rate_factor: factor,
      gen_step: genStep,
      'time/sample_s': times.sampleS,
      'time/verify_tail_s': times.verifyTailS,
      'time/learn_s': (learnedAt - stepStarted) / 1000,
      'time/update_s': (performance.now() - learnedAt) / 1000,
      'time/step_s': (performance.now() - began) / 1000,
      'time/tokens_per_s': times.tokens / Math.max(1e-9, times.sampleS),
      'time/programs_per_s': times.programs / Math.max(1e-9, times.sampleS + times.verifyTailS),
    };
    const guard = checkGuards(
      state.guards,
      {
        entropy: averageEntropy(seen.length > 0 ? seen : groups), // a step that lives on carried groups sampled nothing
        mixedGroups: groups.filter((group) => !hasOneReward(group)).length,
        approxKl: metrics['learner/approx_kl'] ?? 0,
        infraRate: metrics.infra_rate ?? 0,
        flagRate: metrics.flag_rate ?? 0,
      },
      settings.guards,
    );
    const last = step === settings.steps;
    const evaluations = last || (settings.evalEvery > 0 && step % settings.evalEvery === 0) ? await evaluateStep(parts, step) : [];

    state = { step, genStep, cursor: parts.problems.state(), guards: guard.state, carry: sampling.carry };
    const line = { ...metrics, ...evaluationMetrics(evaluations) };
    await parts.store.appendMetrics(step, line);
    parts.onStep(step, line);
    for (const alarm of guard.alarms) parts.onAlarm(step, alarm);
    const stopping = guard.alarms.length > 0 && settings.onAlarm === 'stop';
    const interrupt = signal?.aborted === true && !last;
    if (last || stopping || interrupt || step % settings.checkpointEvery === 0) await parts.store.saveCheckpoint(state, parts.learner);
    if (stopping) throw new EvomError('E_GUARD', `stopped after step ${step}, checkpoint written: ${guard.alarms.join('; ')}`);
    if (interrupt) throw interruptedAfter(step);
  }
  return state;
}

const interruptedAfter = (step: number): EvomError =>
  new EvomError('E_INTERRUPTED', `interrupted after step ${step}; a checkpoint was written, continue with --resume`);

/** The user stopped the run while it sampled: that step's rollouts are dropped, and drawn again on resume. */
async function interrupted(parts: TrainParts, state: TrainState): Promise<never> {
  await parts.store.saveCheckpoint(state, parts.learner);
  throw interruptedAfter(state.step);
}

/** Runs to its end even when the user stops the run: the weights have moved on, and the step's line needs its scores. */
async function evaluateStep(parts: TrainParts, step: number): Promise<readonly Evaluation[]> {
  const evaluations = await parts.evaluate();
  await parts.store.saveEvaluation(step, evaluations);
  parts.onEvaluation(step, evaluations);
  return evaluations;
}

/** An evaluation as figures of its step. */
export function evaluationMetrics(evaluations: readonly Evaluation[]): StepMetrics {
  const metrics: Record<string, number> = {};
  for (const { summary } of evaluations) {
    for (const name of ['pass_at_1', 'identical', 'execution_rate'] as const) {
      const rate = summary[name];
      if (rate !== null) metrics[`eval/${summary.name}/${name}`] = rate;
    }
  }
  return metrics;
}

interface GatheredGroups {
  /** Groups to train on. */
  readonly groups: readonly RolloutGroup[];
  /** All groups sampled in this step. */
  readonly seen: readonly RolloutGroup[];
  readonly sampling: DynamicSamplingState<RolloutGroup>;
  readonly genStep: number;
  readonly times: RolloutTimes;
}

/** Samples rounds until the batch is decided; null when the user stopped the run meanwhile. */
async function gatherGroups(
  parts: TrainParts,
  settings: TrainSettings,
  state: TrainState,
  signal: AbortSignal | undefined,
): Promise<GatheredGroups | null> {
  const config = settings.dynamicSampling;
  const version = parts.learner.version;
  const summarize = (group: RolloutGroup) => summarizeGroup(group, settings.answerWeight);
  let sampling = beginSamplingStep<RolloutGroup>({ carry: state.carry, counts: emptyCounts }, config, version, summarize);
  let genStep = state.genStep;
  let times: RolloutTimes = { sampleS: 0, verifyTailS: 0, tokens: 0, programs: 0 };
  const seen: RolloutGroup[] = [];
  for (;;) {
    const action = nextSamplingAction(sampling, config);
    switch (action.type) {
      case 'train':
        return { groups: action.groups, seen, sampling: action.state, genStep, times };
      case 'skip':
        return { groups: [], seen, sampling: action.state, genStep, times };
      case 'sample': {
        const problems = Array.from({ length: settings.groupsPerStep }, () => parts.problems.next());
        try {
          const round = await rollOut(parts.rollout, {
            problems,
            groupSize: settings.groupSize,
            sampling: settings.sampling,
            seedKey: `${settings.seed}/sample/${genStep}`,
            genStep,
            ...(signal ? { signal } : {}),
          });
          sampling = offerGroups(sampling, config, round.groups, summarize);
          seen.push(...round.groups);
          times = addTimes(times, round.times);
        } catch (error) {
          if (signal?.aborted) return null;
          throw error;
        }
        genStep += 1;
        break;
      }
      default:
        return action satisfies never;
    }
  }
}

const emptyCounts: SamplingCounts = {
  rounds: 0,
  offered: 0,
  accepted: 0,
  rejected: { unscorable: 0, too_hard: 0, too_easy: 0 },
  stale: 0,
  discardedTokens: 0,
};

const addTimes = (a: RolloutTimes, b: RolloutTimes): RolloutTimes => ({
  sampleS: a.sampleS + b.sampleS,
  verifyTailS: a.verifyTailS + b.verifyTailS,
  tokens: a.tokens + b.tokens,
  programs: a.programs + b.programs,
});

/** Figures of what was sampled (`seen`) and what is trained on (`groups`). */
function rolloutMetrics(seen: readonly RolloutGroup[], groups: readonly RolloutGroup[], counts: SamplingCounts): StepMetrics {
  const rollouts = seen.flatMap((group) => group.rollouts);
  const scorable = rollouts.filter((r) => r.reward.value !== null);
  const share = (count: number): number => count / Math.max(1, rollouts.length);
  const rewards = scorable.map((r) => r.reward.value as number);
  const rewardMean = average(rewards);
  // Where problems have reference models, a wrong answer without a model is not identical either.
  const modelled = seen.flatMap((group) => (group.problem.model ? group.rollouts.filter((r) => r.reward.value !== null) : []));
  return {
    reward: rewardMean,
    reward_std: Math.sqrt(average(rewards.map((r) => (r - rewardMean) ** 2))),
    accuracy: average(scorable.map((r) => (r.reward.correct ? 1 : 0))),
    ...(modelled.length > 0 ? { identical: average(modelled.map((r) => (r.reward.correct && r.reward.identical ? 1 : 0))) } : {}),
    executed: share(rollouts.filter((r) => r.outcome.solves.length > 0).length),
    entropy: averageEntropy(seen),
    'completions/mean_length': average(rollouts.map((r) => r.completion.tokenIds.length)),
    'completions/clipped_ratio': share(rollouts.filter((r) => r.completion.finishReason === 'length').length),
    infra_rate: share(rollouts.filter((r) => r.outcome.status === 'infra_error').length),
    flag_rate: share(rollouts.filter((r) => isHardFlagged(r.reward.flags)).length),
    value_only_rate: share(rollouts.filter((r) => r.reward.flags.includes('value_only')).length),
    groups_trained: groups.length,
    'groups/sampled': counts.offered,
    'groups/accepted': counts.accepted,
    'groups/too_easy': counts.rejected.too_easy,
    'groups/too_hard': counts.rejected.too_hard,
    'groups/unscorable': counts.rejected.unscorable,
    'groups/stale': counts.stale,
    'groups/rounds': counts.rounds,
    frac_reward_zero_std: average(seen.map((group) => (hasOneReward(group) ? 1 : 0))),
  };
}

const averageEntropy = (groups: readonly RolloutGroup[]): number =>
  average(groups.flatMap((group) => group.rollouts.map((r) => r.completion.entropy)));

function hasOneReward(group: RolloutGroup): boolean {
  const values = group.rollouts.map((r) => r.reward.value).filter((v) => v !== null);
  return values.length === 0 || Math.max(...values) - Math.min(...values) <= 1e-12;
}

const average = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((total, value) => total + value, 0) / values.length;
