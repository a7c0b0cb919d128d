/** Label versions of one benchmark side by side: where they disagree, and which labels no right program can reach. */

import type { Answer, Problem } from '../../core/problem.ts';
import { smallest } from '../../lib/extremes.ts';

/**
 * Letters and digits of a text in lower case: copies differ in spaces, quotes and line breaks. Accented Latin letters and modifiers are left out,
 * because a copy that was once decoded wrongly has them where the original has a dash or a quote.
 */
export const normalizedText = (text: string): string => text.toLowerCase().replace(/[^a-z0-9\p{L}]|(?![a-z])\p{Script=Latin}|\p{Lm}/gu, '');

/** What one version's labels look like. */
export interface VersionAudit {
  readonly name: string;
  readonly problems: number;
  readonly numbers: number;
  /** Labels of 0: never right under the published rewards of SIRL and OptMATH, which take 0 for "nothing". */
  readonly zeros: number;
  readonly negative: number;
  /** `infeasible` or `unbounded`. */
  readonly noSolution: number;
  /** No label at all. */
  readonly none: number;
  /** Numbers that may be a "no solution" in disguise: -9999, -99999 and other runs of nines. */
  readonly sentinels: number;
  readonly nonInteger: number;
  /** Not whole, with at most two digits after the point: perhaps rounded. */
  readonly twoDecimals: number;
  /** Not whole, and half a unit of its last digit is more than 1e-6 of |a| + 1: if it was rounded, a right program fails the rule `sirl`. */
  readonly beyond1e6: number;
  /** The same for a relative 1e-4. */
  readonly beyond1e4: number;
  /** Texts that come more than once, and those among them whose answers differ. */
  readonly repeatedTexts: number;
  readonly contradictions: readonly { readonly ids: readonly string[]; readonly answers: readonly Answer[] }[];
  readonly doubts: number;
}

export interface LabelDifference {
  readonly a: { readonly id: string; readonly answer: Answer };
  readonly b: { readonly id: string; readonly answer: Answer };
  /** `|a - b| / |a|`; null where one of them is no number. */
  readonly relative: number | null;
}

/** Two versions on the texts that both have. */
export interface VersionPair {
  readonly a: string;
  readonly b: string;
  readonly common: number;
  /** More than 1e-6 apart, relative to a's label; a word against a number, or two words, count too. */
  readonly differ1e6: number;
  readonly differ5Percent: number;
  readonly differences: readonly LabelDifference[];
}

export interface LabelAudit {
  readonly versions: readonly VersionAudit[];
  readonly pairs: readonly VersionPair[];
}

/** Digits after the point of a number as JavaScript writes it. */
function decimalsOf(value: number): number {
  const [digits = '', exponent = '0'] = String(value).split('e');
  return Math.max(0, (digits.split('.')[1]?.length ?? 0) - Number(exponent));
}

const isSentinel = (value: number): boolean => /^-9{4,}$/.test(String(value));

function auditVersion(name: string, problems: readonly Problem[]): VersionAudit {
  const numbers = problems.flatMap(({ answer }) => (typeof answer === 'number' ? [answer] : []));
  const nonInteger = numbers.filter((value) => !Number.isInteger(value));
  const halfUnit = (value: number): number => 0.5 * 10 ** -decimalsOf(value);
  const byText = new Map<string, Problem[]>();
  for (const problem of problems) {
    const text = normalizedText(problem.question);
    byText.set(text, [...(byText.get(text) ?? []), problem]);
  }
  const repeated = [...byText.values()].filter((same) => same.length > 1);
  return {
    name,
    problems: problems.length,
    numbers: numbers.length,
    zeros: numbers.filter((value) => value === 0).length,
    negative: numbers.filter((value) => value < 0).length,
    noSolution: problems.filter(({ answer }) => typeof answer === 'string').length,
    none: problems.filter(({ answer }) => answer === null).length,
    sentinels: numbers.filter(isSentinel).length,
    nonInteger: nonInteger.length,
    twoDecimals: nonInteger.filter((value) => decimalsOf(value) <= 2).length,
    beyond1e6: nonInteger.filter((value) => halfUnit(value) > 1e-6 * (Math.abs(value) + 1)).length,
    beyond1e4: nonInteger.filter((value) => halfUnit(value) > 1e-4 * Math.abs(value)).length,
    repeatedTexts: repeated.length,
    contradictions: repeated
      .filter((same) => same.some((problem) => distance(same[0] as Problem, problem) > 1e-6))
      .map((same) => ({ ids: same.map(({ id }) => id), answers: same.map(({ answer }) => answer) })),
    doubts: problems.filter(({ meta }) => meta?.label_doubt !== undefined).length,
  };
}

type Labelled = Pick<Problem, 'answer' | 'accepted'>;

const valuesOf = ({ answer, accepted }: Labelled): readonly Answer[] => [answer, ...(accepted ?? [])];

/** Smallest relative distance between any two accepted values; infinite between a number and a word. */
function distance(a: Labelled, b: Labelled): number {
  return smallest(
    valuesOf(a).flatMap((x) =>
      valuesOf(b).map((y) => {
        if (x === y) return 0;
        return typeof x === 'number' && typeof y === 'number' ? Math.abs(x - y) / Math.abs(x) : Infinity;
      }),
    ),
  );
}

function auditPair([nameA, a]: Named, [nameB, b]: Named): VersionPair {
  const texts = new Map(a.map((problem) => [normalizedText(problem.question), problem]));
  const seen = new Set<string>();
  const differences: LabelDifference[] = [];
  let common = 0;
  for (const theirs of b) {
    const text = normalizedText(theirs.question);
    const ours = texts.get(text);
    if (ours === undefined || seen.has(text)) continue;
    seen.add(text);
    common++;
    const relative = distance(ours, theirs);
    if (relative <= 1e-6) continue;
    differences.push({
      a: { id: ours.id, answer: ours.answer },
      b: { id: theirs.id, answer: theirs.answer },
      relative: Number.isFinite(relative) ? relative : null,
    });
  }
  return {
    a: nameA,
    b: nameB,
    common,
    differ1e6: differences.length,
    differ5Percent: differences.filter(({ relative }) => relative === null || relative > 0.05).length,
    differences,
  };
}

type Named = readonly [name: string, problems: readonly Problem[]];

/**
 * Audits label versions, each alone and every two on their common texts.
 *
 * @param versions problems by the name of their label version, in order.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { auditLabels } from 'evom/problems';
 * const problem = { id: 'a', question: 'How many ducks?', answer: 2.33, source: 'x' };
 * const { versions, pairs } = auditLabels({ old: [problem], fixed: [{ ...problem, question: 'How many ducks ?', answer: 7 / 3 }] });
 * assert.deepEqual([pairs[0]?.common, pairs[0]?.differ1e6, pairs[0]?.differ5Percent], [1, 1, 0]);
 * assert.deepEqual(versions.map((version) => version.beyond1e6), [1, 0]);
 * ```
 */
export function auditLabels(versions: Readonly<Record<string, readonly Problem[]>>): LabelAudit {
  const named: Named[] = Object.entries(versions);
  return {
    versions: named.map(([name, problems]) => auditVersion(name, problems)),
    pairs: named.flatMap((a, i) => named.slice(i + 1).map((b) => auditPair(a, b))),
  };
}
