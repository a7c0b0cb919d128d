/** A published way of writing problems down: how a record of it is told, and what is read from it. */
import type { LinearModel } from '../core/linear-model.ts';
import type { Answer, ProblemKind, Split } from '../core/problem.ts';

export type Fields = Readonly<Record<string, unknown>>;

/** A problem before its file gives it an id and a source. */
export interface ProblemDraft {
  /** The record's own key; null when it has none. */
  readonly key: string | number | null;
  readonly question: string;
  readonly answer: Answer;
  readonly accepted?: readonly number[];
  readonly split?: Split;
  readonly kind?: ProblemKind;
  readonly model?: LinearModel;
  readonly programs?: Readonly<Record<string, string>>;
  readonly data?: Fields;
  readonly meta?: Fields;
  /** Where it says itself that it is from; it then keeps its own id too. */
  readonly source?: string;
  /** What could not be read although the question could: its answer or model is then left out or in doubt. */
  readonly doubt?: DraftFault;
}

/** What one record gives: a problem, or what is wrong with which field. */
export type Draft = ProblemDraft | DraftFault;

export interface DraftFault {
  readonly field: string;
  readonly message: string;
}

export const isDraftFault = (draft: Draft): draft is DraftFault => !('question' in draft);

export interface Format {
  readonly name: string;
  /** One line for `--help` and messages: where it is from and its fields. */
  readonly description: string;
  /** Whether a record is written this way: its fields decide. */
  readonly matches: (record: Fields) => boolean;
  /** The problems of a record, mostly one. */
  readonly read: (record: Fields) => readonly Draft[];
}

export const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Whether a record has all these fields. */
export const has = (record: Fields, ...names: readonly string[]): boolean => names.every((name) => record[name] !== undefined);

const kinds: Readonly<Record<string, ProblemKind>> = {
  lp: 'lp',
  linear: 'lp',
  ip: 'ilp',
  ilp: 'ilp',
  bip: 'ilp',
  mip: 'milp',
  milp: 'milp',
  qp: 'qp',
  nlp: 'nlp',
  minlp: 'nlp',
};

/** `{ kind }` where a set's own word for the problem class is known, else nothing. */
export function kindOfWord(word: unknown): { kind?: ProblemKind } {
  if (typeof word !== 'string') return {};
  const name = word
    .trim()
    .toLowerCase()
    .replace(/\s*(?:programming|problem)$/, '');
  const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
  return kind === undefined ? {} : { kind };
}

/** The library that a Python program is written against, by its imports; null when it imports none that is known. */
export function pythonDialect(code: string): string | null {
  const imported = /^\s*(?:import|from)\s+(gurobipy|coptpy|ortools|highspy|pyscipopt|pulp|pyomo)\b/m.exec(code)?.[1];
  return imported ?? null;
}

/** `{ programs }` of one Python text, fences around it taken off; nothing without a known import. */
export function pythonPrograms(text: unknown): { programs?: Readonly<Record<string, string>> } {
  if (typeof text !== 'string') return {};
  const fence = /```(?:python|py)?[^\n]*\n([\s\S]*?)(?:\n```|$)/.exec(text)?.[1] ?? text;
  const dialect = pythonDialect(fence);
  return dialect === null ? {} : { programs: { [dialect]: fence } };
}

/** The named fields that are there and not null, for `meta`. */
export function pick(record: Fields, names: readonly string[]): Fields {
  return Object.fromEntries(names.flatMap((name) => (record[name] === undefined || record[name] === null ? [] : [[name, record[name]]])));
}

/** `{ meta }` when there is something to keep. */
export const withMeta = (meta: Fields): { meta?: Fields } => (Object.keys(meta).length === 0 ? {} : { meta });
