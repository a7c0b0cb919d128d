/**
 * Samples a list of prompts with one decode session: rows that end leave the batch at once, and the next prompts take
 * their place when enough rows are free. What happens depends only on the requests and the weights, never on time.
 */
import { largest } from '../../lib/extremes.ts';
import { type RandomStream, randomStream } from '../../lib/random.ts';
import type { SamplingParams } from '../../policy/policy.ts';
import { shapeFeeds, type Tensor } from '../nn/session.ts';
import { type DecoderEngine, floats } from './decoder-engine.ts';
import { KvCache } from './kv-cache.ts';
import { prefillPrompts } from './prefill.ts';
import { drawToken, entropyFromParts, reportedTemperature } from './sampling.ts';

/** A prompt and some of its samples; `key` is the caller's. */
export interface SampleUnit {
  readonly requestIndex: number;
  readonly promptIds: Int32Array;
  readonly samples: readonly { readonly index: number; readonly seed: string }[];
}

/** A completion as it leaves the batch; see `Completion`. */
export interface SampledCompletion {
  readonly requestIndex: number;
  readonly sampleIndex: number;
  readonly tokenIds: Int32Array;
  readonly logprobs: Float32Array;
  readonly entropy: number;
  readonly finishReason: 'stop' | 'length';
}

export interface BatchSamplerOptions {
  /** Most rows decoded together. */
  readonly batchRows: number;
  /** New prompts come in when no more than this share of `batchRows` is busy. */
  readonly refillBelow: number;
  readonly emit: (completion: SampledCompletion) => void;
  /** Asked before each step; true stops the work. */
  readonly isAborted: () => boolean;
}

const masked = -1e9;

/** One sample being decoded. */
interface Row {
  readonly unit: SampleUnit;
  readonly sampleIndex: number;
  readonly stream: RandomStream;
  readonly tokenIds: number[];
  readonly logprobs: number[];
  entropySum: number;
  /** Slot of its prompt in the prefix cache. */
  prefix: number;
  /** Tokens of its own in the cache. */
  cached: number;
}

/** One prompt whose samples are being decoded. */
interface Prefix {
  readonly length: number;
  live: number;
}

/** Samples every unit; completions are emitted as they end, in an order that the requests decide. */
export async function sampleUnits(
  engine: DecoderEngine,
  units: readonly SampleUnit[],
  params: SamplingParams,
  options: BatchSamplerOptions,
): Promise<void> {
  const batch = new DecodingBatch(engine, params, options);
  let next = 0;
  while (!options.isAborted()) {
    const incoming: SampleUnit[] = [];
    if (batch.numRows <= options.refillBelow * options.batchRows) {
      let rows = batch.numRows;
      for (
        let unit = units[next];
        unit !== undefined && (rows === 0 || rows + unit.samples.length <= options.batchRows);
        unit = units[next]
      ) {
        incoming.push(unit);
        rows += unit.samples.length;
        next++;
      }
    }
    if (incoming.length > 0) await batch.admit(incoming);
    if (batch.numRows > 0) await batch.step();
    else if (next === units.length) return;
  }
}

class DecodingBatch {
  private readonly engine: DecoderEngine;
  private readonly params: SamplingParams;
  private readonly options: BatchSamplerOptions;
  private readonly inverseTemperature: Tensor;
  private rows: Row[] = [];
  private prefixes: Prefix[] = [];
  private readonly rowCache: KvCache;
  private prefixCache: KvCache;
  /** What depends on which rows there are, rebuilt when that changes. */
  private layout: { readonly feeds: Record<string, Tensor>; readonly mask: Float32Array; readonly width: number } | null = null;

  constructor(engine: DecoderEngine, params: SamplingParams, options: BatchSamplerOptions) {
    this.engine = engine;
    this.params = params;
    this.options = options;
    this.inverseTemperature = { data: Float32Array.of(1 / reportedTemperature(params.temperature)), shape: [1] };
    this.rowCache = new KvCache(engine.config, 0, 0);
    this.prefixCache = new KvCache(engine.config, 0, 0);
  }

  get numRows(): number {
    return this.rows.length;
  }

