/** The main experiment of Robust portfolios (arXiv:2605.27013, section 4.2): candidates of every problem of a set, ranked and judged. */
import type { LinearModel } from '../core/linear-model.ts';
import type { Problem } from '../core/problem.ts';
import { extractionOfModel } from '../decode/extraction.ts';
import { componentSimilarity, defaultComponentWeights } from '../decode/minimum-bayes-risk.ts';
import { generatorProbabilities } from '../decode/portfolio.ts';
import { buildPrompt } from '../dialects/prompt.ts';
import { EvomError } from '../lib/errors.ts';
import { largest } from '../lib/extremes.ts';
import { identicalModels } from '../modeling/identical.ts';
import type { SamplingParams } from '../policy/policy.ts';
import { judgeOutcome } from '../reward/judge.ts';
import type { JudgeRuleName } from '../reward/judge-rules.ts';
import { type Attempt, askPrograms } from '../solve/ask.ts';
import { candidatesOf, countedSamples, meanLogprobOf } from '../solve/candidates.ts';
import { askScores, executionScores, judgeMessages, labelledJudgeMessages } from '../solve/evaluators.ts';
import type { SolveParts } from '../solve/solve-parts.ts';
import { createTokenMeter, leastRoom, roomAfter, type Speaker } from '../solve/speaker.ts';
import { questionHash } from './solve-set.ts';

/** What may rank candidates without knowing the answer: a policy's scores, the generator's probabilities, evidence from running them. */
export const evaluatorKinds = ['scores', 'probability', 'execution'] as const;
export type EvaluatorKind = (typeof evaluatorKinds)[number];

/**
 * Who says how good a candidate is, with the label in view: a policy; a rule by which an answer is right (100) or not (1); or the problem's
 * reference model, by how like it the candidate's model is (100: identical; 1: no model).
 */
export type LabelJudge =
  | { readonly type: 'policy'; readonly speaker: Speaker }
  | { readonly type: 'rule'; readonly rule: JudgeRuleName }
  | { readonly type: 'reference' };

/** One sample of the generator; equal ones are kept apart, and those without a program are candidates too. */
export interface JudgedCandidate {
  readonly program: string | null;
  readonly status: string;
  readonly objective: number | null;
  /** Mean log-probability of its tokens, in nats; null of a generator that does not tell. */
  readonly logprob: number | null;
  /** By what ranks: more is better. */
  readonly scores: Readonly<Partial<Record<EvaluatorKind, number>>>;
  /** From 1 to 100, by who knows the answer. */
  readonly judged: number;
}

/** What came of one problem: a line of the log. */
export interface JudgedLine {
  /** Names everything that decides the result but the problem. */
  readonly setting: string;
  readonly id: string;
  readonly question: string;
  readonly candidates: readonly JudgedCandidate[];
  /** Samples that a fault of ours kept from a verdict: no candidates. */
  readonly faults: number;
}

export interface ExperimentParts {
  /** The generator, with all that is not a policy. */
  readonly generator: SolveParts;
  /** Who writes the evaluator's scores: in the paper the generator itself. */
  readonly evaluator: Speaker;
  readonly judge: LabelJudge;
}

export interface ExperimentRequest {
  readonly problems: readonly Problem[];
  readonly evaluators: readonly EvaluatorKind[];
  /** Candidates of a problem: 50 in the paper. */
  readonly samples: number;
  readonly sampling: Omit<SamplingParams, 'maxTokens'> & { readonly maxTokens: number | null };
  /** The largest portfolio: a problem with fewer candidates is left out. */
  readonly largestSize: number;
  /** Scores of the evaluator that are averaged: 4 in the paper. */
  readonly repeats: number;
  /** Scores of the judge that are averaged. */
  readonly judgeRepeats: number;
  /** Longest judgement, in tokens. */
  readonly judgeTokens: number;
  readonly seed: number;
  readonly setting: string;
  /** Lines of an earlier run with this log; those of the same setting are not asked for again. */
  readonly kept: readonly JudgedLine[];
  readonly onLine: (line: JudgedLine) => Promise<void>;
  readonly signal: AbortSignal;
}

