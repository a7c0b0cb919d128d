/** A training run on disk: steps, metrics, evaluations, checkpoints; each written whole, found again after a kill. */

import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeBatch } from '../batch/arrow.ts';
import { readRollouts, writeRollouts } from '../batch/rollouts.ts';
import { copyModelFiles } from '../checkpoint/hf-layout.ts';
import { modelCard } from '../checkpoint/model-card.ts';
import { publishDirectory, verifyDirectory } from '../checkpoint/publish.ts';
import type { RolloutGroup } from '../core/rollout.ts';
import type { TrainingBatch } from '../core/training.ts';
import type { Evaluation } from '../evaluate/evaluate.ts';
import { makeDirectory, writeFileAtomically } from '../lib/atomic-write.ts';
import { EvomError } from '../lib/errors.ts';
import { unlessMissing } from '../lib/file-fault.ts';
import { type Checkpoint, type CheckpointStore, openCheckpoints } from '../runs/checkpoints.ts';
import { type KeepSteps, removeOldSteps } from '../runs/kept-steps.ts';
import { type MetricsLog, openMetricsLog } from '../runs/metrics.ts';
import { discardStepsAfter, type RunPaths } from '../runs/run-directory.ts';
import { writeManifest } from '../servers/exchange.ts';
import { noTrackers, type SampleText, type Trackers } from '../trackers/tracker.ts';
import type { GatheredStep } from './gather.ts';
import type { RunStore, StepTexts, TrainState } from './loop.ts';
import type { StepMetrics } from './step-metrics.ts';

export const optimizerStateDirectory = 'evom_state';
const stateFile = 'train_state.json';
const carryFile = 'carry.arrow';
const aheadFile = 'ahead.arrow';

/** A batch sampled ahead, its groups by their ids: a group may be seen for one step and trained on in another. */
type StoredAhead = Omit<GatheredStep, 'groups' | 'seen'> & { readonly groups: readonly string[]; readonly seen: readonly string[] };

/** `train_state.json`; `ahead` is left out where nothing was sampled ahead. */
type StoredState = Omit<TrainState, 'carry' | 'ahead'> & { readonly carried: number; readonly ahead?: readonly StoredAhead[] };

export interface DiskStoreOptions {
  readonly paths: RunPaths;
  readonly keepLast: number;
  /** Folder whose `config.json`, tokenizer and generation settings every checkpoint gets. */
  readonly modelFrom: string;
  /** For the model card: how these weights came to be. */
  readonly card: { readonly summary: string; readonly command: string };
  /** Whose samples stay on disk; all when left out. */
  readonly keepSteps?: KeepSteps;
  /** Told of every step; nobody when left out. */
  readonly trackers?: Trackers;
}

/** Characters that a program printed, as they are kept. */
const mostPrinted = 8192;
/** Trackers show a few samples a step: of the first groups, the one that earned most. */
const mostSamples = 16;

function sampleTexts(groups: readonly RolloutGroup[]): SampleText[] {
  return groups.slice(0, mostSamples).flatMap(({ problem, prompt, rollouts }) => {
    const [best] = [...rollouts].sort(
      (a, b) => (b.reward.value ?? Number.NEGATIVE_INFINITY) - (a.reward.value ?? Number.NEGATIVE_INFINITY),
    );
    if (best === undefined) return [];
    const { reward, outcome, completionText } = best;
    return [
      {
        problem: problem.id,
        prompt: prompt.text,
        completion: completionText,
        reward: reward.value,
        status: outcome.status,
        flags: reward.flags,
      },
    ];
  });
}

/** Opens the checkpoints of a run, newest first in line for `--resume`. */
export function checkpointsOf(paths: RunPaths, keepLast: number): CheckpointStore {
  return openCheckpoints(paths.directory, { keepLast, format: { publish: publishDirectory, verify: async (dir) => verifyDirectory(dir) } });
}

/** What `saveCheckpoint` stored beside the weights. */
export async function readTrainState(directory: string): Promise<TrainState> {
  const path = join(directory, optimizerStateDirectory, stateFile);
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new EvomError(
      'E_CHECKPOINT',
      `${path} cannot be read: this checkpoint has no training state; use --checkpoint to start a new run from it`,
      {
        cause,
      },
    );
  });
  const { carried, ahead = [], ...state } = JSON.parse(text) as StoredState;
  const stored = (file: string) => readRollouts(join(directory, optimizerStateDirectory, file));
  const groups = new Map(ahead.length === 0 ? [] : (await stored(aheadFile)).map((group) => [group.groupId, group]));
  const named = (id: string): RolloutGroup => {
    const group = groups.get(id);
    if (group === undefined) throw new EvomError('E_CHECKPOINT', `${path} names group ${id}, which ${aheadFile} lacks`);
    return group;
  };
  return {
    ...state,
    carry: carried === 0 ? [] : await stored(carryFile),
    ahead: ahead.map((one) => ({ ...one, groups: one.groups.map(named), seen: one.seen.map(named) })),
  };
}

/** The store of a run that begins, or goes on from a checkpoint: whatever lies after it is deleted, and made again. */
export class DiskRunStore implements RunStore {
  readonly #options: DiskStoreOptions;
  readonly #checkpoints: CheckpointStore;
  readonly #metrics: MetricsLog;
  readonly #trackers: Trackers;
  #samples: readonly SampleText[] = [];

