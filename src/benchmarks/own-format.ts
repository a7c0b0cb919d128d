/** Problems in the project's own form, and records whose fields the user names. */
import { type FieldMap, problemFromRecord } from '../problems/sets/record.ts';
import { type Draft, type Fields, type Format, has } from './format.ts';

/** A record with `source`: written by `writeProblems`; its id and source stay. */
export const ownFormat: Format = {
  name: 'evom',
  description: 'the project’s own: question, answer, source, and id, accepted, split, kind, model, programs, data, meta',
  matches: (record) => has(record, 'question', 'source') && 'answer' in record,
  read: (record) => [mappedDraft(record, {})],
};

/** A format for one file, by the names that the user gives. */
export function mappedFormat(fields: FieldMap): Format {
  return { name: 'fields', description: 'fields named by the user', matches: () => true, read: (record) => [mappedDraft(record, fields)] };
}

/** question and answer under those names, whatever stands beside them. */
export const plainFormat: Format = {
  name: 'plain',
  description: 'question, answer (or null); other fields of the project’s own form where they are there',
  matches: (record) => (has(record, 'question') && 'answer' in record) || (has(record, 'Question') && 'Answer' in record),
  read: (record) => [mappedDraft(record, {})],
};

function mappedDraft(record: Fields, fields: FieldMap): Draft {
  const result = problemFromRecord(record, { fields, source: '' });
  if (!('problem' in result)) return result;
  const { id, source, ...problem } = result.problem;
  return { ...problem, key: id.startsWith('q-') ? null : id, ...(source === '' ? {} : { source }) };
}
