/** What `evom data check` proves about sets of problems: apart, labelled rightly, told in the wordings they claim. */
import { type Problem, taskKey } from '../../core/problem.ts';
import type { Solve } from '../generator/discriminate.ts';
import { answerOf } from '../generator/generate.ts';
import { numbersKeyOf } from '../generator/split.ts';
import { numSeen, type SlotName, slots } from '../wordings/slots.ts';
import { type NearDuplicate, nearDuplicates } from './near-duplicates.ts';

export interface CheckOptions {
  /** Solves the reference models again; without it labels are not checked. */
  readonly solve?: Solve;
  /** Smallest share of common 8-grams that is reported. @default 0.8 */
  readonly nearDuplicate?: number;
}

/** Two problems of different sets that share something they must not. */
export interface SharedKey {
  readonly key: string;
  readonly a: { readonly set: string; readonly id: string };
  readonly b: { readonly set: string; readonly id: string };
}

export interface CheckReport {
  readonly sets: readonly {
    readonly name: string;
    readonly numProblems: number;
    readonly families: Readonly<Record<string, number>>;
    readonly numInfeasible: number;
    readonly numWithModel: number;
    /** Wordings by slot and index that occur in the set. */
    readonly numWordings: number;
  }[];
  /** Same family and numbers in two sets. */
  readonly sharedNumbers: readonly SharedKey[];
  /** Same wording and numbers in two sets; contained in `sharedNumbers` for generated problems. */
  readonly sharedTemplateNumbers: readonly SharedKey[];
  /** Same question and answer in two sets. */
  readonly sharedTasks: readonly SharedKey[];
  readonly repeatedIds: readonly string[];
  readonly nearDuplicates: readonly (NearDuplicate & { readonly sets: readonly [string, string] })[];
  /** Stored answers that the reference model does not give. */
  readonly wrongLabels: readonly { readonly id: string; readonly stored: Problem['answer']; readonly solved: Problem['answer'] }[];
  readonly numLabelsChecked: number;
  /** Problems that call themselves `seen` and use a held-out wording. */
  readonly wordingFaults: readonly { readonly id: string; readonly slot: string }[];
  /** Nothing shared, no wrong label, no wording fault; near-duplicates are reported, not failed. */
  readonly passed: boolean;
}

type Sets = Readonly<Record<string, readonly Problem[]>>;

const isSlot = (name: string): name is SlotName => name in slots;

function wordingIdsOf(problem: Problem): [SlotName, number][] {
  const ids = problem.meta?.wordingIds;
  if (typeof ids !== 'object' || ids === null) return [];
  return Object.entries(ids).flatMap(([slot, index]): [SlotName, number][] =>
    isSlot(slot) && typeof index === 'number' ? [[slot, index]] : [],
  );
}

const familyOf = (problem: Problem): string => String(problem.meta?.family ?? 'other');

/** The key of an instance's numbers, from its model rather than from what its record says. */
const numbersOf = (problem: Problem): string | null => (problem.model ? numbersKeyOf(familyOf(problem), problem.model) : null);

function templateNumbersOf(problem: Problem): string | null {
  const numbers = numbersOf(problem);
  const template = problem.meta?.templateKey;
  return numbers === null || typeof template !== 'string' ? null : `${template}/${numbers}`;
}

function sharedBetween(sets: Sets, keyOf: (problem: Problem) => string | null): SharedKey[] {
  const first = new Map<string, { set: string; id: string }>();
  const shared: SharedKey[] = [];
  for (const [set, problems] of Object.entries(sets)) {
    for (const problem of problems) {
      const key = keyOf(problem);
      if (key === null) continue;
      const known = first.get(key);
      if (known === undefined) first.set(key, { set, id: problem.id });
      else if (known.set !== set) shared.push({ key, a: known, b: { set, id: problem.id } });
    }
  }
  return shared;
}

