/** Keys and values of the rows being decoded, as typed arrays that the decode graph reads in place. */
import type { DecoderConfig } from '../../checkpoint/decoder-config.ts';

/** Columns are added this many at a time, so that attention never scans a full-length buffer. */
const growthColumns = 16;

/** One cache a layer, laid out [slots, heads, columns, headDim]; slots in use are the first ones. */
export class KvCache {
  /** [layers] keys and values. */
  keys: Float32Array[];
  values: Float32Array[];
  columns: number;
  private readonly numLayers: number;
  private readonly heads: number;
  private readonly headDim: number;
  private slots: number;

  constructor(config: DecoderConfig, slots: number, columns: number) {
    this.numLayers = config.numLayers;
    this.heads = config.numKeyValueHeads;
    this.headDim = config.headDim;
    this.slots = slots;
    this.columns = columns;
    this.keys = this.allocate(slots, columns);
    this.values = this.allocate(slots, columns);
  }

  private allocate(slots: number, columns: number): Float32Array[] {
    return Array.from({ length: this.numLayers }, () => new Float32Array(slots * this.heads * columns * this.headDim));
  }

  /** Numbers in one slot of one layer. */
  get slotSize(): number {
    return this.heads * this.columns * this.headDim;
  }

  /** Makes room for `slots` slots of `columns` columns, keeping the first `used` columns of the first `live` slots. */
  reshape(slots: number, columns: number, live: number, used: number): void {
    if (slots <= this.slots && columns === this.columns) return;
    const { headDim } = this;
    const kept = Math.min(used, columns, this.columns) * headDim;
    const move = (from: Float32Array, to: Float32Array): Float32Array => {
      for (let block = 0; block < live * this.heads; block++) {
        const start = block * this.columns * headDim;
        to.set(from.subarray(start, start + kept), block * columns * headDim);
      }
      return to;
    };
    const keys = this.allocate(slots, columns);
    const values = this.allocate(slots, columns);
    this.keys = this.keys.map((from, l) => move(from, keys[l] as Float32Array));
    this.values = this.values.map((from, l) => move(from, values[l] as Float32Array));
    this.slots = slots;
    this.columns = columns;
  }

  /** Columns to hold `needed`, growing or shrinking by whole blocks; it shrinks only when more than one block is idle. */
  columnsFor(needed: number): number {
    const rounded = Math.max(1, Math.ceil(needed / growthColumns)) * growthColumns;
    return rounded > this.columns || rounded + growthColumns < this.columns ? rounded : this.columns;
  }

  /** Slot `from` takes the place of slot `to`. */
  moveSlot(from: number, to: number): void {
    const size = this.slotSize;
    for (const layer of [...this.keys, ...this.values]) layer.copyWithin(to * size, from * size, (from + 1) * size);
  }

  /** Writes one column of a slot in one layer: `source` holds [heads * headDim] numbers from `offset` on. */
  writeColumn(layer: number, slot: number, column: number, keys: Float32Array, values: Float32Array, offset: number): void {
    const { headDim } = this;
    const toKeys = this.keys[layer] as Float32Array;
    const toValues = this.values[layer] as Float32Array;
    for (let head = 0; head < this.heads; head++) {
      const to = ((slot * this.heads + head) * this.columns + column) * headDim;
      const from = offset + head * headDim;
      for (let i = 0; i < headDim; i++) {
        toKeys[to + i] = keys[from + i] as number;
        toValues[to + i] = values[from + i] as number;
      }
    }
  }

  /** Copies the first `length` columns of one sequence of a prefill result [B, heads, columns, headDim] into a slot. */
  writeSequence(
    layer: number,
    slot: number,
    keys: Float32Array,
    values: Float32Array,
    index: number,
    columns: number,
    length: number,
  ): void {
    const { headDim, heads } = this;
    for (let head = 0; head < heads; head++) {
      const from = (index * heads + head) * columns * headDim;
      const to = (slot * heads + head) * this.columns * headDim;
      (this.keys[layer] as Float32Array).set(keys.subarray(from, from + length * headDim), to);
      (this.values[layer] as Float32Array).set(values.subarray(from, from + length * headDim), to);
    }
  }
}