  private constructor(options: DiskStoreOptions, checkpoints: CheckpointStore, metrics: MetricsLog) {
    this.#options = options;
    this.#checkpoints = checkpoints;
    this.#metrics = metrics;
    this.#trackers = options.trackers ?? noTrackers;
  }

  static async open(options: DiskStoreOptions, from: Checkpoint | null): Promise<DiskRunStore> {
    const { directory } = options.paths;
    const step = from?.step ?? 0;
    const checkpoints = checkpointsOf(options.paths, options.keepLast);
    await checkpoints.removeAfter(step);
    await discardStepsAfter(directory, step);
    const metrics = await openMetricsLog(directory, { lastStep: step });
    return new DiskRunStore(options, checkpoints, metrics);
  }

  /** What a resumed run has lost of its metrics, in a sentence; null where every step up to the checkpoint has its line. */
  get lostMetrics(): string | null {
    const { missing } = this.#metrics;
    const [first] = missing;
    if (first === undefined) return null;
    const steps = missing.length === 1 ? `step ${first}` : `${missing.length} steps, the first of them ${first}`;
    return `metrics.jsonl has no line of ${steps}, though the checkpoint is later: the file was damaged or is a partial copy; these figures are lost, the weights are not`;
  }

  async writeStep(step: number, groups: readonly RolloutGroup[], batches: readonly TrainingBatch[], weightVersion: number): Promise<void> {
    const directory = this.#options.paths.step(step);
    await rm(directory, { recursive: true, force: true });
    await makeDirectory(directory);
    await writeRollouts(join(directory, 'rollouts.arrow'), groups, { mostPrinted });
    this.#samples = sampleTexts(groups);
    const name = (i: number): string => (batches.length === 1 ? 'batch.arrow' : `batch-${String(i).padStart(3, '0')}.arrow`);
    for (const [i, batch] of batches.entries()) await writeBatch(join(directory, name(i)), batch);
    await writeManifest(directory, {
      step,
      weight_version: weightVersion,
      groups: groups.length,
      rows: batches.reduce((sum, batch) => sum + batch.rows.length, 0),
    });
  }

  async appendMetrics(step: number, metrics: StepMetrics, { names, alarms }: StepTexts): Promise<void> {
    await this.#metrics.append(step, { ...metrics, ...names, ...(alarms.length === 0 ? {} : { alarms: alarms.join('\n') }) });
    this.#trackers.step({ step, metrics, samples: this.#samples, alarms });
    this.#samples = [];
  }

  async saveEvaluation(step: number, evaluations: readonly Evaluation[]): Promise<void> {
    if (evaluations.length === 0) return;
    await makeDirectory(join(this.#options.paths.directory, 'evaluations'));
    await writeFileAtomically(this.#options.paths.evaluation(step), `${JSON.stringify(evaluations)}\n`);
  }

  /** Evaluations of a step as `saveEvaluation` stored them; null when there are none. */
  async readEvaluation(step: number): Promise<Evaluation[] | null> {
    const path = this.#options.paths.evaluation(step);
    const text = await unlessMissing(path, readFile(path, 'utf8'));
    if (text === null) return null;
    try {
      return JSON.parse(text) as Evaluation[];
    } catch (cause) {
      throw new EvomError('E_RUN', `${path} is not JSON; delete it, and the evaluation is made again`, { cause });
    }
  }

  async saveCheckpoint(state: TrainState, learner: { save(directory: string): Promise<void> }): Promise<void> {
    await this.#metrics.sync();
    const { carry, ahead, ...plain } = state;
    const ids = (groups: readonly RolloutGroup[]): string[] => groups.map((group) => group.groupId);
    const stored: StoredState = {
      ...plain,
      carried: carry.length,
      ...(ahead.length === 0 ? {} : { ahead: ahead.map((one) => ({ ...one, groups: ids(one.groups), seen: ids(one.seen) })) }),
    };
    const aheadGroups = new Map(ahead.flatMap(({ groups, seen }) => [...groups, ...seen]).map((group) => [group.groupId, group]));
    await this.#checkpoints.save(state.step, async (directory) => {
      await copyModelFiles(this.#options.modelFrom, directory);
      await learner.save(directory);
      const stateDirectory = join(directory, optimizerStateDirectory);
      if (carry.length > 0) await writeRollouts(join(stateDirectory, carryFile), carry);
      if (aheadGroups.size > 0) await writeRollouts(join(stateDirectory, aheadFile), [...aheadGroups.values()]);
      await writeFile(join(stateDirectory, stateFile), `${JSON.stringify(stored)}\n`);
      await writeFile(join(directory, 'README.md'), this.#card(state.step));
    });
    // Only now: a resume makes the steps after this checkpoint again, and none before it.
    await removeOldSteps(this.#options.paths.directory, state.step, this.#options.keepSteps ?? 'all');
  }

  async close(): Promise<void> {
    await this.#metrics.close();
    await this.#trackers.close();
  }

  #card(step: number): string {
    const { summary, command } = this.#options.card;
    return modelCard({ name: `evom checkpoint, step ${step}`, summary, command });
  }
}
