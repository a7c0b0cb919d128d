/** What ranks the candidates of a portfolio: evidence from running them, the generator's own probabilities, or a policy as judge. */

import type { LinearModel } from '../core/linear-model.ts';
import type { Outcome } from '../core/outcome.ts';
import type { Problem } from '../core/problem.ts';
import type { Prompt } from '../core/rollout.ts';
import { answerKindOf, selfConsistent } from '../decode/self-consistency.ts';
import type { ChatMessage } from '../dialects/prompt.ts';
import { EvomError } from '../lib/errors.ts';
import { largest } from '../lib/extremes.ts';
import type { Policy } from '../policy/policy.ts';
import { writeLp } from '../solvers/lp-format.ts';
import { type Candidate, countedSamples, type SampledProgram, sampleTexts } from './candidates.ts';
import { sampleAgreement } from './sample-agreement.ts';

type Ran = Pick<SampledProgram, 'program' | 'outcome'>;

/**
 * Scores from 1 to 100 by execution alone: 1 without an answer, 10 unbounded, 20 infeasible, 40 stopped by time, 50 optimal, and up to 50
 * more for an optimum: half for the share of the samples with the same value, half for the share whose models say the same
 * at every point around its optimum (agreement at the optimum alone would favour models with too many constraints). Samples that a fault of
 * ours kept from a verdict are in no share.
 *
 * @returns [candidates] one score each.
 */
export function executionScores(samples: readonly Ran[], candidates: readonly Candidate[], seed: string | number): number[] {
  const counted = countedSamples(samples).map(({ outcome }) => outcome);
  return candidates.map(({ key, samples: members }) => {
    const outcome = samples[members[0] ?? -1]?.outcome;
    if (outcome === undefined) return 1;
    const kind = answerKindOf(outcome.status);
    switch (kind) {
      case null:
      case 'error':
        return 1;
      case 'unbounded':
        return 10;
      case 'infeasible':
        return 20;
      case 'time_limit':
        return 40;
      case 'optimal':
        return 50 + 25 * valueShare(outcome, counted) + 25 * agreementShare(outcome, key, samples, candidates, seed);
      default:
        return kind satisfies never;
    }
  });
}

/** Share of the outcomes with this one's value. */
function valueShare(outcome: Outcome, all: readonly Outcome[]): number {
  const same = all.filter((other) => (selfConsistent([outcome, other])?.members.length ?? 0) === 2 && other.status === outcome.status);
  return same.length / all.length;
}

/** Share of the samples whose model values this solution the same and allows it, its own included. */
function agreementShare(
  { model, solution }: Outcome,
  key: string,
  samples: readonly Ran[],
  candidates: readonly Candidate[],
  seed: string | number,
): number {
  if (model === null || solution === null) return 0;
  let agreeing = 0;
  for (const candidate of candidates) {
    const other: LinearModel | null = samples[candidate.samples[0] ?? -1]?.outcome.model ?? null;
    const agrees = candidate.key === key || (other !== null && sampleAgreement(model, solution, [other], seed).agreeEverywhere === 1);
    if (agrees) agreeing += candidate.samples.length;
  }
  return agreeing / countedSamples(samples).length;
}

export interface JudgeParts {
  readonly policy: Policy;
  readonly encode: (messages: readonly ChatMessage[]) => Prompt;
  readonly decode: (tokenIds: Int32Array) => string;
}

/** What a judge is asked: the problem, the program and what came of it, for a score from 1 to 100. */
export function judgeMessages(question: string, ran: Ran): ChatMessage[] {
  return [
    {
      role: 'system',
      content:
        'You are an expert in operations research and judge a program that should solve a problem. Check variables, objective and every constraint against the text. End with one line: SCORE: a whole number from 1 (wrong) to 100 (certainly right).',
    },
    { role: 'user', content: `Problem:\n${question.trim()}\n\n${runText(ran)}` },
  ];
}

