/** An endless, repeatable stream of supervised examples from weighted sources, each example found by its index. */
import type { Problem } from '../core/problem.ts';
import { randomStream } from '../lib/random.ts';
import type { SftExample } from './sft-rows.ts';

/** One weighted source of problems with programs. */
export interface SftSource {
  readonly weight: number;
  /** The problem at an index; null when that index has none. The same index gives the same problem. */
  readonly problem: (index: number) => Problem | null;
  /** Dialects of the programs and how often each is asked for. */
  readonly dialects: readonly { readonly name: string; readonly weight: number }[];
  /** Indices [from, to) at which the source takes part; null: always. */
  readonly examples?: readonly [number, number] | null;
}

export interface SftEncoding {
  /** Token ids of the prompt that asks for a program in a dialect. */
  readonly prompt: (problem: Problem, dialect: string) => Int32Array;
  /** Token ids of the reference program, stop token included; null where the problem has none. */
  readonly completion: (problem: Problem, dialect: string) => Int32Array | null;
  /** Longer examples are passed over. */
  readonly maxLength: number;
}

/** Draws the source and the dialect of each index, then encodes its problem. */
export function sftStream(sources: readonly SftSource[], encoding: SftEncoding, seed: number): (index: number) => SftExample | null {
  return (index) => {
    const random = randomStream(seed, 'sft', index);
    const active = sources.filter(({ examples }) => !examples || (index >= examples[0] && index < examples[1]));
    if (active.length === 0) return null;
    const source = pickWeighted(active, random.next());
    const dialect = pickWeighted(source.dialects, random.next()).name;
    const problem = source.problem(index);
    if (problem === null) return null;
    const promptIds = encoding.prompt(problem, dialect);
    const completionIds = encoding.completion(problem, dialect);
    if (completionIds === null || promptIds.length + completionIds.length > encoding.maxLength) return null;
    return { id: `${problem.id}/${dialect}`, source: problem.source, promptIds, completionIds };
  };
}

/** The item at a share in [0, 1) of the total weight. */
export function pickWeighted<T extends { readonly weight: number }>(items: readonly T[], share: number): T {
  let rest = share * items.reduce((sum, item) => sum + item.weight, 0);
  const found = items.find((item) => {
    rest -= item.weight;
    return rest < 0;
  });
  const chosen = found ?? items.findLast((item) => item.weight > 0) ?? items.at(-1); // rounding may leave a crumb of `rest`
  if (chosen === undefined) throw new RangeError('pick from an empty list');
  return chosen;
}
