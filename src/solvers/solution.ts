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
  const areFinite = values.every(Number.isFinite) && Number.isFinite(raw.objective);
  const feasible = raw.violation <= feasibilityTolerance && raw.fraction <= integralityTolerance && areFinite;
  if (!feasible) {
    const what =
      raw.fraction > integralityTolerance
        ? `an integer variable is ${raw.fraction} away from a whole number`
        : `a constraint is missed by ${raw.violation}`;
    return { fault: areFinite ? what : `a value or the objective is not finite (objective ${raw.objective})` };
  }
  if (raw.fraction === 0) return { values, objective: raw.objective };
  const whole = values.map((value, j) => (model.variables[j]?.integer === true ? Math.round(value) : value));
  const rounded = evaluatePoint(model, whole);
  return rounded.violation <= feasibilityTolerance ? { values: whole, objective: rounded.objective } : { values, objective: raw.objective };
}

/**
 * A variable that could move alone and better the objective: proof that a point is no optimum, for one pass over the model.
 *
 * Room in rows and bounds is counted without the tolerance that the point itself may have used.
 *
 * @param values [variables] a feasible point.
 * @param objective its objective.
 * @returns the index of a variable worth more than 1e-6 of the objective, or -1 where none is found, which proves nothing.
 */
export function improvableColumn({ sense, variables, constraints }: LinearModel, values: Float64Array, objective: number): number {
  const tolerance = (side: number, size: number): number => feasibilityTolerance * Math.max(1, Math.abs(side), size);
  const direction = (j: number): number => (sense === 'max' ? 1 : -1) * Math.sign(variables[j]?.cost ?? 0);
  const steps = Float64Array.from(variables, ({ lower, upper }, j) => {
    const bound = direction(j) > 0 ? upper : lower;
    if (direction(j) === 0) return 0;
    return Math.abs(bound) === Infinity ? Infinity : Math.abs(bound - (values[j] ?? 0)) - tolerance(bound, 0);
  });
  for (const { columns, coefficients, lower, upper } of constraints) {
    let activity = 0;
    let size = 0;
    for (const [k, j] of columns.entries()) {
      const term = (coefficients[k] ?? 0) * (values[j] ?? 0);
      activity += term;
      size = Math.max(size, Math.abs(term));
    }
    for (const [k, j] of columns.entries()) {
      const slope = (coefficients[k] ?? 0) * direction(j);
      const side = slope > 0 ? upper : lower;
      if (slope === 0 || Math.abs(side) === Infinity) continue;
      const room = Math.abs(side - activity) - tolerance(side, size);
      steps[j] = Math.min(steps[j] ?? 0, room / Math.abs(slope));
    }
  }
  const worthwhile = feasibilityTolerance * Math.max(1, Math.abs(objective));
  return variables.findIndex(({ cost, integer }, j) => {
    const step = integer ? Math.floor(steps[j] ?? 0) : (steps[j] ?? 0);
    return step > feasibilityTolerance && Math.abs(cost) * step > worthwhile;
  });
}
