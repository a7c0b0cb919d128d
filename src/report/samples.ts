/** What a training step sampled, as a person reads it: completion, program, outcome, reward, advantage, difference from the reference. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readAdvantages } from '../batch/advantages.ts';
import { readRollouts } from '../batch/rollouts.ts';
import type { Certificate, OutcomeStatus } from '../core/outcome.ts';
import type { Answer } from '../core/problem.ts';
import type { Rollout, RolloutGroup } from '../core/rollout.ts';
import { episodeText, ownTokens } from '../core/turns.ts';
import { EvomError } from '../lib/errors.ts';
import { unlessMissing } from '../lib/file-fault.ts';
import { type Difference, diagnoseModel } from '../modeling/diagnose.ts';
import { runPaths } from '../runs/run-directory.ts';
import { whyOf } from './why.ts';

/** One rollout of a step. */
export interface Sample {
  readonly step: number;
  readonly group: string;
  /** Place in its group. */
  readonly sample: number;
  readonly problem: string;
  readonly question: string;
  readonly answer: Answer;
  readonly family: string | null;
  readonly prompt: string;
  readonly completion: string;
  readonly program: string | null;
  readonly dialect: string | null;
  readonly status: OutcomeStatus;
  readonly objective: number | null;
  readonly reported: number | null;
  readonly certificate: Certificate;
  readonly error: string | null;
  /** What the program printed, cut to `longestText`. */
  readonly printed: string;
  /** Null after a fault of ours. */
  readonly reward: number | null;
  readonly parts: Readonly<Record<string, number>>;
  readonly correct: boolean | null;
  readonly identical: boolean | null;
  readonly flags: readonly string[];
  /** The reward in a sentence: its terms, and the verdict behind them. */
  readonly why: string;
  /** Null where its group is in no batch of the step: without signal, or kept for a later one. */
  readonly advantage: number | null;
  /** How the model differs from the reference; null where one of them is missing. */
  readonly differences: readonly Difference[] | null;
  readonly tokens: number;
  /** Nats a token. */
  readonly entropy: number | null;
  readonly truncated: boolean;
}

/** Characters of one printed or sampled text that are shown. */
export const longestText = 20_000;

/** A step without it is being written at this moment, or was when its run was killed. */
const writtenLast = 'manifest.json';

/**
 * The steps of a run whose samples are on disk, in order.
 *
 * @throws {EvomError} E_DATA when the folder cannot be read.
 */
export async function sampledSteps(directory: string): Promise<number[]> {
  const folder = join(directory, 'steps');
  const names = (await unlessMissing(folder, readdir(folder))) ?? [];
  return names
    .filter((name) => /^\d{6,}$/.test(name) && existsSync(join(folder, name, writtenLast)))
    .map(Number)
    .sort((a, b) => a - b);
}

/**
 * All samples of a step, group by group.
 *
 * @throws {EvomError} E_RUN when the step is not there, naming those that are.
 */
export async function readSamples(directory: string, step: number): Promise<Sample[]> {
  const folder = runPaths(directory).step(step);
  const files = await unlessMissing(folder, readdir(folder));
  if (files === null || !files.includes('rollouts.arrow') || !files.includes(writtenLast)) {
    const steps = await sampledSteps(directory);
    const [first, last] = [steps[0], steps.at(-1)];
    const known = first === undefined ? 'it has none' : `it has ${steps.length}, from ${first} to ${last}`;
    throw new EvomError('E_RUN', `${directory} has no samples of step ${step}; ${known} (run.keep_steps says which are kept)`);
  }
  const groups = await readRollouts(join(folder, 'rollouts.arrow'));
  const advantages = new Map<string, number>();
  for (const file of files.filter((name) => /^batch(?:-\d+)?\.arrow$/.test(name)))
    for (const [id, advantage] of await readAdvantages(join(folder, file))) advantages.set(id, advantage);
  return samplesOf(step, groups, advantages);
}

