/** The directory of a run: made and locked, or opened where a run goes on. */
import { existsSync, readFileSync } from 'node:fs';
import { rm, rmdir } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { type Continued, continuedConfig } from '../config/load/continued-config.ts';
import { packageRoot } from '../config/load/find-file.ts';
import type { ConfigSource } from '../config/load/load.ts';
import { resolvedYaml } from '../config/load/load.ts';
import type { SftConfig, TrainConfig } from '../config/schema/schema.ts';
import { writeFileAtomically } from '../lib/atomic-write.ts';
import { EvomError } from '../lib/errors.ts';
import type { Checkpoint } from '../runs/checkpoints.ts';
import { acquireRunLock } from '../runs/lock.ts';
import { checkFree, createRun, differentConfig, type RunPaths, readResolvedConfig, runPaths } from '../runs/run-directory.ts';
import { checkpointsOf } from '../train/run-store.ts';
import type { Report } from './events.ts';

export type RunConfig = TrainConfig | SftConfig;

/** Whether nobody samples in a run: a supervised one without evaluation sets, whose policy is not opened. */
export const samplesNothing = (config: RunConfig): boolean => config.kind === 'sft' && config.dataset.eval.length === 0;

export interface RunSession<Config extends RunConfig = RunConfig> {
  /** Settled: with the steps and the schedule that the run goes on with. */
  readonly config: Config;
  readonly paths: RunPaths;
  /** Where the run goes on from; null from the start. */
  readonly from: Checkpoint | null;
  /** Called once the run has something to keep: from then on its directory stays, whatever happens. */
  begun(): void;
  /** Gives the lock free; a new run that has not begun leaves no directory behind. */
  close(): Promise<void>;
}

/** Versions of evom and of the packages that decide results, as its `package.json` pins them. */
function packageVersions(): Record<string, string> {
  const read = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as Record<string, Record<string, string>> & {
    version: string;
  };
  const pinned = { ...read.dependencies, ...read.optionalDependencies };
  const decisive = ['highs', 'glpk.js', 'onnxruntime-node', 'quickjs-emscripten-core', '@huggingface/tokenizers'];
  return { evom: read.version, ...Object.fromEntries(decisive.map((name) => [name, pinned[name] ?? 'none'])) };
}

/** Where a configuration's run is, or will be. */
export function runDirectory(config: RunConfig, cwd: string, source: ConfigSource | null): string {
  const parent = resolve(cwd, config.run.dir);
  return join(parent, config.run.name ?? freeName(parent, source?.path ?? 'run'));
}

/**
 * Makes and locks the directory of a new run.
 *
 * @throws {EvomError} `E_RUN` when it holds another run, or another process works on it.
 */
export async function newSession<Config extends RunConfig>(
  config: Config,
  directory: string,
  source: ConfigSource | null,
): Promise<RunSession<Config>> {
  await checkFree(directory);
  const parents = missingParents(directory);
  const lock = await acquireRunLock(directory);
  const settled = resolvedYaml(config);
  let isKept = false;
  const undo = async (): Promise<void> => {
    await rm(directory, { recursive: true, force: true });
    // Folders that were made for it, unless somebody has put something there meanwhile.
    for (const parent of parents) await rmdir(parent).catch(() => undefined);
  };
  try {
    const files = { config: source?.text ?? settled, resolvedConfig: settled, versions: packageVersions() };
    const paths = await createRun(directory, files);
    return {
      config,
      paths,
      from: null,
      begun: () => {
        isKept = true;
      },
      close: async () => {
        if (!isKept) await undo();
        await lock.release();
      },
    };
  } catch (error) {
    // What another run holds is not ours to remove.
    if (!(error instanceof EvomError && error.code === 'E_RUN')) await undo();
    await lock.release();
    throw error;
  }
}

/**
 * Opens and locks the directory of a run that goes on.
 *
 * @throws {EvomError} `E_RUN` when there is none, its configuration is another, or another process works on it; `E_CHECKPOINT` when all its
 * checkpoints are damaged.
 */
export async function resumedSession<Config extends RunConfig>(
  given: Config,
  directory: string,
  report: Report,
): Promise<RunSession<Config>> {
  await continued(given, directory, 0); // before a lock is taken
  const lock = await acquireRunLock(directory);
  try {
    const paths = runPaths(directory);
    const from = await newestCheckpoint(paths, given.run.keep_last, report);
    const { config, raised } = await continued(given, directory, from?.step ?? 0);
    report({ type: 'resumed', directory, step: from?.step ?? 0 });
    if (raised !== null) report({ type: 'extended', ...raised, stepsAhead: config.kind === 'train' ? config.async.steps_ahead : 0 });
    return {
      config,
      paths,
      from,
      begun: () => {},
      close: () => lock.release(),
    };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** Where `resumedSession` would go on, by the names of the checkpoints and without the lock. */
export async function whereResumed<Config extends RunConfig>(
  given: Config,
  directory: string,
): Promise<{ readonly config: Config; readonly doneSteps: number }> {
  const doneSteps = (await checkpointsOf(runPaths(directory), given.run.keep_last).list()).at(-1)?.step ?? 0;
  return { config: (await continued(given, directory, doneSteps)).config, doneSteps };
}

/** Writes down what a resumed run goes on with, once it is sure to go on. */
export async function recordConfig({ paths, config }: RunSession): Promise<void> {
  const settled = resolvedYaml(config);
  if ((await readResolvedConfig(paths.directory)) !== settled) await writeFileAtomically(paths.resolvedConfig, settled);
}

async function continued<Config extends RunConfig>(given: Config, directory: string, doneSteps: number): Promise<Continued<Config>> {
  const stored = await readResolvedConfig(directory);
  const result = continuedConfig(stored, given, doneSteps);
  if (result === null) throw differentConfig(directory, stored, resolvedYaml(given));
  return result;
}

/** Where a run goes on; null when it was stopped before its first checkpoint. */
async function newestCheckpoint(paths: RunPaths, keepLast: number, report: Report): Promise<Checkpoint | null> {
  const store = checkpointsOf(paths, keepLast);
  const newest = await store.newest(({ directory }) => report({ type: 'damaged_checkpoint', directory }));
  // From the beginning would delete what the run has made so far.
  if (newest === null && (await store.list()).length > 0) {
    throw new EvomError(
      'E_CHECKPOINT',
      `every checkpoint of ${paths.directory} is damaged; restore one, or delete its checkpoints/ to make the run again from step 0`,
    );
  }
  return newest;
}

/** The command that makes a run again, for model cards. */
export const commandOf = (config: RunConfig, source: ConfigSource | null): string =>
  source === null ? 'openRun of the evom library' : ['evom', config.kind, '--config', basename(source.path), ...source.overrides].join(' ');

/** `quickstart-001`, or the next number that is free. */
function freeName(directory: string, configPath: string): string {
  const stem = basename(configPath, extname(configPath));
  for (let number = 1; ; number++) {
    const name = `${stem}-${String(number).padStart(3, '0')}`;
    if (!existsSync(join(directory, name))) return name;
  }
}

/** The folders above a directory that are not there, innermost first. */
function missingParents(directory: string): string[] {
  const missing: string[] = [];
  for (let folder = dirname(directory); !existsSync(folder); folder = dirname(folder)) missing.push(folder);
  return missing;
}
