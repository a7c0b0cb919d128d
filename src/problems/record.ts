/** One JSON record to a problem: which fields hold what, and which values mean "no answer" or "no solution". */
import { createHash } from 'node:crypto';
import { type LinearModelJson, linearModelFromJson } from '../core/linear-model.ts';
import type { Answer, Problem, ProblemKind, Split } from '../core/problem.ts';

/** Names of a record's fields; each may be a path such as `meta.answer`. */
export interface FieldMap {
  readonly id?: string;
  readonly question?: string;
  readonly answer?: string;
  /** A field that holds a reference program, and the dialect it is written in; the record then needs no answer. */
  readonly program?: { readonly field: string; readonly dialect: string };
}

const questionFields = ['question', 'en_question', 'Question'] as const;
const answerFields = ['answer', 'en_answer', 'Answer'] as const;
const idFields = ['id', 'index', 'ID'] as const;
const noSolution: ReadonlySet<string> = new Set(['no best solution', 'infeasible', 'no solution', 'no feasible solution']);
const noLabel: ReadonlySet<string> = new Set(['', 'null', 'none', 'nan', 'n/a']);
/** What published sets write for "no solution" where a number is expected. */
const sentinels: ReadonlySet<number> = new Set([-99999]);

/** A problem, or what is wrong with which field. */
export type RecordResult = { readonly problem: Problem } | { readonly field: string; readonly message: string };

type Fields = Readonly<Record<string, unknown>>;
export const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);

function at(record: Fields, path: string): unknown {
  if (Object.hasOwn(record, path)) return record[path];
  return path.split('.').reduce<unknown>((value, key) => (isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined), record);
}

const present = (record: Fields, names: readonly string[]): string | undefined => names.find((name) => at(record, name) !== undefined);

/**
 * Reads a label: a number, a numeric string ("1,160.0"), "No Best Solution" or -99999 (infeasible), "unbounded", null.
 *
 * @returns undefined when the label means none of these; it is then reported, not guessed.
 */
export function answerFromLabel(label: unknown): Answer | undefined {
  if (label === null) return null;
  if (typeof label === 'number') return sentinels.has(label) ? 'infeasible' : Number.isFinite(label) ? label : undefined;
  if (typeof label !== 'string') return undefined;
  const text = label.trim();
  const lower = text.toLowerCase();
  if (noLabel.has(lower)) return null;
  if (noSolution.has(lower)) return 'infeasible';
  if (lower === 'unbounded') return 'unbounded';
  const plain = /^[+-]?\d{1,3}(,\d{3})+(\.\d+)?$/.test(text) ? text.replaceAll(',', '') : text;
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(plain)) return undefined;
  return answerFromLabel(Number(plain));
}

const splits: ReadonlySet<unknown> = new Set<Split>(['train', 'validation', 'test']);
const kinds: ReadonlySet<unknown> = new Set<ProblemKind>(['lp', 'ilp', 'milp', 'qp', 'nlp']);

function isModelJson(value: unknown): value is LinearModelJson {
  if (!isObject(value) || !['min', 'max'].includes(String(value.sense))) return false;
  const { variables, constraints } = value;
  if (!Array.isArray(variables) || !Array.isArray(constraints)) return false;
  return (
    variables.every((v) => isObject(v) && typeof v.name === 'string' && typeof v.cost === 'number' && typeof v.integer === 'boolean') &&
    constraints.every(
      (c) => isObject(c) && Array.isArray(c.columns) && Array.isArray(c.coefficients) && c.columns.length === c.coefficients.length,
    )
  );
}

/** A problem from a parsed record; fields of our own format beyond question and answer are taken when present. */
export function problemFromRecord(record: unknown, about: { readonly fields: FieldMap; readonly source: string }): RecordResult {
  if (!isObject(record)) return { field: '(record)', message: 'is not an object' };
  const { fields } = about;
  const questionField = fields.question ?? present(record, questionFields) ?? 'question';
  const question = at(record, questionField);
  if (typeof question !== 'string' || question.trim() === '') {
    return {
      field: questionField,
      message: question === undefined ? `is missing (looked for ${fields.question ?? questionFields.join(', ')})` : 'is not a text',
    };
  }
  const program = fields.program === undefined ? undefined : at(record, fields.program.field);
  if (fields.program !== undefined && typeof program !== 'string') {
    return { field: fields.program.field, message: program === undefined ? 'is missing' : 'is not the text of a program' };
  }
  const answerField = fields.answer ?? present(record, answerFields) ?? (fields.program === undefined ? undefined : 'answer');
  const found = answerField === undefined ? undefined : at(record, answerField);
  const label = found === undefined && fields.program !== undefined ? null : found;
  if (answerField === undefined || label === undefined) {
    return {
      field: answerField ?? 'answer',
      message: `is missing (looked for ${answerField ?? answerFields.join(', ')}; write null where no answer is known)`,
    };
  }
  const answer = answerFromLabel(label);
  if (answer === undefined)
    return {
      field: answerField,
      message: `is ${JSON.stringify(label)?.slice(0, 60)}, which is no number, "infeasible", "unbounded" or null`,
    };
  const idField = fields.id ?? present(record, idFields);
  const rawId = idField === undefined ? undefined : at(record, idField);
  if (rawId !== undefined && typeof rawId !== 'string' && typeof rawId !== 'number')
    return { field: idField ?? 'id', message: 'is neither a text nor a number' };
  const { accepted, split, kind, model, programs, data, meta } = record;
  if (model !== undefined && !isModelJson(model))
    return { field: 'model', message: 'is not a linear model (sense, variables, constraints)' };
  if (split !== undefined && !splits.has(split)) return { field: 'split', message: 'is not one of train, validation, test' };
  if (kind !== undefined && !kinds.has(kind)) return { field: 'kind', message: 'is not one of lp, ilp, milp, qp, nlp' };
  if (accepted !== undefined && !(Array.isArray(accepted) && accepted.every((v) => typeof v === 'number')))
    return { field: 'accepted', message: 'is not a list of numbers' };
  if (programs !== undefined && !(isObject(programs) && Object.values(programs).every((v) => typeof v === 'string'))) {
    return { field: 'programs', message: 'is not an object from dialect to program text' };
  }
  return {
    problem: {
      // Without an id of its own a record is known by its text, so that reordering a file changes nothing.
      id: rawId === undefined ? `q-${createHash('sha256').update(question).digest('hex').slice(0, 16)}` : String(rawId),
      question,
      answer,
      source: typeof record.source === 'string' ? record.source : about.source,
      ...(split === undefined ? {} : { split: split as Split }),
      ...(kind === undefined ? {} : { kind: kind as ProblemKind }),
      ...(accepted === undefined ? {} : { accepted: accepted as readonly number[] }),
      ...(model === undefined ? {} : { model: linearModelFromJson(model) }),
      ...(programs === undefined ? {} : { programs: programs as Readonly<Record<string, string>> }),
      ...(fields.program === undefined ? {} : { programs: { [fields.program.dialect]: program as string } }),
      ...(isObject(data) ? { data } : {}),
      ...(isObject(meta) ? { meta } : {}),
    },
  };
}