export interface Experiment {
  readonly lines: readonly JudgedLine[];
  /** Ids of problems that were not asked, or of which nothing can be said, by why. */
  readonly leftOut: { readonly unlabelled: readonly string[]; readonly too_long: readonly string[]; readonly faulty: readonly string[] };
}

/**
 * Samples, ranks and judges the candidates of each problem, one problem after the other.
 *
 * A problem is left out where it has no label, where its prompt leaves the generator no room, or where faults of ours left fewer than half
 * of its samples, or too few for the largest portfolio.
 *
 * @throws {EvomError} `E_POLICY` for a server that is away, a generator without log-probabilities that should rank by them, or a judge that
 *   writes no score: what is finished is in the log, and the next run goes on from there.
 */
export async function judgeCandidates(parts: ExperimentParts, request: ExperimentRequest): Promise<Experiment> {
  const { problems, setting, kept, samples, largestSize, onLine, signal } = request;
  const isEnough = ({ candidates }: JudgedLine): boolean => candidates.length >= Math.max(largestSize, samples / 2);
  const done = new Map(kept.filter((line) => line.setting === setting).map((line) => [JSON.stringify([line.id, line.question]), line]));
  const lines: JudgedLine[] = [];
  const leftOut = { unlabelled: [] as string[], too_long: [] as string[], faulty: [] as string[] };
  for (const problem of problems) {
    signal.throwIfAborted();
    const known = done.get(JSON.stringify([problem.id, questionHash(problem.question)]));
    if (known !== undefined && isEnough(known)) lines.push(known);
    else if (problem.answer === null || (parts.judge.type === 'reference' && problem.model === undefined))
      leftOut.unlabelled.push(problem.id);
    else if (roomAfter(parts.generator, promptOf(parts, problem)) < leastRoom) leftOut.too_long.push(problem.id);
    else {
      const line = await judgeProblem(parts, request, problem);
      if (isEnough(line)) {
        await onLine(line);
        lines.push(line);
      } else leftOut.faulty.push(problem.id);
    }
  }
  return { lines, leftOut };
}

const promptOf = ({ generator }: ExperimentParts, { question }: Problem) => buildPrompt(generator.template, question, generator.dialect);

async function judgeProblem(parts: ExperimentParts, request: ExperimentRequest, problem: Problem): Promise<JudgedLine> {
  const { samples, sampling, evaluators, seed, setting, signal } = request;
  const ask = {
    messages: promptOf(parts, problem),
    turns: [],
    seeds: Array.from({ length: samples }, (_, k) => `${seed}/portfolio/${problem.id}/${k}`),
  };
  const [attempts = []] = await askPrograms(parts.generator, [ask], 0, { sampling, signal, meter: createTokenMeter() });
  const ran = countedSamples(attempts);
  const logprobs = ran.map(({ completion }) => meanLogprobOf(completion));
  const ranked = await Promise.all(evaluators.map((kind) => scoresBy(kind, parts, request, problem, ran, logprobs)));
  const judged = await judgedBy(parts.judge, request, problem, ran);
  const candidates = ran.map(
    ({ program, outcome }, i): JudgedCandidate => ({
      program: program?.code ?? null,
      status: outcome.status,
      objective: outcome.objective,
      logprob: logprobs[i] ?? null,
      scores: Object.fromEntries(evaluators.map((kind, e) => [kind, ranked[e]?.[i] ?? lowest])),
      judged: judged[i] ?? lowest,
    }),
  );
  const { id, question } = problem;
  return { setting, id, question: questionHash(question), candidates, faults: attempts.length - ran.length };
}

/** Of a sample without a program. */
const lowest = 1;

