/** Whether a program's point solves the reference model, once its variables are matched with the reference's. */
import { evaluatePoint } from '../core/evaluate.ts';
import type { LinearModel } from '../core/linear-model.ts';
import { canonicalModel } from './canonical.ts';
import { matchModels } from './match.ts';

const tolerance = 1e-6;

/**
 * Whether the point, read as one of the reference, satisfies it and is worth `optimum` there.
 *
 * Any of several optimal points will do. A point that leaves a variable of the reference without a value does not solve it, except
 * where that variable can be 0 and stands in no objective and no row.
 *
 * @param solution values by the program's names.
 * @returns null when the program's model has no point.
 */
export function solvesReference(
  program: LinearModel,
  solution: Readonly<Record<string, number>> | null,
  reference: LinearModel,
  optimum: number,
): boolean | null {
  if (solution === null) return null;
  const [a, b] = [canonicalModel(program), canonicalModel(reference)];
  const match = matchModels(a, b);
  const values = new Map<string, number>();
  for (const [j, { name }] of a.columns.entries()) {
    const twin = b.columns[match.columns[j] ?? -1];
    const value = Object.hasOwn(solution, name) ? solution[name] : undefined;
    if (twin !== undefined && value !== undefined) values.set(twin.name, value);
  }
  const needed = new Set(b.columns.map(({ name }) => name));
  const point: number[] = [];
  for (const { name, lower, upper } of reference.variables) {
    const value = values.get(name) ?? (needed.has(name) ? null : Math.min(Math.max(0, lower), upper));
    if (value === null) return false;
    point.push(value);
  }
  const { objective, violation, fraction } = evaluatePoint(reference, point);
  return violation <= tolerance && fraction <= 1e-5 && Math.abs(objective - optimum) <= tolerance * Math.max(1, Math.abs(optimum));
}