/** @param advantages by `<group>/<sample>`. */
export function samplesOf(step: number, groups: readonly RolloutGroup[], advantages: ReadonlyMap<string, number>): Sample[] {
  return groups.flatMap((group) => {
    const differ = differencesFrom(group);
    return group.rollouts.map((rollout) => {
      const sample = {
        ...ofGroup(step, group),
        ...ofRollout(rollout),
        advantage: advantages.get(`${group.groupId}/${rollout.sampleIndex}`) ?? null,
        differences: differ(rollout),
      };
      return { ...sample, why: whyOf(sample) };
    });
  });
}

const ofGroup = (step: number, { groupId, problem, prompt }: RolloutGroup) => ({
  step,
  group: groupId,
  problem: problem.id,
  question: problem.question,
  answer: problem.answer,
  family: typeof problem.meta?.family === 'string' ? problem.meta.family : null,
  prompt: prompt.text,
});

const ofRollout = ({ sampleIndex, completion, program, outcome, reward, ...texts }: Rollout) => ({
  sample: sampleIndex,
  completion: capped(episodeText(texts)),
  program: program === null ? null : capped(program.code),
  dialect: program?.dialect ?? null,
  status: outcome.status,
  objective: outcome.objective,
  reported: outcome.reported,
  certificate: outcome.certificate,
  error: outcome.error === null ? null : errorText(outcome.error),
  printed: capped(outcome.stdout),
  reward: reward.value,
  parts: reward.parts,
  correct: reward.correct,
  identical: reward.identical,
  flags: reward.flags,
  tokens: ownTokens(completion),
  entropy: completion.entropy,
  truncated: completion.finishReason === 'length',
});

const errorText = ({ type, message, line }: { type: string; message: string; line: number | null }): string =>
  `${type}: ${message}${line === null ? '' : ` (line ${line})`}`;

const capped = (text: string): string =>
  text.length <= longestText ? text : `${text.slice(0, longestText)}\n... ${text.length - longestText} more characters`;

/** Samples of a group are often the same program: each model is compared once. */
function differencesFrom({ problem: { model: reference } }: RolloutGroup): (rollout: Rollout) => Difference[] | null {
  const known = new Map<string, Difference[]>();
  return ({ outcome, reward }) => {
    if (reference === undefined || outcome.model === null) return null;
    if (reward.identical) return [];
    const key = outcome.solves.at(-1)?.modelHash ?? '';
    const found = known.get(key) ?? diagnoseModel(outcome.model, reference);
    if (key !== '') known.set(key, found);
    return found;
  };
}

export interface SampleChoice {
  /** Only of this problem. */
  readonly problem?: string;
  /** How many of the highest and the lowest rewards; without either, all. */
  readonly best?: number;
  readonly worst?: number;
}

/**
 * The chosen samples: best first, then worst first. Where rewards are equal the larger advantage counts as better, then the
 * order of the file decides.
 *
 * @throws {EvomError} E_USAGE for a problem that the step did not sample.
 */
export function chooseSamples(samples: readonly Sample[], { problem, best, worst }: SampleChoice): Sample[] {
  const some = problem === undefined ? [...samples] : samples.filter((sample) => sample.problem === problem);
  if (some.length === 0 && problem !== undefined) {
    const ids = [...new Set(samples.map((sample) => sample.problem))];
    throw new EvomError(
      'E_USAGE',
      `--problem ${problem} was not sampled in this step; it sampled ${ids.slice(0, 5).join(', ')}${ids.length > 5 ? `, and ${ids.length - 5} more` : ''}`,
    );
  }
  if (best === undefined && worst === undefined) return some;
  const ranked = some
    .filter((sample) => sample.reward !== null)
    .sort((a, b) => (b.reward ?? 0) - (a.reward ?? 0) || (b.advantage ?? 0) - (a.advantage ?? 0));
  const top = ranked.slice(0, best ?? 0);
  const bottom = ranked.slice(Math.max(top.length, ranked.length - (worst ?? 0))).reverse();
  return [...top, ...bottom];
}
