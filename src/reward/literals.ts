/** How the numbers of a text and of a model go together, and which of the model's decide its optimum. */
import type { LinearModel } from '../core/linear-model.ts';
import type { QuadraticModel } from '../core/quadratic-model.ts';
import { figuresIn, isFormOf, toldIn } from './text-numbers.ts';

export function* numbersOf(model: LinearModel): Generator<number> {
  yield model.offset;
  for (const { cost, lower, upper } of model.variables) yield* [cost, lower, upper];
  for (const { lower, upper, coefficients } of model.constraints) yield* [lower, upper, ...coefficients];
}

/** As `numbersOf`, with the coefficients of products. */
export function* quadraticNumbersOf({ linear, products, rows }: QuadraticModel): Generator<number> {
  yield* numbersOf(linear);
  for (const [, , coefficient] of products) yield coefficient;
  for (const row of rows) yield* [row.lower, row.upper, ...row.coefficients, ...row.products.map(([, , coefficient]) => coefficient)];
}

const sizes = (literals: Iterable<number>): number[] =>
  [...new Set([...literals].map(Math.abs))].filter((size) => Number.isFinite(size) && size !== 0);

/** Shares in 0..1; null where there is nothing to divide by. */
export interface LiteralShares {
  /** Figures of the text that stand in the model. */
  readonly coverage: number | null;
  /** Of these, those in rows and bounds that are tied to the objective, by any chain of rows. */
  readonly attached: number | null;
  /** Of the numbers that decide the optimum, those that stand in the text. */
  readonly native: number | null;
  /** How many figures the text has. */
  readonly numFigures: number;
}

/**
 * How the numbers of text and model go together.
 *
 * The numbers that decide the optimum are, seen from the objective along binding rows: costs of variables that are not 0, bounds that
 * hold, and all of a row that holds with less than 15 % of play where it has integers.
 *
 * @param values by variable, in the model's order.
 */
export function literalShares(model: LinearModel, values: readonly number[], question: string): LiteralShares {
  const figures = figuresIn(question);
  const literals = sizes(numbersOf(model));
  const covered = figures.filter((figure) => literals.some((literal) => isFormOf(figure, literal)));
  const attached = sizes(tiedTo(model, () => true));
  const tied = covered.filter((figure) => attached.some((literal) => isFormOf(figure, literal)));
  const deciding = sizes(decidingNumbers(model, values)).filter((literal) => literal !== 1);
  const told = toldIn(question);
  const share = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole);
  return {
    coverage: share(covered.length, figures.length),
    attached: share(tied.length, covered.length),
    native: share(deciding.filter((literal) => told.some((number) => isFormOf(number, literal))).length, deciding.length),
    numFigures: figures.length,
  };
}

/** The share of the text's figures that stand among the numbers of a model; null where the text has fewer than `fewest`. */
export function coverageOf(numbers: Iterable<number>, question: string, fewest: number): number | null {
  const [figures, literals] = [figuresIn(question), sizes(numbers)];
  if (figures.length < fewest) return null;
  return figures.filter((figure) => literals.some((literal) => isFormOf(figure, literal))).length / figures.length;
}

/** Numbers of the variables and rows that hang together with the objective, by rows that `connects` lets through. */
function tiedTo(model: LinearModel, connects: (row: number) => boolean): number[] {
  const { variables, constraints } = model;
  const rowsOf = variables.map((): number[] => []);
  for (const [i, row] of constraints.entries()) if (connects(i)) for (const j of row.columns) rowsOf[j]?.push(i);
  const numbers: number[] = [model.offset];
  const [seenVariable, seenRow] = [new Uint8Array(variables.length), new Uint8Array(constraints.length)];
  const open = [...variables.keys()].filter((j) => variables[j]?.cost !== 0);
  for (const j of open) seenVariable[j] = 1;
  for (let j = open.pop(); j !== undefined; j = open.pop()) {
    const { cost, lower, upper } = variables[j] ?? { cost: 0, lower: 0, upper: 0 };
    numbers.push(cost, lower, upper);
    for (const i of rowsOf[j] ?? []) {
      const row = constraints[i];
      if (row === undefined || seenRow[i] === 1) continue;
      seenRow[i] = 1;
      numbers.push(row.lower, row.upper);
      for (const coefficient of row.coefficients) numbers.push(coefficient);
      for (const other of row.columns) {
        if (seenVariable[other] === 1) continue;
        seenVariable[other] = 1;
        open.push(other);
      }
    }
  }
  return numbers;
}

