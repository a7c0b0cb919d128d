/** What published sets write where an answer belongs, and how it is read. docs/benchmarks-data.md shows the same as a table. */
import type { Answer } from '../../core/problem.ts';
import { answerFromLabel } from '../record.ts';

/** Ways of writing labels that differ between benchmarks. */
export interface LabelStyle {
  /** Numbers that stand for "no solution". -9999 is one in SIRL's corrected MAMO files alone; elsewhere it may be an optimum. */
  readonly noSolutionNumbers: readonly number[];
  /** Whether several accepted values may stand in one label. */
  readonly lists: boolean;
}

export const plainLabels: LabelStyle = { noSolutionNumbers: [-99999], lists: true };
export const sirlFixedLabels: LabelStyle = { noSolutionNumbers: [-99999, -9999], lists: true };

export interface Label {
  readonly answer: Answer;
  /** The other values of a list. */
  readonly accepted?: readonly number[];
}

/** The elements of "[18.0, 20]" or of a list; undefined for what is no list. */
function elementsOf(label: unknown): readonly unknown[] | undefined {
  if (Array.isArray(label)) return label;
  const inner = typeof label === 'string' ? /^\s*\[([^[\]]*)\]\s*$/.exec(label)?.[1] : undefined;
  if (inner === undefined) return undefined;
  return inner.trim() === '' ? [] : inner.split(',').map((part) => part.trim().replace(/^(['"])(.*)\1$/, '$2'));
}

/**
 * Reads a label: a number, a numeric text, "No Best Solution", "infeasible", "unbounded", nothing, or a list of accepted values.
 *
 * @returns undefined for what means none of these; it is then reported, not guessed.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { readLabel, plainLabels } from 'evom';
 * assert.deepEqual(readLabel('[18.0, 20.0]', plainLabels), { answer: 18, accepted: [20] });
 * assert.deepEqual(readLabel('No Best Solution', plainLabels), { answer: 'infeasible' });
 * assert.equal(readLabel('about 5', plainLabels), undefined);
 * ```
 */
export function readLabel(label: unknown, style: LabelStyle): Label | undefined {
  const elements = style.lists ? elementsOf(label) : undefined;
  if (elements === undefined) {
    const answer = answerFromLabel(label);
    if (answer === undefined) return undefined;
    return { answer: typeof answer === 'number' && style.noSolutionNumbers.includes(answer) ? 'infeasible' : answer };
  }
  const [first, ...others] = elements.map((element) => answerFromLabel(element));
  if (first === undefined || others.some((other) => typeof other !== 'number')) return undefined;
  return others.length === 0 ? { answer: first } : { answer: first, accepted: others as number[] };
}
