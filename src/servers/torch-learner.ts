/** A learner in PyTorch, in processes of its own: batches go out and weights come back through the exchange directory. */
import { randomUUID } from 'node:crypto';
import { copyFile, mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { TrainingBatch } from '../core/training.ts';
import type { PolicyWeights } from '../core/weights.ts';
import { makeDirectory, writeFileAtomically } from '../lib/atomic-write.ts';
import { EvomError } from '../lib/errors.ts';
import { readSafetensorsMetadata } from '../lib/safetensors.ts';
import { turns } from '../lib/turns.ts';
import { type Learner, type LearnerResult, type LearnerStepOptions, metricsFromJson, optimizerStateFile } from '../policy/learner.ts';
import { checkOptimizerConfig, type OptimizerConfig } from '../policy/optimizer-config.ts';
import {
  askForLearner,
  awaitLearner,
  dismissLearner,
  pruneExchange,
  publishBatches,
  publishSaveRequest,
  removeAfter,
  saveRequestDirectory,
  stateDirectory,
  stepDirectory,
  waitForAnswer,
  weightsDirectory,
  whatIsPublished,
} from './exchange.ts';
import { launchArguments, logFileOf, type ProcessLayout, type PythonProcess, startPython } from './python-process.ts';
import { type TorchSettings, torchArguments } from './torch-options.ts';

export interface TorchLearnerOptions {
  /** The run's directory: `exchange/`, `weights/` and `state/` lie in it. */
  readonly root: string;
  /** Model folder that the run began from. */
  readonly model: string;
  /** `evom_state` of the checkpoint to go on from; null at the start. */
  readonly stateDirectory: string | null;
  readonly optimizer: OptimizerConfig;
  readonly settings: TorchSettings;
  readonly launch:
    | ({
        readonly type: 'spawn';
        readonly python: string;
        /** Words before the interpreter that start it on each of several machines, such as `srun --nodes=2`. */
        readonly launcher?: readonly string[];
        /** Steps between the snapshots that processes which died begin again from. */
        readonly snapshotEvery?: number;
      } & Omit<ProcessLayout, 'id'>)
    /** Somebody else starts it, here or on another machine that sees `root`; `command` is what to run there. */
    | { readonly type: 'external'; readonly onWaiting: (command: string) => void }
    /** `evom cluster` starts it, and starts it again from the newest checkpoint when it dies. */
    | { readonly type: 'cluster'; readonly onWaiting: (command: string) => void };
  /** Longest wait for a step, a save or a start. */
  readonly timeoutMs: number;
  /** Aborted: the start is not waited for any more. */
  readonly signal?: AbortSignal;
}

const module_ = 'evom_torch.learn';

/** torchrun gives its processes 30 s to end before it kills them: killed itself before that, it would leave them behind. */
const torchrunGraceMs = 40_000;

/**
 * Starts a PyTorch learner, or waits for one that is started elsewhere.
 *
 * @throws {EvomError} `E_LEARNER` when it does not start, or stands at another version than the checkpoint.
 */
export async function createTorchLearner(options: TorchLearnerOptions): Promise<Learner> {
  checkOptimizerConfig(options.optimizer);
  const { root, model, launch } = options;
  const version = await savedVersion(options.stateDirectory);
  const checkpoint = options.stateDirectory === null ? null : dirname(options.stateDirectory);
  const args = ['--root', root, ...torchArguments({ model, checkpoint }, options.optimizer, options.settings)];
  await removeAfter(root, { step: version - 1, version });
  const session = launch.type === 'external' ? null : randomUUID();
  if (session !== null) {
    // A learner's machine that sees this file sees the run's directory.
    await makeDirectory(join(root, 'exchange'));
    await writeFileAtomically(join(root, 'exchange', 'SESSION'), `${session}\n`);
  }
  let process_: PythonProcess | null = null;
  if (launch.type === 'spawn') {
    await rm(join(root, 'exchange', 'LEARNER.json'), { force: true });
    process_ = startPython({
      name: 'learner',
      ...learnerCommand(launch, session as string, args),
      logFile: logFileOf(root, 'learner'),
      env: freshStore,
    });
  } else if (launch.type === 'cluster') {
    const absolute = torchArguments(
      { model: resolve(model), checkpoint: checkpoint && resolve(checkpoint) },
      options.optimizer,
      options.settings,
    );
    const request = ['--root', resolve(root), ...absolute, '--session', session as string, '--supervised'];
    await askForLearner(root, { id: session as string, arguments: request });
    launch.onWaiting('evom cluster up --config FILE');
  } else launch.onWaiting(['PYTHONPATH=scripts/torch_host', 'torchrun', '--nproc-per-node', 'N', '-m', module_, ...args].join(' '));
  const learner = new TorchLearner(options, { version, session, process: process_, checkpoint });
  try {
    const standing = await learner.racing((signal) =>
      awaitLearner(root, session, {
        timeoutMs: options.timeoutMs,
        signal: options.signal === undefined ? signal : AbortSignal.any([signal, options.signal]),
      }),
    );
    if (standing.version !== version)
      throw new EvomError(
        'E_LEARNER',
        `the learner stands at version ${standing.version}, the run at ${version}; start it again${checkpoint === null ? '' : ` with --from-checkpoint ${checkpoint}`}`,
      );
    return learner;
  } catch (error) {
    await learner.close();
    throw error;
  }
}

/**
 * torchrun keeps one store for all lives of its processes, and with it the addresses of the last life, which gloo would connect to
 * (torch 2.13): each life has a store of its own instead.
 */
const freshStore = { TORCH_DISABLE_SHARE_RDZV_TCP_STORE: '1' };

const isTorchrun = ({ processes, nodes = 1, restarts = 0 }: ProcessLayout): boolean => processes > 1 || nodes > 1 || restarts > 0;

type Spawned = Extract<TorchLearnerOptions['launch'], { type: 'spawn' }>;

/** The program that starts a learner, and its arguments: Python itself, or what starts it on each of several machines. */
export function learnerCommand(launch: Spawned, session: string, args: readonly string[]): { python: string; args: string[] } {
  const { launcher = [], nodes = 1, restarts = 0, snapshotEvery = 1 } = launch;
  if (nodes > 1 && (launch.rendezvous === undefined || launcher.length === 0))
    throw new EvomError(
      'E_CONFIG',
      'learner.torch.nodes above 1 needs learner.torch.launcher, which starts torchrun on each machine, and learner.torch.rendezvous, where they meet',
    );
  // On another machine the trainer's number is another process: there the launcher ends what it started.
  const parent = launcher.length === 0 ? ['--parent', String(process.pid)] : [];
  const snapshots = restarts > 0 ? ['--snapshot-every', String(snapshotEvery)] : [];
  const all = launchArguments(module_, { ...launch, id: session }, [...args, '--session', session, ...parent, ...snapshots]);
  const [first = launch.python, ...words] = [...launcher, launch.python];
  return { python: first, args: [...words, ...all] };
}

async function savedVersion(directory: string | null): Promise<number> {
  if (directory === null) return 0;
  const path = join(directory, optimizerStateFile);
  const { version } = await readSafetensorsMetadata(path);
  const number = Number(version);
  if (!Number.isSafeInteger(number)) throw new EvomError('E_CHECKPOINT', `${path}: metadata "version" is ${JSON.stringify(version)}`);
  return number;
}

interface Standing {
  readonly version: number;
  /** Names this trainer: a learner left over from a killed one ignores its steps. */
  readonly session: string | null;
  readonly process: PythonProcess | null;
  readonly checkpoint: string | null;
}

class TorchLearner implements Learner {
  private readonly options: TorchLearnerOptions;
  private readonly session: string | null;
  private readonly process: PythonProcess | null;
  private currentVersion: number;
  private current: string;
  /** Versions of the checkpoints that a learner which is started again may begin from: the last two. */
  private saved: readonly [number, number];
  /** Steps and saves wait for one another: a save never sees half an update. */
  private readonly inTurn = turns();

  constructor(options: TorchLearnerOptions, { version, session, process, checkpoint }: Standing) {
    this.options = options;
    this.session = session;
    this.process = process;
    this.currentVersion = version;
    this.saved = [version, version];
    // Under LoRA the sampler needs the adapter, which a checkpoint keeps beside the merged weights.
    const adapter = options.settings.lora !== null && options.stateDirectory !== null ? join(options.stateDirectory, 'adapter') : null;
    this.current = adapter ?? checkpoint ?? options.model;
  }

  get version(): number {
    return this.currentVersion;
  }

  step(batch: TrainingBatch, options: LearnerStepOptions): Promise<LearnerResult> {
    return this.inTurn(async () => {
      options.signal?.throwIfAborted();
      const { root, timeoutMs } = this.options;
      const from = this.currentVersion;
      const publishWeights = options.publishWeights ?? true;
      await publishBatches(root, from, [batch], from, {
        session: this.session,
        learning_rate_factor: options.learningRateFactor,
        publish_weights: publishWeights,
      });
      const answer = await this.racing((signal) => waitForAnswer(stepDirectory(root, from), { timeoutMs, signal }));
      if (answer.version !== from + 1)
        throw new EvomError('E_LEARNER', `the learner answered step ${from} with version ${answer.version} instead of ${from + 1}`);
      if (publishWeights) {
        const directory = weightsDirectory(root, from + 1);
        await whatIsPublished(directory, 'STABLE');
        this.current = directory;
      }
      this.currentVersion = from + 1;
      // A sampler that cannot take the new version goes back to the one that it serves.
      await pruneExchange(root, { step: this.replayedFrom(from) - 1, version: Math.min(from, options.keepWeightsFrom ?? from) - 1 });
      return { version: this.currentVersion, metrics: metricsFromJson(answer.metrics) };
    });
  }

  /** First step that a learner may have to take again; the newest checkpoint may not be published yet. */
  private replayedFrom(step: number): number {
    return this.options.launch.type === 'cluster' ? Math.min(step, this.saved[0]) : step;
  }

  /** What is waited for, or the fault that ended the process meanwhile; then nothing is waited for any more. */
  async racing<T>(wait: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const waiting = new AbortController();
    const result = wait(waiting.signal);
    try {
      return await (this.process === null ? result : Promise.race([result, this.process.ended]));
    } finally {
      waiting.abort();
    }
  }

  weights(): PolicyWeights {
    return { type: 'directory', version: this.currentVersion, directory: this.current };
  }

  save(directory: string): Promise<void> {
    return this.inTurn(async () => {
      const { root, timeoutMs } = this.options;
      const version = this.currentVersion;
      await publishSaveRequest(root, version, { session: this.session });
      await this.racing((signal) => waitForAnswer(saveRequestDirectory(root, version), { timeoutMs, signal }));
      const from = stateDirectory(root, version);
      const { files } = await whatIsPublished(from, 'STABLE');
      for (const name of Object.keys(files)) {
        await mkdir(dirname(join(directory, name)), { recursive: true });
        await moveFile(join(from, name), join(directory, name));
      }
      await rm(from, { recursive: true, force: true });
      await rm(saveRequestDirectory(root, version), { recursive: true, force: true });
      this.saved = [this.saved[1], version];
    });
  }

  close(): Promise<void> {
    const { launch, root } = this.options;
    if (launch.type === 'cluster') return this.inTurn(() => dismissLearner(root));
    return this.inTurn(async () => this.process?.stop(launch.type === 'spawn' && isTorchrun(launch) ? torchrunGraceMs : undefined));
  }
}

/** A checkpoint is published in the run's directory, from where it only has to be renamed; on another disk it is copied. */
async function moveFile(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
    await copyFile(from, to);
  }
}
