/** A training run as a function: preflight, directory and lock, parts, the loop, evaluation before and after. */

import { existsSync } from 'node:fs';
import { resolveCheckpoint, textPolicies } from '../config/build/resolve-checkpoint.ts';
import type { ConfigSource } from '../config/load/load.ts';
import { EvomError } from '../lib/errors.ts';
import { runPaths } from '../runs/run-directory.ts';
import type { Report } from './events.ts';
import { Lifetime } from './lifetime.ts';
import { type Preflight, preflight, startFault } from './preflight.ts';
import type { OpenedRun, Opening, Run } from './run.ts';
import { newSession, type RunConfig, type RunSession, recordConfig, resumedSession, runDirectory, whereResumed } from './session.ts';
import { openSftRun } from './sft-run.ts';
import { openTrainRun } from './train-run.ts';

export interface OpenRunOptions {
  /**
   * Aborted while the run is opened or first evaluated: it ends and leaves nothing behind. Aborted later: the step is finished and a
   * checkpoint written. Either way `E_INTERRUPTED` is thrown.
   */
  readonly signal?: AbortSignal;
  /** Told what happens, as it happens. */
  readonly report?: Report;
  /** What the configuration was made from, as `loadConfig` gives it: kept in the run's directory, and names a run without a name. */
  readonly source?: ConfigSource;
  /** Go on with the run in `run.dir`/`run.name` from its last checkpoint; `run.steps` may be higher than it was. */
  readonly resume?: boolean;
  /** Folder from which `run.dir` and `output` are taken; the working directory when left out. */
  readonly cwd?: string;
}

/**
 * Opens a training run, new or resumed: `kind: train` and `kind: sft` alike. docs/guide/library.md has a whole script.
 *
 * All that it needs is looked at first (`preflight`), and a run that cannot start writes nothing.
 *
 * @throws {EvomError} `E_CONFIG`, `E_DATA`, `E_CHECKPOINT`, `E_RUN` or `E_SETUP` naming all that is missing; `E_INTERRUPTED` on abort.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { loadConfig, openRun } from 'evom';
 * const { config } = loadConfig('quickstart.yaml', { cwd: process.cwd() });
 * const impossible = { ...config, backend: './no-such-backend.js' };
 * if (impossible.kind === 'train') await assert.rejects(openRun(impossible), /the run cannot start: backend: .*no-such-backend/s);
 * ```
 */
export async function openRun(given: RunConfig, options: OpenRunOptions = {}): Promise<Run> {
  const { signal, report = () => {}, source = null, resume = false, cwd = process.cwd() } = options;
  const config = startingPoint(given);
  const lifetime = new Lifetime(signal);
  const directory = runDirectory(config, cwd, source);
  // A run that goes on is there already: its lock is taken first. A new one is made once it can start.
  let session: RunSession | null = resume ? await resumedSession(config, directory, report) : null;
  try {
    const found = await preflight(session?.config ?? config, {
      directory,
      doneSteps: session === null ? null : (session.from?.step ?? 0),
      makeProblems: true,
      report,
      lifetime,
    });
    const fault = startFault(found.findings);
    if (fault !== null) throw fault;
    lifetime.goOn();
    session ??= await startedSession(config, cwd, source);
    const run = await openKind(session, found, { lifetime, report, signal, source, cwd });
    lifetime.goOn();
    await recordConfig(session);
    return closing(run, session, lifetime);
  } catch (error) {
    await closeAll(lifetime, session);
    throw error;
  }
}

/**
 * What `openRun` would look at before it starts, without writing anything: for dry runs and `evom doctor`. Problems of the generator are
 * not made.
 */
export async function lookAhead(
  given: RunConfig,
  {
    source = null,
    resume = false,
    cwd = process.cwd(),
  }: { readonly source?: ConfigSource | null; readonly resume?: boolean; readonly cwd?: string } = {},
): Promise<Preflight> {
  const config = startingPoint(given);
  const directory = runDirectory(config, cwd, source);
  const resumed = resume ? await whereResumed(config, directory) : null;
  return preflight(resumed?.config ?? config, { directory, doneSteps: resumed?.doneSteps ?? null, makeProblems: false });
}

/** How far the run of a configuration has come. */
export interface Progress {
  readonly directory: string;
  /** Steps up to its newest checkpoint. */
  readonly doneSteps: number;
  /** All steps are done, and what they came to is evaluated. */
  readonly isFinished: boolean;
}

/**
 * Looks where a configuration's run stands, without opening it.
 *
 * @returns null where there is no run yet.
 * @throws {EvomError} `E_RUN` when its directory holds a run of another configuration.
 */
export async function progressOf(
  given: RunConfig,
  { source = null, cwd = process.cwd() }: { readonly source?: ConfigSource | null; readonly cwd?: string } = {},
): Promise<Progress | null> {
  const config = startingPoint(given);
  const directory = runDirectory(config, cwd, source);
  if (!existsSync(runPaths(directory).resolvedConfig)) return null;
  const { doneSteps } = await whereResumed(config, directory);
  const { steps } = config.run;
  const isEvaluated = config.dataset.eval.length === 0 || existsSync(runPaths(directory).evaluation(steps));
  return { directory, doneSteps, isFinished: doneSteps >= steps && isEvaluated };
}

function openKind(session: RunSession, found: Preflight, opening: Opening): Promise<OpenedRun> {
  const { config } = session;
  return config.kind === 'train'
    ? openTrainRun({ ...session, config }, found, opening)
    : openSftRun({ ...session, config }, found, opening);
}

/** A run without a name takes the next free number, also when another has just taken the one that was free at first. */
async function startedSession(config: RunConfig, cwd: string, source: ConfigSource | null): Promise<RunSession> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await newSession(config, runDirectory(config, cwd, source), source);
    } catch (error) {
      const isTaken = error instanceof EvomError && error.code === 'E_RUN' && config.run.name === undefined;
      if (!isTaken || attempt === 100) throw error;
    }
  }
}

function closing(run: OpenedRun, session: RunSession, lifetime: Lifetime): Run {
  let closed: Promise<void> | null = null;
  return {
    directory: session.paths.directory,
    train: () => run.train(),
    close: () => {
      closed ??= closeAll(lifetime, session);
      return closed;
    },
  };
}

/** Parts first, so that nothing writes to a directory that goes; the lock goes with it. */
async function closeAll(lifetime: Lifetime, session: RunSession | null): Promise<void> {
  try {
    await lifetime.close();
  } finally {
    await session?.close();
  }
}

/** `latest` of another run moves on: a run keeps the checkpoint that it stood for, so that it resumes from the same. */
function startingPoint<Config extends RunConfig>(given: Config): Config {
  if (textPolicies.has(given.policy.type))
    throw new EvomError(
      'E_CONFIG',
      `policy.type: ${given.policy.type} has no weights to train, and its completions no log-probabilities; it is for evom evaluate, transfer and rollout`,
    );
  if (given.kind === 'train') return { ...given, policy: { ...given.policy, checkpoint: resolveCheckpoint(given.policy.checkpoint) } };
  const { model } = given;
  return model.type === 'checkpoint' ? { ...given, model: { ...model, path: resolveCheckpoint(model.path) } } : given;
}
