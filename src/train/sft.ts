/** Supervised fine-tuning: the cold start. Examples by index, cross-entropy on their programs, one optimizer step a batch. */

import type { Evaluation } from '../evaluate/evaluate.ts';
import { EvomError } from '../lib/errors.ts';
import type { Learner } from '../policy/learner.ts';
import { lossDenominators } from '../rl/aggregate.ts';
import { learningRateFactor, type ScheduleConfig } from '../rl/schedule.ts';
import { initialGuardState } from './guards.ts';
import type { RunStore, TrainState } from './loop.ts';
import { type SftExample, sftRow, takeExamples } from './sft-rows.ts';
import { evaluationMetrics, type StepMetrics } from './step-metrics.ts';

export interface SftParts {
  readonly learner: Learner;
  /** The example at an index of an endless, repeatable stream; null for one that cannot be used. */
  readonly example: (index: number) => SftExample | null;
  readonly store: RunStore;
  readonly evaluate: () => Promise<readonly Evaluation[]>;
  readonly onStep: (step: number, metrics: StepMetrics) => void;
  readonly onEvaluation: (step: number, evaluations: readonly Evaluation[]) => void;
}

export interface SftSettings {
  readonly runId: string;
  readonly steps: number;
  readonly batchTokens: number;
  readonly schedule: ScheduleConfig;
  readonly checkpointEvery: number;
  readonly evalEvery: number;
  readonly tokenizerSha256: string;
  readonly modelId: string;
  readonly padId: number;
}

/** The state before the first step. */
export const initialTrainState: TrainState = {
  step: 0,
  genStep: 0,
  cursor: { epoch: 0, position: 0 },
  guards: initialGuardState,
  carry: [],
  ahead: [],
};

/**
 * Trains from `start` to `settings.steps`; `start.cursor.position` is the index of the next example.
 *
 * @throws {EvomError} `E_INTERRUPTED` on abort, after a checkpoint.
 */
export async function sftLoop(parts: SftParts, settings: SftSettings, start: TrainState, signal?: AbortSignal): Promise<TrainState> {
  let state = start;
  if (state.step >= settings.steps) return state;
  // Its fault belongs to the step that needs the batch, and not to the one that is under way when it is made.
  const takeBatch = async (position: number) => takeExamples(parts.example, position, settings.batchTokens);
  let batch = takeBatch(state.cursor.position);
  while (state.step < settings.steps) {
    const began = performance.now();
    const step = state.step + 1;
    const { examples, next } = await batch;
    const rows = examples.map((example) => sftRow(example, parts.learner.version));
    const factor = learningRateFactor(settings.schedule, state.step);
    const last = step === settings.steps;
    const evaluating = last || (settings.evalEvery > 0 && step % settings.evalEvery === 0);
    const learning = parts.learner.step(
      {
        metadata: {
          runId: settings.runId,
          step,
          genStep: 0,
          estimator: 'none',
          compat: 'exact',
          eps: 0,
          ddof: 0,
          loss: { type: 'cross_entropy', aggregation: 'token_mean' },
          ...lossDenominators(rows),
          numGroups: rows.length,
          tokenizerSha256: settings.tokenizerSha256,
          modelId: settings.modelId,
          padId: settings.padId,
        },
        rows,
      },
      { learningRateFactor: factor, publishWeights: evaluating },
    );
    // The main thread is free while the workers compute: make the next batch meanwhile.
    if (step < settings.steps) {
      batch = takeBatch(next);
      batch.catch(() => undefined); // heard at the head of the next step
    }
    const { metrics: learned } = await learning;

    const seconds = (performance.now() - began) / 1000;
    const evaluations = evaluating ? await parts.evaluate() : [];
    if (evaluations.length > 0) {
      await parts.store.saveEvaluation(step, evaluations);
      parts.onEvaluation(step, evaluations);
    }
    const tokens = rows.reduce((sum, row) => sum + row.inputIds.length, 0);
    const metrics: StepMetrics = {
      ...Object.fromEntries(Object.entries(learned).map(([name, value]) => [`learner/${name}`, value])),
      ...evaluationMetrics(evaluations),
      examples: rows.length,
      learning_rate_factor: factor,
      'time/step_s': seconds,
      'time/tokens_per_s': tokens / Math.max(1e-9, seconds),
    };
    state = { ...state, step, cursor: { epoch: 0, position: next } };
    await parts.store.appendMetrics(step, metrics, { names: {}, alarms: [] });
    parts.onStep(step, metrics);
    const interrupt = signal?.aborted === true && !last;
    if (last || interrupt || step % settings.checkpointEvery === 0) await parts.store.saveCheckpoint(state, parts.learner);
    if (interrupt) throw new EvomError('E_INTERRUPTED', `interrupted after step ${step}; a checkpoint was written, continue with --resume`);
  }
  return state;
}
