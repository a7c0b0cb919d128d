/** The work behind `evom train`: evaluation, the loop, evaluation again, and what changed between them. */
import { basename, join } from 'node:path';
import { buildEvalSets, buildRollout, evaluateSets, scheduleOf } from '../config/build.ts';
import { buildLearner } from '../config/build-learner.ts';
import { buildPolicy } from '../config/build-policy.ts';
import { buildProblems } from '../config/build-problems.ts';
import type { ConfigSource } from '../config/load.ts';
import { resolveCheckpoint } from '../config/resolve-checkpoint.ts';
import type { TrainConfig } from '../config/schema.ts';
import { EvomError } from '../core/errors.ts';
import type { Problem } from '../core/problem.ts';
import type { LossConfig } from '../core/training.ts';
import { compareEvaluations } from '../evaluate/compare.ts';
import type { Evaluation } from '../evaluate/evaluate.ts';
import { problemCursor } from '../problems/cursor.ts';
import { trainingBatches } from '../train/batches.ts';
import type { GuardLimits } from '../train/guards.ts';
import { trainLoop } from '../train/loop.ts';
import { DiskRunStore, optimizerStateDirectory, readTrainState } from '../train/run-store.ts';
import { initialTrainState } from '../train/sft.ts';
import type { StepMetrics } from '../train/step-metrics.ts';
import type { RunOptions } from './run-options.ts';
import { openSession } from './run-session.ts';
import { type BeforeAfter, createReporter, type Reporter } from './terminal.ts';
import { percent } from './terminal-text.ts';

export interface RunTrainOptions extends RunOptions {
  readonly config: TrainConfig;
  readonly source: ConfigSource;
  /** Continue the run in `config.run.dir`/`config.run.name` from its last checkpoint. */
  readonly resume: boolean;
}

