/** The embedded learner: gradient steps by onnxruntime in worker threads, weights and moments in shared memory. */
import { mkdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type DecoderConfig, parseDecoderConfig } from '../../checkpoint/decoder-config.ts';
import { readModelConfig, readWeights } from '../../checkpoint/hf-layout.ts';
import { verifyDirectory } from '../../checkpoint/publish.ts';
import type { TrainingBatch } from '../../core/training.ts';
import type { PolicyWeights } from '../../core/weights.ts';
import { EvomError } from '../../lib/errors.ts';
import { writeSafetensors } from '../../lib/safetensors.ts';
import { turns } from '../../lib/turns.ts';
import { type Learner, type LearnerResult, type LearnerStepOptions, optimizerStateFile } from '../../policy/learner.ts';
import { checkOptimizerConfig, type OptimizerConfig } from '../../policy/optimizer-config.ts';
import { type GradientPlan, gradientPlan } from './large-models.ts';
import { assignToThreads, packMicroBatches } from './micro-batches.ts';
import { shareParameters } from './optimizer.ts';
import { loadOptimizerState, optimizerTensors } from './optimizer-state.ts';
import { fillFromTensors, type ParameterLayout, parameterLayout, parameterViews } from './parameters.ts';
import { emptyStatistics, mergeStatistics, statisticsMetrics } from './step-statistics.ts';
import { trainingSequences } from './training-sequence.ts';
import { WorkerTeam } from './worker-team.ts';

export interface OnnxLearnerOptions {
  /** A Hugging Face checkpoint directory, or its parts. */
  readonly model:
    | { readonly directory: string }
    | {
        readonly config: DecoderConfig;
        readonly tensors: ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: Float32Array }>;
      };
  readonly optimizer: OptimizerConfig;
  /** Worker threads; results are bit-identical for equal counts only. The machine's cores by default. */
  readonly threads?: number;
  /** Token rows of one graph run (default 2048): bounds memory, and fits caches when small. Large models run fewer at once (`gradientPlan`). */
  readonly microBatchTokens?: number;
  /** Directory with the `optimizer.safetensors` of an earlier `save` (its `evom_state`): moments, step and version go on. */
  readonly stateDirectory?: string;
  /** Consecutive steps with a gradient that is not finite before the learner gives up (default 5). */
  readonly maxSkippedSteps?: number;
}

/**
 * Opens a learner on a checkpoint.
 *
 * @throws {EvomError} `E_CHECKPOINT` for a model it cannot train, `E_CONFIG` for optimizer values out of range.
 */
export async function createOnnxLearner(options: OnnxLearnerOptions): Promise<Learner> {
  checkOptimizerConfig(options.optimizer);
  const { model } = options;
  const source = 'directory' in model ? model.directory : 'the given model';
  const { config, tensors } = 'directory' in model ? await readModel(model.directory) : model;
  const learner = new OnnxLearner(config, options);
  try {
    fillFromTensors(learner.layout, learner.weightValues, tensors, source);
    if (options.stateDirectory !== undefined) await learner.loadState(options.stateDirectory);
  } catch (error) {
    await learner.close();
    throw error;
  }
  return learner;
}

async function readModel(directory: string) {
  await verifyDirectory(directory);
  return {
    config: parseDecoderConfig(await readModelConfig(directory), join(directory, 'config.json')),
    tensors: await readWeights(directory),
  };
}

class OnnxLearner implements Learner {
  readonly layout: ParameterLayout;
  readonly weightValues: Float32Array;
  private readonly first: Float32Array;
  private readonly second: Float32Array;
  private readonly optimizer: OptimizerConfig;
  private readonly team: WorkerTeam;
  private readonly plan: GradientPlan;
  private readonly maxSkippedSteps: number;
  private readonly maxPositions: number;
  private currentVersion = 0;
  private updates = 0;
  private skippedInARow = 0;
  /** Steps and saves wait for one another: a save never sees half an update. */
  private readonly inTurn = turns();

  constructor(config: DecoderConfig, options: OnnxLearnerOptions) {
    const threads = options.threads ?? availableParallelism();
    this.maxSkippedSteps = options.maxSkippedSteps ?? 5;
    this.maxPositions = config.maxPositions;
    this.optimizer = options.optimizer;
    this.layout = parameterLayout(config);
    const shared = () => new SharedArrayBuffer(4 * this.layout.total);
    const [weights, first, second] = [shared(), shared(), shared()];
    this.plan = gradientPlan(config, this.layout.total, threads, options.microBatchTokens ?? 2048);
    const { workers, session } = this.plan;
    const gradients = Array.from({ length: workers }, shared);
    this.weightValues = new Float32Array(weights);
    this.first = new Float32Array(first);
    this.second = new Float32Array(second);
    const shares = shareParameters(options.optimizer, this.layout.parameters, threads);
    this.team = new WorkerTeam(
      shares.map((share, index) => ({
        config,
        optimizer: options.optimizer,
        index,
        share,
        weights,
        first,
        second,
        gradients,
        session: index < workers ? session : null,
      })),
    );
  }

