/** The solver environment that tests of solver hosts need, and hosts on it. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { packageRoot } from '../../src/config/load/find-file.ts';
import { isEnvironmentCurrent, pythonOf } from '../../src/solver-host/environment.ts';
import { SolverHost, type SolverHostOptions } from '../../src/solver-host/solver-host.ts';

export const environmentDirectory = resolve(packageRoot, process.env.EVOM_SOLVER_ENVIRONMENT ?? '.venv-solvers');

/** Why tests with real libraries are skipped; null when they run. */
export const skipReason = existsSync(pythonOf(environmentDirectory))
  ? null
  : `there is no solver environment at ${environmentDirectory}; make one with "evom solver-host --setup .venv-solvers"`;

/** Why tests are skipped that need every package of `requirements.txt`; null when they run. */
export const incompleteReason =
  skipReason ??
  ((await isEnvironmentCurrent(environmentDirectory, resolve(packageRoot, 'scripts/solver-host/requirements.txt')))
    ? null
    : `${environmentDirectory} was made from other requirements; complete it with "evom solver-host --setup"`);

export function startHost(dialects: readonly string[], options: Partial<SolverHostOptions> = {}): Promise<SolverHost> {
  return SolverHost.create({
    dialects,
    python: pythonOf(environmentDirectory),
    scripts: resolve(packageRoot, 'scripts/solver-host'),
    version: 'test',
    ...options,
  });
}
