/** Memory of solved problems: which of them to show beside a new one. */

/** How alike two texts are, in [-1, 1]; 1 for the same. */
export type Similarity = (a: number, b: number | 'query') => number;

export interface RetrieveOptions {
  readonly count: number;
  readonly lambda?: number;
  readonly pool?: number;
  readonly threshold?: number;
}

/**
 * Picks examples one by one by `sim(problem, c) - lambda * mean sim(c, chosen)`: like the problem, unlike one another (NEMO,
 * arXiv:2601.21372: of 9 above 0.6 the best 3, lambda 0.5).
 *
 * @param size number of candidates; candidate i is named by its index.
 * @param similarity of two candidates, or of a candidate and the problem (`'query'`).
 * @param options.count examples to pick, at most `size`. @param options.lambda weight of the variety; default 0.5.
 * @param options.pool only the most similar so many are picked from; default all. @param options.threshold and only those more similar
 *   than this; default none is left out.
 * @returns indices in the order picked.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { lexicalSimilarity, retrieve } from 'evom/solve';
 * const memory = ['boots and mugs', 'boots and mugs again', 'trucks and routes', 'a diet of beans'];
 * const similarity = lexicalSimilarity(memory, 'boots and trucks');
 * assert.deepEqual(retrieve(memory.length, similarity, { count: 2, lambda: 1 }), [0, 2]);
 * ```
 */
export function retrieve(
  size: number,
  similarity: Similarity,
  { count, lambda = 0.5, pool = size, threshold = Number.NEGATIVE_INFINITY }: RetrieveOptions,
): number[] {
  const toQuery = Array.from({ length: size }, (_, i) => similarity(i, 'query'));
  const toChosen = new Float64Array(size); // sums
  const chosen: number[] = [];
  const near = [...toQuery.keys()].filter((i) => (toQuery[i] ?? 0) > threshold).sort((a, b) => (toQuery[b] ?? 0) - (toQuery[a] ?? 0));
  const left = new Set(near.slice(0, pool));
  while (chosen.length < count && left.size > 0) {
    let best = -1;
    let bestScore = Number.NEGATIVE_INFINITY;
    for (const i of left) {
      const score = (toQuery[i] ?? 0) - (chosen.length === 0 ? 0 : (lambda * (toChosen[i] ?? 0)) / chosen.length);
      if (score > bestScore) [best, bestScore] = [i, score];
    }
    if (best === -1) break;
    left.delete(best);
    chosen.push(best);
    for (const i of left) toChosen[i] = (toChosen[i] ?? 0) + similarity(i, best);
  }
  return chosen;
}

/** Words and pairs of words, numbers left out: two problems of one kind rarely share numbers. */
function featuresOf(text: string): Map<string, number> {
  const words = text.toLowerCase().match(/[a-z]+/g) ?? [];
  const counts = new Map<string, number>();
  for (const [i, word] of words.entries()) {
    counts.set(word, (counts.get(word) ?? 0) + 1);
    const pair = `${word} ${words[i + 1] ?? ''}`;
    if (i + 1 < words.length) counts.set(pair, (counts.get(pair) ?? 0) + 1);
  }
  return counts;
}

/**
 * Cosine similarity of word and word-pair counts, `(1 + log count)` times the inverse document frequency in the memory.
 *
 * @param memory texts of the candidates. @param query the problem's text.
 */
export function lexicalSimilarity(memory: readonly string[], query: string): Similarity {
  const features = [...memory, query].map(featuresOf);
  const frequency = new Map<string, number>();
  for (const counts of features) for (const feature of counts.keys()) frequency.set(feature, (frequency.get(feature) ?? 0) + 1);
  const vectors = features.map((counts) => {
    const weights = new Map<string, number>();
    for (const [feature, count] of counts)
      weights.set(feature, (1 + Math.log(count)) * Math.log(1 + features.length / (frequency.get(feature) ?? 1)));
    const length = Math.sqrt([...weights.values()].reduce((sum, weight) => sum + weight * weight, 0)) || 1;
    return { weights, length };
  });
  const none = { weights: new Map<string, number>(), length: 1 };
  return (a, b) => {
    const [first, second] = [vectors[a] ?? none, vectors[b === 'query' ? memory.length : b] ?? none];
    let dot = 0;
    for (const [feature, weight] of first.weights) dot += weight * (second.weights.get(feature) ?? 0);
    return dot / (first.length * second.length);
  };
}

/** Cosine similarity of embeddings; the last vector is the query's. */
export function embeddingSimilarity(vectors: readonly Float32Array[]): Similarity {
  const lengths = vectors.map((vector) => Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0)) || 1);
  return (a, b) => {
    const j = b === 'query' ? vectors.length - 1 : b;
    const [first, second] = [vectors[a], vectors[j]];
    let dot = 0;
    for (const [k, value] of first?.entries() ?? []) dot += value * (second?.[k] ?? 0);
    return dot / ((lengths[a] ?? 1) * (lengths[j] ?? 1));
  };
}
