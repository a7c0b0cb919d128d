/** What `train` and `sft` share: the run's directory and lock, where to begin, how the configuration was asked for. */
import { existsSync, readFileSync } from 'node:fs';
import { basename, extname, join, resolve } from 'node:path';
import { packageRoot } from '../config/find-file.ts';
import type { ConfigSource } from '../config/load.ts';
import { resolvedYaml } from '../config/load.ts';
import type { SftConfig, TrainConfig } from '../config/schema.ts';
import { EvomError } from '../core/errors.ts';
import type { Checkpoint } from '../runs/checkpoints.ts';
import { acquireRunLock } from '../runs/lock.ts';
import { createRun, type RunPaths, resumeRun } from '../runs/run-directory.ts';
import { checkpointsOf } from '../train/run-store.ts';
import type { Reporter } from './terminal.ts';

export interface RunSession {
  readonly paths: RunPaths;
  /** Where the run goes on from; null from the start. */
  readonly from: Checkpoint | null;
  /** The command that makes this run again, for model cards. */
  readonly command: string;
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

/**
 * Makes the run's directory, or opens it for `--resume`, and locks it.
 *
 * @throws {EvomError} `E_RUN` when the directory holds another run, or another process works on it; `E_CHECKPOINT` when all its
 * checkpoints are damaged.
 */
export async function openSession(
  verb: 'train' | 'sft',
  config: TrainConfig | SftConfig,
  source: ConfigSource,
  resume: boolean,
  about: { readonly cwd: string; readonly reporter: Reporter },
): Promise<RunSession> {
  const directory = resolve(about.cwd, config.run.dir, config.run.name ?? freeName(resolve(about.cwd, config.run.dir), source.path));
  const settled = resolvedYaml(config);
  let paths: RunPaths;
  let lock: Awaited<ReturnType<typeof acquireRunLock>>;
  if (resume) {
    paths = await resumeRun(directory, settled);
    lock = await acquireRunLock(directory);
  } else {
    lock = await acquireRunLock(directory);
    try {
      paths = await createRun(directory, { config: source.text, resolvedConfig: settled, versions: packageVersions() });
    } catch (error) {
      await lock.release();
      throw error;
    }
  }
  try {
    const from = resume ? await newestCheckpoint(paths, config.run.keep_last, about.reporter) : null;
    if (resume && from === null) about.reporter.info(`${paths.directory} has no checkpoint yet: its steps are made again from the first`);
    return { paths, from, command: commandOf(verb, source), close: () => lock.release() };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** Where a run goes on; null when it was stopped before its first checkpoint. */
async function newestCheckpoint(paths: RunPaths, keepLast: number, reporter: Reporter): Promise<Checkpoint | null> {
  const store = checkpointsOf(paths, keepLast);
  const newest = await store.newest((broken) => reporter.warn(`checkpoint ${broken.directory} is damaged and was passed over`));
  // From the beginning would delete what the run has made so far.
  if (newest === null && (await store.list()).length > 0) {
    throw new EvomError(
      'E_CHECKPOINT',
      `every checkpoint of ${paths.directory} is damaged; restore one, or delete its checkpoints/ to make the run again from step 0`,
    );
  }
  return newest;
}

const commandOf = (verb: string, source: ConfigSource): string =>
  ['evom', verb, '--config', basename(source.path), ...source.overrides].join(' ');

/** `quickstart-001`, or the next number that is free. */
function freeName(directory: string, configPath: string): string {
  const stem = basename(configPath, extname(configPath));
  for (let number = 1; ; number++) {
    const name = `${stem}-${String(number).padStart(3, '0')}`;
    if (!existsSync(join(directory, name))) return name;
  }
}
