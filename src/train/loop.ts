/** The loop: sample and verify groups, turn rewards into advantages, write the batch, take the gradient step, again. */

import type { RolloutGroup } from '../core/rollout.ts';
import type { TrainingBatch } from '../core/training.ts';
import type { Evaluation } from '../evaluate/evaluate.ts';
import { EvomError } from '../lib/errors.ts';
import type { Learner, LearnerMetrics } from '../policy/learner.ts';
import { learningRateFactor, type ScheduleConfig } from '../rl/schedule.ts';
import type { GatherParts } from './gather.ts';
import { checkGuards, type GuardLimits, type GuardState, initialGuardState } from './guards.ts';
import { SampleAhead, type SampleAheadSettings, type SampleAheadState } from './sample-ahead.ts';
import {
  averageEntropy,
  evaluationMetrics,
  hasOneReward,
  onlyFormatTells,
  rolloutMetrics,
  type StepMetrics,
  slowestNames,
  verificationMetrics,
} from './step-metrics.ts';

/** What must survive a kill besides the weights and the optimizer. Its sampling position is the one after the last batch of `ahead`. */
export interface TrainState extends SampleAheadState {
  readonly guards: GuardState;
}

export interface TrainSettings extends SampleAheadSettings {
  readonly schedule: ScheduleConfig;
  readonly guards: GuardLimits;
  readonly onAlarm: 'warn' | 'stop';
  readonly checkpointEvery: number;
  readonly evalEvery: number;
}

/** What a step says in words. */
export interface StepTexts {
  /** Samples behind figures under `time/`. */
  readonly names: Readonly<Record<string, string>>;
  /** Of the guards, a sentence each. */
  readonly alarms: readonly string[];
}

/** The run's directory, as far as the loop writes to it. Every write is whole or not there. */
export interface RunStore {
  /** @param weightVersion that sampled the groups. */
  writeStep(step: number, groups: readonly RolloutGroup[], batches: readonly TrainingBatch[], weightVersion: number): Promise<void>;
  appendMetrics(step: number, metrics: StepMetrics, texts: StepTexts): Promise<void>;
  saveEvaluation(step: number, evaluations: readonly Evaluation[]): Promise<void>;
  saveCheckpoint(state: TrainState, learner: Pick<Learner, 'save'>): Promise<void>;
}

