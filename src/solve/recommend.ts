/** Which solver for which model, and why. */

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
  /** Null when none of the offered backends takes this class. */
  readonly backend: string | null;
  readonly options: SolveLimits;
  readonly reason: string;
}

/** Models up to this many matrix entries are solved in milliseconds by any backend. */
const smallEntries = 2000;

/**
 * Recommends a backend for a model: the first offered that takes its class, with budgets by its size.
 *
 * @param model null for a problem that could not be written as a linear model.
 * @param offers backends in order of preference.
 */
export function recommendSolver(model: LinearModel | null, offers: readonly SolverOffer[]): Recommendation {
  if (model === null) {
    const reason = 'the problem is not linear, and every backend here takes linear models only';
    return { modelClass: 'nlp', backend: null, options: { timeLimitMs: 4000 }, reason };
  }
  const modelClass = kindOf(model);
  const entries = model.constraints.reduce((sum, row) => sum + row.columns.length, 0);
  const needs: keyof Capabilities = modelClass === 'lp' ? 'lp' : 'milp';
  const chosen = offers.find(({ capabilities }) => capabilities[needs]);
  const integers = model.variables.filter(({ integer }) => integer).length;
  const what =
    modelClass === 'lp'
      ? `${model.variables.length === 1 ? 'the one variable is' : `all ${model.variables.length} variables are`} continuous: simplex`
      : `${integers} of ${model.variables.length} variables are integer: branch and bound`;
  const size = `${counted(model.constraints.length, 'row')} with ${counted(entries, 'entry', 'entries')}`;
  const isSmall = entries <= smallEntries;
  return {
    modelClass,
    backend: chosen?.name ?? null,
    options: isSmall ? { timeLimitMs: 4000 } : { timeLimitMs: 60_000 },
    reason: `${what}; ${size}, ${isSmall ? 'so any budget will do' : 'so up to a minute'}${chosen === undefined ? `; none of ${offers.map(({ name }) => name).join(', ')} solves it` : ''}`,
  };
}
