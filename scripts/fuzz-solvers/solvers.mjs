/** The solvers that are asked: the backends of a build of evom, and highspy in a Python process behind a pipe. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

/** Small models take milliseconds; the few that no solver ends would take all the time there is. */
export const timeLimitMs = 500;
/** Names of highspy's answers, in the order in which its process gives them. */
export const highspyNames = ['highspy', 'highspy_without_presolve'];

const finite = (value) => (Number.isFinite(value) ? value : null);

function wireModel({ sense, offset, variables, constraints }) {
  const starts = [0];
  for (const { columns } of constraints) starts.push(starts.at(-1) + columns.length);
  return JSON.stringify({
    sense,
    offset,
    cost: variables.map((v) => v.cost),
    colLower: variables.map((v) => finite(v.lower)),
    colUpper: variables.map((v) => finite(v.upper)),
    integer: variables.map((v) => v.integer),
    rowLower: constraints.map((c) => finite(c.lower)),
    rowUpper: constraints.map((c) => finite(c.upper)),
    starts,
    indices: constraints.flatMap((c) => c.columns),
    values: constraints.flatMap((c) => c.coefficients),
  });
}

/** evom's backends, from the build in a checkout. @returns `{ name, solve(model), settled() }` each */
export async function evomBackends(root, names) {
  const { createBackend } = await import(pathToFileURL(join(root, 'dist/solvers/registry.js')).href);
  return Promise.all(
    names.map(async (name) => {
      const backend = await createBackend(name);
      return {
        name,
        version: backend.version,
        solve: (model) => backend.solve(model, { timeLimitMs }),
        settled: async () => backend.settled?.(),
      };
    }),
  );
}

/** highspy in a process of its own, which answers in order while this thread does other work. */
export async function startHighspy(python, script) {
  const child = spawn(python, [script], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${python} ${script} ended; does its environment hold highspy?`);
    return JSON.parse(value);
  };
  child.on('error', () => undefined);
  child.stdin.on('error', () => undefined);
  const { version } = await next();
  return {
    version,
    pid: child.pid,
    /** Resolves once the models are on their way. */
    ask: (models) => new Promise((sent) => child.stdin.write(`${models.map(wireModel).join('\n')}\n`, sent)),
    /** The next model's answers, one for each of `highspyNames`. */
    next,
    close: () => child.kill(),
  };
}
