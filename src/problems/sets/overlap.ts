/** Contamination: which items of a benchmark stand, wholly or mostly, in a training file, and the reverse. */
import { gramIndex } from './gram-index.ts';

export interface OverlapText {
  readonly id: string;
  readonly text: string;
}

/** Items of one set whose 8-grams stand mostly in one item of the other. */
export interface OverlapPair {
  readonly benchmark: string;
  readonly training: string;
  /** Share of the benchmark item's distinct 8-grams that stand in the training item. */
  readonly ofBenchmark: number;
  /** Share of the training item's that stand in the benchmark item. */
  readonly ofTraining: number;
}

export interface OverlapReport {
  readonly threshold: number;
  readonly trainingItems: number;
  readonly benchmarkItems: number;
  /** Benchmark items with at least `threshold` of their 8-grams in one training item. */
  readonly benchmarkInTraining: number;
  /** Training items with at least `threshold` of their 8-grams in one benchmark item. */
  readonly trainingInBenchmark: number;
  /** For each such benchmark item the training item that holds most of it, the largest share first. */
  readonly pairs: readonly OverlapPair[];
}

/**
 * Streams a training set past several benchmarks.
 *
 * An item counts when one item of the other side holds the threshold's share of its distinct 8-grams of words and numbers.
 *
 * @param benchmarks sets by name; they are held in memory.
 * @param training any number of texts, each looked at once.
 */
export async function overlapWith(
  benchmarks: Readonly<Record<string, readonly OverlapText[]>>,
  training: AsyncIterable<OverlapText> | Iterable<OverlapText>,
  threshold = 0.5,
): Promise<Record<string, OverlapReport>> {
  const items = Object.entries(benchmarks).flatMap(([set, texts]) => texts.map((item) => ({ ...item, set })));
  const index = gramIndex(items.map(({ text }) => text));
  const best: (OverlapPair | undefined)[] = items.map(() => undefined);
  const covered = new Map(Object.keys(benchmarks).map((name) => [name, 0]));
  let trainingItems = 0;
  for await (const { id, text } of training) {
    trainingItems++;
    const { grams, matches } = index.lookUp(text);
    const sets = new Set<string>();
    for (const { index: at, shared } of matches) {
      const item = items[at];
      const size = index.sizes[at];
      if (item === undefined || size === undefined) continue;
      const pair = { benchmark: item.id, training: id, ofBenchmark: shared / size, ofTraining: shared / grams };
      if (pair.ofTraining >= threshold) sets.add(item.set);
      if (pair.ofBenchmark > (best[at]?.ofBenchmark ?? 0)) best[at] = pair;
    }
    for (const set of sets) covered.set(set, (covered.get(set) ?? 0) + 1);
  }
  return Object.fromEntries(
    Object.entries(benchmarks).map(([name, texts]) => {
      const pairs = best.flatMap((pair, at) =>
        items[at]?.set === name && pair !== undefined && pair.ofBenchmark >= threshold ? [pair] : [],
      );
      return [
        name,
        {
          threshold,
          trainingItems,
          benchmarkItems: texts.length,
          benchmarkInTraining: pairs.length,
          trainingInBenchmark: covered.get(name) ?? 0,
          pairs: pairs.sort((a, b) => b.ofBenchmark - a.ofBenchmark),
        },
      ];
    }),
  );
}
