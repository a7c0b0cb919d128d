/** Splits of problems of any origin: near-copies and equal numbers stay on one side. */

import { createHash } from 'node:crypto';
import type { Problem, Split } from '../../core/problem.ts';
import { largest } from '../../lib/extremes.ts';
import { numbersKeyOf } from '../generator/split.ts';
import { gramIndex } from './gram-index.ts';
import { normalizedText } from './label-audit.ts';

export interface SplitOptions {
  /** Shares of the problems; they sum to 1. */
  readonly shares: Readonly<Record<Split, number>>;
  /** Another seed makes another split. */
  readonly seed: string | number;
  /** Texts with at least this share of the shorter one's 8-grams in common stay together. @default 0.5 */
  readonly near?: number;
}

export interface SplitResult {
  readonly splits: Readonly<Record<Split, readonly Problem[]>>;
  /** Sets of problems that had to stay together. */
  readonly clusters: number;
  readonly largestCluster: number;
}

const order: readonly Split[] = ['train', 'validation', 'test'];

/** Disjoint sets over 0..n-1. */
function disjointSets(n: number): { find: (i: number) => number; join: (i: number, j: number) => void } {
  const parent = Array.from({ length: n }, (_, i) => i);
  const find = (i: number): number => {
    let root = i;
    while (parent[root] !== root) root = parent[root] as number;
    for (let at = i; at !== root; ) {
      const next = parent[at] as number;
      parent[at] = root;
      at = next;
    }
    return root;
  };
  const join = (i: number, j: number): void => {
    const [a, b] = [find(i), find(j)];
    parent[Math.max(a, b)] = Math.min(a, b);
  };
  return { find, join };
}

/**
 * Splits problems so that no two sides share a problem: near-copies of a text, and models with the same numbers, form one cluster, and
 * a cluster goes where the hash of its smallest text falls. So the shares are met on average, and a problem added later moves none of
 * the others that it is no copy of.
 *
 * @returns the splits, each in the order of `problems` and with `split` set.
 * @throws {RangeError} when the shares do not sum to 1.
 */
export function splitProblems(problems: readonly Problem[], { shares, seed, near = 0.5 }: SplitOptions): SplitResult {
  const total = order.reduce((sum, name) => sum + shares[name], 0);
  if (Math.abs(total - 1) > 1e-9 || order.some((name) => shares[name] < 0)) throw new RangeError(`shares must sum to 1, got ${total}`);
  const { find, join } = disjointSets(problems.length);
  const index = gramIndex(problems.map(({ question }) => question));
  const byNumbers = new Map<string, number>();
  for (const [i, { question, model, meta }] of problems.entries()) {
    for (const { index: j, shared } of index.lookUp(question).matches) {
      if (j < i && shared >= near * Math.min(index.sizes[i] ?? 0, index.sizes[j] ?? 0)) join(i, j);
    }
    if (model === undefined) continue;
    const key = numbersKeyOf(String(meta?.family ?? ''), model);
    const known = byNumbers.get(key);
    if (known === undefined) byNumbers.set(key, i);
    else join(i, known);
  }
  const clusters = new Map<number, number[]>();
  for (const i of problems.keys()) clusters.set(find(i), [...(clusters.get(find(i)) ?? []), i]);
  const side = new Map<number, Split>();
  for (const [root, members] of clusters) {
    const text = members.map((i) => normalizedText(problems[i]?.question ?? '')).sort()[0] ?? '';
    const place = Number.parseInt(createHash('sha256').update(`${seed}/${text}`).digest('hex').slice(0, 12), 16) / 2 ** 48;
    side.set(root, place < shares.train ? 'train' : place < shares.train + shares.validation ? 'validation' : 'test');
  }
  const splits: Record<Split, Problem[]> = { train: [], validation: [], test: [] };
  for (const [i, problem] of problems.entries()) {
    const split = side.get(find(i)) ?? 'train';
    splits[split].push({ ...problem, split });
  }
  return { splits, clusters: clusters.size, largestCluster: Math.max(0, largest([...clusters.values()].map((members) => members.length))) };
}
