/** Evaluation of a policy on a set of problems: pass@1 and pass@k, identical models, execution rate, how programs ended. */
import type { Problem } from '../core/problem.ts';
import type { RolloutGroup } from '../core/rollout.ts';
import { passAtK } from '../rl/pass-at-k.ts';
import { bootstrapMeanInterval } from '../rl/statistics.ts';
import { type RolloutParts, rollOut } from '../rollout/engine.ts';

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
  readonly seed: number;
  readonly signal?: AbortSignal;
  /** Problems sampled at a time; bounds memory. */
  readonly chunk?: number;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Counts for one problem over its scorable samples. */
export interface ProblemScore {
  readonly id: string;
  readonly family: string | null;
  readonly scorable: number;
  readonly passes: number;
  /** Passes whose model equals the reference; null where the problem has none. */
  readonly identical: number | null;
  readonly executed: number;
}

export interface EvaluationSummary {
  readonly name: string;
  readonly judge: string;
  readonly problems: number;
  readonly samples: number;
  readonly temperature: number;
  /** Mean over problems of the share of right samples, in 0..1. */
  readonly pass_at_1: number;
  readonly pass_at_1_ci95: readonly [number, number];
  /** Unbiased pass@k (Chen et al. 2021, arXiv:2107.03374, Eq. 1) for powers of two up to `samples`. */
  readonly pass_at_k: Readonly<Record<string, number>>;
  /** Share of samples that pass and whose model equals the reference, over problems that have one; null where none has. */
  readonly identical: number | null;
  readonly identical_ci95: readonly [number, number] | null;
  /** Share of samples whose program reached a solve. */
  readonly execution_rate: number;
  readonly unscorable: number;
  /** Samples by how their program ended. */
  readonly taxonomy: Readonly<Record<string, number>>;
  /** pass@1 by problem family, where problems name one. */
  readonly by_family: Readonly<Record<string, number>>;
  readonly flags: Readonly<Record<string, number>>;
  readonly mean_tokens: number;
  readonly truncated: number;
  readonly entropy: number;
}

export interface Evaluation {
  readonly summary: EvaluationSummary;
  readonly scores: readonly ProblemScore[];
}

/**
 * Samples every problem `samples` times and scores the outcomes.
 *
 * The seeds depend on the problem and the sample only, so two policies are compared on the same draws.
 */
export async function evaluatePolicy(parts: RolloutParts, request: EvaluationRequest): Promise<Evaluation> {
  const tally = new Tally();
  const chunk = request.chunk ?? 64;
  for (let start = 0; start < request.problems.length; start += chunk) {
    const problems = request.problems.slice(start, start + chunk);
    const { groups } = await rollOut(parts, {
      problems,
      groupSize: request.samples,
      sampling: { temperature: request.temperature, topK: request.topK, topP: request.topP, maxTokens: request.maxTokens },
      seedKey: `${request.seed}/evaluate/${request.name}`,
      genStep: 0,
      ...(request.signal ? { signal: request.signal } : {}),
    });
    for (const group of groups) tally.add(group);
    request.onProgress?.(Math.min(start + chunk, request.problems.length), request.problems.length);
  }
  return { summary: tally.summary(request), scores: tally.scores };
}

/** Statuses of programs that handed at least one model to a solver and got an answer about it. */
const executedStatuses = new Set(['optimal', 'feasible', 'infeasible', 'unbounded', 'infeasible_or_unbounded', 'time_limit']);

class Tally {
  readonly scores: ProblemScore[] = [];
  #taxonomy: Record<string, number> = {};
  #flags: Record<string, number> = {};
  #tokens = 0;
  #entropy = 0;
  #truncated = 0;
  #samples = 0;
  #unscorable = 0;

  add(group: RolloutGroup): void {
    let [scorable, passes, identical, executed] = [0, 0, 0, 0];
    for (const { outcome, reward, completion } of group.rollouts) {
      this.#samples += 1;
      this.#tokens += completion.tokenIds.length;
      this.#entropy += completion.entropy;
      if (completion.finishReason === 'length') this.#truncated += 1;
      this.#taxonomy[outcome.status] = (this.#taxonomy[outcome.status] ?? 0) + 1;
      for (const flag of reward.flags) this.#flags[flag] = (this.#flags[flag] ?? 0) + 1;
      if (reward.value === null || reward.correct === null) {
        this.#unscorable += 1;
        continue;
      }
      scorable += 1;
      if (executedStatuses.has(outcome.status)) executed += 1;
      if (reward.correct) passes += 1;
      if (reward.correct && reward.identical) identical += 1;
    }
    const family = group.problem.meta?.family;
    this.scores.push({
      id: group.problem.id,
      family: typeof family === 'string' ? family : null,
      scorable,
      passes,
      identical: group.problem.model ? identical : null,
      executed,
    });
  }

  summary(request: EvaluationRequest): EvaluationSummary {
    const scored = this.scores.filter((s) => s.scorable > 0);
    const passRates = scored.map((s) => s.passes / s.scorable);
    const identicalRates = scored.flatMap((s) => (s.identical === null ? [] : [s.identical / s.scorable]));
    const passAt: Record<string, number> = {};
    for (let k = 1; k <= request.samples; k *= 2) {
      const enough = scored.filter((s) => s.scorable >= k);
      if (enough.length > 0) passAt[`${k}`] = mean(enough.map((s) => passAtK(s.scorable, s.passes, k)));
    }
    const families = new Map<string, number[]>();
    for (const s of scored) if (s.family) families.set(s.family, [...(families.get(s.family) ?? []), s.passes / s.scorable]);
    const hasReference = identicalRates.length > 0;
    return {
      name: request.name,
      judge: request.judge,
      problems: this.scores.length,
      samples: request.samples,
      temperature: request.temperature,
      pass_at_1: mean(passRates),
      pass_at_1_ci95: bootstrapMeanInterval(passRates, { seed: `${request.seed}/pass`, confidence: 0.95 }),
      pass_at_k: passAt,
      identical: hasReference ? mean(identicalRates) : null,
      identical_ci95: hasReference ? bootstrapMeanInterval(identicalRates, { seed: `${request.seed}/identical`, confidence: 0.95 }) : null,
      execution_rate: sum(scored.map((s) => s.executed)) / Math.max(1, sum(scored.map((s) => s.scorable))),
      unscorable: this.#unscorable,
      taxonomy: this.#taxonomy,
      by_family: Object.fromEntries([...families].map(([name, rates]) => [name, mean(rates)])),
      flags: this.#flags,
      mean_tokens: this.#tokens / Math.max(1, this.#samples),
      truncated: this.#truncated / Math.max(1, this.#samples),
      entropy: this.#entropy / Math.max(1, this.#samples),
    };
  }
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const mean = (values: readonly number[]): number => (values.length === 0 ? 0 : sum(values) / values.length);
