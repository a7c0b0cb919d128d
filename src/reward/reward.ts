/** A reward from an outcome: named terms, weighted and added, with the answer's term behind an audit. */
import { noEvidence } from '../core/evidence.ts';
import type { Reward, Scorable } from '../core/rollout.ts';
import { hardFlags, softFlags } from './audit.ts';
import { type FormatRule, formatScore } from './format.ts';
import { judgeOutcome } from './judge.ts';
import type { JudgeRuleName } from './judge-rules.ts';
import { type OverlongConfig, overlongPenalty } from './overlong.ts';

/** The built-in terms; each is worth 0 to 1 before its weight. */
export interface RewardWeights {
  /** For a completion in the form that `formatTags` and `formatRule` ask for. */
  readonly format: number;
  /** For a program that ran to its end and whose last solve reached a verdict. */
  readonly executes: number;
  /** For the right answer. */
  readonly answer: number;
  /** For a right answer whose point solves the reference model; left out where there is none. */
  readonly solution: number;
  /** For a solution that an independent check finds in order; left out where nothing was checked. */
  readonly consistency: number;
  /** For an optimum that another backend confirms; left out where none was asked. */
  readonly crossSolver: number;
}

/** A term of the user's own. */
export interface UserTerm {
  readonly name: string;
  readonly weight: number;
  /** Worth before the weight; null leaves the term out. It has to depend on its input alone. */
  readonly score: (input: Required<Scorable>, verdict: { readonly correct: boolean; readonly flags: readonly string[] }) => number | null;
}

export interface RewardConfig {
  readonly judge: JudgeRuleName;
  readonly weights: RewardWeights;
  /** Elements that a completion has to consist of, in this order and once each, e.g. `think`, `code`; empty asks for none. */
  readonly formatTags: readonly string[];
  /** How the format's term is told. */
  readonly formatRule: FormatRule;
  /** What becomes of a completion that is not in the form of `formatTags`: its program is run all the same, or it is not run. */
  readonly offForm: 'run' | 'skip';
  /** Share of the answer's term that a right value from a model unlike the reference earns; 0 denies it, 1 does not ask. */
  readonly valueOnlyWeight: number;
  /** Share of the answer's term under a soft flag of the audit; 1 only counts them. */
  readonly softFlagWeight: number;
  /** What a right answer earns whose verdict is one solver's word: `pays` only counts it, `soft` takes it for a soft flag, `denied` for a hard one. */
  readonly uncertified: 'pays' | 'soft' | 'denied';
  readonly overlong: OverlongConfig | null;
  readonly terms: readonly UserTerm[];
}

const answerAlone: RewardWeights = { format: 0, executes: 0, answer: 1, solution: 0, consistency: 0, crossSolver: 0 };
const plain = {
  judge: 'sirl',
  formatTags: [],
  formatRule: 'whole',
  offForm: 'run',
  valueOnlyWeight: 1,
  softFlagWeight: 1,
  uncertified: 'pays',
  overlong: null,
  terms: [],
} as const;

/**
 * `evom`: R = r_format + r_answer, with 0.1 and 1, so that no number of well-formed wrong programs outweighs a right one.
 * `evom_paper`: the reward of EVOM as published: up to 1 for the form, tag by tag, and 1 for the answer under `evom-train`; what is not in
 * the form is not run. The audit looks at its answers too, which the paper's harness did not.
 * `answer`: the answer alone.
 * `sirl_stage1`, `sirl_stage2`: the weights of Solver-Informed RL (arXiv:2505.11792), without the faults of its released functions:
 * docs/reference/verification.md lists them.
 */
export const rewardPresets = {
  evom: { ...plain, weights: { ...answerAlone, format: 0.1 } },
  evom_paper: {
    ...plain,
    judge: 'evom-train',
    formatTags: ['think', 'code'],
    formatRule: 'per_tag',
    offForm: 'skip',
    weights: { ...answerAlone, format: 1 },
  },
  answer: { ...plain, weights: answerAlone },
  sirl_stage1: { ...plain, weights: { ...answerAlone, format: 1, executes: 1 } },
  sirl_stage2: { ...plain, weights: { ...answerAlone, executes: 1, solution: 1 } },
} as const satisfies Record<string, RewardConfig>;

const decided: ReadonlySet<string> = new Set(['optimal', 'feasible', 'infeasible', 'unbounded', 'infeasible_or_unbounded']);