/** The same for a judge who knows the answer: it and, where the problem has one, the model that the text describes are in view. */
export function labelledJudgeMessages({ question, answer, model }: Problem, ran: Ran): ChatMessage[] {
  const reference = model === undefined ? '' : `\n\nThe right model:\n${writeLp(model).trim()}`;
  return [
    {
      role: 'system',
      content:
        'You are an expert in operations research and judge a program that should solve a problem whose right answer you know. Say how well its model represents the problem: variables, objective and every constraint. An equal value alone is no proof. End with one line: SCORE: a whole number from 1 (wrong) to 100 (a right model).',
    },
    { role: 'user', content: `Problem:\n${question.trim()}\n\nThe right answer: ${answer}${reference}\n\n${runText(ran)}` },
  ];
}

/** A program and what came of it. */
function runText({ program, outcome }: Ran): string {
  const said = outcome.error === null ? '' : `\n${outcome.error.type}: ${outcome.error.message}`;
  const ended = `${outcome.status}${outcome.objective === null ? '' : `, objective ${outcome.objective}`}${said}`;
  const printed = outcome.stdout === '' ? '' : `\nPrinted:\n${outcome.stdout.slice(0, 2000)}`;
  return `Program:\n\`\`\`\n${program?.code ?? ''}\n\`\`\`\n\nIts run: ${ended}${printed}`;
}

/** The last `SCORE: n` of a judgement; null when there is none from 1 to 100. */
export function scoreIn(text: string): number | null {
  const score = Number([...text.matchAll(/SCORE:\s*\**\s*(\d+(?:\.\d+)?)/gi)].at(-1)?.[1] ?? Number.NaN);
  return score >= 1 && score <= 100 ? score : null;
}

export interface ScoreOptions {
  readonly repeats: number;
  readonly seed: string | number;
  readonly maxTokens: number;
  readonly signal?: AbortSignal;
}

/**
 * Repeated scores of each candidate by a policy (4 in the paper), with the run's outcome in view.
 *
 * @returns [candidates][1..repeats] scores.
 * @throws {EvomError} `E_POLICY` if the judge wrote no score for a candidate, asked three times: then it cannot rank.
 */
export async function judgeScores(
  judge: JudgeParts,
  question: string,
  samples: readonly Ran[],
  candidates: readonly Candidate[],
  about: ScoreOptions,
): Promise<number[][]> {
  const shown = candidates.map(({ samples: members }) => judgeMessages(question, samples[members[0] ?? -1] as Ran));
  return askScores(judge, shown, about);
}

/** Who gave no score is asked so often in all. */
const mostTurns = 3;

/**
 * Scores from 1 to 100 for each of some conversations, side by side.
 *
 * @returns [conversations][1..repeats] scores.
 * @throws {EvomError} `E_POLICY` if the longest does not fit, or one gets no score, asked three times.
 */
export async function askScores(
  judge: JudgeParts,
  conversations: readonly (readonly ChatMessage[])[],
  { repeats, seed, maxTokens, signal }: ScoreOptions,
): Promise<number[][]> {
  const prompts = conversations.map((messages) => judge.encode(messages));
  const longest = largest(prompts.map(({ tokenIds }) => tokenIds.length));
  const room = judge.policy.maxLength - longest;
  if (room < 8 && prompts.length > 0)
    throw new EvomError(
      'E_POLICY',
      `a judge's prompt of ${longest} tokens does not fit into the ${judge.policy.maxLength} of ${judge.policy.modelId}`,
    );
  const scores: number[][] = conversations.map(() => []);
  const silent = (): number[] => scores.flatMap((of, i) => (of.length === 0 ? [i] : []));
  const sampling = { temperature: 1, topK: 0, topP: 1, maxTokens: Math.min(maxTokens, room) };
  for (let turn = 0; turn < mostTurns && silent().length > 0; turn++) {
    const asked = silent();
    const asks = asked.map((i) => ({
      prompt: prompts[i] as Prompt,
      seeds: Array.from({ length: repeats }, (_, k) => `${seed}/judge/${i}/${turn * repeats + k}`),
    }));
    await sampleTexts(judge, asks, sampling, {
      signal,
      onText: (at, _, text) => {
        const score = scoreIn(text);
        if (score !== null) scores[asked[at] ?? -1]?.push(score);
      },
    });
  }
  if (silent().length > 0)
    throw new EvomError(
      'E_POLICY',
      `the judge ${judge.policy.modelId} wrote no "SCORE: n" for ${silent().length} of ${conversations.length} candidates; take another judge, or rank by execution`,
    );
  return scores;
}