  /** Reads the prompts once each and draws the first token of each of their samples. */
  async admit(units: readonly SampleUnit[]): Promise<void> {
    const longest = largest([...units.map((unit) => unit.promptIds.length), ...this.prefixes.map((prefix) => prefix.length)]);
    this.prefixCache.reshape(this.prefixes.length + units.length, longest, this.prefixes.length, longest);
    const first = this.prefixes.length;
    const read = await prefillPrompts(
      this.engine,
      units.map((unit) => unit.promptIds),
      this.inverseTemperature,
      this.prefixCache,
      first,
    );
    for (const [i, unit] of units.entries()) {
      this.prefixes.push({ length: unit.promptIds.length, live: unit.samples.length });
      for (const sample of unit.samples)
        this.rows.push({
          unit,
          sampleIndex: sample.index,
          stream: randomStream(sample.seed),
          tokenIds: [],
          logprobs: [],
          entropySum: 0,
          prefix: first + i,
          cached: 0,
        });
    }
    const firstRow = this.rows.length - units.reduce((sum, unit) => sum + unit.samples.length, 0);
    const ended: number[] = [];
    for (let r = firstRow; r < this.rows.length; r++) {
      const row = this.rows[r] as Row;
      const { probs, entropy } = read[row.prefix - first] as { probs: Float32Array; entropy: number };
      if (this.draw(row, probs, entropy)) ended.push(r);
    }
    this.rowCache.reshape(
      Math.max(this.rows.length, this.options.batchRows),
      this.rowCache.columnsFor(this.neededColumns()),
      firstRow,
      this.rowCache.columns,
    );
    this.layout = null;
    this.remove(ended);
  }

  private neededColumns(): number {
    return this.rows.reduce((most, row) => Math.max(most, row.cached), 0) + 1;
  }

  /** Feeds each row its last token, stores the keys and values of that token, draws the next. */
  async step(): Promise<void> {
    const { config, newKeys, newValues } = this.engine;
    const columns = this.rowCache.columnsFor(this.neededColumns());
    if (columns !== this.rowCache.columns) {
      this.rowCache.reshape(Math.max(this.rows.length, this.options.batchRows), columns, this.rows.length, this.rowCache.columns);
      this.layout = null;
    }
    this.layout ??= this.buildLayout();
    const { feeds, mask, width } = this.layout;
    const numRows = this.rows.length;
    const ids = new Int32Array(numRows);
    const positions = new BigInt64Array(numRows);
    for (const [r, row] of this.rows.entries()) {
      ids[r] = row.tokenIds.at(-1) as number;
      positions[r] = BigInt((this.prefixes[row.prefix] as Prefix).length + row.cached);
    }
    const out = await this.engine.decode.run({
      ...feeds,
      ids: { data: ids, shape: [numRows] },
      positions: { data: positions, shape: [numRows, 1] },
    });
    for (let l = 0; l < config.numLayers; l++) {
      const keys = floats(out, newKeys[l] as string);
      const values = floats(out, newValues[l] as string);
      const rowSize = config.numKeyValueHeads * config.headDim;
      for (const [r, row] of this.rows.entries()) this.rowCache.writeColumn(l, r, row.cached, keys, values, r * rowSize);
    }
    const probs = floats(out, 'probs');
    const parts = floats(out, 'entropy_parts');
    const ended: number[] = [];
    for (const [r, row] of this.rows.entries()) {
      mask[r * width + this.prefixCache.columns + row.cached] = 0;
      row.cached++;
      const distribution = probs.subarray(r * config.vocabSize, (r + 1) * config.vocabSize);
      if (this.draw(row, distribution, entropyFromParts(parts, r))) ended.push(r);
    }
    this.remove(ended);
  }

