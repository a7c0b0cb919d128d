/** What people and published sets write where an answer belongs, and how it is read: the one reader of answers. docs/guide/benchmarks-data.md shows the same as a table. */
import type { Answer } from '../../core/problem.ts';

/** Ways of writing labels that differ between benchmarks. */
export interface LabelStyle {
  /** Numbers that stand for "no solution". -9999 is one in SIRL's corrected MAMO files alone; elsewhere it may be an optimum. */
  readonly noSolutionNumbers: readonly number[];
  /** Whether that holds for numbers too, and not for texts alone: whoever wrote a file of ours has settled what a number means. */
  readonly isSettled?: boolean;
}

export const plainLabels: LabelStyle = { noSolutionNumbers: [-99999] };
export const sirlFixedLabels: LabelStyle = { noSolutionNumbers: [-99999, -9999] };
export const settledLabels: LabelStyle = { ...plainLabels, isSettled: true };

export interface Label {
  readonly answer: Answer;
  /** The other values of a list, each once. */
  readonly accepted?: readonly number[];
}

/** What a message says that an answer may be. */
export const labelForms = 'a number, "infeasible", "unbounded", null, or a list of which any value is right';

const noSolution: ReadonlySet<string> = new Set(['no best solution', 'infeasible', 'no solution', 'no feasible solution']);
const noLabel: ReadonlySet<string> = new Set(['', 'null', 'none', 'nan', 'n/a']);

/**
 * Reads one label: a number, a numeric text ("1,160.0"), "No Best Solution" or -99999 (infeasible), "unbounded", null.
 *
 * @returns undefined when the label means none of these; it is then reported, not guessed.
 */
export function answerFromLabel(label: unknown): Answer | undefined {
  return oneAnswer(label, plainLabels);
}

function oneAnswer(label: unknown, style: LabelStyle): Answer | undefined {
  if (label === null) return null;
  if (typeof label === 'number') {
    if (!Number.isFinite(label)) return undefined;
    return style.isSettled !== true && style.noSolutionNumbers.includes(label) ? 'infeasible' : label;
  }
  if (typeof label !== 'string') return undefined;
  const text = label.trim();
  const lower = text.toLowerCase();
  if (noLabel.has(lower)) return null;
  if (noSolution.has(lower)) return 'infeasible';
  if (lower === 'unbounded') return 'unbounded';
  const plain = /^[+-]?\d{1,3}(,\d{3})+(\.\d+)?$/.test(text) ? text.replaceAll(',', '') : text;
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(plain)) return undefined;
  return oneAnswer(Number(plain), { ...style, isSettled: false });
}

/** The elements of "[18.0, 20]" or of a list; undefined for what is no list. */
function elementsOf(label: unknown): readonly unknown[] | undefined {
  if (Array.isArray(label)) return label;
  const inner = typeof label === 'string' ? /^\s*\[([^[\]]*)\]\s*$/.exec(label)?.[1] : undefined;
  if (inner === undefined) return undefined;
  return inner.trim() === '' ? [] : inner.split(',').map((part) => part.trim().replace(/^(['"])(.*)\1$/, '$2'));
}

/**
 * Reads a label: what `answerFromLabel` reads, NaN as tables write it for nothing, or a list of accepted values, as a list or as its text.
 *
 * Of a list the first value is the answer; a word for "no solution" is, wherever it stands, and only one may.
 *
 * @returns undefined for what means none of these; it is then reported, not guessed.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { readLabel, plainLabels } from 'evom/problems';
 * assert.deepEqual(readLabel('[18.0, 20.0]', plainLabels), { answer: 18, accepted: [20] });
 * assert.deepEqual(readLabel('No Best Solution', plainLabels), { answer: 'infeasible' });
 * assert.equal(readLabel('about 5', plainLabels), undefined);
 * ```
 */
export function readLabel(label: unknown, style: LabelStyle = plainLabels): Label | undefined {
  const elements = elementsOf(label);
  if (elements === undefined || elements.length === 1) {
    const one = elements === undefined ? label : elements[0];
    const answer = Number.isNaN(one) ? null : oneAnswer(one, style);
    return answer === undefined ? undefined : { answer };
  }
  const answers = new Set(elements.map((element) => oneAnswer(element, style)));
  const numbers = [...answers].filter((answer) => typeof answer === 'number');
  const words = [...answers].filter((answer) => typeof answer !== 'number');
  if (answers.size === 0 || words.length > 1 || words.some((word) => word === undefined || word === null)) return undefined;
  const [answer, ...accepted] = [...words, ...numbers];
  return { answer: answer ?? null, ...(accepted.length === 0 ? {} : { accepted: accepted as number[] }) };
}

/** A label as its file wrote it, for messages: NaN and infinities by their names, which JSON has not. */
export function shownLabel(label: unknown): string {
  if (typeof label === 'number') return String(label);
  return (
    JSON.stringify(label, (_, value: unknown) => (typeof value === 'number' && !Number.isFinite(value) ? String(value) : value)) ??
    'missing'
  ).slice(0, 60);
}