  get version(): number {
    return this.currentVersion;
  }

  step(batch: TrainingBatch, options: LearnerStepOptions): Promise<LearnerResult> {
    return this.inTurn(() => this.runStep(batch, options));
  }

  private async runStep(batch: TrainingBatch, options: LearnerStepOptions): Promise<LearnerResult> {
    options.signal?.throwIfAborted();
    const { loss } = batch.metadata;
    const sequences = trainingSequences(batch.rows, batch.metadata);
    for (const { rowIndex, context, read } of sequences) {
      const length = context.length + read.length + 1;
      if (length > this.maxPositions + 1) {
        throw new EvomError(
          'E_BATCH',
          `row ${batch.rows[rowIndex]?.sampleId}: ${length} tokens, but the model has ${this.maxPositions} positions`,
        );
      }
    }
    const statistics = emptyStatistics();
    const { microBatchTokens, workers } = this.plan;
    const microBatches = packMicroBatches(sequences, { microBatchTokens, threads: workers });
    const assigned = assignToThreads(microBatches, workers);
    const replies = await this.team.askAll((index) => ({ type: 'gradient', batches: assigned[index] ?? [], loss }));
    for (const reply of replies) mergeStatistics(statistics, reply.statistics);
    const norm = await this.gradientNorm();
    // Up to here nothing has changed: an interrupted step leaves no trace.
    options.signal?.throwIfAborted();
    const isUsable = sequences.length > 0 && Number.isFinite(norm);
    if (isUsable) await this.update(norm, options.learningRateFactor);
    this.skippedInARow = isUsable || sequences.length === 0 ? 0 : this.skippedInARow + 1;
    if (this.skippedInARow > this.maxSkippedSteps) {
      throw new EvomError(
        'E_LEARNER',
        `the gradient was not finite in ${this.skippedInARow} steps in a row; lower the learning rate or go back to an earlier checkpoint`,
      );
    }
    this.currentVersion += 1;
    return {
      version: this.currentVersion,
      metrics: {
        ...statisticsMetrics(statistics, loss),
        grad_norm: norm,
        skipped: isUsable ? 0 : 1,
        micro_batches: microBatches.length,
      },
    };
  }

  /** Sums the workers' gradients and returns the global 2-norm, added up in the order of parameters. */
  private async gradientNorm(): Promise<number> {
    const replies = await this.team.askAll(() => ({ type: 'reduce' }));
    const squares = replies.flatMap((reply) => reply.squares).sort(([a], [b]) => a - b);
    return Math.sqrt(squares.reduce((sum, [, square]) => sum + square, 0));
  }

  private async update(norm: number, learningRateFactor: number): Promise<void> {
    const { maxGradNorm } = this.optimizer;
    const gradientScale = maxGradNorm === null ? 1 : Math.min(1, maxGradNorm / (norm + 1e-6)); // 1e-6 as in torch's clip_grad_norm_
    this.updates += 1;
    await this.team.askAll(() => ({ type: 'update', options: { learningRateFactor, step: this.updates, gradientScale } }));
  }

  weights(): PolicyWeights & { readonly type: 'tensors' } {
    return { type: 'tensors', version: this.currentVersion, tensors: parameterViews(this.layout, this.weightValues) };
  }

  save(directory: string): Promise<void> {
    return this.inTurn(() => this.writeState(directory));
  }

  private async writeState(directory: string): Promise<void> {
    const copy = this.weightValues.slice(); // out of shared memory, which not every writer takes
    const state = optimizerTensors(this.optimizer, this.layout, this.first.slice(), this.second.slice());
    const counters = {
      version: String(this.currentVersion),
      updates: String(this.updates),
      skippedInARow: String(this.skippedInARow),
      optimizer: this.optimizer.type,
    };
    const views = parameterViews(this.layout, copy);
    await writeSafetensors(
      join(directory, 'model.safetensors'),
      new Map(this.layout.parameters.map(({ name, shape }) => [name, { shape, data: views.get(name) as Float32Array }])),
    );
    await mkdir(join(directory, 'evom_state'), { recursive: true });
    await writeSafetensors(join(directory, 'evom_state', optimizerStateFile), state, counters);
  }

  /** Takes moments and counters from the directory of an earlier `save`. */
  async loadState(directory: string): Promise<void> {
    const counters = await loadOptimizerState(join(directory, optimizerStateFile), this.optimizer, this.layout, this.first, this.second);
    this.currentVersion = counters.version;
    this.updates = counters.updates;
    this.skippedInARow = counters.skippedInARow;
  }

  close(): Promise<void> {
    return this.inTurn(() => this.team.close());
  }
}
