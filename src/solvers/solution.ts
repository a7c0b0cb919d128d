/** How a backend's answer becomes a `Solution` that can be trusted: its point is checked against the model we hold. */
import { evaluatePoint } from '../core/evaluate.ts';
import type { LinearModel } from '../core/linear-model.ts';
import type { SolveStatus } from '../core/outcome.ts';
import type { Solution } from './backend.ts';

/** Largest relative breach of a row or bound that a solution may have; solvers aim at 1e-7. */
export const feasibilityTolerance = 1e-6;
/** Largest distance from a whole number that an integer variable may have; GLPK aims at 1e-5, HiGHS at 1e-6. */
export const integralityTolerance = 1e-5;

/** A solve that ended without a point. */
export function withoutPoint(status: SolveStatus, ms: number, about: { message?: string; wallLimited?: boolean } = {}): Solution {
  return { status, objective: null, values: null, message: about.message ?? null, wallLimited: about.wallLimited ?? false, ms };
}

/**
 * The point a solver gave, made whole where its integers are whole but for rounding, and checked.
 *
 * @param model the model as we hold it.
 * @param values [variables] the solver's primal values.
 * @returns the accepted values and their objective, or what is wrong with the point.
 */
export function checkedPoint(
  model: LinearModel,
  values: Float64Array,
): { readonly values: Float64Array; readonly objective: number } | { readonly fault: string } {
  const raw = evaluatePoint(model, values);
  const feasible = raw.violation <= feasibilityTolerance && raw.fraction <= integralityTolerance && Number.isFinite(raw.objective);
  if (!feasible) {
    const what =
      raw.fraction > integralityTolerance
        ? `an integer variable is ${raw.fraction} away from a whole number`
        : `a constraint is missed by ${raw.violation}`;
    return { fault: Number.isFinite(raw.objective) ? what : `the objective is ${raw.objective}` };
  }
  if (raw.fraction === 0) return { values, objective: raw.objective };
  const whole = values.map((value, j) => (model.variables[j]?.integer === true ? Math.round(value) : value));
  const rounded = evaluatePoint(model, whole);
  return rounded.violation <= feasibilityTolerance ? { values: whole, objective: rounded.objective } : { values, objective: raw.objective };
}
