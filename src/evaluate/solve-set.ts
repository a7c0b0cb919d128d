/** `solveProblem` over a problem set, with components left out one by one: what each is worth, what it costs, and whose fault errors are. */
import { createHash } from 'node:crypto';
import type { Problem } from '../core/problem.ts';
import { modelOfExtraction } from '../decode/extraction.ts';
import { forEachAtOnce } from '../lib/in-order.ts';
import { equalUpToAuxiliaries } from '../modeling/auxiliary.ts';
import { judgeOutcome } from '../reward/judge.ts';
import type { JudgeRuleName } from '../reward/judge-rules.ts';
import { attributeByAnswer, attributeFault, type Fault } from '../solve/attribution.ts';
import { isClose } from '../solve/choose.ts';
import { type SolveResult, solveProblem } from '../solve/solve.ts';
import type { SolveOptions, SolveParts } from '../solve/solve-parts.ts';

/** What can be left out. */
export const ablations = ['simulator', 'memory', 'mbr', 'self-consistency', 'record', 'repair'] as const;
export type Ablation = (typeof ablations)[number];

/** `full`: everything; `one program`: a single sample and nothing else; otherwise everything but one component. */
export type Variant = 'full' | 'one program' | `without ${Ablation}`;

/** What came of one problem under one variant: a line of the log. */
export interface SolvedLine {
  /** Names everything that decides the result but the problem: policies, sampling, options. */
  readonly setting: string;
  readonly variant: Variant;
  readonly id: string;
  /** Hash of the question: a text that was changed under the same id is solved again. */
  readonly question: string;
  readonly status: string;
  readonly answer: number | null;
  /** Whether the rule calls it right; null without a label. */
  readonly correct: boolean | null;
  readonly trusted: boolean;
  readonly reasons: readonly string[];
  readonly confidence: number;
  readonly rounds: number;
  readonly fault: Fault;
  readonly ms: number;
  readonly requests: number;
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
}

export interface SolveSetRequest {
  readonly problems: readonly Problem[];
  readonly variants: readonly Variant[];
  readonly rule: JudgeRuleName;
  /** Of a solve of a single problem. */
  readonly options: Omit<SolveOptions, 'question' | 'signal'>;
  readonly setting: string;
  /** Lines of an earlier run with this log; those of the same setting are not solved again. */
  readonly kept: readonly SolvedLine[];
  readonly onLine: (line: SolvedLine) => Promise<void>;
  /** Problems under way side by side: with more than one, latencies are those of a busy server. */
  readonly atOnce: number;
  readonly signal: AbortSignal;
}

/** The options of a variant. */
export function optionsOf(variant: Variant, options: SolveSetRequest['options']): SolveSetRequest['options'] {
  const { components } = options;
  const without = (change: Partial<SolveOptions['components']>) => ({ ...options, components: { ...components, ...change } });
  switch (variant) {
    case 'full':
      return options;
    case 'one program':
      return {
        ...without({ simulator: false, memory: false, bayesRisk: false, selfConsistency: true, record: false }),
        ...{ samples: 1, checks: 0, rounds: 0 },
      };
    case 'without simulator':
      return without({ simulator: false });
    case 'without memory':
      return without({ memory: false });
    case 'without mbr':
      return without({ bayesRisk: false });
    case 'without self-consistency':
      return without({ selfConsistency: false });
    case 'without record':
      return without({ record: false });
    case 'without repair':
      return { ...options, rounds: 0 };
    default:
      return variant satisfies never;
  }
}

export const questionHash = (question: string): string => createHash('sha256').update(question).digest('hex').slice(0, 16);

const keyOf = ({ variant, id, question }: Pick<SolvedLine, 'variant' | 'id' | 'question'>): string =>
  JSON.stringify([variant, id, question]);

/**
 * Solves each problem under each variant, the variants of one problem one after the other so that a stop leaves whole problems behind.
 *
 * @returns the lines of all problems and variants, those kept from before among them.
 * @throws {EvomError} of the parts, such as a server that is away: what is finished is in the log, and the next run goes on from there.
 */
export async function solveSet(parts: SolveParts, request: SolveSetRequest): Promise<SolvedLine[]> {
  const { problems, variants, setting, kept, onLine, atOnce, signal } = request;
  const done = new Map(kept.filter((line) => line.setting === setting).map((line) => [keyOf(line), line]));
  const lines: SolvedLine[] = [];
  const work = async (problem: Problem): Promise<void> => {
    for (const variant of variants) {
      signal.throwIfAborted();
      const known = done.get(keyOf({ variant, id: problem.id, question: questionHash(problem.question) }));
      const line = known ?? (await solveOne(parts, request, problem, variant));
      if (known === undefined) await onLine(line);
      lines.push(line);
    }
  };
  await forEachAtOnce(problems, work, atOnce);
  return lines;
}

async function solveOne(
  parts: SolveParts,
  { options, rule, setting, signal }: SolveSetRequest,
  problem: Problem,
  variant: Variant,
): Promise<SolvedLine> {
  const began = parts.now();
  const result = await solveProblem(parts, { ...optionsOf(variant, options), question: problem.question, signal });
  const { tokens, trust } = result;
  return {
    setting,
    variant,
    id: problem.id,
    question: questionHash(problem.question),
    status: result.kind,
    answer: result.answer,
    correct: result.outcome === null ? (problem.answer === null ? null : false) : judgeOutcome(result.outcome, problem, rule).correct,
    trusted: trust.isTrusted,
    reasons: trust.reasons,
    confidence: result.confidence,
    rounds: result.rounds,
    fault: faultOf(result, problem, rule, parts),
    ms: Math.round(parts.now() - began),
    requests: tokens.requests,
    prompt_tokens: tokens.promptTokens,
    completion_tokens: tokens.completionTokens,
  };
}

/** By the reference model where the problem has one, else by the answers of program and record. */
function faultOf(
  { outcome, reading, model }: SolveResult,
  problem: Problem,
  rule: JudgeRuleName,
  { backends: [backend] }: SolveParts,
): Fault {
  const isRight = outcome === null ? null : judgeOutcome(outcome, problem, rule).correct;
  if (problem.model !== undefined) {
    // Another model with the right answer, as a formulation may be, is no fault.
    if (isRight === true) return 'none';
    return attributeFault(reading.winner, model, problem.model).fault;
  }
  const recorded = reading.winner === null ? null : modelOfExtraction(reading.winner);
  if (recorded === null || backend === undefined || outcome === null) return isRight === true ? 'none' : 'unknown';
  const { status, objective } = backend.solve(recorded, { timeLimitMs: 4000 });
  const isRecordRight = judgeOutcome(
    { ...outcome, status: status === 'error' ? 'runtime_error' : status, objective, reported: null },
    problem,
    rule,
  ).correct;
  const followsRecord =
    (model !== null && equalUpToAuxiliaries(model, recorded)) || (status === outcome.status && isClose(objective, outcome.objective));
  return attributeByAnswer({ isRight, isRecordRight, followsRecord });
}