  /** Draws a row's next token; true when that ends it (and then it has been emitted). */
  private draw(row: Row, probs: Float32Array, entropy: number): boolean {
    const token = drawToken(probs, this.params, this.params.temperature === 0 ? 0 : row.stream.next());
    row.tokenIds.push(token);
    row.logprobs.push(Math.log(probs[token] as number));
    row.entropySum += entropy;
    const stopped = this.engine.stopIds.includes(token);
    if (!stopped && row.tokenIds.length < this.params.maxTokens) return false;
    this.options.emit({
      requestIndex: row.unit.requestIndex,
      sampleIndex: row.sampleIndex,
      tokenIds: Int32Array.from(row.tokenIds),
      logprobs: Float32Array.from(row.logprobs),
      entropy: row.entropySum / row.tokenIds.length,
      finishReason: stopped ? 'stop' : 'length',
    });
    return true;
  }

  /** Drops rows (ascending indices): the last row moves into each hole, and so do prompts without rows. */
  private remove(ended: readonly number[]): void {
    if (ended.length === 0) return;
    this.layout = null;
    for (const r of ended.toReversed()) {
      (this.prefixes[(this.rows[r] as Row).prefix] as Prefix).live--;
      const last = this.rows.pop() as Row;
      if (r === this.rows.length) continue;
      this.rows[r] = last;
      this.rowCache.moveSlot(this.rows.length, r);
    }
    for (let p = this.prefixes.length - 1; p >= 0; p--) {
      if ((this.prefixes[p] as Prefix).live > 0) continue;
      const last = this.prefixes.pop() as Prefix;
      if (p === this.prefixes.length) continue;
      this.prefixes[p] = last;
      this.prefixCache.moveSlot(this.prefixes.length, p);
      for (const row of this.rows) if (row.prefix === this.prefixes.length) row.prefix = p;
    }
  }

  private buildLayout() {
    const { config, decodeShapes } = this.engine;
    const { numKeyValueHeads: heads, headDim } = config;
    const numRows = this.rows.length;
    const numPrefixes = this.prefixes.length;
    const cells = largest(this.prefixes.map((prefix) => prefix.live));
    const toGrid = new Int32Array(numPrefixes * heads * cells);
    const toRows = new Int32Array(numRows * heads);
    const prefixColumns = this.prefixCache.columns;
    const width = prefixColumns + this.rowCache.columns + 1;
    const mask = new Float32Array(numRows * width).fill(masked);
    const taken = new Int32Array(numPrefixes);
    for (const [r, row] of this.rows.entries()) {
      const cell = taken[row.prefix] as number;
      taken[row.prefix] = cell + 1;
      for (let head = 0; head < heads; head++) {
        const at = (row.prefix * heads + head) * cells + cell;
        toGrid[at] = r * heads + head;
        toRows[r * heads + head] = at;
      }
      mask.fill(0, r * width, r * width + (this.prefixes[row.prefix] as Prefix).length);
      mask.fill(0, r * width + prefixColumns, r * width + prefixColumns + row.cached);
      mask[(r + 1) * width - 1] = 0;
    }
    const sizes = { R: numRows, P: numPrefixes, K: heads, S: cells, Tp: prefixColumns, C: this.rowCache.columns };
    const feeds: Record<string, Tensor> = {
      ...shapeFeeds(decodeShapes, sizes),
      inverse_temperature: this.inverseTemperature,
      to_grid: { data: toGrid, shape: [toGrid.length] },
      to_rows: { data: toRows, shape: [toRows.length] },
      mask: { data: mask, shape: [numRows, 1, 1, width] },
      part_sizes: { data: BigInt64Array.of(BigInt(prefixColumns), BigInt(this.rowCache.columns), 1n), shape: [3] },
    };
    const view = (cache: KvCache, data: Float32Array, slots: number): Tensor => ({
      data: data.subarray(0, slots * cache.slotSize),
      shape: [slots, heads, cache.columns, headDim],
    });
    for (let l = 0; l < config.numLayers; l++) {
      feeds[`prefix_key.${l}`] = view(this.prefixCache, this.prefixCache.keys[l] as Float32Array, numPrefixes);
      feeds[`prefix_value.${l}`] = view(this.prefixCache, this.prefixCache.values[l] as Float32Array, numPrefixes);
      feeds[`key.${l}`] = view(this.rowCache, this.rowCache.keys[l] as Float32Array, numRows);
      feeds[`value.${l}`] = view(this.rowCache, this.rowCache.values[l] as Float32Array, numRows);
    }
    return { feeds, mask, width };
  }
}
