/** Backends by name, and a user's own by path. */
import type { LinearModel } from '../core/linear-model.ts';
import { solveStatuses } from '../core/outcome.ts';
import { EvomError } from '../lib/errors.ts';
import { loadPlugin } from '../lib/plugin.ts';
import type { Capabilities, Solution, SolverBackend } from './backend.ts';
import { certifiedBackend, secondSolver } from './certify/certify.ts';
import { createGlpk } from './glpk.ts';
import { createHighs } from './highs.ts';

const backends: Readonly<Record<string, () => Promise<SolverBackend>>> = { highs: () => createHighs(), glpk: () => createGlpk() };

/** Names that `createBackend` knows; anything that begins with `.` or `/` is a module of the user's. */
export const backendNames: readonly string[] = Object.keys(backends);

const isPath = (name: string): boolean => /^(\.{0,2}\/|file:)/.test(name);

const statuses: readonly string[] = solveStatuses;

/** What is wrong with a solution's form; whether it is right is checked elsewhere. */
function formOf(result: unknown, [model]: readonly unknown[]): string | null {
  const { status, values } = (result ?? {}) as Partial<Record<keyof Solution, unknown>>;
  if (!statuses.includes(status as string)) return `the status ${JSON.stringify(status)}; known are ${statuses.join(', ')}`;
  const { length } = (model as LinearModel).variables;
  return values === null || (values instanceof Float64Array && values.length === length)
    ? null
    : `values that are neither null nor a Float64Array of ${length}`;
}

async function loadOwn(path: string, directory: string): Promise<SolverBackend> {
  const backend = await loadPlugin<SolverBackend>(
    {
      key: 'solver backend',
      path,
      base: directory,
      methods: ['solve', 'close'],
      properties: ['name', 'version', 'capabilities'],
      checks: { solve: formOf },
    },
    {},
  );
  const highs = await createHighs();
  const certified = certifiedBackend(backend, [secondSolver(highs)]);
  return {
    ...certified,
    settled: async () => {
      await Promise.all([backend.settled?.(), highs.settled()]);
    },
    close: () => {
      backend.close();
      highs.close();
    },
  };
}

/**
 * Creates a solver backend.
 *
 * @param name `highs`, `glpk`, or the path of a module such as `./my-backend.js` whose default export creates one.
 * @param options.directory where relative paths begin; the configuration file's folder.
 * @param options.needs what the caller will ask of it.
 * @throws {EvomError} E_CONFIG if the name is unknown, the module is no backend, or it cannot do what is needed; E_SOLVER if
 * an optional package is missing.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { createBackend } from 'evom';
 * const backend = await createBackend('highs', { needs: ['lp', 'milp'] });
 * assert.equal(backend.name, 'highs');
 * backend.close();
 * await assert.rejects(createBackend('higs'), /highs, glpk/);
 * ```
 */
export async function createBackend(
  name: string,
  { directory = process.cwd(), needs = [] }: { readonly directory?: string; readonly needs?: readonly (keyof Capabilities)[] } = {},
): Promise<SolverBackend> {
  const create = Object.hasOwn(backends, name) ? backends[name] : undefined;
  if (create === undefined && !isPath(name))
    throw new EvomError(
      'E_CONFIG',
      `unknown solver backend "${name}"; known are ${backendNames.join(', ')}, or the path of a module such as ./my-backend.js`,
    );
  const backend = create === undefined ? await loadOwn(name, directory) : await create();
  const missing = needs.filter((need) => !backend.capabilities[need]);
  if (missing.length > 0) {
    backend.close();
    throw new EvomError('E_CONFIG', `solver backend "${name}" cannot solve ${missing.join(' and ')}; choose another, for example highs`);
  }
  return backend;
}