function labelFaults(sets: Sets, solve: Solve | undefined): { faults: CheckReport['wrongLabels'][number][]; count: number } {
  const faults: CheckReport['wrongLabels'][number][] = [];
  let count = 0;
  if (solve !== undefined) {
    for (const { id, answer, model } of Object.values(sets).flat()) {
      if (model === undefined || answer === null) continue;
      count++;
      const solved = answerOf(model, solve);
      const same =
        typeof solved === 'number' && typeof answer === 'number'
          ? Math.abs(solved - answer) <= 1e-6 * Math.max(1, Math.abs(answer))
          : solved === answer;
      if (!same) faults.push({ id, stored: answer, solved });
    }
  }
  return { faults, count };
}

function repeatedIdsOf(sets: Sets): string[] {
  const ids = Object.values(sets)
    .flat()
    .map(({ id }) => id);
  const seen = new Set<string>();
  return ids.filter((id) => {
    const repeated = seen.has(id);
    seen.add(id);
    return repeated;
  });
}

function nearBetween(sets: Sets, threshold: number): CheckReport['nearDuplicates'][number][] {
  const named = Object.entries(sets).map(([name, problems]) => ({ name, texts: problems.map((p) => ({ id: p.id, text: p.question })) }));
  return named.flatMap((a, i) =>
    named
      .slice(0, i)
      .flatMap((b) => nearDuplicates(a.texts, b.texts, threshold).map((pair) => ({ ...pair, sets: [a.name, b.name] as const }))),
  );
}

function summaryOf(name: string, problems: readonly Problem[]): CheckReport['sets'][number] {
  const families = new Map<string, number>();
  for (const problem of problems) families.set(familyOf(problem), (families.get(familyOf(problem)) ?? 0) + 1);
  return {
    name,
    numProblems: problems.length,
    families: Object.fromEntries(families),
    numInfeasible: problems.filter((p) => p.answer === 'infeasible').length,
    numWithModel: problems.filter((p) => p.model !== undefined).length,
    numWordings: new Set(problems.flatMap((p) => wordingIdsOf(p).map(([slot, index]) => `${slot}/${index}`))).size,
  };
}

/**
 * Checks sets of problems against one another, e.g. `{ train, validation, test }`.
 *
 * @param sets problems by the name of their set.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { checkProblems } from 'evom/problems';
 * const problem = { id: 'a', question: 'Maximize x with x at most 3.', answer: 3, source: 'mine' };
 * const report = checkProblems({ train: [problem], test: [{ ...problem, id: 'b' }] });
 * assert.equal(report.sharedTasks.length, 1);
 * assert.equal(report.passed, false);
 * ```
 */
export function checkProblems(sets: Sets, options: CheckOptions = {}): CheckReport {
  const sharedNumbers = sharedBetween(sets, numbersOf);
  const sharedTasks = sharedBetween(sets, taskKey);
  const repeatedIds = repeatedIdsOf(sets);
  const labels = labelFaults(sets, options.solve);
  const wordingFaults = Object.values(sets)
    .flat()
    .filter((problem) => problem.meta?.wordings === 'seen')
    .flatMap((problem) =>
      wordingIdsOf(problem)
        .filter(([slot, index]) => index >= numSeen(slot))
        .map(([slot]) => ({ id: problem.id, slot })),
    );
  return {
    sets: Object.entries(sets).map(([name, problems]) => summaryOf(name, problems)),
    sharedNumbers,
    sharedTemplateNumbers: sharedBetween(sets, templateNumbersOf),
    sharedTasks,
    repeatedIds,
    nearDuplicates: nearBetween(sets, options.nearDuplicate ?? 0.8),
    wrongLabels: labels.faults,
    numLabelsChecked: labels.count,
    wordingFaults,
    passed: [sharedNumbers, sharedTasks, repeatedIds, labels.faults, wordingFaults].every((list) => list.length === 0),
  };
}