export interface TrainParts extends GatherParts {
  readonly learner: Learner;
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
 * disk, the gradient step, new weights in the sampler, one line of metrics. With `stepsAhead` above 0 the batches of the next
 * steps are sampled meanwhile. State is saved every `settings.checkpointEvery` steps and when sampling meets a fault, so a run killed at
 * any moment resumes from there and replays what it lost.
 *
 * @returns the state after the last step.
 * @throws {EvomError} `E_GUARD` when a guard stops the run, `E_INTERRUPTED` on abort; a checkpoint is written first.
 */
export async function trainLoop(parts: TrainParts, settings: TrainSettings, start: TrainState, signal?: AbortSignal): Promise<TrainState> {
  if (start.step >= settings.steps) return start;
  const ahead = new SampleAhead(parts, settings, start, signal);
  try {
    return await takeSteps(parts, settings, start, ahead, signal);
  } finally {
    await ahead.close();
  }
}

async function takeSteps(
  parts: TrainParts,
  settings: TrainSettings,
  start: TrainState,
  ahead: SampleAhead,
  signal: AbortSignal | undefined,
): Promise<TrainState> {
  const { learner, store } = parts;
  const { policy } = parts.rollout;
  let state = start;
  let savedStep = start.step;
  /** A server that is gone costs the step that it was sampling, or the evaluation of the step whose weights it did not take, and no step before. */
  const keepBeforeFault = async (fault: unknown): Promise<never> => {
    if (state.step > savedStep) {
      const kept = ahead.settled().then((position) => store.saveCheckpoint({ ...state, ...position }, learner));
      await kept.catch(() => undefined); // what failed first is the fault to tell
    }
    throw fault;
  };
  while (state.step < settings.steps) {
    const began = performance.now();
    const step = state.step + 1;
    if (!signal?.aborted) ahead.release(state.step, learner.weights());
    const next = signal?.aborted ? null : await ahead.next().catch((fault: unknown) => keepBeforeFault(fault));
    if (next === null || signal?.aborted) {
      // That sampling which was cut off is drawn again on resume.
      await store.saveCheckpoint({ ...state, ...(await ahead.settled()) }, learner);
      throw interruptedAfter(state.step);
    }
    ahead.take();
    const sampledAt = performance.now();
    const { gathered, times } = next;
    const version = learner.version;

    const batches = await parts.batches(gathered.groups, step, gathered.genStep);
    await store.writeStep(step, gathered.seen, batches, gathered.weightVersion);
    const stepStarted = performance.now();
    const factor = learningRateFactor(settings.schedule, state.step);
    let learned: LearnerMetrics = {};
    for (const [i, batch] of batches.entries()) {
      const publishWeights = i === batches.length - 1;
      const options = { learningRateFactor: factor, publishWeights, keepWeightsFrom: policy.version };
      learned = (await learner.step(batch, options)).metrics;
    }
    const learnedAt = performance.now();

    const last = step === settings.steps;
    const evaluating = last || (settings.evalEvery > 0 && step % settings.evalEvery === 0);
    if (evaluating) await ahead.settled();
    const updateStarted = performance.now();
    // Servers that do not take the weights end the run, but the step was taken: a run that goes on gives them its checkpoint first.
    let lost: { readonly fault: unknown } | null = null;
    if ((evaluating || settings.stepsAhead === 0) && policy.version !== learner.version)
      lost = await policy.update(learner.weights()).then(
        () => null,
        (fault: unknown) => ({ fault }),
      );
    const updatedAt = performance.now();

    const metrics: StepMetrics = {
      ...rolloutMetrics(gathered, version, parts.rollout.turns?.most),
      ...Object.fromEntries(Object.entries(learned).map(([name, value]) => [`learner/${name}`, value])),
      learning_rate_factor: factor,
      gen_step: gathered.genStep,
      'time/sample_s': times.sampleS,
      'time/verify_tail_s': times.verifyTailS,
      'time/learn_s': (learnedAt - stepStarted) / 1000,
      'time/update_s': times.updateS + (updatedAt - updateStarted) / 1000,
      'time/learner_wait_s': (sampledAt - began) / 1000,
      'time/sampler_wait_s': times.samplerWaitS,
      ...verificationMetrics(times.verifications),
      'time/step_s': (updatedAt - began) / 1000,
      'time/tokens_per_s': times.tokens / Math.max(1e-9, times.sampleS),
      'time/programs_per_s': times.programs / Math.max(1e-9, times.sampleS + times.verifyTailS),
    };
    const { groups, seen } = gathered;
    const guard = checkGuards(
      { ...initialGuardState, ...state.guards }, // a checkpoint of before knows fewer counts
      {
        entropy: averageEntropy(seen.length > 0 ? seen : groups), // a step that lives on carried groups sampled nothing
        mixedGroups: groups.filter((group) => !hasOneReward(group)).length,
        approxKl: metrics['learner/approx_kl'] ?? 0,
        infraRate: metrics.infra_rate ?? 0,
        flagRate: metrics.flag_rate ?? 0,
        reward: metrics.reward ?? 0,
        identical: metrics.identical ?? null,
        onlyFormatTells: onlyFormatTells(seen),
        notFinite: Object.keys(metrics).filter((name) => name.startsWith('learner/') && !Number.isFinite(metrics[name])),
      },
      settings.guards,
    );
    const evaluations = evaluating && lost === null ? await evaluateStep(parts, step) : [];
    const line = { ...metrics, ...evaluationMetrics(evaluations) };
    const alarms = guard.stop === null ? guard.alarms : [...guard.alarms, guard.stop];
    await store.appendMetrics(step, line, { names: slowestNames(times.verifications), alarms });
    parts.onStep(step, line);
    for (const alarm of guard.alarms) parts.onAlarm(step, alarm);

    const stopping = guard.stop !== null || (alarms.length > 0 && settings.onAlarm === 'stop');
    const interrupt = signal?.aborted === true && !last;
    state = { ...state, step, guards: guard.state };
    if (lost !== null) return keepBeforeFault(lost.fault);
    if (last || stopping || interrupt || step % settings.checkpointEvery === 0) {
      state = { ...state, ...(await ahead.settled()) };
      await store.saveCheckpoint(state, learner);
      savedStep = step;
    }
    if (stopping) throw new EvomError('E_GUARD', `stopped after step ${step}, checkpoint written: ${alarms.join('; ')}`);
    if (interrupt) throw interruptedAfter(step);
  }
  return state;
}

const interruptedAfter = (step: number): EvomError =>
  new EvomError('E_INTERRUPTED', `interrupted after step ${step}; a checkpoint was written, continue with --resume`);

/** Runs to its end even when the user stops the run: the weights have moved on, and the step's line needs its scores. */
async function evaluateStep(parts: TrainParts, step: number): Promise<readonly Evaluation[]> {
  const evaluations = await parts.evaluate();
  await parts.store.saveEvaluation(step, evaluations);
  parts.onEvaluation(step, evaluations);
  return evaluations;
}
