/** Which solver for which model, and why: said before the program is asked for, from what was read out of the text. */
import type { LinearModel } from '../core/linear-model.ts';
import type { ProblemKind } from '../core/problem.ts';
import { counted } from '../lib/counted.ts';
import { kindOf } from '../problems/generator/family.ts';
import type { Capabilities, SolveLimits } from '../solvers/backend.ts';

export interface SolverOffer {
  readonly name: string;
  readonly capabilities: Capabilities;
}

export interface Recommendation {
  readonly modelClass: ProblemKind;
  /** The first of `ranked`; null when none of the offered backends takes this class. */
  readonly backend: string | null;
  /** Those that take this class, best first. */
  readonly ranked: readonly string[];
  readonly options: SolveLimits;
  readonly reason: string;
  /** How to write such a model for a solver. */
  readonly hints: readonly string[];
}

/** Models up to this many matrix entries are solved in milliseconds by any backend. */
const smallEntries = 2000;

/**
 * Recommends backends for a model: those offered that take its class, in the order offered, with budgets by its size.
 *
 * @param model null for a problem that could not be written as a linear model.
 * @param offers backends in order of preference.
 */
export function recommendSolver(model: LinearModel | null, offers: readonly SolverOffer[]): Recommendation {
  if (model === null) {
    return {
      modelClass: 'nlp',
      backend: null,
      ranked: [],
      options: { timeLimitMs: 4000 },
      reason: 'the problem is not linear, and every backend here takes linear models only',
      hints: [
        'Write it with linear rows where that is exact: a product of a yes-or-no decision and a bounded amount, the largest or smallest of several sums, an absolute value, a fixed charge.',
      ],
    };
  }
  const modelClass = kindOf(model);
  const entries = model.constraints.reduce((sum, row) => sum + row.columns.length, 0);
  const needs: keyof Capabilities = modelClass === 'lp' ? 'lp' : 'milp';
  const ranked = offers.filter(({ capabilities }) => capabilities[needs]).map(({ name }) => name);
  const integers = model.variables.filter(({ integer }) => integer).length;
  const what =
    modelClass === 'lp'
      ? `${model.variables.length === 1 ? 'the one variable is' : `all ${model.variables.length} variables are`} continuous: simplex`
      : `${integers} of ${model.variables.length} variables are integer: branch and bound`;
  const size = `${counted(model.constraints.length, 'row')} with ${counted(entries, 'entry', 'entries')}`;
  const isSmall = entries <= smallEntries;
  return {
    modelClass,
    backend: ranked[0] ?? null,
    ranked,
    options: isSmall ? { timeLimitMs: 4000 } : { timeLimitMs: 60_000 },
    reason: `${what}; ${size}, ${isSmall ? 'so any budget will do' : 'so up to a minute'}${ranked.length === 0 ? `; none of ${offers.map(({ name }) => name).join(', ')} solves it` : ''}`,
    hints: [
      ...(modelClass === 'lp' ? [] : ['Declare the integer and yes-or-no variables as such; do not round a continuous optimum.']),
      'Keep every row linear, and give bounds as bounds.',
    ],
  };
}

/** A recommendation as it stands in the optimizer's prompt. */
export function adviceText({ modelClass, ranked, reason, hints }: Recommendation): string {
  const order = ranked.length === 0 ? 'no backend here takes it as it is' : ranked.map((name, i) => `${i + 1}. ${name}`).join(', ');
  return [`- model class: ${modelClass} (${reason})`, `- solvers: ${order}`, ...hints.map((hint) => `- ${hint}`)].join('\n');
}
