/** Loss and gradient of micro-batches at given weights, on the calling thread (which it blocks while a graph runs). */

import type { DecoderConfig } from '../../checkpoint/decoder-config.ts';
import type { LossConfig } from '../../core/training.ts';
import { createSession, type Session, type SessionOptions, shapeFeeds, type Tensor } from '../nn/session.ts';
import { type LossForm, lossForm } from './loss-graph.ts';
import type { MicroBatch } from './micro-batches.ts';
import { type ParameterLayout, parameterLayout } from './parameters.ts';
import { correctedForSampler } from './sampler-correction.ts';
import { addTokenStatistics, type StepStatistics } from './step-statistics.ts';
import { buildTrainingGraph, gradientPrefix, outputs, type TrainingGraph } from './training-graph.ts';

const hidden = -1e9; // added to a score that must not be seen; exp underflows to 0

export class GradientEngine {
  readonly layout: ParameterLayout;
  private readonly config: DecoderConfig;
  private readonly sessions = new Map<string, { readonly graph: TrainingGraph; readonly session: Session }>();
  /** The engine's own copy of the weights: onnxruntime does not read shared memory. */
  private readonly weights: Float32Array;
  private readonly weightFeeds: Readonly<Record<string, Tensor>>;
  /** The parameters' gradients of one graph run, which writes them here. */
  private readonly results: ReadonlyMap<string, Tensor>;

  private readonly options: SessionOptions;

  /** @param options of the graph's session. */
  constructor(config: DecoderConfig, options: SessionOptions = {}) {
    this.config = config;
    this.options = options;
    this.layout = parameterLayout(config);
    this.weights = new Float32Array(this.layout.total);
    const views = (flat: Float32Array, prefix: string): [string, Tensor][] =>
      this.layout.parameters.map(({ name, shape, offset, length }) => [
        `${prefix}${name}`,
        { data: flat.subarray(offset, offset + length), shape },
      ]);
    this.weightFeeds = Object.fromEntries(views(this.weights, ''));
    this.results = new Map(views(new Float32Array(this.layout.total), gradientPrefix));
  }

  /** Copies the weights to compute with. */
  setWeights(flat: Float32Array): void {
    this.weights.set(flat);
  }

  /** Adds the gradient of a micro-batch's loss to `gradient` (flat, see `parameterLayout`) and its figures to `statistics`. */
  async accumulate(given: MicroBatch, loss: LossConfig, gradient: Float32Array, statistics: StepStatistics): Promise<void> {
    const form = lossForm(loss);
    const { graph, session } = await this.sessionFor(form);
    const run = (one: MicroBatch, wanted: readonly string[]) =>
      session.run({ ...this.weightFeeds, ...shapeFeeds(graph.shapeInputs, one.sizes), ...feeds(one, form, loss) }, wanted, this.results);
    const correction = loss.type === 'policy_gradient' ? (loss.samplerCorrection ?? null) : null;
    // The weights depend on log-probabilities before the step: a run more, where they are asked for.
    const batch =
      correction === null
        ? given
        : correctedForSampler(given, ((await run(given, [outputs.logprobs]))[outputs.logprobs] as Tensor).data as Float32Array, correction);
    const results = await run(batch, graph.outputs);
    const floats = (name: string) => (results[name] as Tensor).data as Float32Array;
    for (const { name, offset } of this.layout.parameters) {
      const result = results[`${gradientPrefix}${name}`];
      if (result !== undefined) addInto(gradient, offset, result.data as Float32Array);
    }
    const width = this.config.hiddenSize;
    const offsetOf = (table: string) => this.layout.parameters.find(({ name }) => name === table)?.offset ?? 0;
    addRows(gradient, offsetOf(graph.inputTable), batch.ids, floats(outputs.inputRows), width);
    addRows(gradient, offsetOf(graph.targetTable), batch.targets, floats(outputs.targetRows), width);
    const ratio = results[outputs.ratio]?.data as Float32Array | undefined;
    addTokenStatistics(statistics, batch, loss, {
      logprobs: floats(outputs.logprobs),
      entropy: floats(outputs.entropy),
      loss: floats(outputs.loss),
      ratio: ratio ?? null,
    });
  }

