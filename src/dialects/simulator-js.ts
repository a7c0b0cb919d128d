/** Simulators in JavaScript: functions that say of a solution what it is worth and which constraint it breaks. They solve nothing. */
import type { Constraint, LinearModel, Variable } from '../core/linear-model.ts';
import type { Dialect } from './dialect.ts';
import { extractCode } from './extract.ts';

const instructions = `Write a JavaScript program that checks a solution of the problem; it must not search for one. module.exports is a function of x, an object with the value of each decision variable by name. It returns { goal, objective, constraints }: "max" or "min", the objective value of x, and a list of everything the problem demands, each as [left, "<=", right], [left, ">=", right], [left, "=", right], [value, "integer"] or true/false. Follow the story step by step; loops and running stocks are welcome.
\`\`\`js
module.exports = (x) => ({
  goal: "max",
  objective: 68 * x.boots + 62 * x.mugs,
  constraints: [
    [17 * x.boots + 22 * x.mugs, "<=", 488],
    [x.boots - x.mugs, ">=", 2],
    [x.boots, ">=", 0], [x.boots, "integer"],
    [x.mugs, ">=", 0], [x.mugs, "integer"],
  ],
});
\`\`\``;

export const simulatorJs: Dialect = {
  name: 'simulator-js',
  language: 'javascript',
  instructions,
  render: simulatorText,
  extract: (completion) => {
    const code = extractCode(completion, 'javascript');
    return code === null ? null : { code, dialect: 'simulator-js' };
  },
};

/** Reads a value by its name, whatever the name: unlike a solver's, a simulator's names are any object's keys. */
const read = (name: string): string =>
  /^[A-Za-z_$][\w$]*$/.test(name) && name !== '__proto__' ? `x.${name}` : `x[${JSON.stringify(name)}]`;

/** The reference simulator of a model: one demand a line, bounds after rows, types last. */
function simulatorText(model: LinearModel): string {
  const names = model.variables.map(({ name }) => read(name));
  const costs = model.variables.flatMap((v, j) => (v.cost === 0 ? [] : [{ coefficient: v.cost, name: names[j] ?? '' }]));
  const demands = [
    ...model.constraints.flatMap((row) => rowDemands(row, names)),
    ...model.variables.flatMap((v, j) => boundDemands(v, names[j] ?? '')),
    ...model.variables.flatMap((v, j) => (v.integer ? [`[${names[j]}, "integer"]`] : [])),
  ];
  const objective = [...costs.map(term), ...(model.offset === 0 && costs.length > 0 ? [] : [signed(model.offset, costs.length > 0)])].join(
    '',
  );
  return `module.exports = (x) => ({\ngoal: "${model.sense}",\nobjective: ${objective},\nconstraints: [\n${demands.map((demand) => `${demand},\n`).join('')}]});`;
}

interface Term {
  readonly coefficient: number;
  readonly name: string;
}

const signed = (value: number, follows: boolean): string =>
  follows ? `${value < 0 ? ' - ' : ' + '}${Math.abs(value)}` : String(value === 0 ? 0 : value);

function term({ coefficient, name }: Term, k: number): string {
  const size = Math.abs(coefficient);
  const sign = coefficient < 0 ? (k === 0 ? '-' : ' - ') : k === 0 ? '' : ' + ';
  return `${sign}${size === 1 ? '' : `${size} * `}${name}`;
}

function rowDemands(row: Constraint, names: readonly string[]): string[] {
  const terms = row.columns
    .map((column, k) => ({ column, coefficient: row.coefficients[k] ?? 0, name: names[column] ?? '' }))
    .filter(({ coefficient }) => coefficient !== 0)
    .sort((a, b) => a.column - b.column);
  return demandsOf(terms.map(term).join('') || '0', row.lower, row.upper);
}

const boundDemands = (v: Variable, name: string): string[] => demandsOf(name, v.lower, v.upper);

function demandsOf(left: string, lower: number, upper: number): string[] {
  if (lower === upper) return [`[${left}, "=", ${upper}]`];
  return [
    ...(upper === Number.POSITIVE_INFINITY ? [] : [`[${left}, "<=", ${upper}]`]),
    ...(lower === Number.NEGATIVE_INFINITY ? [] : [`[${left}, ">=", ${lower}]`]),
  ];
}
