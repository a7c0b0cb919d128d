/** One JSON record to a problem: which fields hold what, and which values mean "no answer" or "no solution". */
import { createHash } from 'node:crypto';
import { type LinearModelJson, linearModelFromJson } from '../../core/linear-model.ts';
import type { Problem, ProblemKind, Split } from '../../core/problem.ts';
import { labelForms, plainLabels, readLabel, settledLabels, shownLabel } from './labels.ts';

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

/** A problem, or what is wrong with which field. */
export type RecordResult = { readonly problem: Problem } | { readonly field: string; readonly message: string };

type Fields = Readonly<Record<string, unknown>>;
export const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);

function at(record: Fields, path: string): unknown {
  if (Object.hasOwn(record, path)) return record[path];
  return path.split('.').reduce<unknown>((value, key) => (isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined), record);
}

const present = (record: Fields, names: readonly string[]): string | undefined => names.find((name) => at(record, name) !== undefined);

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
      message:
        question === undefined
          ? `is missing (looked for ${fields.question ?? questionFields.join(', ')})`
          : typeof question === 'string'
            ? 'is empty; write the problem in words'
            : 'is not a text',
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
  // In a file of ours, which tells its source, a number is a number, -99999 too.
  const read = readLabel(label, typeof record.source === 'string' ? settledLabels : plainLabels);
  if (read === undefined) return { field: answerField, message: `is ${shownLabel(label)}; give ${labelForms}` };
  const idField = fields.id ?? present(record, idFields);
  const rawId = idField === undefined ? undefined : at(record, idField);
  if (rawId !== undefined && typeof rawId !== 'string' && typeof rawId !== 'number')
    return { field: idField ?? 'id', message: 'is neither a text nor a number' };
  if (typeof rawId === 'number' && !Number.isFinite(rawId))
    return { field: idField ?? 'id', message: `is ${rawId} as a number, and so may others be; write it as a text` };
  if (Number.isInteger(rawId) && !Number.isSafeInteger(rawId))
    return { field: idField ?? 'id', message: 'is a whole number beyond 2^53, of which the last digits are lost; write it as a text' };
  const { accepted, split, kind, model, programs, data, meta } = record;
  if (model !== undefined && !isModelJson(model))
    return { field: 'model', message: 'is not a linear model (sense, variables, constraints)' };
  if (split !== undefined && !splits.has(split)) return { field: 'split', message: 'is not one of train, validation, test' };
  if (kind !== undefined && !kinds.has(kind)) return { field: 'kind', message: 'is not one of lp, ilp, milp, qp, nlp' };
  if (accepted !== undefined && !(Array.isArray(accepted) && accepted.every((v) => typeof v === 'number' && Number.isFinite(v))))
    return { field: 'accepted', message: 'is not a list of numbers' };
  const others = [...(read.accepted ?? []), ...((accepted ?? []) as readonly number[])];
  if (programs !== undefined && !(isObject(programs) && Object.values(programs).every((v) => typeof v === 'string'))) {
    return { field: 'programs', message: 'is not an object from dialect to program text' };
  }
  return {
    problem: {
      // Without an id of its own a record is known by its text, so that reordering a file changes nothing.
      id: rawId === undefined ? `q-${createHash('sha256').update(question).digest('hex').slice(0, 16)}` : String(rawId),
      question,
      answer: read.answer,
      source: typeof record.source === 'string' ? record.source : about.source,
      ...(split === undefined ? {} : { split: split as Split }),
      ...(kind === undefined ? {} : { kind: kind as ProblemKind }),
      ...(others.length === 0 && accepted === undefined ? {} : { accepted: others }),
      ...(model === undefined ? {} : { model: linearModelFromJson(model) }),
      ...(programs === undefined ? {} : { programs: programs as Readonly<Record<string, string>> }),
      ...(fields.program === undefined ? {} : { programs: { [fields.program.dialect]: program as string } }),
      ...(isObject(data) ? { data } : {}),
      ...(isObject(meta) ? { meta } : {}),
    },
  };
}
