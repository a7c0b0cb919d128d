/** Counts over the samples of an evaluation, and the rates made of them. */
import type { Problem } from '../core/problem.ts';
import { wilsonInterval } from '../lib/statistics.ts';
import { countDifferences, type Difference, diagnoseModel } from '../modeling/diagnose.ts';
import { isHardFlagged } from '../reward/audit.ts';
import { judgeOutcome } from '../reward/judge.ts';
import type { JudgeRuleName } from '../reward/judge-rules.ts';
import { passAtK } from '../rl/pass-at-k.ts';
import type { SampledOutcome } from './sampled.ts';

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

/** pass@1 of the same outcomes under one rule. */
export interface JudgedRate {
  readonly pass_at_1: number | null;
  readonly pass_at_1_ci95: readonly [number, number] | null;
  /** Problems that the rate is a mean over: those with a label and a scorable sample. */
  readonly denominator: number;
}

export interface EvaluationSummary {
  readonly name: string;
  readonly judge: string;
  readonly problems: number;
  /** Problems that pass@1 is a mean over: those with a label and a scorable sample. */
  readonly denominator: number;
  /** The problems' sources, most frequent first: label versions with the hashes of their files. */
  readonly labels: readonly string[];
  readonly samples: number;
  readonly temperature: number;
  /** Mean over problems of the share of samples that pass, in 0..1; null where nothing could be scored, as for every rate. */
  readonly pass_at_1: number | null;
  readonly pass_at_1_ci95: readonly [number, number] | null;
  /** The same outcomes under each of `judges`. */
  readonly by_judge: Readonly<Record<string, JudgedRate>>;
  /** Samples with a right answer that a hard flag of the audit denies: no passes. */
  readonly flagged_passes: number;
  /** Share of samples that pass after at most k turns, a mean over problems as pass@1; left out where no episode had several. */
  readonly pass_by_turn?: Readonly<Record<string, number>>;
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
  /** Wrong samples whose model differs from the reference in this way, by kind (`diagnoseModel`); null unless asked for. */
  readonly diagnosis: Readonly<Record<string, number>> | null;
  readonly flags: Readonly<Record<string, number>>;
  /** Of the samples drawn, as are the next two; null where none was. */
  readonly mean_tokens: number | null;
  readonly truncated: number | null;
  readonly entropy: number | null;
  /** Tokens that an API counted, over all samples: what they cost; null where none did. */
  readonly usage: { readonly prompt_tokens: number; readonly completion_tokens: number } | null;
}

/** Statuses of programs that handed at least one model to a solver and got an answer about it. */
const executedStatuses = new Set(['optimal', 'feasible', 'infeasible', 'unbounded', 'infeasible_or_unbounded', 'time_limit']);

export interface TallyRequest {
  readonly samples: number;
  readonly seed: number;
  readonly judge: string;
  readonly judges?: readonly JudgeRuleName[];
  readonly diagnose?: boolean;
}

export class Tally {
  readonly scores: ProblemScore[] = [];
  readonly #request: TallyRequest;
  /** Share of passes of each scorable problem, by rule. */
  readonly #judged: Map<JudgeRuleName, number[]>;
  readonly #diagnoses: Difference[][] = [];
  readonly #sources = new Map<string, number>();
  #taxonomy: Record<string, number> = {};
  #flags: Record<string, number> = {};
  /** [problems] of each scorable problem: the turns that its passes took, and how many samples were scorable. */
  readonly #passTurns: { readonly turns: readonly number[]; readonly scorable: number }[] = [];
  #mostTurns = 1;
  #tokens = 0;
  #entropy: number | null = 0;
  #usage: { prompt_tokens: number; completion_tokens: number } | null = null;
  #truncated = 0;
  #drawn = 0;
  #flaggedPasses = 0;
  #unscorable = 0;

  constructor(request: TallyRequest) {
    this.#request = request;
    this.#judged = new Map((request.judges ?? []).map((rule) => [rule, []]));
  }

