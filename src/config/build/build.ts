/** Configuration -> live parts: the only place that names concrete classes. */

import type { Recordings } from '../../benchmarks/recordings.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { Problem } from '../../core/problem.ts';
import { buildPrompt, buildReply, type PromptTemplate } from '../../dialects/prompt.ts';
import { dialectByName } from '../../dialects/registry.ts';
import type { Evaluation } from '../../evaluate/evaluate.ts';
import { evaluatePolicy } from '../../evaluate/evaluate.ts';
import type { OutcomeMemory } from '../../evaluate/sampled.ts';
import type { Following } from '../../lib/discover/address-watch.ts';
import { EvomError } from '../../lib/errors.ts';
import { randomStream } from '../../lib/random.ts';
import type { Policy } from '../../policy/policy.ts';
import type { JudgeRuleName } from '../../reward/judge-rules.ts';
import type { ScheduleConfig as RateSchedule } from '../../rl/schedule.ts';

import type { RolloutParts } from '../../rollout/engine.ts';
import type { TurnSettings } from '../../rollout/episode.ts';

import { type ChatTokenizer, loadTokenizer } from '../../tokenizer/chat-tokenizer.ts';
import { pickWeighted } from '../../train/sft-stream.ts';
import { hasVerdict, solverFeedback } from '../../verify/feedback.ts';
import type { Verifier } from '../../verify/verifier.ts';
import type { SimulatorRewardConfig } from '../schema/reward-schema.ts';
import type { EvalSetConfig, ScheduleConfig, SftConfig, TrainConfig } from '../schema/schema.ts';
import { backendOfDialect } from '../schema/vocabulary.ts';
import { buildChat } from './build-chat.ts';
import { buildPolicy, type PolicyConfig } from './build-policy.ts';
import { buildProblems } from './build-problems.ts';
import { buildRecorded, type RecordedParts } from './build-recorded.ts';
import { buildScoring, isLeftOut } from './build-scoring.ts';
import { type GroupSimulators, openSimulators } from './build-simulators.ts';
import { buildVerifier } from './build-verifier.ts';
import { type ChosenTemplate, chooseTemplate, speaksChat } from './prompt-template.ts';
import { samplingOf } from './sampling-of.ts';

/** What `train` and `sft` configurations share: enough to sample, verify and score. */
export type RolloutConfig = Pick<
  TrainConfig,
  'run' | 'dialect' | 'prompt' | 'backend' | 'solver_hosts' | 'sandbox' | 'judge' | 'sampling' | 'learner'
> & {
  readonly policy: PolicyConfig['policy'];
  readonly reward: TrainConfig['reward'];
  readonly audit: TrainConfig['audit'];
  /** Left out: one turn, as of `kind: sft`. */
  readonly rollout?: TrainConfig['rollout'];
};

export interface BuiltRollout {
  readonly parts: RolloutParts;
  readonly policy: Policy;
  readonly tokenizer: ChatTokenizer;
  readonly verifier: Verifier;
  /** How it is asked; null of a recorded policy, which was asked before. */
  readonly template: ChosenTemplate | null;
  /** Of a recorded policy: what it can be asked. */
  readonly recordings: Recordings | null;
  close(): Promise<void>;
}

/**
 * Policy, tokenizer and verifier of a configuration, joined into rollout parts.
 *
 * @param shared the policy of a learner's own process; by default one is opened on `directory`.
 * @throws {EvomError} also the reason of `following.signal` when aborted while hosts or servers are waited for.
 */
