/** Whether two models are the same but for auxiliary variables: totals, stocks and objectives that have a name in one and none in the other. */
import type { Constraint, LinearModel } from '../core/linear-model.ts';
import { canonicalModel } from './canonical.ts';
import { identicalModels } from './identical.ts';

/** Ways of putting variables out that are tried, over all. */
const maxTries = 300;

/**
 * True for models that are identical, or become so when one's surplus variables, each defined by an equation, are put into the other rows.
 *
 * A variable is defined by an equation in which it stands (if it is an integer, one that makes it whole), or by an inequality that is its
 * only row and that the objective pushes it against. A search over the equations that runs out of tries says false.
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { parseLp } from 'evom';
 * import { equalUpToAuxiliaries } from 'evom/modeling';
 * const plain = parseLp('max\n 3 x + 2 y\nst\n x + y <= 4\n x <= 2\nend');
 * const named = parseLp('max\n profit\nst\n total - x - y = 0\n profit - 3 x - 2 y = 0\n total <= 4\n x <= 2\nbounds\n profit free\nend');
 * assert.ok(equalUpToAuxiliaries(named, plain));
 * assert.ok(!equalUpToAuxiliaries(named, parseLp('max\n 3 x + 2 y\nst\n x + y <= 5\n x <= 2\nend')));
 * ```
 */
export function equalUpToAuxiliaries(a: LinearModel, b: LinearModel): boolean {
  if (identicalModels(a, b)) return true;
  const [numA, numB] = [canonicalModel(a).columns.length, canonicalModel(b).columns.length];
  if (numA === numB) return false;
  const [larger, smaller] = numA > numB ? [a, b] : [b, a];
  return search(larger, smaller, { tries: maxTries, target: Math.min(numA, numB) });
}

function search(model: LinearModel, goal: LinearModel, left: { tries: number; readonly target: number }): boolean {
  for (const [i, row] of model.constraints.entries()) {
    for (const j of row.columns) {
      if (left.tries <= 0) return false;
      const reduced = withoutVariable(model, i, j);
      if (reduced === null) continue;
      left.tries -= 1;
      const count = canonicalModel(reduced).columns.length;
      if (count === left.target ? identicalModels(reduced, goal) : count > left.target && search(reduced, goal, left)) return true;
    }
  }
  return false;
}

/** The model with variable j put out by row i; null where the row does not define it. */
function withoutVariable(model: LinearModel, i: number, j: number): LinearModel | null {
  const row = model.constraints[i];
  const variable = model.variables[j];
  const side = row === undefined || variable === undefined ? null : definingSide(model, i, j);
  if (row === undefined || variable === undefined || side === null) return null;
  const own = coefficientOf(row, j);
  const others = new Map(row.columns.flatMap((column, k) => (column === j ? [] : [[column, -(row.coefficients[k] ?? 0) / own] as const])));
  const constant = side / own;
  const isWhole =
    Number.isInteger(constant) && [...others].every(([column, value]) => Number.isInteger(value) && model.variables[column]?.integer);
  if (variable.integer && !isWhole) return null;
  const put = ({ name, lower, upper, columns, coefficients }: Constraint): Constraint => {
    const terms = new Map(columns.map((column, k) => [column, coefficients[k] ?? 0]));
    const factor = terms.get(j) ?? 0;
    terms.delete(j);
    if (factor !== 0) for (const [column, value] of others) terms.set(column, (terms.get(column) ?? 0) + factor * value);
    const shift = factor * constant;
    return { name, lower: lower - shift, upper: upper - shift, columns: [...terms.keys()], coefficients: [...terms.values()] };
  };
  const bounds: Constraint = { name: variable.name, ...boundsLeft(model, others, constant, variable), columns: [j], coefficients: [1] };
  const rows = [...model.constraints.filter((_, k) => k !== i), bounds].map(put);
  // The variable stays in its place, in no row and at no cost, so that the others keep theirs.
  return {
    ...model,
    offset: model.offset + variable.cost * constant,
    variables: model.variables.map((v, k) =>
      k === j ? { ...v, cost: 0, lower: 0, upper: 0 } : { ...v, cost: v.cost + variable.cost * (others.get(k) ?? 0) },
    ),
    constraints: rows,
  };
}

const coefficientOf = ({ columns, coefficients }: Constraint, j: number): number => coefficients[columns.indexOf(j)] ?? 0;

/** The right-hand side of the equation that row i is for variable j; null where it is none. */
function definingSide(model: LinearModel, i: number, j: number): number | null {
  const row = model.constraints[i] as Constraint;
  const own = coefficientOf(row, j);
  if (own === 0) return null;
  if (row.lower === row.upper) return row.upper;
  const variable = model.variables[j] as LinearModel['variables'][number];
  const inOthers = model.constraints.some((other, k) => k !== i && coefficientOf(other, j) !== 0);
  if (inOthers || variable.integer || variable.cost === 0) return null;
  // The objective raises the variable, or lowers it, until this row holds it.
  const rises = variable.cost > 0 === (model.sense === 'max');
  const limit = rises === own > 0 ? row.upper : row.lower;
  const isFree = rises ? variable.upper === Number.POSITIVE_INFINITY : variable.lower === Number.NEGATIVE_INFINITY;
  return isFree && Number.isFinite(limit) ? limit : null;
}

/** The bounds of a variable that those of the others in its equation do not imply. */
function boundsLeft(
  { variables }: LinearModel,
  terms: ReadonlyMap<number, number>,
  constant: number,
  { lower, upper }: { readonly lower: number; readonly upper: number },
): { readonly lower: number; readonly upper: number } {
  let [least, most] = [constant, constant];
  for (const [j, value] of terms) {
    const { lower: low = 0, upper: high = 0 } = variables[j] ?? {};
    least += value === 0 ? 0 : value * (value > 0 ? low : high);
    most += value === 0 ? 0 : value * (value > 0 ? high : low);
  }
  return {
    lower: least >= lower - 1e-9 ? Number.NEGATIVE_INFINITY : lower,
    upper: most <= upper + 1e-9 ? Number.POSITIVE_INFINITY : upper,
  };
}
