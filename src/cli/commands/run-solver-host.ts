/** The work behind `evom solver-host`: set its environment up, or serve until interrupted. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { packageRoot } from '../../config/load/find-file.ts';
import { EvomError } from '../../lib/errors.ts';
import { isLoopback } from '../../lib/http-server.ts';
import { pythonOf, setUpEnvironment } from '../../solver-host/environment.ts';
import { serveSolverHost } from '../../solver-host/http-service.ts';
import { SolverHost } from '../../solver-host/solver-host.ts';
import { untilInterrupted } from '../interrupt.ts';
import { packageVersion } from '../package-version.ts';
import type { RunOptions } from '../run-options.ts';
import { createReporter } from '../view/terminal.ts';
import { textTable } from '../view/terminal-text.ts';

const scripts = join(packageRoot, 'scripts', 'solver-host');

export interface RunSolverHostOptions extends RunOptions {
  readonly dialects: readonly string[];
  readonly environment: string;
  readonly port: number;
  readonly address: string;
  readonly token: string | null;
  readonly concurrency: Readonly<Record<string, number>>;
  readonly licences: readonly string[];
  readonly allowUnjailed: boolean;
}

export async function runSolverSetup(options: RunOptions & { readonly directory: string; readonly python: string }): Promise<void> {
  const { io, json, quiet, python } = options;
  const directory = resolve(io.cwd, options.directory);
  const reporter = createReporter(io, { quiet });
  try {
    const requirements = join(scripts, 'requirements.txt');
    const state = await setUpEnvironment(directory, { requirements, python, onLine: (line) => reporter.progress(line) });
    reporter.close();
    const said = `${directory} ${state === 'made' ? 'is set up' : 'was set up already'}`;
    io.stdout(json ? `${JSON.stringify({ directory, python: pythonOf(directory), state })}\n` : `${said}\n`);
  } finally {
    reporter.close();
  }
}

export async function runSolverHost(options: RunSolverHostOptions): Promise<number> {
  const { io, json, quiet, signal, port, address, token } = options;
  if (!isLoopback(address) && token === null) {
    throw new EvomError('E_USAGE', `--address ${address} lets other machines run programs here; give a --token that they must send`);
  }
  if (!Number.isInteger(port) || port < 0 || port > 65535)
    throw new EvomError('E_USAGE', `--port ${port}: give a whole number from 1 to 65535, or 0 for a free one`);
  const licences = options.licences.map((path) => resolve(io.cwd, path));
  const missing = licences.find((path) => !existsSync(path));
  if (missing !== undefined) throw new EvomError('E_CONFIG', `--licence ${missing}: no such file or folder; check the path`);
  const reporter = createReporter(io, { quiet });
  const host = await SolverHost.create({
    dialects: options.dialects,
    python: pythonOf(resolve(io.cwd, options.environment)),
    scripts,
    version: packageVersion(),
    concurrency: options.concurrency,
    licences,
    allowUnjailed: options.allowUnjailed,
  });
  try {
    const service = await serveSolverHost(host, { port, address, token });
    const health = host.health();
    if (health.unjailed) reporter.warn('programs run without some protection, as --unsafe-no-jail says');
    for (const { dialect, missingLibraries: missing } of health.dialects)
      if (missing.length > 0)
        reporter.warn(`programs of ${dialect} cannot import ${missing.join(', ')}, which published programs do; --setup installs them`);
    if (json) io.stdout(`${JSON.stringify({ url: service.url, ...health })}\n`);
    else io.stdout(`${servingText(service.url, health)}\n`);
    await untilInterrupted(signal);
    await service.close();
    return 0;
  } finally {
    reporter.close();
    await host.close();
  }
}

function servingText(url: string, health: ReturnType<SolverHost['health']>): string {
  const rows = health.dialects.map((d) => [d.dialect, d.state, d.solver, d.library, d.licence || (d.message ?? ''), `${d.concurrency}`]);
  return [
    `solver host on ${url}, Ctrl-C ends it`,
    ...textTable([['dialect', 'state', 'solver', 'library', 'licence', 'at once'], ...rows]),
  ].join('\n');
}
