/** Simulators in JavaScript: functions that say of a solution what it is worth and which constraint it breaks. They solve nothing. */
import type { LinearModel } from '../core/linear-model.ts';
import type { Dialect } from './dialect.ts';
import { extractCode } from './extract.ts';
import { simulatorText } from './simulator-demands.ts';

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
  isSimulator: true,
  instructions,
  render: programText,
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
function programText(model: LinearModel): string {
  const names = model.variables.map(({ name }) => name);
  const isPlain = names.length > 0 && new Set(names).size === names.length && names.every(isSafe);
  const { objective, demands } = simulatorText(model, isPlain ? names : names.map((name) => `x[${JSON.stringify(name)}]`));
  const point = isPlain ? `({ ${names.join(', ')} })` : '(x)';
  return `module.exports = ${point} => ({\ngoal: "${model.sense}",\nobjective: ${objective},\nconstraints: [\n${demands.map((demand) => `[ ${demand}],\n`).join('')}]});`;
}
