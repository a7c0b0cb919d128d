/** Problems in JSON Lines files: a lenient reader that reports what it cannot read, and an atomic writer. */
import { basename } from 'node:path';
import { linearModelToJson } from '../../core/linear-model.ts';
import { type Problem, taskKey } from '../../core/problem.ts';
import { writeFileAtomically } from '../../lib/atomic-write.ts';
import { EvomError } from '../../lib/errors.ts';
import { mostNamed, refuseFaultyRecords } from '../../lib/fault-list.ts';
import { readFault } from '../../lib/file-fault.ts';
import { jsonObjects } from '../../lib/json-stream.ts';
import { textChunks } from '../../lib/text-chunks.ts';
import { type FieldMap, problemFromRecord } from './record.ts';

export interface ReadOptions {
  /** Names of fields that differ from question/answer, en_question/en_answer and Question/Answer. */
  readonly fields?: FieldMap;
  /** Name of the source. @default the file's name */
  readonly source?: string;
  /** Stop after this many problems. */
  readonly limit?: number;
}

/** One thing that could not be read. */
export interface ReadFault {
  readonly file: string;
  readonly line: number;
  /** Field, or null when the record itself is no JSON. */
  readonly field: string | null;
  readonly message: string;
}

/** Reads a file object by object, as problems and faults in the order of the file. */
export async function* readRecords(path: string, options: ReadOptions = {}): AsyncGenerator<Problem | ReadFault> {
  const source = options.source ?? basename(path);
  try {
    for await (const item of jsonObjects(textChunks(path, false))) {
      if (item.kind === 'fault') {
        yield { file: path, line: item.line, field: null, message: item.message };
        continue;
      }
      const result = problemFromRecord(item.value, { fields: options.fields ?? {}, source });
      yield 'problem' in result ? result.problem : { file: path, line: item.line, ...result };
    }
  } catch (cause) {
    if (cause instanceof EvomError) throw cause;
    throw readFault(path, cause);
  }
}

const isFault = (item: Problem | ReadFault): item is ReadFault => 'file' in item && 'message' in item;

/**
 * All problems of a JSON Lines file.
 *
 * @throws {EvomError} `E_DATA` naming file:line and field of up to 20 records that cannot be read, a repeated id, or a file
 * without any problem. Nothing is guessed or skipped.
 */
export async function readProblems(path: string, options: ReadOptions = {}): Promise<Problem[]> {
  const problems: Problem[] = [];
  const faults: string[] = [];
  const texts = new Map<string, string>();
  let numFaults = 0;
  for await (const item of readRecords(path, options)) {
    if (isFault(item)) {
      numFaults++;
      if (faults.length < mostNamed)
        faults.push(`${item.file}:${item.line}: ${item.field === null ? '' : `"${item.field}" `}${item.message}`);
      continue;
    }
    const known = texts.get(item.id);
    if (known !== undefined && known !== item.question) {
      numFaults++;
      if (faults.length < mostNamed) faults.push(`${path}: the id "${item.id}" names two different problems`);
      continue;
    }
    // The same record twice keeps both, the later under a name of its own: published files repeat themselves.
    const repeated = known === undefined ? item : { ...item, id: `${item.id}#${problems.length}` };
    texts.set(repeated.id, repeated.question);
    problems.push(repeated);
    if (options.limit !== undefined && problems.length >= options.limit) break;
  }
  refuseFaultyRecords(path, faults, numFaults);
  if (problems.length === 0)
    throw new EvomError('E_DATA', `${path} holds no problem; expected one JSON object a line with "question" and "answer"`);
  return problems;
}

/** A problem as one line of JSON, without its newline; its `task_key` stands beside its own fields and is not read back. */
export function problemToJson(problem: Problem): string {
  const { model, ...fields } = problem;
  return JSON.stringify({ ...fields, ...(model === undefined ? {} : { model: linearModelToJson(model) }), task_key: taskKey(problem) });
}

/** Writes problems as JSON Lines, whole or not at all. */
export async function writeProblems(path: string, problems: Iterable<Problem>): Promise<void> {
  const lines: string[] = [];
  for (const problem of problems) lines.push(`${problemToJson(problem)}\n`);
  await writeFileAtomically(path, lines);
}
