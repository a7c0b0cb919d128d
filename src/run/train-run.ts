/** A run of `kind: train`: reinforcement learning between two evaluations. */
import { basename } from 'node:path';
import { evaluateSets, scheduleOf } from '../config/build/build.ts';
import { buildPolicy } from '../config/build/build-policy.ts';
import { resolveCheckpoint } from '../config/build/resolve-checkpoint.ts';
import { samplingOf } from '../config/build/sampling-of.ts';
import type { TrainConfig } from '../config/schema/schema.ts';
import type { Problem } from '../core/problem.ts';
import type { LossConfig } from '../core/training.ts';
import type { Evaluation } from '../evaluate/evaluate.ts';
import { camelKeys } from '../lib/camel-keys.ts';
import { EvomError } from '../lib/errors.ts';
import { problemCursor } from '../problems/sets/cursor.ts';
import { type BatchSettings, trainingBatches } from '../train/batches.ts';
import { type TrainParts, type TrainSettings, trainLoop } from '../train/loop.ts';
import { asInterrupt } from './lifetime.ts';
import { factsOf, openParts, type RunParts } from './parts.ts';
import type { Preflight } from './preflight.ts';
import type { OpenedRun, Opening } from './run.ts';
import { commandOf, type RunSession } from './session.ts';

export async function openTrainRun(session: RunSession<TrainConfig>, found: Preflight, opening: Opening): Promise<OpenedRun> {
  const { config, paths, from } = session;
  const { lifetime, report, signal, source } = opening;
  const initial = config.policy.checkpoint;
  const problems = found.train[0]?.problems;
  if (!problems) throw new EvomError('E_INTERNAL', 'a run was opened without its problems');
  const parts = await openParts({
    session,
    initial,
    rollout: config,
    evaluation: found.evaluation,
    card: {
      summary: `Reinforcement learning on execution-verified rewards (${config.algorithm.estimator}, backend ${config.backend}).`,
      command: commandOf(config, source),
    },
    lifetime,
    report,
    signal,
  });
  // PyTorch learners score the batch with the initial weights themselves.
  const { kl } = config.algorithm;
  const scoresReference = kl.coef > 0 && kl.reference === 'initial' && config.learner.type !== 'torch';
  // In float32 like the learner's: what rounding does to the sampler is no distance from the reference.
  const exact: TrainConfig = { ...config, policy: { ...config.policy, precision: 'float32' } };
  const frozen = scoresReference ? await lifetime.open(buildPolicy(exact, initial, 0)) : null;
  const reference = kl.coef > 0 && kl.reference === 'sampler' ? 'sampler' : frozen;
  const { rollout, store, state, sets } = parts;
  report({ type: 'ready', run: factsOf(config, paths.directory, parts, problems.length) });

  const evaluate = (signal?: AbortSignal): Promise<Evaluation[]> =>
    evaluateSets(rollout.parts, config, sets, {
      onProgress: (set, done, total) => report({ type: 'evaluating', set, done, total }),
      ...(signal === undefined ? {} : { signal }),
    });
  /** Of the initial policy, by the run's first start; one that is interrupted has kept nothing. */
  const evaluateBefore = async (): Promise<readonly Evaluation[]> => {
    const stored = await store.readEvaluation(0);
    if (stored !== null || from !== null) return stored ?? [];
    const evaluations = await evaluate(signal).catch((error: unknown) => {
      throw asInterrupt(error, signal);
    });
    lifetime.goOn();
    await store.saveEvaluation(0, evaluations);
    report({ type: 'evaluation', step: 0, evaluations });
    return evaluations;
  };
  return {
    async train() {
      const before = await evaluateBefore();
      session.begun();
      report({ type: 'training', step: state.step });
      const cursor = problemCursor(problems.length, config.run.seed, state.cursor);
      const loop: TrainParts = {
        rollout: rollout.parts,
        learner: parts.learner,
        problems: { next: () => problems[cursor.next()] as Problem, state: () => cursor.state },
        store,
        batches: (groups, step, genStep) =>
          trainingBatches(groups, step, genStep, batchSettings(config, paths.directory, parts, reference)),
        evaluate: () => evaluate(),
        onStep: (step, metrics) => report({ type: 'step', step, steps: config.run.steps, metrics }),
        onAlarm: (step, alarm) => report({ type: 'alarm', step, alarm }),
        onEvaluation: (step, evaluations) => report({ type: 'evaluation', step, evaluations }),
      };
      const last = await trainLoop(loop, loopSettings(config), state, signal);
      const after = (await store.readEvaluation(last.step)) ?? [];
      return { directory: paths.directory, checkpoint: resolveCheckpoint(paths.latest), steps: last.step, before, after, output: null };
    },
  };
}