export async function runTrain({ config: given, source, resume, io, json, quiet, signal }: RunTrainOptions): Promise<void> {
  const reporter = createReporter(io, { quiet });
  if (given.policy.type === 'recorded')
    throw new EvomError('E_CONFIG', 'policy.type: recorded has no weights to train; it is for evom evaluate and transfer');
  const initial = resolveCheckpoint(given.policy.checkpoint);
  // `latest` of another run moves on: the run keeps the checkpoint that it stood for, so that it resumes from the same.
  const config = { ...given, policy: { ...given.policy, checkpoint: initial } };
  const session = await openSession('train', config, source, resume, { cwd: io.cwd, reporter });
  const closers: (() => Promise<void>)[] = [session.close];
  try {
    const { paths, from, command } = session;
    const began = io.now();
    const directory = from?.directory ?? initial;
    const state = from === null ? initialTrainState : await readTrainState(from.directory);
    const { learner, policy } = await buildLearner(config, {
      directory,
      stateDirectory: from === null ? null : join(from.directory, optimizerStateDirectory),
      initial,
      root: paths.directory,
      onWaiting: (command) => reporter.info(`waiting for the learner; start it with\n  ${command}`),
    });
    closers.unshift(() => learner.close());
    const rollout = await buildRollout(config, directory, learner.version, policy);
    closers.unshift(() => rollout.close());
    // PyTorch learners score the batch with the initial weights themselves.
    const { kl } = config.algorithm;
    const scoresReference = kl.coef > 0 && kl.reference === 'initial' && config.learner.type !== 'torch';
    const frozen = scoresReference ? await buildPolicy(config, initial, 0) : null;
    if (frozen) closers.unshift(() => frozen.close());
    const reference = kl.coef > 0 && kl.reference === 'sampler' ? 'sampler' : frozen;
    const store = await DiskRunStore.open(
      {
        paths,
        keepLast: config.run.keep_last,
        modelFrom: initial,
        card: {
          summary: `Reinforcement learning on execution-verified rewards (${config.algorithm.estimator}, backend ${config.backend}).`,
          command,
        },
      },
      from,
    );
    closers.unshift(() => store.close());
    if (store.lostMetrics !== null) reporter.warn(store.lostMetrics);

    const { problems, counts } = await buildProblems(config.dataset.train, (made, wanted) =>
      reporter.progress(`making problems ${made}/${wanted}`),
    );
    const sets = await buildEvalSets(config.dataset.eval, (name, made, wanted) =>
      reporter.progress(`making problems ${name} ${made}/${wanted}`),
    );
    reporter.info(
      `${problems.length} problems${counts === null ? '' : ' made'}, ${sets.map((s) => `${s.config.name} ${s.problems.length}`).join(', ') || 'no evaluation sets'}; policy ${rollout.policy.modelId}, backend ${config.backend}, run ${paths.directory}`,
    );
    const cursor = problemCursor(problems.length, config.run.seed, state.cursor);
    const evaluate = (): Promise<Evaluation[]> =>
      evaluateSets(rollout.parts, config, sets, {
        onProgress: (name, done, total) => reporter.progress(`evaluating ${name} ${done}/${total}`),
      });
    let before = await store.readEvaluation(0);
    if (before === null && from === null) {
      before = await evaluate();
      await store.saveEvaluation(0, before);
      tellEvaluations(reporter, 0, before);
    }
    reporter.info(`set-up took ${((io.now() - began) / 1000).toFixed(1)} s`);

    const sampling = {
      temperature: config.sampling.temperature,
      topK: config.sampling.top_k,
      topP: config.sampling.top_p,
      maxTokens: config.sampling.max_tokens,
    };
    const { algorithm } = config;
    const dynamic = algorithm.dynamic_sampling;
    const last = await trainLoop(
      {
        rollout: rollout.parts,
        learner,
        problems: { next: () => problems[cursor.next()] as Problem, state: () => cursor.state },
        store,
        batches: (groups, step, genStep) =>
          trainingBatches(groups, step, genStep, {
            runId: basename(paths.directory),
            estimator: algorithm.estimator,
            compat: algorithm.compat,
            loss: lossOf(config),
            promptMean: algorithm.aggregation === 'prompt_mean',
            termWeights: termWeights(config.reward),
            sampling,
            truncated: algorithm.mask_truncated ? 'mask' : 'train',
            updatesPerBatch: algorithm.updates_per_batch,
            tokenizerSha256: rollout.tokenizer.sha256,
            modelId: basename(initial), // of the run, not of the checkpoint it goes on from
            padId: rollout.tokenizer.padId,
            reference,
            partialKl: algorithm.kl.tokens === 'program' ? (ids) => rollout.tokenizer.decode(ids) : null,
          }),
        evaluate,
        onStep: (step, metrics) => reporter.step(figuresOf(step, config.run.steps, metrics)),
        onAlarm: (step, alarm) => reporter.warn(`step ${step}: ${alarm}`),
        onEvaluation: (step, evaluations) => tellEvaluations(reporter, step, evaluations),
      },
      {
        seed: config.run.seed,
        steps: config.run.steps,
        stepsAhead: config.async.steps_ahead,
        groupSize: config.sampling.group_size,
        groupsPerStep: algorithm.groups_per_step,
        sampling,
        dynamicSampling: {
          batchGroups: algorithm.groups_per_step,
          band: dynamic.enabled ? { low: dynamic.band[0], high: dynamic.band[1] } : null,
          minScorable: config.sampling.group_size > 1 ? 2 : 1,
          maxRounds: dynamic.enabled ? dynamic.max_rounds : 1,
          minFill: dynamic.enabled ? dynamic.min_fill : 1 / algorithm.groups_per_step,
          maxStaleness: dynamic.max_staleness * algorithm.updates_per_batch, // in weight versions
          staleGroups: dynamic.stale_groups,
        },
        accuracyWeights: { answer: config.reward.answer, consistency: config.reward.consistency },
        schedule: scheduleOf(config.schedule),
        guards: guardLimits(config.guards),
        onAlarm: config.guards.action,
        checkpointEvery: config.run.checkpoint_every,
        evalEvery: config.run.eval_every,
      },
      state,
      signal,
    );
    const after = (await store.readEvaluation(last.step)) ?? [];
    conclude(reporter, io.stdout, json, config, {
      before: before ?? [],
      after,
      directory: paths.directory,
      checkpoint: resolveCheckpoint(paths.latest),
      steps: last.step,
      seconds: (io.now() - began) / 1000,
    });
  } finally {
    reporter.close();
    for (const close of closers) await close();
  }
}

function lossOf({ algorithm }: TrainConfig): LossConfig {
  return {
    type: 'policy_gradient',
    clipLow: algorithm.clip_low,
    clipHigh: algorithm.clip_high,
    dualClip: algorithm.dual_clip,
    ratio: algorithm.ratio,
    surrogate: algorithm.surrogate,
    ...(algorithm.surrogate === 'sapo' ? { gateTemperature: algorithm.gate_temperature } : {}),
    // A mean over prompts is a token mean of weighed rows.
    aggregation: algorithm.aggregation === 'prompt_mean' ? 'token_mean' : algorithm.aggregation,
    normLength: algorithm.norm_length,
    klCoef: algorithm.kl.coef,
    klEstimator: algorithm.kl.estimator,
    ...(algorithm.kl.unbiased ? { klUnbiased: true } : {}),
    samplerCorrection: algorithm.sampler_correction,
  };
}

