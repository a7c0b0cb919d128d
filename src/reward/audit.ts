/** Signs that a right value was not earned by a model of the problem. */
import { evaluatePoint } from '../core/evaluate.ts';
import type { Evidence } from '../core/evidence.ts';
import type { LinearModel } from '../core/linear-model.ts';
import type { Outcome } from '../core/outcome.ts';
import type { Problem } from '../core/problem.ts';
import { evaluateQuadratic } from '../core/quadratic-model.ts';
import { claimOf } from './claim.ts';
import { coverageOf, literalShares, numbersOf, quadraticNumbersOf } from './literals.ts';
import { numbersIn } from './text-numbers.ts';

/** Flags that take the answer's reward away. */
export const hardFlagNames = [
  'unsupported_claim', // reports a value that no optimal solve has
  'earlier_solve', // the value is that of a solve before the last, whose model was not kept and cannot be looked at
  'wrong_point', // the solution does not satisfy the captured model, or is not worth the objective
  'trivial_model', // linear, with fewer than two variables or no constraint
  'answer_literal', // the answer stands in the model as a number, and not in the text
  'solver_disagreement', // another backend finds another optimum or status for the same model
  'library_word', // the number is the word of the program's own process: the model is more than quadratic, and the host cannot solve it again
  'wall_limited', // the clock decided: it may not happen again
] as const;

export type HardFlag = (typeof hardFlagNames)[number];

/** Flags that are counted, and may lower the answer's reward: honest models have them now and then. */
export const softFlagNames = [
  'constant_objective', // every point of the linear relaxation has the same objective
  'low_coverage', // less than 2 in 5 of the text's numbers stand in the model
  'detached_objective', // most of the text's numbers stand in rows that no chain of rows ties to the objective
  'foreign_numbers', // less than 2 in 5 of the numbers that decide the optimum stand in the text
  'unconfirmed', // the second backend reaches no verdict: it runs out of its budget, or its optimum does not hold
  'peer_disagreement', // most accepted programs of the group have models that behave otherwise
] as const;

export type SoftFlag = (typeof softFlagNames)[number];

/** Whether any of a reward's flags takes the answer's reward away; `value_only` alone does not. */
export const isHardFlagged = (flags: readonly string[]): boolean =>
  flags.some((flag) => (hardFlagNames as readonly string[]).includes(flag));

/** Smaller answers turn up as coefficients by chance, or are written as words. */
const smallestTellingAnswer = 20;
/** Of numbers of the text or of the model, as `literalShares` counts them. */
const leastShare = { coverage: 0.4, attached: 0.5, native: 0.4 } as const;
/** Variables and matrix entries up to which the numbers of a model are looked through. */
const largestRead = 20_000;
/** A text with fewer figures says nothing by its shares. */
const fewestTelling = 3;

function holdsAnswer(
  numbers: Iterable<number>,
  { answer, accepted = [], question }: Pick<Problem, 'answer' | 'accepted' | 'question'>,
): boolean {
  const answers = [...(typeof answer === 'number' ? [answer] : []), ...accepted]
    .map(Math.abs)
    .filter((size) => size > smallestTellingAnswer);
  if (answers.length === 0) return false;
  const isAnswer = (number: number): boolean => answers.some((size) => Math.abs(Math.abs(number) - size) <= 1e-6 * size);
  for (const number of numbers) if (isAnswer(number)) return ![...numbersIn(question)].some(isAnswer);
  return false;
}

const sizeOf = ({ variables, constraints }: LinearModel): number =>
  constraints.reduce((sum, row) => sum + row.columns.length, variables.length);
const near = (x: number, y: number): boolean => Math.abs(x - y) <= 1e-6 * Math.max(1, Math.abs(x), Math.abs(y));

/** [variables] the solution's values; null where names do not tell the variables apart, or one has no value. */
function valuesOf({ model, quadratic, solution }: Outcome): number[] | null {
  const variables = (model ?? quadratic?.linear)?.variables;
  if (variables === undefined || solution === null) return null;
  const values = variables.map(({ name }) => (Object.hasOwn(solution, name) ? (solution[name] ?? null) : null));
  if (new Set(variables.map(({ name }) => name)).size !== values.length) return null;
  return values.every((value) => value !== null) ? values : null;
}

