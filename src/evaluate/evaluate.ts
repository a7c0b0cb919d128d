/** Evaluation of a policy on a set of problems: pass@1 and pass@k, identical models, execution rate, how programs ended. */
import type { Problem } from '../core/problem.ts';
import type { RolloutGroup } from '../core/rollout.ts';
import { isHardFlagged } from '../reward/audit.ts';
import { passAtK } from '../rl/pass-at-k.ts';
import { bootstrapMeanInterval } from '../rl/statistics.ts';
import { promptFits, type RolloutParts, rollOut } from '../rollout/engine.ts';

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
  /** Right answers that no hard flag of the audit denies. */
  readonly passes: number;
  /** Right answers that a hard flag denies; not among the passes. */
  readonly flagged_passes: number;
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
  /** Mean over problems of the share of samples that pass, in 0..1; null where nothing could be scored, as for every rate. */
  readonly pass_at_1: number | null;
  readonly pass_at_1_ci95: readonly [number, number] | null;
  /** Samples with a right answer that a hard flag of the audit denies: no passes. */
  readonly flagged_passes: number;
  /** Unbiased pass@k (Chen et al. 2021, arXiv:2107.03374, Eq. 1) for powers of two up to `samples`. */
  readonly pass_at_k: Readonly<Record<string, number>>;
  /** Share of samples that pass and whose model equals the reference, over problems that have one; null where none has. */
  readonly identical: number | null;
  readonly identical_ci95: readonly [number, number] | null;
  /** Share of samples whose program reached a solve. */
  readonly execution_rate: number | null;
  readonly unscorable: number;
  /** Samples by how their program ended; `prompt_too_long` where the policy could not even be asked, which counts as wrong. */
  readonly taxonomy: Readonly<Record<string, number>>;
  /** pass@1 by problem family, where problems name one. */
  readonly by_family: Readonly<Record<string, number>>;
  readonly flags: Readonly<Record<string, number>>;
  /** Of the samples drawn, as are the next two; null where none was. */
  readonly mean_tokens: number | null;
  readonly truncated: number | null;
  readonly entropy: number | null;
}

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
  const tally = new Tally();
  const chunk = request.chunk ?? 64;
  for (let start = 0; start < request.problems.length; start += chunk) {
    const problems = request.problems.slice(start, start + chunk);
    const asked = problems.filter((problem) => promptFits(parts, problem, request.maxTokens));
    const { groups } = await rollOut(parts, {
      problems: asked,
      groupSize: request.samples,
      sampling: { temperature: request.temperature, topK: request.topK, topP: request.topP, maxTokens: request.maxTokens },
      seedKey: `${request.seed}/evaluate/${request.name}`,
      genStep: 0,
      ...(request.signal ? { signal: request.signal } : {}),
    });
    const answered = groups.values();
    for (const problem of problems) {
      if (asked.includes(problem)) tally.add(answered.next().value as RolloutGroup);
      else tally.addUnasked(problem, request.samples);
    }
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
  #drawn = 0;
  #flaggedPasses = 0;
  #unscorable = 0;

  add(group: RolloutGroup): void {
    let [scorable, passes, flagged, identical, executed] = [0, 0, 0, 0, 0];
    for (const { outcome, reward, completion } of group.rollouts) {
      this.#drawn += 1;
      this.#tokens += completion.tokenIds.length;
      this.#entropy += completion.entropy;
      if (completion.finishReason === 'length') this.#truncated += 1;
      this.#count(outcome.status, 1);
      for (const flag of reward.flags) this.#flags[flag] = (this.#flags[flag] ?? 0) + 1;
      if (reward.value === null || reward.correct === null) {
        this.#unscorable += 1;
        continue;
      }
      scorable += 1;
      if (executedStatuses.has(outcome.status)) executed += 1;
      if (!reward.correct) continue;
      if (isHardFlagged(reward.flags)) {
        flagged += 1;
        continue;
      }
      passes += 1;
      if (reward.identical) identical += 1;
    }
    this.#flaggedPasses += flagged;
    this.scores.push({
      ...aboutProblem(group.problem),
      scorable,
      passes,
      flagged_passes: flagged,
      identical: group.problem.model ? identical : null,
      executed,
    });
  }

  /** A problem that does not fit the policy's context. */
  addUnasked(problem: Problem, samples: number): void {
    this.#count('prompt_too_long', samples);
    const scorable = problem.answer === null ? 0 : samples;
    this.#unscorable += samples - scorable;
    this.scores.push({
      ...aboutProblem(problem),
      scorable,
      passes: 0,
      flagged_passes: 0,
      identical: problem.model ? 0 : null,
      executed: 0,
    });
  }

  #count(ending: string, samples: number): void {
    this.#taxonomy[ending] = (this.#taxonomy[ending] ?? 0) + samples;
  }

  summary(request: EvaluationRequest): EvaluationSummary {
    const scored = this.scores.filter((s) => s.scorable > 0);
    const passRates = scored.map((s) => s.passes / s.scorable);
    const identicalRates = scored.flatMap((s) => (s.identical === null ? [] : [s.identical / s.scorable]));
    const passAt: Record<string, number> = {};
    for (let k = 1; k <= request.samples; k *= 2) {
      const enough = scored.filter((s) => s.scorable >= k);
      const chance = mean(enough.map((s) => passAtK(s.scorable, s.passes, k)));
      if (chance !== null) passAt[`${k}`] = chance;
    }
    const families = new Map<string, number[]>();
    for (const s of scored) if (s.family) families.set(s.family, [...(families.get(s.family) ?? []), s.passes / s.scorable]);
    const interval = (rates: readonly number[], name: string): [number, number] | null =>
      rates.length === 0 ? null : bootstrapMeanInterval(rates, { seed: `${request.seed}/${name}`, confidence: 0.95 });
    const perDraw = (total: number): number | null => (this.#drawn === 0 ? null : total / this.#drawn);
    return {
      name: request.name,
      judge: request.judge,
      problems: this.scores.length,
      samples: request.samples,
      temperature: request.temperature,
      pass_at_1: mean(passRates),
      pass_at_1_ci95: interval(passRates, 'pass'),
      flagged_passes: this.#flaggedPasses,
      pass_at_k: passAt,
      identical: mean(identicalRates),
      identical_ci95: interval(identicalRates, 'identical'),
      execution_rate: scored.length === 0 ? null : sum(scored.map((s) => s.executed)) / sum(scored.map((s) => s.scorable)),
      unscorable: this.#unscorable,
      taxonomy: this.#taxonomy,
      by_family: Object.fromEntries([...families].map(([name, rates]) => [name, sum(rates) / rates.length])),
      flags: this.#flags,
      mean_tokens: perDraw(this.#tokens),
      truncated: perDraw(this.#truncated),
      entropy: perDraw(this.#entropy),
    };
  }
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
/** Null of nothing: 0 would read as a score. */
const mean = (values: readonly number[]): number | null => (values.length === 0 ? null : sum(values) / values.length);

function aboutProblem({ id, meta }: Problem): { readonly id: string; readonly family: string | null } {
  return { id, family: typeof meta?.family === 'string' ? meta.family : null };
}