function batchSettings(
  config: TrainConfig,
  directory: string,
  { rollout }: RunParts,
  reference: BatchSettings['reference'],
): BatchSettings {
  const { estimator, compat, aggregation, maskTruncated, updatesPerBatch, kl } = camelKeys(config.algorithm);
  return {
    runId: basename(directory),
    estimator,
    compat,
    loss: lossOf(config),
    promptMean: aggregation === 'prompt_mean',
    termWeights: termWeights(config.reward),
    sampling: samplingOf(config),
    truncated: maskTruncated ? 'mask' : 'train',
    updatesPerBatch,
    tokenizerSha256: rollout.tokenizer.sha256,
    modelId: basename(config.policy.checkpoint), // of the run, not of the checkpoint it goes on from
    padId: rollout.tokenizer.padId,
    reference,
    partialKl: kl.tokens === 'program' ? (ids) => rollout.tokenizer.decode(ids) : null,
  };
}

function loopSettings(config: TrainConfig): TrainSettings {
  const { seed, steps, checkpointEvery, evalEvery } = camelKeys(config.run);
  const { groupSize } = camelKeys(config.sampling);
  const { groupsPerStep, updatesPerBatch, dynamicSampling } = camelKeys(config.algorithm);
  const { enabled, band, maxRounds, minFill, maxStaleness, staleGroups } = camelKeys(dynamicSampling);
  return {
    seed,
    steps,
    stepsAhead: config.async.steps_ahead,
    groupSize,
    groupsPerStep,
    sampling: samplingOf(config),
    dynamicSampling: {
      batchGroups: groupsPerStep,
      band: enabled ? { low: band[0], high: band[1] } : null,
      minScorable: groupSize > 1 ? 2 : 1,
      maxRounds: enabled ? maxRounds : 1,
      minFill: enabled ? minFill : 1 / groupsPerStep,
      maxStaleness: maxStaleness * updatesPerBatch, // in weight versions
      staleGroups,
    },
    accuracyWeights: { answer: config.reward.answer, consistency: config.reward.consistency },
    schedule: scheduleOf(config.schedule),
    guards: camelKeys(config.guards),
    onAlarm: config.guards.action,
    checkpointEvery,
    evalEvery,
  };
}

function lossOf({ algorithm }: TrainConfig): LossConfig {
  const { kl, aggregation, surrogate, gateTemperature, ...rest } = camelKeys(algorithm);
  const { clipLow, clipHigh, dualClip, ratio, normLength, samplerCorrection } = rest;
  return {
    type: 'policy_gradient',
    clipLow,
    clipHigh,
    dualClip,
    ratio,
    surrogate,
    ...(surrogate === 'sapo' ? { gateTemperature } : {}),
    // A mean over prompts is a token mean of weighed rows.
    aggregation: aggregation === 'prompt_mean' ? 'token_mean' : aggregation,
    normLength,
    klCoef: kl.coef,
    klEstimator: kl.estimator,
    ...(kl.unbiased ? { klUnbiased: true } : {}),
    samplerCorrection,
  };
}

/** Weight of each term of a reward, by the name it has in `Reward.parts`. */
function termWeights({ overlong, terms, ...reward }: TrainConfig['reward']): Record<string, number> {
  const { format, executes, answer, solution, consistency, cross_solver } = reward;
  const own = Object.fromEntries(terms.map(({ name, weight }) => [name, weight]));
  return { format, executes, answer, solution, consistency, cross_solver, overlong: overlong?.penalty ?? 0, ...own };
}