async function scoresBy(
  kind: EvaluatorKind,
  { generator, evaluator }: ExperimentParts,
  { repeats, judgeTokens: maxTokens, seed, signal }: ExperimentRequest,
  { id, question }: Problem,
  ran: readonly Attempt[],
  logprobs: readonly (number | null)[],
): Promise<number[]> {
  switch (kind) {
    case 'scores':
      return scoredPrograms(ran, (programs) =>
        askScores(
          evaluator,
          programs.map((one) => judgeMessages(question, one)),
          { repeats, maxTokens, seed: `${seed}/evaluator/${id}`, signal },
        ),
      );
    case 'probability': {
      const p = candidateProbabilities(logprobs);
      if (p === null) throw noProbabilities(generator.policy.modelId);
      return p;
    }
    case 'execution': {
      // Equal models have equal evidence: it is gathered once for each, and they stay apart.
      const equal = candidatesOf(ran);
      const scores = ran.map(() => lowest);
      for (const [c, score] of executionScores(ran, equal, seed).entries()) for (const i of equal[c]?.samples ?? []) scores[i] = score;
      return scores;
    }
    default:
      return kind satisfies never;
  }
}

/** @returns [ran] means of the scores that `score` gives to those with a program; the others have the lowest. */
async function scoredPrograms(
  ran: readonly Attempt[],
  score: (programs: readonly Attempt[]) => Promise<readonly (readonly number[])[]>,
): Promise<number[]> {
  const programs = ran.filter(({ program }) => program !== null);
  const scores = new Map((await score(programs)).map((of, i) => [programs[i], of.reduce((sum, value) => sum + value, 0) / of.length]));
  return ran.map((one) => scores.get(one) ?? lowest);
}

async function judgedBy(
  judge: LabelJudge,
  { judgeRepeats: repeats, judgeTokens: maxTokens, seed, signal }: ExperimentRequest,
  problem: Problem,
  ran: readonly Attempt[],
): Promise<number[]> {
  switch (judge.type) {
    case 'rule':
      return ran.map(({ outcome }) => (judgeOutcome(outcome, problem, judge.rule).correct ? 100 : lowest));
    case 'reference':
      return ran.map(({ outcome: { model } }) => (model === null || problem.model === undefined ? lowest : likeness(model, problem.model)));
    case 'policy':
      return scoredPrograms(ran, (programs) =>
        askScores(
          judge.speaker,
          programs.map((one) => labelledJudgeMessages(problem, one)),
          { repeats, maxTokens, seed: `${seed}/label-judge/${problem.id}`, signal },
        ),
      );
    default:
      return judge satisfies never;
  }
}

/** From 1 to 100: 100 where the models are identical up to names, order and scaling, else by NEMO's utility of one record for another. */
function likeness(model: LinearModel, reference: LinearModel): number {
  if (identicalModels(model, reference)) return 100;
  const alike = componentSimilarity(extractionOfModel(model), extractionOfModel(reference));
  const parts = Object.keys(defaultComponentWeights) as (keyof typeof defaultComponentWeights)[];
  return lowest + (100 - lowest) * parts.reduce((sum, part) => sum + defaultComponentWeights[part] * alike[part], 0);
}

/** Probabilities over the candidates from their mean log-probabilities; 0 for one that has none, null where none has one. */
export function candidateProbabilities(logprobs: readonly (number | null)[]): number[] | null {
  const known = logprobs.filter((value) => value !== null);
  if (known.length === 0) return null;
  const least = largest(known) - 1e4; // its exponential is 0
  return generatorProbabilities(logprobs.map((value) => [value ?? least]));
}

/** What to do about a generator of whose log-probabilities nothing is known. */
export const noProbabilities = (modelId: string): EvomError =>
  new EvomError(
    'E_POLICY',
    `${modelId} gives no log-probabilities, so its candidates have no probabilities; if its API can tell them, add --set policy.chat.body.logprobs=true`,
  );
