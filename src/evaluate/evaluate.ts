/** Evaluation of a policy on a set of problems: pass@1 and pass@k, identical models, execution rate, how programs ended. */
import type { Problem } from '../core/problem.ts';
import type { JudgeRuleName } from '../reward/judge-rules.ts';
import { promptFits, type RolloutParts, rollOut } from '../rollout/engine.ts';
import { fromStored, type OutcomeMemory, type SampledOutcome, sampledOf, toStored } from './sampled.ts';
import { type EvaluationSummary, type ProblemScore, Tally } from './tally.ts';

export interface EvaluationRequest {
  /** Name of the problem set, e.g. `held_out`. */
  readonly name: string;
  readonly problems: readonly Problem[];
  readonly samples: number;
  /** 0 is greedy. */
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly maxTokens: number;
  /** The judge's name, printed with every score. */
  readonly judge: string;
  /** Rules to score the same outcomes by beside it. */
  readonly judges?: readonly JudgeRuleName[];
  /** Count how the models of wrong answers differ from the reference models. */
  readonly diagnose?: boolean;
  readonly seed: number;
  readonly signal?: AbortSignal;
  /** Problems sampled at a time; bounds memory. */
  readonly chunk?: number;
  /** Samples drawn before; only missing ones are drawn. */
  readonly memory?: OutcomeMemory;
  readonly onProgress?: (done: number, total: number) => void;
}

export type { EvaluationSummary, JudgedRate, ProblemScore } from './tally.ts';

export interface Evaluation {
  readonly summary: EvaluationSummary;
  readonly scores: readonly ProblemScore[];
}

/**
 * Samples every problem `samples` times and scores the outcomes.
 *
 * The seeds depend on the problem and the sample only, so two policies are compared on the same draws. A problem whose prompt
 * leaves no room for `maxTokens` more is not sampled; its samples count as wrong, so that one score has one denominator.
 */
export async function evaluatePolicy(parts: RolloutParts, request: EvaluationRequest): Promise<Evaluation> {
  const tally = new Tally(request);
  const chunk = request.chunk ?? 64;
  for (let start = 0; start < request.problems.length; start += chunk) {
    const problems = request.problems.slice(start, start + chunk);
    const sampled = await sampleChunk(parts, request, problems);
    for (const problem of problems) tally.add(problem, sampled.get(problem) ?? null);
    request.onProgress?.(Math.min(start + chunk, request.problems.length), request.problems.length);
  }
  return {
    summary: { name: request.name, judge: request.judge, temperature: request.temperature, ...tally.summary() },
    scores: tally.scores,
  };
}

/** Samples of those problems that the policy can be asked: recalled, or drawn and kept. */
async function sampleChunk(
  parts: RolloutParts,
  { name, samples, temperature, topK, topP, maxTokens, seed, signal, memory }: EvaluationRequest,
  problems: readonly Problem[],
): Promise<Map<Problem, SampledOutcome[]>> {
  const sampled = new Map<Problem, SampledOutcome[]>();
  const missing: Problem[] = [];
  for (const problem of problems) {
    const stored = memory?.recall(name, problem, samples) ?? null;
    if (stored !== null) sampled.set(problem, stored.map(fromStored));
    else if (promptFits(parts, problem, maxTokens)) missing.push(problem);
  }
  if (missing.length === 0) return sampled;
  const { groups } = await rollOut(parts, {
    problems: missing,
    groupSize: samples,
    sampling: { temperature, topK, topP, maxTokens },
    seedKey: `${seed}/evaluate/${name}`,
    genStep: 0,
    ...(signal ? { signal } : {}),
  });
  const drawn = groups.map((group) => ({ problem: group.problem, samples: sampledOf(group) }));
  for (const { problem, samples: outcomes } of drawn) sampled.set(problem, outcomes);
  await memory?.keep(
    name,
    drawn.map(({ problem, samples: outcomes }) => ({ problem, samples: outcomes.map(toStored) })),
  );
  return sampled;
}
