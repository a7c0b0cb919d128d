/** Signs that a right value was not earned by a model of the problem. */
import type { Evidence } from '../core/evidence.ts';
import type { LinearModel } from '../core/linear-model.ts';
import type { Outcome } from '../core/outcome.ts';
import type { Problem } from '../core/problem.ts';

/** Flags that take the answer's reward away. */
export const hardFlagNames = [
  'unsupported_claim', // reports a value that no optimal solve has
  'trivial_model', // fewer than two variables, or no constraint
  'answer_literal', // the answer stands in the model as a number, and not in the text
  'solver_disagreement', // another backend finds another optimum or status for the same model
  'wall_limited', // the clock decided: it may not happen again
] as const;

export type HardFlag = (typeof hardFlagNames)[number];

/** Flags that are counted, and may lower the answer's reward: honest models have them now and then. */
export const softFlagNames = [
  'constant_objective', // every point of the linear relaxation has the same objective
] as const;

export type SoftFlag = (typeof softFlagNames)[number];

/** Whether any of a reward's flags takes the answer's reward away; `value_only` alone does not. */
export const isHardFlagged = (flags: readonly string[]): boolean =>
  flags.some((flag) => (hardFlagNames as readonly string[]).includes(flag));

/** Smaller answers turn up as coefficients by chance, or are written as words. */
const smallestTellingAnswer = 20;

/** The numbers in a text, with thousands separators read both ways. */
function numbersIn(text: string): Set<number> {
  const found = new Set<number>();
  for (const [match] of text.matchAll(/\d[\d,]*(?:\.\d+)?/g)) {
    found.add(Number(match.replaceAll(',', '')));
    for (const part of match.split(',')) found.add(Number(part));
  }
  return found;
}

function* numbersOf(model: LinearModel): Generator<number> {
  yield model.offset;
  for (const { cost, lower, upper } of model.variables) yield* [cost, lower, upper];
  for (const { lower, upper, coefficients } of model.constraints) yield* [lower, upper, ...coefficients];
}

function holdsAnswer(model: LinearModel, problem: Pick<Problem, 'answer' | 'question'>): boolean {
  const answer = typeof problem.answer === 'number' ? Math.abs(problem.answer) : 0;
  if (answer <= smallestTellingAnswer) return false;
  const isAnswer = (number: number): boolean => Math.abs(Math.abs(number) - answer) <= 1e-6 * answer;
  for (const number of numbersOf(model)) if (isAnswer(number)) return ![...numbersIn(problem.question)].some(isAnswer);
  return false;
}

/**
 * The hard flags of an outcome. A model that equals the reference is never flagged for its form.
 *
 * They stop lazy tricks, not a determined policy: a constant hidden behind an inequality and a spare row passes. Follow the rate of
 * flags, and compare with reference models where there are any.
 */
export function hardFlags(
  outcome: Outcome,
  problem: Pick<Problem, 'answer' | 'question'>,
  evidence: Pick<Evidence, 'comparison' | 'crossSolve'>,
  { unsupportedClaim }: { readonly unsupportedClaim: boolean },
): HardFlag[] {
  const flags: HardFlag[] = [];
  if (unsupportedClaim) flags.push('unsupported_claim');
  if (outcome.wallLimited) flags.push('wall_limited');
  if (evidence.crossSolve?.agrees === false) flags.push('solver_disagreement');
  if (evidence.comparison === 'identical') return flags;
  const last = outcome.solves.at(-1);
  if (last !== undefined && last.status !== 'error' && (last.numVariables < 2 || last.numConstraints < 1)) flags.push('trivial_model');
  if (outcome.model !== null && holdsAnswer(outcome.model, problem)) flags.push('answer_literal');
  return flags;
}

/** The soft flags of an outcome whose answer is right. */
export function softFlags(
  _outcome: Outcome,
  _problem: Pick<Problem, 'answer' | 'question'>,
  evidence: Pick<Evidence, 'comparison' | 'objectiveRange'>,
): SoftFlag[] {
  if (evidence.comparison === 'identical') return [];
  const range = evidence.objectiveRange;
  const isConstant = range !== null && range[1] - range[0] <= 1e-6 * Math.max(1, Math.abs(range[0]));
  return isConstant ? ['constant_objective'] : [];
}
