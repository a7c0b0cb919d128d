/** Backends by name, and a user's own by path. */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { EvomError } from '../lib/errors.ts';
import type { Capabilities, SolverBackend } from './backend.ts';
import { certifiedBackend, secondSolver } from './certify/certify.ts';
import { createGlpk } from './glpk.ts';
import { createHighs } from './highs.ts';

const backends: Readonly<Record<string, () => Promise<SolverBackend>>> = { highs: () => createHighs(), glpk: () => createGlpk() };

/** Names that `createBackend` knows; anything that begins with `.` or `/` is a module of the user's. */
export const backendNames: readonly string[] = Object.keys(backends);

const isPath = (name: string): boolean => /^(\.{0,2}\/|file:)/.test(name);

function isBackend(value: unknown): value is SolverBackend {
  if (typeof value !== 'object' || value === null) return false;
  const { name, version, capabilities, solve, close } = value as Partial<Record<keyof SolverBackend, unknown>>;
  return (
    typeof name === 'string' &&
    typeof version === 'string' &&
    typeof capabilities === 'object' &&
    typeof solve === 'function' &&
    typeof close === 'function'
  );
}

async function loadOwn(path: string, directory: string): Promise<SolverBackend> {
  const url = path.startsWith('file:') ? path : pathToFileURL(resolve(directory, path)).href;
  let factory: unknown;
  try {
    factory = ((await import(url)) as { default?: unknown }).default;
  } catch (cause) {
    throw new EvomError('E_CONFIG', `solver backend ${path} cannot be loaded; the path is taken from ${directory}`, { cause });
  }
  if (typeof factory !== 'function')
    throw new EvomError(
      'E_CONFIG',
      `solver backend ${path} has no default export that creates it; write "export default async function () { return backend; }"`,
    );
  const backend: unknown = await (factory as () => unknown)();
  if (!isBackend(backend))
    throw new EvomError('E_CONFIG', `what ${path} creates is no solver backend; it needs name, version, capabilities, solve and close`);
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
