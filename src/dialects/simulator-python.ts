/** Simulators in Python: what `simulator-js` is in JavaScript, run on a solver host. */
import type { LinearModel } from '../core/linear-model.ts';
import type { Dialect } from './dialect.ts';
import { extractCode } from './extract.ts';
import { isFreeName } from './python/python-program.ts';
import { simulatorText } from './simulator-demands.ts';

const instructions = `Write a Python program that checks a solution of the problem; it must not search for one, and no solver can be imported. It defines simulate(x), a function of a dict with the value of each decision variable by name. simulate returns a dict: "goal" is "max" or "min", "objective" the objective value of x, "constraints" a list of everything the problem demands, each as (left, "<=", right), (left, ">=", right), (left, "=", right), (value, "integer") or a bool. Follow the story step by step; loops and running stocks are welcome.
\`\`\`python
def simulate(x):
    boots, mugs = x["boots"], x["mugs"]
    return {
        "goal": "max",
        "objective": 68 * boots + 62 * mugs,
        "constraints": [
            (17 * boots + 22 * mugs, "<=", 488),
            (boots - mugs, ">=", 2),
            (boots, ">=", 0), (boots, "integer"),
            (mugs, ">=", 0), (mugs, "integer"),
        ],
    }
\`\`\``;

export const simulatorPython: Dialect = {
  name: 'simulator-python',
  language: 'python',
  isSimulator: true,
  instructions,
  render: programText,
  extract: (completion) => {
    const code = extractCode(completion, 'python');
    return code === null ? null : { code, dialect: 'simulator-python' };
  },
};

/** The reference simulator of a model. Where a name is no identifier, or is one that the program needs, all are read by their keys. */
function programText(model: LinearModel): string {
  const names = model.variables.map(({ name }) => name);
  const isPlain = names.length > 0 && new Set(names).size === names.length && names.every((name) => isFreeName(name) && name !== 'x');
  const keys = names.map((name) => `x[${JSON.stringify(name)}]`); // a text of JSON is one of Python
  const { objective, demands } = simulatorText(model, isPlain ? names : keys);
  return [
    'def simulate(x):',
    ...(isPlain ? [`    ${names.join(', ')} = ${keys.join(', ')}`] : []),
    '    return {',
    `        "goal": "${model.sense}",`,
    `        "objective": ${objective},`,
    '        "constraints": [',
    ...demands.map((demand) => `            (${demand}),`),
    '        ],',
    '    }',
  ].join('\n');
}
