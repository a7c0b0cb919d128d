/** Simulators in JavaScript: functions that say of a solution what it is worth and which constraint it breaks. They solve nothing. */
import type { Constraint, LinearModel } from '../core/linear-model.ts';
import type { Dialect } from './dialect.ts';
import { extractCode } from './extract.ts';

const instructions = `Write a JavaScript program that checks a solution of the problem; it must not search for one. module.exports is a function of an object with the value of each decision variable by name. It returns { goal, objective, constraints }: "max" or "min", the objective value, and a list of everything the problem demands, each as [left, "<=", right], [left, ">=", right], [left, "=", right], [value, "integer"] or true/false. Follow the story step by step; loops and running stocks are welcome.
\`\`\`js
module.exports = ({ boots, mugs }) => ({
  goal: "max",
  objective: 68 * boots + 62 * mugs,
  constraints: [
    [17 * boots + 22 * mugs, "<=", 488],
    [boots - mugs, ">=", 2],
    [boots, ">=", 0], [boots, "integer"],
    [mugs, ">=", 0], [mugs, "integer"],
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

/** Words that JavaScript keeps for itself, `module` and what strict code forbids among them. */
const reserved = new Set(
  'arguments await break case catch class const continue debugger default delete do else enum eval export extends false finally for function if implements import in instanceof interface let module new null package private protected public return static super switch this throw true try typeof undefined var void while with yield'.split(
    ' ',
  ),
);
const isSafe = (name: string): boolean => /^[A-Za-z_$][\w$]*$/.test(name) && name !== '__proto__' && !reserved.has(name);

/**
 * The reference simulator of a model: one demand a line, bounds after rows, types last.
 *
 * A simulator's names are keys of an object, so any name will do: where one of them is no identifier all are read by their keys. A space
 * stands before each name, as in a problem's text and in the programs of the other dialects, so that a small model can copy it.
 */
function simulatorText(model: LinearModel): string {
  const { variables } = model;
  const isPlain =
    variables.length > 0 && variables.every(({ name }) => isSafe(name)) && new Set(variables.map((v) => v.name)).size === variables.length;
  const names = variables.map(({ name }) => (isPlain ? name : `x[${JSON.stringify(name)}]`));
  const costs = variables.flatMap((v, j) => (v.cost === 0 ? [] : [{ coefficient: v.cost, name: names[j] ?? '' }]));
  const demands = [
    ...model.constraints.flatMap((row) => rowDemands(row, names)),
    ...variables.flatMap((v, j) => demandsOf(names[j] ?? '', v.lower, v.upper)),
    ...variables.flatMap((v, j) => (v.integer ? [`[ ${names[j]}, "integer"]`] : [])),
  ];
  const point = isPlain ? `({ ${names.join(', ')} })` : '(x)';
  const objective = `${costs.map(term).join('')}${model.offset === 0 && costs.length > 0 ? '' : signed(model.offset, costs.length > 0)}`;
  return `module.exports = ${point} => ({\ngoal: "${model.sense}",\nobjective: ${objective},\nconstraints: [\n${demands.map((demand) => `${demand},\n`).join('')}]});`;
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

function demandsOf(left: string, lower: number, upper: number): string[] {
  if (lower === upper) return [`[ ${left}, "=", ${upper}]`];
  return [
    ...(upper === Number.POSITIVE_INFINITY ? [] : [`[ ${left}, "<=", ${upper}]`]),
    ...(lower === Number.NEGATIVE_INFINITY ? [] : [`[ ${left}, ">=", ${lower}]`]),
  ];
}