function isWrongPoint(outcome: Outcome): boolean {
  const values = valuesOf(outcome);
  const { model, quadratic } = outcome;
  if (outcome.status !== 'optimal' || values === null) return false;
  const evaluation = model !== null ? evaluatePoint(model, values) : quadratic !== undefined ? evaluateQuadratic(quadratic, values) : null;
  if (evaluation === null) return false;
  const { objective, violation, fraction } = evaluation;
  // The tolerances of the backends (src/solvers/solution.ts), with room for their rounding.
  return !(violation <= 2e-6 && fraction <= 2e-5 && outcome.objective !== null && near(objective, outcome.objective));
}

/**
 * The hard flags of an outcome. A model that equals the reference is never flagged for its form.
 *
 * They stop lazy tricks, not a determined policy: docs/reference/verification.md tells what passes. Follow the rate of flags, and compare with
 * reference models where there are any.
 */
export function hardFlags(
  outcome: Outcome,
  problem: Pick<Problem, 'answer' | 'accepted' | 'question'>,
  evidence: Pick<Evidence, 'comparison' | 'crossSolve'>,
  { unsupportedClaim }: { readonly unsupportedClaim: boolean },
): HardFlag[] {
  const flags: HardFlag[] = [];
  const last = outcome.solves.at(-1);
  const claim = claimOf(outcome);
  if (unsupportedClaim) flags.push('unsupported_claim');
  else if (claim !== null && !(last?.status === 'optimal' && last.objective !== null && near(last.objective, claim)))
    flags.push('earlier_solve');
  if (outcome.wallLimited) flags.push('wall_limited');
  const isUnseen = outcome.model === null && outcome.library?.resolved === false;
  if (isUnseen) flags.push('library_word');
  if (isWrongPoint(outcome)) flags.push('wrong_point');
  if (evidence.crossSolve?.agrees === false) flags.push('solver_disagreement');
  if (evidence.comparison === 'identical') return flags;
  // Of a model that no host could read the rows are not counted; one variable and no row make a quadratic problem, as a price does.
  const hasCounts = !isUnseen && outcome.quadratic === undefined;
  if (hasCounts && last !== undefined && last.status !== 'error' && (last.numVariables < 2 || last.numConstraints < 1))
    flags.push('trivial_model');
  if (outcome.model !== null && holdsAnswer(numbersOf(outcome.model), problem)) flags.push('answer_literal');
  if (outcome.quadratic !== undefined && holdsAnswer(quadraticNumbersOf(outcome.quadratic), problem)) flags.push('answer_literal');
  return flags;
}

/** The soft flags of an outcome whose answer is right. A model that equals the reference, or behaves like it, has none. */
export function softFlags(
  outcome: Outcome,
  problem: Pick<Problem, 'question'>,
  evidence: Pick<Evidence, 'comparison' | 'crossSolve' | 'objectiveRange' | 'peers'>,
): SoftFlag[] {
  if (evidence.comparison === 'identical' || evidence.comparison === 'equivalent') return [];
  const flags: SoftFlag[] = [];
  const { objectiveRange: range, peers } = evidence;
  if (range !== null && range[1] - range[0] <= 1e-6 * Math.max(1, Math.abs(range[0]))) flags.push('constant_objective');
  if (evidence.crossSolve?.agrees === null) flags.push('unconfirmed');
  if (peers !== null && 2 * peers.alike < peers.others) flags.push('peer_disagreement');
  if (outcome.quadratic !== undefined) {
    // Which rows and numbers decide an optimum is read along linear rows; of products only coverage is asked.
    const coverage = coverageOf(quadraticNumbersOf(outcome.quadratic), problem.question, fewestTelling);
    if (coverage !== null && coverage < leastShare.coverage) flags.push('low_coverage');
    return flags;
  }
  const values = valuesOf(outcome);
  if (outcome.model === null || values === null || sizeOf(outcome.model) > largestRead) return flags;
  const { coverage, attached, native, numFigures } = literalShares(outcome.model, values, problem.question);
  if (numFigures < fewestTelling) return flags;
  if (coverage !== null && coverage < leastShare.coverage) flags.push('low_coverage');
  if (attached !== null && attached < leastShare.attached) flags.push('detached_objective');
  if (native !== null && native < leastShare.native) flags.push('foreign_numbers');
  return flags;
}