  private async sessionFor(form: LossForm) {
    const key = JSON.stringify(form);
    let entry = this.sessions.get(key);
    if (entry === undefined) {
      const graph = buildTrainingGraph(this.config, form);
      entry = { graph, session: await createSession(graph.model, this.options) };
      this.sessions.set(key, entry);
    }
    return entry;
  }

  async close(): Promise<void> {
    for (const { session } of this.sessions.values()) await session.close();
    this.sessions.clear();
  }
}

function addInto(sum: Float32Array, offset: number, values: Float32Array): void {
  for (let i = 0; i < values.length; i++) sum[offset + i] = (sum[offset + i] as number) + (values[i] as number);
}

/** Adds each row to the table row of its id: exact at duplicate ids, unlike ScatterND in a graph. */
function addRows(sum: Float32Array, offset: number, ids: Int32Array, rows: Float32Array, width: number): void {
  for (let r = 0; r < ids.length; r++) {
    const to = offset + (ids[r] as number) * width;
    const from = r * width;
    for (let i = 0; i < width; i++) sum[to + i] = (sum[to + i] as number) + (rows[from + i] as number);
  }
}

function feeds(batch: MicroBatch, form: LossForm, loss: LossConfig): Record<string, Tensor> {
  const { B, G, P, C, N, S } = batch.sizes;
  const R = B * G * C;
  const perToken = (name: keyof MicroBatch['columns']): Record<string, Tensor> => ({
    [name]: { data: batch.columns[name], shape: [R, 1] },
  });
  const base = {
    ids: { data: batch.ids, shape: [N] },
    positions: { data: positions(batch), shape: [N, 1] },
    prompt_bias: { data: causalBias(P), shape: [1, P, P] },
    completion_bias: { data: completionBias(batch), shape: [B, 1, C, S] },
    targets: { data: batch.targets, shape: [R, 1] },
    ...perToken('inverse_temperature'),
    ...perToken('weight'),
  };
  if (form.type === 'cross_entropy' || loss.type === 'cross_entropy') return base;
  return {
    ...base,
    ...perToken('advantage'),
    ...perToken('old_logprob'),
    ...clipBounds(form, loss),
    ...(form.surrogate === 'ppo' ? perToken('dual_bound') : {}),
    ...(form.ratio === 'sequence' ? perToken('row_mean_weight') : {}),
    ...(form.kl === null ? {} : { ...perToken('ref_logprob'), ...perToken('kl_weight') }),
  };
}

/** Bounds of the ratio, or under `dppo` of what the probability may move; none under `sapo`. */
function clipBounds({ surrogate }: LossForm & { type: 'policy_gradient' }, loss: LossConfig & { type: 'policy_gradient' }) {
  if (surrogate === 'sapo') return {};
  const centre = surrogate === 'dppo' ? 0 : 1;
  const scalar = (value: number): Tensor => ({ data: Float32Array.of(value), shape: [] });
  return { clip_min: scalar(centre - loss.clipLow), clip_max: scalar(centre + loss.clipHigh) };
}

function positions({ sizes: { B, G, P, C, N }, contextLengths }: MicroBatch): BigInt64Array {
  const out = new BigInt64Array(N);
  for (let b = 0; b < B; b++) for (let p = 0; p < P; p++) out[b * P + p] = BigInt(p);
  for (let row = 0; row < B * G; row++) {
    const start = contextLengths[Math.floor(row / G)] as number;
    for (let c = 0; c < C; c++) out[B * P + row * C + c] = BigInt(start + c);
  }
  return out;
}

function causalBias(length: number): Float32Array {
  const out = new Float32Array(length * length);
  for (let i = 0; i < length; i++) out.fill(hidden, i * length + i + 1, (i + 1) * length);
  return out;
}

function completionBias({ sizes: { B, P, C, S }, contextLengths }: MicroBatch): Float32Array {
  const out = new Float32Array(B * C * S);
  for (let b = 0; b < B; b++) {
    for (let c = 0; c < C; c++) {
      const row = (b * C + c) * S;
      out.fill(hidden, row + (contextLengths[b] as number), row + P);
      out.fill(hidden, row + P + c + 1, row + S);
    }
  }
  return out;
}