/**
 * Scores one outcome.
 *
 * `value` is the sum of `parts`. It is null, with no parts, where nothing can be said: after a fault of ours, and without a label unless
 * `consistency` is paid and no term needs one.
 * Hard flags of the audit (`hardFlags`) take the answer's term away, soft ones (`softFlags`) leave `softFlagWeight` of it.
 * `value_only` marks a right value from a model unlike the reference, `unmatched_model` one that could not be compared with it; both
 * leave `valueOnlyWeight` of the term. `uncertified` marks a right value that no certificate stands behind. Hints about a wrong model (`variantHints`) are listed as flags and change nothing.
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { emptyOutcome, rewardPresets, scoreOutcome } from 'evom';
 * const solve = { status: 'optimal', objective: 7, certificate: 'dual', modelHash: '', numVariables: 2, numIntegers: 0, numConstraints: 1, ms: 1 } as const;
 * const outcome = { ...emptyOutcome('optimal', { dialect: 'highs-js', backend: 'highs' }), objective: 7, solves: [solve] };
 * const problem = { id: 'p', question: '', answer: 7, source: 'test' };
 * const reward = scoreOutcome({ outcome, problem }, rewardPresets.evom);
 * assert.deepEqual(reward, { value: 1.1, parts: { format: 0.1, answer: 1 }, correct: true, identical: null, flags: [] });
 * ```
 */
export function scoreOutcome(given: Scorable, config: RewardConfig): Reward {
  const input = complete(given);
  const { outcome, problem, evidence } = input;
  const { comparison } = evidence;
  const identical = comparison === null ? null : comparison === 'identical';
  if (outcome.status === 'infra_error' || evidence.fault !== null)
    return { value: null, parts: {}, correct: null, identical, flags: evidence.fault === null ? [] : ['audit_fault'] };

  const { correct, unsupportedClaim } = judgeOutcome(outcome, problem, config.judge);
  const hard = hardFlags(outcome, problem, evidence, { unsupportedClaim });
  const soft = correct ? softFlags(outcome, problem, evidence) : [];
  const luck = correct === true && (comparison === 'different' ? 'value_only' : comparison === 'unmatched' && 'unmatched_model');
  const isUncertified = correct === true && outcome.model !== null && outcome.certificate === 'none';
  const flags: string[] = [
    ...hard,
    ...soft,
    ...(isUncertified ? ['uncertified'] : []),
    ...(luck ? [luck] : []),
    ...(correct === false ? evidence.hints : []),
  ];
  // Without a label there is no reward, unless nothing that is paid needs one.
  const needsLabel = config.weights.answer > 0 || config.weights.solution > 0 || config.weights.consistency === 0;
  if (correct === null && needsLabel) return { value: null, parts: {}, correct, identical, flags };

  const isPaid = correct === true && hard.length === 0 && !(isUncertified && config.uncertified === 'denied');
  const isSoft = soft.length > 0 || (isUncertified && config.uncertified === 'soft');
  const share = (luck ? config.valueOnlyWeight : 1) * (isSoft ? config.softFlagWeight : 1);
  const { crossSolve, consistency, solvesReference } = evidence;
  const worths: Record<keyof RewardWeights, number | null> = {
    format: formatScore(input, config.formatTags, config.formatRule),
    executes: decided.has(outcome.status) && outcome.solves.length > 0 ? 1 : 0,
    answer: isPaid ? share : 0,
    solution: problem.model === undefined ? null : isPaid && solvesReference === true ? 1 : 0,
    consistency: consistency === null ? null : consistency.passed,
    crossSolver: crossSolve === null ? null : crossSolve.agrees === true ? 1 : 0,
  };
  const parts: Record<string, number> = {};
  for (const term of Object.keys(worths) as (keyof RewardWeights)[]) {
    const [worth, weight] = [worths[term], config.weights[term]];
    if (weight !== 0 && worth !== null) parts[term === 'crossSolver' ? 'cross_solver' : term] = weight * worth;
  }
  if (config.overlong !== null) {
    const tokens = input.truncated ? input.maxTokens : input.completionTokens;
    parts.overlong = overlongPenalty(tokens, input.maxTokens, config.overlong);
  }
  for (const { name, weight, score } of config.terms) {
    const worth = score(input, { correct: correct === true, flags });
    if (worth !== null) parts[name] = weight * worth;
  }
  const value = Object.values(parts).reduce((sum, part) => sum + part, 0);
  return { value, parts, correct, identical, flags };
}

const complete = (input: Scorable): Required<Scorable> => ({
  evidence: noEvidence,
  completionText: '',
  completionTokens: 0,
  maxTokens: Number.POSITIVE_INFINITY,
  truncated: false,
  ...input,
});