export async function buildRollout(
  config: RolloutConfig,
  directory: string,
  version = 0,
  shared: Policy | null = null,
  following: Following = {},
): Promise<BuiltRollout> {
  const recorded = config.policy.type === 'recorded' ? await buildRecorded(directory) : null;
  const chat = config.policy.type === 'chat' ? buildChat(config.policy.chat) : null;
  const tokenizer = recorded?.tokenizer ?? chat?.tokenizer ?? (await loadTokenizer(directory));
  const template = chooseTemplate(config.prompt.template, chat !== null || speaksChat(tokenizer));
  if (template.template === 'bare' && config.prompt.examples > 0)
    throw new EvomError('E_CONFIG', `prompt.examples: a bare prompt has none, and ${template.text}; take template: instruct, evom or sirl`);
  const simulation = config.reward.consistency > 0 ? config.reward.simulators : undefined;
  const dialects = [...config.dialect.map((dialect) => dialect.name), ...(simulation === undefined ? [] : [simulation.dialect])];
  const verifier = await buildVerifier(dialects, config, following);
  const closers: (() => Promise<void>)[] = [() => verifier.close()];
  const closeAll = async (): Promise<void> => {
    for (const close of closers.toReversed()) await close();
  };
  try {
    const simulators = simulation === undefined ? null : await simulatorsOf(config, simulation, verifier);
    if (simulators !== null) closers.push(() => simulators.close());
    const scoring = await buildScoring(config, simulators);
    closers.push(() => scoring.close());
    const policy = shared ?? recorded?.policy ?? chat?.policy ?? (await buildPolicy(config, directory, version, following));
    closers.push(() => policy.close());
    return {
      parts: {
        policy,
        task: taskBuilder(config, tokenizer, template.template, recorded?.promptOf),
        decode: (ids) => tokenizer.decode(ids),
        verify: (program) => verifier.verify(program),
        score: scoring.score,
        ...(config.rollout === undefined || config.rollout.turns === 1 ? {} : { turns: turnsOf(config.rollout) }),
      },
      policy,
      tokenizer,
      verifier,
      template: recorded === null ? template : null,
      recordings: recorded?.recordings ?? null,
      close: closeAll,
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

/** Who writes simulators is not trained on: what is paid for a program must not change because another was. */
function simulatorsOf({ policy, run }: RolloutConfig, settings: SimulatorRewardConfig, verifier: Verifier): Promise<GroupSimulators> {
  const checkpoint = settings.checkpoint ?? policy.checkpoint;
  if (checkpoint === undefined)
    throw new EvomError('E_CONFIG', 'reward.simulators.checkpoint: name the folder of the policy that writes simulators');
  return openSimulators({ ...settings, checkpoint }, run.seed, (program) => verifier.verify(program));
}

/** How a problem is asked: in the dialect that is named, else in one drawn by weight, the same whenever it comes up. */
function taskBuilder(
  config: RolloutConfig,
  tokenizer: ChatTokenizer,
  template: PromptTemplate,
  promptOf?: RecordedParts['promptOf'],
): RolloutParts['task'] {
  return (problem, asked) => {
    const dialect = dialectByName(asked ?? drawDialect(config, problem.id));
    const messages = () => buildPrompt(template, problem.question, dialect, config.prompt);
    const prompt = promptOf?.(problem, dialect.name) ?? tokenizer.encodeChat(messages());
    const { turns: mostTurns, feedback_chars: mostChars } = config.rollout ?? { turns: 1, feedback_chars: 0 };
    const tell = (outcome: Outcome) => {
      const text = buildReply(template, solverFeedback(outcome, { mostChars }), dialect, { mayKeep: hasVerdict(outcome) });
      return { text, tokenIds: tokenizer.encodeReply(messages(), text).tokenIds };
    };
    return {
      problem,
      prompt,
      dialect: dialect.name,
      backend: backendOfDialect(dialect.name, config.backend),
      extract: (text) => (isLeftOut(config.reward, text) ? null : dialect.extract(text)),
      ...(mostTurns === 1 ? {} : { tell }),
    };
  };
}

const turnsOf = ({ turns: most, revise, episode_tokens: episodeTokens }: TrainConfig['rollout']): TurnSettings => ({
  most,
  revise,
  episodeTokens,
});

/** The name of the dialect that a problem is asked in. */
export function drawDialect(config: Pick<RolloutConfig, 'dialect' | 'run'>, problemId: string): string {
  return pickWeighted(config.dialect, randomStream(config.run.seed, 'dialect', problemId).next()).name;
}

/** The learning-rate schedule over the steps of a run. */
export function scheduleOf(config: ScheduleConfig): RateSchedule {
  const { warmup_steps: warmupSteps, total: totalSteps, final_factor: minFactor } = config;
  switch (config.type) {
    case 'constant':
      return { type: 'constant', warmupSteps };
    case 'linear':
    case 'cosine':
      return { type: config.type, warmupSteps, totalSteps, minFactor };
    case 'wsd':
      return { type: 'wsd', warmupSteps, totalSteps, decaySteps: Math.round(config.decay_share * totalSteps), minFactor };
    default:
      return config.type satisfies never;
  }
}

/** The problems of each evaluation set, made once. */
export async function buildEvalSets(
  sets: readonly EvalSetConfig[],
  onProgress: (name: string, made: number, wanted: number) => void = () => {},
): Promise<{ config: EvalSetConfig; problems: Problem[] }[]> {
  const built = [];
  for (const config of sets) {
    const { problems } = await buildProblems(config, (made, wanted) => onProgress(config.name, made, wanted));
    built.push({ config, problems });
  }
  return built;
}

/** @throws {EvomError} `E_CONFIG` where a set is to be asked in a dialect that the run does not have. */
export function checkSetDialects({ dataset, dialect }: Pick<TrainConfig | SftConfig, 'dataset' | 'dialect'>): void {
  const names = dialect.map(({ name }) => name);
  for (const [i, set] of dataset.eval.entries())
    if (set.dialect !== undefined && !names.includes(set.dialect))
      throw new EvomError(
        'E_CONFIG',
        `dataset.eval[${i}].dialect: ${set.dialect} is none of the run's dialects, ${names.join(', ')}; add it to dialect`,
      );
}

/** Evaluates the rollout's policy on every set. */
export async function evaluateSets(
  parts: RolloutParts,
  config: Pick<TrainConfig | SftConfig, 'run' | 'sampling' | 'judge'>,
  sets: readonly { readonly config: EvalSetConfig; readonly problems: readonly Problem[] }[],
  about: {
    readonly signal?: AbortSignal;
    readonly onProgress?: (name: string, done: number, total: number) => void;
    /** Rules to score the same outcomes by beside the configured one. */
    readonly judges?: readonly JudgeRuleName[];
    /** Count how the models of wrong answers differ from the reference models. */
    readonly diagnose?: boolean;
    /** Samples drawn before, at this temperature, in the dialect that the set names. */
    readonly memory?: (temperature: number, dialect: string | undefined) => OutcomeMemory;
  } = {},
): Promise<Evaluation[]> {
  const evaluations: Evaluation[] = [];
  for (const { config: set, problems } of sets) {
    const temperature = set.greedy ? 0 : set.temperature;
    evaluations.push(
      await evaluatePolicy(set.dialect === undefined ? parts : { ...parts, task: (problem) => parts.task(problem, set.dialect) }, {
        name: set.name,
        problems,
        samples: set.greedy ? 1 : set.samples,
        ...samplingOf(config),
        temperature,
        judge: config.judge.rule,
        seed: config.run.seed,
        onProgress: (done, total) => about.onProgress?.(set.name, done, total),
        ...(about.signal ? { signal: about.signal } : {}),
        ...(about.judges ? { judges: about.judges } : {}),
        ...(about.diagnose ? { diagnose: true } : {}),
        ...(about.memory ? { memory: about.memory(temperature, set.dialect) } : {}),
      }),
    );
  }
  return evaluations;
}
