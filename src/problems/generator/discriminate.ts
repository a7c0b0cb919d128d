/** Whether an instance tells a wrong model from the right one by its optimum. */
import type { LinearModel, Variable } from '../../core/linear-model.ts';
import type { SolveStatus } from '../../core/outcome.ts';
import type { Exemptions } from './family.ts';

/** What a solver says about a model; backends are handed in, so that this folder needs none. */
export type Solve = (model: LinearModel) => { readonly status: SolveStatus; readonly objective: number | null };

/** A single change of a model that stands for a mistake. */
export interface Mutation {
  /** `drop`: a row left out; `cost`, `entry`, `side`: a number off by 10 %; `sense`: min for max; `integrality`: all relaxed. */
  readonly type: 'drop' | 'cost' | 'entry' | 'side' | 'sense' | 'integrality';
  /** What is changed, e.g. `c2.boots`. */
  readonly where: string;
  /** The variable whose coefficient is changed. */
  readonly column?: number;
  /** The changed models; the change is noticed when any of them has another optimum. */
  readonly models: readonly LinearModel[];
}

const factors = [1.1, 0.9] as const;

const withVariable = (model: LinearModel, at: number, change: Partial<Variable>): LinearModel => ({
  ...model,
  variables: model.variables.map((v, i) => (i === at ? { ...v, ...change } : v)),
});

/** A row that ties variables together without a number of the text, such as `stock before = stock after` or `flow <= open`. */
const isUnit = (value: number): boolean => Math.abs(value) === 1;

/**
 * The changes that an instance should notice: every row dropped; every objective coefficient, every matrix entry and
 * every right side that is not zero made 10 % larger or smaller; the sense turned; all integers relaxed.
 *
 * Entries of 1 and -1 in a 0/1 structure (a route that leaves a place) are numbers no text states, so a change of 10 % is no
 * likely mistake: for them the change is that the entry is left out.
 */
export function* mutations(model: LinearModel): Generator<Mutation> {
  for (const [i, row] of model.constraints.entries()) {
    yield { type: 'drop', where: row.name, models: [{ ...model, constraints: model.constraints.filter((_, k) => k !== i) }] };
  }
  for (const [j, variable] of model.variables.entries()) {
    if (variable.cost === 0) continue;
    yield {
      type: 'cost',
      where: `obj.${variable.name}`,
      column: j,
      models: factors.map((f) => withVariable(model, j, { cost: variable.cost * f })),
    };
  }
  for (const [i, row] of model.constraints.entries()) {
    const withRow = (change: Partial<typeof row>): LinearModel => ({
      ...model,
      constraints: model.constraints.map((c, k) => (k === i ? { ...c, ...change } : c)),
    });
    const side = Number.isFinite(row.upper) ? row.upper : row.lower;
    if (side !== 0) {
      yield {
        type: 'side',
        where: `${row.name}.rhs`,
        models: factors.map((f) => withRow({ lower: row.lower * f, upper: row.upper * f })),
      };
    }
    if (row.columns.length < 2) continue; // 10 % on the one coefficient of `a <= 7` is 10 % on its side
    for (const [k, value] of row.coefficients.entries()) {
      const column = row.columns[k] ?? 0;
      const where = `${row.name}.${model.variables[column]?.name}`;
      const models = isUnit(value)
        ? [withRow({ columns: row.columns.filter((_, m) => m !== k), coefficients: row.coefficients.filter((_, m) => m !== k) })]
        : factors.map((f) => withRow({ coefficients: row.coefficients.map((c, m) => (m === k ? c * f : c)) }));
      yield { type: 'entry', where, column, models };
    }
  }
  yield { type: 'sense', where: 'obj', models: [{ ...model, sense: model.sense === 'min' ? 'max' : 'min' }] };
  if (model.variables.some((v) => v.integer)) {
    yield { type: 'integrality', where: 'all', models: [{ ...model, variables: model.variables.map((v) => ({ ...v, integer: false })) }] };
  }
}

export interface Discrimination {
  /** Changes tried, without those that the family exempts by kind. */
  readonly numMutations: number;
  /** Changes that left status and optimum as they were, as `type where`. */
  readonly silent: readonly string[];
}

/**
 * Which single mistakes leave an instance's answer as it is. A change of 10 % counts as noticed when at least one of its two
 * directions changes status or optimum (relative 1e-6): pushing a row that already binds further the slack way may not.
 *
 * @param optimum the instance's own optimum.
 * @param options.maxSilent stop as soon as more than this many are silent.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { type LinearModel } from 'evom';
 * import { discriminate } from 'evom/problems';
 * const row = { lower: -Infinity, columns: [0], coefficients: [1] };
 * const model: LinearModel = {
 *   sense: 'max',
 *   offset: 0,
 *   variables: [{ name: 'boots', lower: 0, upper: Infinity, integer: false, cost: 3 }],
 *   constraints: [{ ...row, name: 'tight', upper: 4 }, { ...row, name: 'loose', upper: 9 }],
 * };
 * // A stand-in for a solver: one variable, so the smallest upper side decides.
 * const solve = (m: LinearModel) => {
 *   const most = Math.min(...m.constraints.map((c) => c.upper));
 *   return { status: 'optimal' as const, objective: m.sense === 'max' ? (m.variables[0]?.cost ?? 0) * most : 0 };
 * };
 * assert.deepEqual(discriminate(model, 12, solve).silent, ['drop loose', 'side loose.rhs']);
 * ```
 */
export function discriminate(
  model: LinearModel,
  optimum: number,
  solve: Solve,
  options: { readonly exempt?: Exemptions; readonly maxSilent?: number } = {},
): Discrimination {
  const silent: string[] = [];
  const same = (candidate: LinearModel): boolean => {
    const { status, objective } = solve(candidate);
    return status === 'optimal' && objective !== null && Math.abs(objective - optimum) <= 1e-6 * Math.max(1, Math.abs(optimum));
  };
  const exemptInactive = options.exempt?.inactive !== undefined;
  const inactive = new Map<number, boolean>();
  const isInactive = (at: number): boolean => {
    const known = inactive.get(at) ?? same(withVariable(model, at, { upper: 0 }));
    inactive.set(at, known);
    return known;
  };
  if (exemptInactive) {
    const numActive = model.variables.filter((_, j) => !isInactive(j)).length;
    if (3 * numActive < model.variables.length) silent.push('too few active variables');
  }
  let numMutations = 0;
  for (const mutation of mutations(model)) {
    if (mutation.type === 'integrality' && options.exempt?.integrality !== undefined) continue;
    if (exemptInactive && mutation.column !== undefined && isInactive(mutation.column)) continue;
    numMutations++;
    if (mutation.models.every(same)) silent.push(`${mutation.type} ${mutation.where}`);
    if (silent.length > (options.maxSilent ?? Number.POSITIVE_INFINITY)) break;
  }
  return { numMutations, silent };
}

/** How many changes there are, those of inactive variables among them. */
export function numMutationsOf(model: LinearModel, exempt: Exemptions): number {
  let count = 0;
  for (const mutation of mutations(model)) if (mutation.type !== 'integrality' || exempt.integrality === undefined) count++;
  return count;
}