function decidingNumbers(model: LinearModel, values: readonly number[]): number[] {
  const { variables, constraints } = model;
  const at = (value: number, side: number, play: number): boolean =>
    Number.isFinite(side) && Math.abs(value - side) <= Math.max(1e-7, play * Math.abs(side));
  const binds = constraints.map(({ lower, upper, columns, coefficients }) => {
    const activity = columns.reduce((sum, j, k) => sum + (coefficients[k] ?? 0) * (values[j] ?? 0), 0);
    const play = columns.some((j) => variables[j]?.integer === true) ? 0.15 : 1e-7;
    return at(activity, lower, play) || at(activity, upper, play);
  });
  // What does not decide is taken out of the model, and the rest read along its rows.
  const deciding: LinearModel = {
    ...model,
    variables: variables.map((variable, j) => {
      const value = values[j] ?? 0;
      const cost = Math.abs(value) > 1e-9 ? variable.cost : 0;
      const hold = (bound: number): number => (at(value, bound, 1e-7) ? bound : 0);
      return { ...variable, cost, lower: hold(variable.lower), upper: hold(variable.upper) };
    }),
  };
  return tiedTo(deciding, (i) => binds[i] === true);
}

/** Where a model holds a number that the text does not. */
export interface ForeignNumbers {
  /** `objective`, a constraint by its name or place (`row 2`), or the bounds of a variable. */
  readonly where: string;
  /** Sizes, once each, without 0 and 1. */
  readonly numbers: readonly number[];
}

/**
 * Which figures of the text stand nowhere in the model, and what in the model holds numbers that the text does not.
 *
 * Neither is an error by itself: texts tell more than is needed, and models hold sums and products of what is told.
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { parseLp } from 'evom';
 * import { literalTrace } from 'evom/reward';
 * const model = parseLp('max\n 68 boots + 62 mugs\nst\n 17 boots + 22 mugs <= 99\nend');
 * const trace = literalTrace(model, 'Boots earn 68, mugs 62. They take 17 and twenty-two of the 488 hours.');
 * assert.deepEqual(trace, { unused: [488], foreign: [{ where: 'row 1', numbers: [99] }] });
 * ```
 */
export function literalTrace(model: LinearModel, question: string): { readonly unused: number[]; readonly foreign: ForeignNumbers[] } {
  const literals = sizes(numbersOf(model));
  const told = toldIn(question);
  const foreignIn = (where: string, numbers: Iterable<number>): ForeignNumbers[] => {
    const strange = sizes(numbers).filter((literal) => literal !== 1 && !told.some((number) => isFormOf(number, literal)));
    return strange.length === 0 ? [] : [{ where, numbers: strange }];
  };
  return {
    unused: figuresIn(question).filter((figure) => !literals.some((literal) => isFormOf(figure, literal))),
    foreign: [
      ...foreignIn('objective', [model.offset, ...model.variables.map(({ cost }) => cost)]),
      ...model.constraints.flatMap(({ name, lower, upper, coefficients }, i) =>
        foreignIn(name === '' ? `row ${i + 1}` : name, [lower, upper, ...coefficients]),
      ),
      ...model.variables.flatMap(({ name, lower, upper }) => foreignIn(`bounds of ${name}`, [lower, upper])),
    ],
  };
}
