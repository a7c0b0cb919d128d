/** Layout of `runs/<name>/`: made once, never overwritten by accident, resumed from its newest checkpoint. */

import { execFile } from 'node:child_process';
import { readdir, readFile, rm } from 'node:fs/promises';
import { arch, availableParallelism, cpus, platform, totalmem } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { makeDirectory, temporarySuffix, writeFileAtomically } from '../lib/atomic-write.ts';
import { EvomError } from '../lib/errors.ts';
import { unlessMissing } from '../lib/file-fault.ts';

/** Paths in a run's directory. */
export interface RunPaths {
  readonly directory: string;
  /** The configuration as given, comments and all. */
  readonly config: string;
  /** Every default filled in. */
  readonly resolvedConfig: string;
  readonly environment: string;
  readonly tensorboard: string;
  /** Names the newest checkpoint. */
  readonly latest: string;
  /** `evaluations/NNNNNN.json`. */
  evaluation(step: number): string;
  /** `steps/NNNNNN/` with `rollouts.arrow`, `batch.arrow` and `manifest.json`. */
  step(step: number): string;
}

export interface RunFiles {
  readonly config: string;
  readonly resolvedConfig: string;
  /** Versions by name, beside those of Node and the machine that are recorded anyway. */
  readonly versions: Readonly<Record<string, string>>;
}

/** Where everything of a run is. */
export function runPaths(directory: string): RunPaths {
  return {
    directory,
    config: join(directory, 'config.yaml'),
    resolvedConfig: join(directory, 'config.resolved.yaml'),
    environment: join(directory, 'environment.json'),
    tensorboard: join(directory, 'tb'),
    latest: join(directory, 'latest'),
    evaluation: (step) => join(directory, 'evaluations', `${String(step).padStart(6, '0')}.json`),
    step: (step) => join(directory, 'steps', String(step).padStart(6, '0')),
  };
}

/**
 * Makes a run's directory and its records. The resolved configuration is written last: a directory without it is one
 * whose making was cut short, and is made again; so is one whose run was killed before it had anything to keep.
 *
 * @throws {EvomError} E_RUN when a run is there already, or the directory holds something else.
 */
export async function createRun(directory: string, files: RunFiles): Promise<RunPaths> {
  const paths = runPaths(directory);
  await checkFree(directory);
  await makeDirectory(directory);
  for (const name of await namesIn(directory))
    if (!name.startsWith('lock.json')) await rm(join(directory, name), { recursive: true, force: true });
  await makeDirectory(paths.tensorboard);
  await makeDirectory(join(directory, 'steps'));
  await makeDirectory(join(directory, 'checkpoints'));
  await writeFileAtomically(paths.environment, `${JSON.stringify(await describeEnvironment(files.versions), null, 2)}\n`);
  await writeFileAtomically(paths.config, files.config);
  await writeFileAtomically(paths.resolvedConfig, files.resolvedConfig);
  return paths;
}

/** What a run that was cut short while it was made may hold. */
const beginnings = new Set(['tb', 'steps', 'checkpoints', 'environment.json', 'config.yaml', 'lock.json']);

/**
 * Whether a new run may be made in a directory: it is not there, empty, or left by a run that was killed before it had begun.
 *
 * @throws {EvomError} E_RUN when it may not.
 */
export async function checkFree(directory: string): Promise<void> {
  const names = (await readdir(directory).catch(notThere)).filter((name) => !isTemporary(name));
  if (names.includes('config.resolved.yaml')) {
    if (await hasBegun(directory))
      throw new EvomError(
        'E_RUN',
        `${directory} holds a run already; pass --resume to continue it, or choose another name with --set run.name=NAME`,
      );
    return;
  }
  const unknown = names.filter((name) => !beginnings.has(name));
  if (unknown.length > 0)
    throw new EvomError('E_RUN', `${directory} is not a run of evom but holds ${unknown.slice(0, 3).join(', ')}; choose another directory`);
}

