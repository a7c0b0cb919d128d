/** Whether a solver's verdict on a model is contradicted by a proof. */
import { enumerate, exactPoint, solveExactly } from './exact.mjs';

const relative = 1e-6;
const isBetter = (sense, a, b) => (sense === 'max' ? a - b : b - a) > relative * Math.max(1, Math.abs(b));

/**
 * What is proven of a model: by enumeration where the box is small, else by branch and bound in exact arithmetic.
 *
 * @returns `{ status, objective, proof }`; status `unproven` where the budget ended, then `objective` is that of the best point found, if any,
 * and `relaxation` the proven status without whole numbers.
 */
export function proveModel(model) {
  const listed = enumerate(model);
  if (listed !== null) return { ...listed, proof: 'enumeration' };
  return { ...solveExactly(model, { maxNodes: 300 }), proof: 'branch_and_bound' };
}

/** A proof of less than the optimum, made of a solver's point: there is a point this good. */
export function withPoint(model, truth, values) {
  if (truth.status !== 'unproven' || values === null) return truth;
  const found = exactPoint(model, values);
  if (found === null) return truth;
  if (found.isUnbounded || truth.relaxation === 'unbounded')
    return { ...truth, status: 'unbounded', objective: null, proof: 'point_and_ray' };
  const isFirst = truth.objective === null || isBetter(model.sense, found.objective, truth.objective);
  return isFirst ? { ...truth, objective: found.objective, point: found.point, proof: 'point' } : truth;
}

/** The model with each side and bound of a continuous variable moved outwards by what a solver's tolerance may use at a point. */
function widened(model, values) {
  const room = (side, largest) => relative * Math.max(1, Math.abs(side), largest);
  const wider = ({ lower, upper }, largest) => ({
    lower: Number.isFinite(lower) ? lower - room(lower, largest) : lower,
    upper: Number.isFinite(upper) ? upper + room(upper, largest) : upper,
  });
  return {
    ...model,
    variables: model.variables.map((v) => (v.integer ? v : { ...v, ...wider(v, 0) })),
    constraints: model.constraints.map((c) => {
      const largest = values === null ? 0 : c.columns.reduce((most, j, k) => Math.max(most, Math.abs(c.coefficients[k] * values[j])), 0);
      return { ...c, ...wider(c, largest) };
    }),
  };
}

/**
 * Compares a verdict with what is proven.
 *
 * A number that is better than the exact optimum is wrong only when no point of the widened model is that good: solvers may miss a row
 * by 1e-6, relative to the row.
 *
 * @param verdict `{ status, objective, values }` of a solver.
 * @param truth what `proveModel` and `withPoint` gave.
 * @returns `agrees`; `wrong`; `tolerance`, right only within the solver's tolerance; `open`, nothing proven against it; or `unsure`, no verdict.
 */
export function judge(model, verdict, truth) {
  const { status, objective, values } = verdict;
  if (!['optimal', 'infeasible', 'unbounded'].includes(status)) return 'unsure';
  if (truth.status === 'unproven') {
    if (status === 'infeasible') return truth.objective === null ? 'open' : 'wrong';
    if (status === 'unbounded') return truth.relaxation === 'unbounded' ? 'open' : 'wrong';
    return truth.objective !== null && isBetter(model.sense, truth.objective, objective) ? 'wrong' : 'open';
  }
  if (status === truth.status) {
    if (status !== 'optimal') return 'agrees';
    if (isBetter(model.sense, truth.objective, objective)) return 'wrong';
    if (!isBetter(model.sense, objective, truth.objective)) return 'agrees';
  } else if (status !== 'optimal' || truth.status === 'unbounded') return 'wrong';
  const within = solveExactly(widened(model, values), { maxNodes: 300 });
  if (within.status === 'unproven') return 'open';
  if (within.status === 'infeasible') return 'wrong';
  return within.status === 'unbounded' || !isBetter(model.sense, objective, within.objective) ? 'tolerance' : 'wrong';
}
