/** A dialect of a Python library: its programs run on a solver host. */
import type { Dialect } from '../dialect.ts';
import { extractCode } from '../extract.ts';
import { type PythonApi, pythonProgram } from './python-program.ts';

/** @param example a small program in the library, shown to general models. */
export function pythonDialect(
  name: string,
  about: { readonly library: string; readonly notes: string; readonly example: string },
  api: PythonApi,
): Dialect {
  return {
    name,
    language: 'python',
    instructions: `Write a Python program that builds the model with ${about.library} and solves it. ${about.notes} If the answer is another number than the objective value of the last solve, give it with report(value), which is defined.
\`\`\`python
${about.example}
\`\`\``,
    render: (model) => pythonProgram(model, api),
    extract: (completion) => {
      const code = extractCode(completion, 'python');
      return code === null ? null : { code, dialect: name };
    },
  };
}
