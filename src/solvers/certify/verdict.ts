/** What a solver's word is worth by itself, and when two words are the same. */
import type { LinearModel } from '../../core/linear-model.ts';
import type { Solution } from '../backend.ts';
import { checkedPoint, withoutPoint } from '../solution.ts';

/** Two costs nearer than this, relative to the larger, are the same: solvers' own gaps and tolerances are of this size. */
export const gap = 1e-6;

export const near = (x: number, y: number): boolean => Math.abs(x - y) <= gap * Math.max(1, Math.abs(x), Math.abs(y));

/** Whether two verdicts say the same. */
export function agree(a: Solution, b: Solution): boolean {
  if (a.status !== b.status || a.status === 'error') return false;
  return a.objective === null || b.objective === null ? a.objective === b.objective : near(a.objective, b.objective);
}

/** A solution whose point is one of the model, with the objective that it has there; a verdict without such a point is refuted. */
export function held(model: LinearModel, solution: Solution): Solution {
  const { status, values, ms, message, wallLimited } = solution;
  if (status === 'error' || (values === null && status !== 'optimal')) return { ...solution, objective: null };
  const point = values?.length === model.variables.length ? checkedPoint(model, values) : { fault: 'it has no point' };
  const isWhole = !('fault' in point) && model.variables.every(({ integer }, j) => !integer || Number.isInteger(point.values[j]));
  if (!('fault' in point) && (isWhole || status !== 'optimal')) return { ...solution, ...point };
  if (status !== 'optimal') return withoutPoint(status, ms, { wallLimited, ...(message === null ? {} : { message }) });
  const fault = 'fault' in point ? point.fault : 'its integers are whole only within a tolerance, and rounded they break a row';
  return { ...withoutPoint('error', ms, { message: `the optimum of ${solution.objective} does not hold: ${fault}` }), isRefuted: true };
}