  /** @param samples null for a problem that does not fit the policy's context. */
  add(problem: Problem, samples: readonly SampledOutcome[] | null): void {
    this.#sources.set(problem.source, (this.#sources.get(problem.source) ?? 0) + 1);
    if (samples === null) {
      this.#addUnasked(problem);
      return;
    }
    let [scorable, passes, flagged, identical, executed] = [0, 0, 0, 0, 0];
    const passTurns: number[] = [];
    for (const sample of samples) {
      this.#drawn += 1;
      this.#mostTurns = Math.max(this.#mostTurns, sample.turns ?? 1);
      this.#tokens += sample.tokens;
      this.#entropy = this.#entropy === null || sample.entropy === null ? null : this.#entropy + sample.entropy;
      if (sample.promptTokens !== undefined)
        this.#usage = {
          prompt_tokens: (this.#usage?.prompt_tokens ?? 0) + sample.promptTokens,
          completion_tokens: (this.#usage?.completion_tokens ?? 0) + sample.tokens,
        };
      if (sample.truncated) this.#truncated += 1;
      this.#count(sample.outcome.status, 1);
      for (const flag of sample.flags) this.#flags[flag] = (this.#flags[flag] ?? 0) + 1;
      const correct = sample.correct === undefined ? correctUnder(sample, problem, this.#request.judge as JudgeRuleName) : sample.correct;
      if (correct === null) {
        this.#unscorable += 1;
        continue;
      }
      scorable += 1;
      if (executedStatuses.has(sample.outcome.status)) executed += 1;
      if (!correct) {
        this.#diagnose(problem, sample);
        continue;
      }
      if (isHardFlagged(sample.flags)) {
        flagged += 1;
        continue;
      }
      passes += 1;
      passTurns.push(sample.turns ?? 1);
      if (sample.identical) identical += 1;
      if (sample.correct === undefined && sample.identical === false) this.#flags.value_only = (this.#flags.value_only ?? 0) + 1;
    }
    this.#flaggedPasses += flagged;
    if (scorable > 0) this.#passTurns.push({ turns: passTurns, scorable });
    this.#addJudged(problem, samples);
    this.scores.push({
      ...aboutProblem(problem),
      scorable,
      passes,
      flagged_passes: flagged,
      identical: problem.model ? identical : null,
      executed,
    });
  }

  #diagnose({ model: reference }: Problem, { outcome: { model } }: SampledOutcome): void {
    if (this.#request.diagnose && reference !== undefined && model !== null) this.#diagnoses.push(diagnoseModel(model, reference));
  }

  #addJudged(problem: Problem, samples: readonly SampledOutcome[]): void {
    for (const [rule, rates] of this.#judged) {
      const verdicts = samples.map((sample) => correctUnder(sample, problem, rule));
      const scorable = verdicts.filter((verdict) => verdict !== null).length;
      const passes = samples.filter((sample, i) => verdicts[i] === true && !isHardFlagged(sample.flags)).length;
      if (scorable > 0) rates.push(passes / scorable);
    }
  }

  #addUnasked(problem: Problem): void {
    const { samples } = this.#request;
    this.#count('prompt_too_long', samples);
    const scorable = problem.answer === null ? 0 : samples;
    this.#unscorable += samples - scorable;
    if (scorable > 0) for (const rates of this.#judged.values()) rates.push(0);
    if (scorable > 0) this.#passTurns.push({ turns: [], scorable });
    this.scores.push({
      ...aboutProblem(problem),
      scorable,
      passes: 0,
      flagged_passes: 0,
      identical: problem.model ? 0 : null,
      executed: 0,
    });
  }

  #passByTurn(): Record<string, number> {
    const after = (k: number): number =>
      mean(this.#passTurns.map(({ turns, scorable }) => turns.filter((n) => n <= k).length / scorable)) ?? 0;
    return Object.fromEntries(Array.from({ length: this.#mostTurns }, (_, i) => [`${i + 1}`, after(i + 1)]));
  }

  #count(ending: string, samples: number): void {
    this.#taxonomy[ending] = (this.#taxonomy[ending] ?? 0) + samples;
  }

  summary(): Omit<EvaluationSummary, 'name' | 'judge' | 'temperature'> {
    const request = this.#request;
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
    const perDraw = (total: number): number | null => (this.#drawn === 0 ? null : total / this.#drawn);
    return {
      problems: this.scores.length,
      denominator: scored.length,
      labels: [...this.#sources].sort((a, b) => b[1] - a[1]).map(([source]) => source),
      samples: request.samples,
      pass_at_1: mean(passRates),
      pass_at_1_ci95: interval(passRates),
      by_judge: Object.fromEntries(
        [...this.#judged].map(([rule, rates]) => [
          rule,
          { pass_at_1: mean(rates), pass_at_1_ci95: interval(rates), denominator: rates.length },
        ]),
      ),
      flagged_passes: this.#flaggedPasses,
      ...(this.#mostTurns > 1 ? { pass_by_turn: this.#passByTurn() } : {}),
      pass_at_k: passAt,
      identical: mean(identicalRates),
      identical_ci95: interval(identicalRates),
      execution_rate: scored.length === 0 ? null : sum(scored.map((s) => s.executed)) / sum(scored.map((s) => s.scorable)),
      unscorable: this.#unscorable,
      taxonomy: this.#taxonomy,
      by_family: Object.fromEntries([...families].map(([name, rates]) => [name, sum(rates) / rates.length])),
      diagnosis: request.diagnose ? countDifferences(this.#diagnoses) : null,
      flags: this.#flags,
      mean_tokens: perDraw(this.#tokens),
      truncated: perDraw(this.#truncated),
      entropy: this.#entropy === null ? null : perDraw(this.#entropy),
      usage: this.#usage,
    };
  }
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
/** Null of nothing: 0 would read as a score. */
const mean = (values: readonly number[]): number | null => (values.length === 0 ? null : sum(values) / values.length);

/**
 * Wilson's interval with the problems as trials: samples of one problem are not independent, so that several of them only smooth a
 * problem's own rate. None of 8 is [0, 0.32], and not the [0, 0] that resampling equal values gives.
 */
function interval(rates: readonly number[]): [number, number] | null {
  if (rates.length === 0) return null;
  const { low, high } = wilsonInterval(Math.min(rates.length, sum(rates)), rates.length);
  return [low, high];
}

function aboutProblem({ id, meta }: Problem): { readonly id: string; readonly family: string | null } {
  return { id, family: typeof meta?.family === 'string' ? meta.family : null };
}

/** Verdict of a rule on a sample; null after a fault of ours and without a label. */
function correctUnder({ outcome, flags }: SampledOutcome, problem: Problem, rule: JudgeRuleName): boolean | null {
  return flags.includes('audit_fault') ? null : judgeOutcome(outcome, problem, rule).correct;
}
