/** Reference programs in Python: one rendering of linear models, with what each library says differently as data. */
import type { Constraint, LinearModel, Variable } from '../../core/linear-model.ts';
import { safeNames } from '../safe-names.ts';

/** How one library spells a model. Each function gives one line of Python. */
export interface PythonApi {
  /** Lines before the variables: imports and the model. */
  readonly head: (model: LinearModel) => readonly string[];
  readonly variable: (name: string, variable: Variable) => string;
  readonly objective: (expression: string, sense: LinearModel['sense']) => string;
  readonly constraint: (comparison: string) => string;
  /** Lines after the constraints: the solve and the printed objective. */
  readonly tail: (model: LinearModel) => readonly string[];
}

const keywords = new Set(
  'False None True and as assert async await break class continue def del elif else except finally for from global if import in is lambda nonlocal not or pass raise return try while with yield print report env gp cp GRB COPT m model solver h pulp math'.split(
    ' ',
  ),
);
/** Whether a variable of a program can have this name: none that Python, or what our programs begin with, has taken. */
export const isFreeName = (name: string): boolean => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !keywords.has(name) && name.length < 200;

/**
 * A program that builds, solves and prints the model, as short as is readable. A range becomes two rows.
 *
 * Variables whose names Python cannot hold are renamed.
 */
export function pythonProgram(model: LinearModel, api: PythonApi): string {
  const names = safeNames(model, isFreeName);
  const costs = model.variables.map((v, j) => ({ coefficient: v.cost, name: names[j] ?? '' }));
  return [
    ...api.head(model),
    ...model.variables.map((variable, j) => api.variable(names[j] ?? '', variable)),
    api.objective(linear(costs, names[0] ?? '', model.offset), model.sense),
    ...model.constraints.flatMap((row) => comparisons(row, names)).map(api.constraint),
    ...api.tail(model),
  ].join('\n');
}

function comparisons(row: Constraint, names: readonly string[]): string[] {
  const terms = row.columns.map((column, k) => ({ coefficient: row.coefficients[k] ?? 0, name: names[column] ?? '' }));
  const left = linear(terms, names[0] ?? '', 0);
  if (row.lower === row.upper) return [`${left} == ${row.upper}`];
  return [
    ...(row.upper === Number.POSITIVE_INFINITY ? [] : [`${left} <= ${row.upper}`]),
    ...(row.lower === Number.NEGATIVE_INFINITY ? [] : [`${left} >= ${row.lower}`]),
  ];
}

/** `3*x - y + 2`; without terms `0*x`, since a comparison of two numbers is no constraint. */
function linear(terms: readonly { readonly coefficient: number; readonly name: string }[], anyName: string, constant: number): string {
  const used = terms.filter(({ coefficient }) => coefficient !== 0);
  const shown = used.length === 0 ? [{ coefficient: 0, name: anyName }] : used;
  const text = shown
    .map(({ coefficient, name }, k) => {
      const sign = coefficient < 0 ? (k === 0 ? '-' : ' - ') : k === 0 ? '' : ' + ';
      const size = Math.abs(coefficient);
      return `${sign}${size === 1 ? '' : `${size}*`}${name}`;
    })
    .join('');
  return constant === 0 ? text : `${text} ${constant < 0 ? '-' : '+'} ${Math.abs(constant)}`;
}

/** `, lb=.., ub=..` where they are not the library's own. */
export function boundArguments(
  { lower, upper }: Variable,
  {
    lb,
    ub,
    minusInfinity,
    least = 0,
  }: { readonly lb: string; readonly ub: string; readonly minusInfinity: string; readonly least?: number | null },
): string {
  const low = lower === Number.NEGATIVE_INFINITY ? minusInfinity : `${lower}`;
  return `${lower === least ? '' : `, ${lb}=${low}`}${upper === Number.POSITIVE_INFINITY ? '' : `, ${ub}=${upper}`}`;
}

export const isBinary = (v: Variable): boolean => v.integer && v.lower === 0 && v.upper === 1;
