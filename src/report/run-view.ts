/** A run as its directory tells it: configuration, metrics, evaluations, and whether somebody still writes there. */
import { existsSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { flatConfig } from '../config/load/flat-config.ts';
import type { Evaluation } from '../evaluate/evaluate.ts';
import { EvomError } from '../lib/errors.ts';
import { unlessMissing } from '../lib/file-fault.ts';
import { isRunLocked } from '../runs/lock.ts';
import { type MetricsLine, readMetrics } from '../runs/metrics.ts';
import { runPaths } from '../runs/run-directory.ts';

export interface RunView {
  readonly name: string;
  readonly directory: string;
  /** Every value of the configuration by its dotted key, as text. */
  readonly config: Readonly<Record<string, string>>;
  readonly environment: Readonly<Record<string, unknown>>;
  readonly metrics: readonly MetricsLine[];
  /** By step, the evaluation before training as step 0. */
  readonly evaluations: readonly { readonly step: number; readonly sets: readonly Evaluation[] }[];
  readonly state: RunState;
  /** When something was last written, in milliseconds since the epoch. */
  readonly changedMs: number;
}

/** `running`: its lock is held by a living process. `stopped`: it ended before its last step. */
export type RunState = 'running' | 'finished' | 'stopped';

/** Where a run is that the command line names: a directory, or a name below `runs/`. */
export function runDirectoryNamed(name: string, cwd: string): string {
  const places = [resolve(cwd, name), resolve(cwd, 'runs', name)];
  const found = places.find((place) => existsSync(runPaths(place).resolvedConfig));
  if (found === undefined)
    throw new EvomError('E_RUN', `${name} is not a run: neither ${places.join(' nor ')} has a config.resolved.yaml; see evom runs`);
  return found;
}

/** @throws {EvomError} E_RUN when the directory holds no run, or a file of it is broken. */
export async function readRun(directory: string): Promise<RunView> {
  const paths = runPaths(directory);
  const text = await unlessMissing(paths.resolvedConfig, readFile(paths.resolvedConfig, 'utf8'));
  if (text === null) throw new EvomError('E_RUN', `${directory} is not a run: it has no config.resolved.yaml`);
  const config = flatConfig(text, paths.resolvedConfig);
  const metrics = await readMetrics(directory);
  const isRunning = await isRunLocked(directory);
  const done = metrics.at(-1)?.step ?? 0;
  const changed = await stat(join(directory, 'metrics.jsonl')).catch(() => stat(paths.resolvedConfig));
  return {
    name: basename(directory),
    directory,
    config,
    environment: await environmentOf(paths.environment),
    metrics,
    evaluations: await readEvaluations(directory),
    state: isRunning ? 'running' : done >= Number(config['run.steps'] ?? Number.POSITIVE_INFINITY) ? 'finished' : 'stopped',
    changedMs: changed.mtimeMs,
  };
}

async function environmentOf(path: string): Promise<Record<string, unknown>> {
  const text = await unlessMissing(path, readFile(path, 'utf8'));
  return text === null ? {} : jsonOf<Record<string, unknown>>(path, text);
}

async function readEvaluations(directory: string): Promise<{ step: number; sets: Evaluation[] }[]> {
  const folder = join(directory, 'evaluations');
  const names = ((await unlessMissing(folder, readdir(folder))) ?? []).filter((name) => /^\d{6,}\.json$/.test(name)).sort();
  return Promise.all(
    names.map(async (name) => {
      const path = join(folder, name);
      return { step: Number.parseInt(name, 10), sets: jsonOf<Evaluation[]>(path, await readFile(path, 'utf8')) };
    }),
  );
}

function jsonOf<T>(path: string, text: string): T {
  try {
    return JSON.parse(text) as T;
  } catch (cause) {
    throw new EvomError('E_RUN', `${path} is not valid JSON; restore it, or delete it`, { cause });
  }
}

/** Names of the folders below `parent` that hold a run, in order. */
export async function runsIn(parent: string): Promise<string[]> {
  const entries = (await unlessMissing(parent, readdir(parent, { withFileTypes: true }))) ?? [];
  return entries
    .filter((entry) => entry.isDirectory() && existsSync(runPaths(join(parent, entry.name)).resolvedConfig))
    .map((entry) => join(parent, entry.name))
    .sort();
}