/** Weight of each term of a reward, by the name it has in `Reward.parts`. */
const termWeights = (reward: TrainConfig['reward']): Record<string, number> => ({
  format: reward.format,
  executes: reward.executes,
  answer: reward.answer,
  solution: reward.solution,
  consistency: reward.consistency,
  cross_solver: reward.cross_solver,
  overlong: reward.overlong?.penalty ?? 0,
  ...Object.fromEntries(reward.terms.map(({ name, weight }) => [name, weight])),
});

const guardLimits = (guards: TrainConfig['guards']): GuardLimits => ({
  entropyMin: guards.entropy_min,
  noSignalSteps: guards.no_signal_steps,
  klMax: guards.kl_max,
  infraRateMax: guards.infra_rate_max,
  flagRateMax: guards.flag_rate_max,
});

function figuresOf(step: number, steps: number, metrics: StepMetrics) {
  const optional = (key: string, name: string) => (metrics[name] === undefined ? {} : { [key]: metrics[name] });
  return {
    step,
    steps,
    ...optional('reward', 'reward'),
    ...optional('accuracy', 'accuracy'),
    ...optional('entropy', 'entropy'),
    ...optional('kl', 'learner/approx_kl'),
    ...optional('groupsKept', 'groups_trained'),
    ...optional('groupsSampled', 'groups/sampled'),
    ...optional('programsPerSecond', 'time/programs_per_s'),
    ...optional('tokensPerSecond', 'time/tokens_per_s'),
  };
}

function tellEvaluations(reporter: Reporter, step: number, evaluations: readonly Evaluation[]): void {
  for (const { summary } of evaluations) {
    const identical = summary.identical === null ? '' : `, identical ${percent(summary.identical)}`;
    reporter.info(
      `step ${step}  ${summary.name}: pass@1 ${percent(summary.pass_at_1)}${identical}, executed ${percent(summary.execution_rate)} (judge ${summary.judge}, ${summary.problems} problems x ${summary.samples})`,
    );
  }
}

interface Conclusion {
  readonly before: readonly Evaluation[];
  readonly after: readonly Evaluation[];
  readonly directory: string;
  readonly checkpoint: string;
  readonly steps: number;
  readonly seconds: number;
}

/** The table of before and after on stderr, or one JSON line: the first evaluation set is the headline. */
function conclude(reporter: Reporter, stdout: (text: string) => void, json: boolean, config: TrainConfig, end: Conclusion): void {
  const pairs = end.after.flatMap((after) => {
    const before = end.before.find((one) => one.summary.name === after.summary.name);
    return before === undefined ? [] : [{ before, after, comparison: compareEvaluations(before, after, config.run.seed) }];
  });
  const rows = pairs.flatMap(({ before, after, comparison }): BeforeAfter[] => {
    const { name } = after.summary;
    return [
      { name: `${name} pass@1`, before: before.summary.pass_at_1, after: after.summary.pass_at_1, pValue: comparison.p_value },
      { name: `${name} identical`, before: before.summary.identical, after: after.summary.identical, pValue: comparison.identical_p_value },
      { name: `${name} executed`, before: before.summary.execution_rate, after: after.summary.execution_rate },
    ];
  });
  reporter.summary({
    title: `${end.steps} steps of ${config.algorithm.estimator} on ${config.backend} in ${Math.round(end.seconds)} s (judge ${config.judge.rule})`,
    rows,
    runDirectory: end.directory,
    notes: [`checkpoint     ${end.checkpoint}`],
  });
  if (!json) {
    stdout(`${end.directory}\n`);
    return;
  }
  const [headline] = pairs;
  stdout(
    `${JSON.stringify({
      before: headline?.before.summary ?? null,
      after: headline?.after.summary ?? null,
      p_value: headline?.comparison.p_value ?? null,
      pass_at_1_gain: headline?.comparison.pass_at_1_gain ?? null,
      identical_gain: headline?.comparison.identical_gain ?? null,
      identical_p_value: headline?.comparison.identical_p_value ?? null,
      evaluations: pairs.map(({ before, after, comparison }) => ({
        name: after.summary.name,
        before: before.summary,
        after: after.summary,
        ...comparison,
      })),
      steps: end.steps,
      seconds: Math.round(end.seconds),
      run_dir: end.directory,
      checkpoint: end.checkpoint,
    })}\n`,
  );
}
