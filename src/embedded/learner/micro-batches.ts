/** Packs sequences into rectangles that fit one graph run: prompts that are shared are computed once. */
import { largest, smallest } from '../../lib/extremes.ts';
import { type TokenColumns, type TrainingSequence, tokenColumnNames } from './training-sequence.ts';

/** One graph run: B contexts, G sequences each; P and C are the longest of each kind in it. */
export interface MicroBatch {
  readonly sizes: {
    readonly B: number;
    readonly G: number;
    readonly P: number;
    readonly C: number;
    readonly N: number;
    readonly S: number;
  };
  /** [N] token ids: B contexts of P, then B*G sequences of C; padding is id 0. */
  readonly ids: Int32Array;
  /** [B] */
  readonly contextLengths: Int32Array;
  /** [B*G*C]; a position with weight 0 is padding or masked. */
  readonly targets: Int32Array;
  /** [B*G*C] each. */
  readonly columns: TokenColumns;
}

export interface PackingOptions {
  /** Token rows a graph run should not exceed (a single longer sequence still runs). */
  readonly microBatchTokens: number;
  /** At least this many micro-batches where there is enough work, so that every thread has some. */
  readonly threads: number;
}

/** Sequences that share a context. */
interface Item {
  readonly sequences: readonly TrainingSequence[];
  readonly P: number;
  readonly C: number;
}

/**
 * Packs sequences; the result depends on nothing but the arguments, so a run replays.
 *
 * @returns micro-batches in a fixed order; no sequence is lost or doubled.
 */
export function packMicroBatches(sequences: readonly TrainingSequence[], options: PackingOptions): MicroBatch[] {
  const byContext = new Map<string, TrainingSequence[]>();
  for (const sequence of sequences) {
    const group = byContext.get(sequence.contextKey);
    if (group === undefined) byContext.set(sequence.contextKey, [sequence]);
    else group.push(sequence);
  }
  const shared = [...byContext.values()];
  const total =
    sequences.reduce((sum, sequence) => sum + sequence.read.length, 0) +
    shared.reduce((sum, [first]) => sum + (first as TrainingSequence).context.length, 0);
  const limit = Math.max(1, Math.min(options.microBatchTokens, Math.ceil(total / options.threads)));
  const items = shared.flatMap((group) => splitByLength(group, limit));
  const index = new Map(items.map((item, i) => [item, i]));
  items.sort(
    (a, b) => b.sequences.length - a.sequences.length || b.C - a.C || b.P - a.P || (index.get(a) as number) - (index.get(b) as number),
  );
  const batches: Item[][] = [];
  let open: Item[] = [];
  for (const item of items) {
    const G = item.sequences.length;
    const all = [...open, item];
    const tokens = all.length * (largest(all.map(({ P }) => P)) + G * largest(all.map(({ C }) => C)));
    const fits = open.length === 0 || (open[0]?.sequences.length === G && tokens <= limit);
    if (!fits) {
      batches.push(open);
      open = [];
    }
    open.push(item);
  }
  if (open.length > 0) batches.push(open);
  return batches.map(layOut);
}

/** What one more graph run costs, in token rows: some 500 nodes to dispatch. */
const runCost = 48;

/**
 * Cuts the sequences of one context where a shorter padding saves more tokens than another copy of the context costs.
 *
 * Dynamic programming over the sequences from long to short: best[i] is the least number of token rows for the first i.
 */
function splitByLength(group: readonly TrainingSequence[], limit: number): Item[] {
  const sorted = [...group].sort((a, b) => b.read.length - a.read.length || a.rowIndex - b.rowIndex);
  const P = Math.max(1, (sorted[0] as TrainingSequence).context.length); // an empty context still takes one padded, unseen position
  const best = [0];
  const cutBefore = [0];
  for (let end = 1; end <= sorted.length; end++) {
    let least = Number.POSITIVE_INFINITY;
    let cut = end - 1;
    for (let start = end - 1; start >= 0; start--) {
      const rows = P + (end - start) * (sorted[start] as TrainingSequence).read.length;
      if (rows > limit && end - start > 1) break;
      const tokens = (best[start] as number) + rows + runCost;
      if (tokens <= least) {
        least = tokens;
        cut = start;
      }
    }
    best.push(least);
    cutBefore.push(cut);
  }
  const items: Item[] = [];
  for (let end = sorted.length; end > 0; end = cutBefore[end] as number) {
    const sequences = sorted.slice(cutBefore[end], end);
    items.push({ sequences, P, C: (sequences[0] as TrainingSequence).read.length });
  }
  return items;
}

function layOut(items: readonly Item[]): MicroBatch {
  const B = items.length;
  const G = (items[0] as Item).sequences.length;
  const P = largest(items.map((item) => item.P));
  const C = largest(items.map((item) => item.C));
  const ids = new Int32Array(B * P + B * G * C);
  const targets = new Int32Array(B * G * C);
  const columns = Object.fromEntries(tokenColumnNames.map((name) => [name, new Float32Array(B * G * C)])) as unknown as TokenColumns;
  columns.inverse_temperature.fill(1);
  items.forEach((item, b) => {
    ids.set((item.sequences[0] as TrainingSequence).context, b * P);
    item.sequences.forEach((sequence, g) => {
      const at = (b * G + g) * C;
      ids.set(sequence.read, B * P + at);
      targets.set(sequence.targets, at);
      for (const name of tokenColumnNames) columns[name].set(sequence.columns[name], at);
    });
  });
  const contextLengths = Int32Array.from(items, ({ sequences: [first] }) => (first as TrainingSequence).context.length);
  return { sizes: { B, G, P, C, N: ids.length, S: P + C }, ids, contextLengths, targets, columns };
}

/**
 * Gives each micro-batch to a thread, longest first to the thread with the least work: never by timing, so gradient sums
 * keep their order.
 *
 * @returns [threads] lists.
 */
export function assignToThreads(batches: readonly MicroBatch[], threads: number): MicroBatch[][] {
  const assigned: MicroBatch[][] = Array.from({ length: threads }, () => []);
  const load = new Array<number>(threads).fill(0);
  const cost = ({ sizes: { B, G, P, C, N } }: MicroBatch) => N + (B * P * P + B * G * C * (P + C)) / 512;
  for (const batch of batches.toSorted((a, b) => cost(b) - cost(a))) {
    const thread = load.indexOf(smallest(load));
    assigned[thread]?.push(batch);
    load[thread] = (load[thread] as number) + cost(batch);
  }
  return assigned;
}