/** Whether a run has made anything that a new one would lose: an evaluation, a step, a line of metrics, a checkpoint. */
async function hasBegun(directory: string): Promise<boolean> {
  for (const folder of ['evaluations', 'steps', 'checkpoints'])
    if ((await namesIn(join(directory, folder))).some((name) => !isTemporary(name))) return true;
  return (await readFile(join(directory, 'metrics.jsonl'), 'utf8').catch(() => '')) !== '';
}

const notThere = (error: NodeJS.ErrnoException): string[] => {
  if (error.code === 'ENOENT') return [];
  if (error.code === 'ENOTDIR')
    throw new EvomError('E_RUN', `${error.path ?? 'the run directory'} is a file, or lies below one; choose another directory`);
  throw error;
};

/**
 * The settled configuration of a run that is there.
 *
 * @throws {EvomError} E_RUN when there is no run.
 */
export async function readResolvedConfig(directory: string): Promise<string> {
  const { resolvedConfig } = runPaths(directory);
  const stored = await unlessMissing(resolvedConfig, readFile(resolvedConfig, 'utf8'));
  if (stored === null) throw new EvomError('E_RUN', `${directory} holds no run to resume; start it without --resume`);
  // An editor or a checkout may have changed the ends of its lines: they say nothing.
  return unixLines(stored);
}

/** `E_RUN` for a configuration that is not the run's own, naming the first line that differs. */
export function differentConfig(directory: string, stored: string, given: string): EvomError {
  return new EvomError(
    'E_RUN',
    `the configuration differs from ${runPaths(directory).resolvedConfig}${firstDifference(stored, given)}; resume with the run's own (run.steps may be raised), or start a new run`,
  );
}

/**
 * On resume: deletes `steps/NNNNNN` with numbers above `lastStep`, and the temporary files that a kill left. Hold the
 * run's lock.
 */
export async function discardStepsAfter(directory: string, lastStep: number): Promise<void> {
  const root = join(directory, 'steps');
  const remove = (path: string): Promise<void> => rm(path, { recursive: true, force: true });
  for (const name of await namesIn(directory)) if (isTemporary(name) && !name.startsWith('lock.json')) await remove(join(directory, name));
  for (const name of await namesIn(root)) {
    const step = join(root, name);
    if (isTemporary(name) || (/^\d{6,}$/.test(name) && Number(name) > lastStep)) await remove(step);
    else for (const file of await namesIn(step)) if (isTemporary(file)) await remove(join(step, file));
  }
}

function isTemporary(name: string): boolean {
  return name.endsWith(temporarySuffix);
}

async function namesIn(directory: string): Promise<string[]> {
  return (await unlessMissing(directory, readdir(directory))) ?? [];
}

/** Facts about machine and code, so that a result can be told from one made elsewhere. */
export async function describeEnvironment(versions: Readonly<Record<string, string>>): Promise<Record<string, unknown>> {
  return {
    node: process.version,
    v8: process.versions.v8,
    platform: platform(),
    arch: arch(),
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memory_mb: Math.round(totalmem() / 2 ** 20),
    versions,
    git: await gitState(),
  };
}

/** Commit and whether the tree differs from it; null outside a repository or without git. */
async function gitState(): Promise<{ commit: string; dirty: boolean } | null> {
  const git = async (...args: string[]): Promise<string> =>
    (await promisify(execFile)('git', args, { timeout: 5000, cwd: import.meta.dirname })).stdout.trim();
  try {
    return { commit: await git('rev-parse', 'HEAD'), dirty: (await git('status', '--porcelain', '--untracked-files=no')) !== '' };
  } catch {
    return null;
  }
}

const unixLines = (text: string): string => text.replaceAll('\r\n', '\n');

function firstDifference(stored: string, given: string): string {
  const [a, b] = [stored.split('\n'), given.split('\n')];
  const at = a.findIndex((line, i) => line !== b[i]);
  return at < 0 ? ` after line ${a.length}` : ` in line ${at + 1}: "${(a[at] ?? '').trim()}" there, "${(b[at] ?? '').trim()}" now`;
}
