/** What `evom verify` is given: program files, or lines of JSON. */
import { readFile } from 'node:fs/promises';
import { extname, resolve } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import type { Problem } from '../../core/problem.ts';
import { extractCode } from '../../dialects/extract.ts';
import { inferDialect } from '../../dialects/infer.ts';
import { dialectByName, dialectNames } from '../../dialects/registry.ts';
import { EvomError } from '../../lib/errors.ts';
import { faultList } from '../../lib/fault-list.ts';
import { readFault } from '../../lib/file-fault.ts';
import { jsonObjects } from '../../lib/json-stream.ts';
import { textChunks } from '../../lib/text-chunks.ts';
import { type Label, labelForms, readLabel, shownLabel } from '../../problems/sets/labels.ts';
import { isObject, problemFromRecord } from '../../problems/sets/record.ts';
import { stdinName } from '../arguments.ts';
import type { VerifyItem } from './verify-record.ts';

const codeExtensions: ReadonlySet<string> = new Set(['.js', '.mjs', '.cjs', '.ts', '.py']);

/** Without the problem's text nothing can be said about numbers that are not in it: the answer counts as told. */
const unknownQuestion = ({ answer, accepted = [] }: Label): string =>
  `(the question was not given; its answer is ${[answer, ...accepted].join(' or ')})`;

/** A label as people write it. @throws {EvomError} E_USAGE */
export function answerOf(label: string | null): Label {
  const read = readLabel(label);
  if (read === undefined)
    throw new EvomError('E_USAGE', `--answer ${label}: give a number, infeasible or unbounded, or a list such as "[18, 20]"`);
  return read;
}

/**
 * A program file. One whose name ends like code is taken whole; of any other text the program that it holds, as of a completion.
 *
 * @throws {EvomError} E_DATA if it cannot be read, E_USAGE if its dialect cannot be told.
 */
export async function fileItem(
  file: string,
  about: { readonly cwd: string; readonly dialect: string | null; readonly answer: Label; readonly question: string | null },
): Promise<VerifyItem> {
  const text = await readText(file, about.cwd);
  const dialect = dialectOf(about.dialect, text, shownName(file));
  const isCode = codeExtensions.has(extname(file));
  const program = isCode ? { code: text, dialect } : dialectByName(dialect).extract(text);
  const id = shownName(file);
  const problem: Problem = { id, question: about.question ?? unknownQuestion(about.answer), ...about.answer, source: 'command line' };
  return { id, line: 1, program, dialect, completion: text, problem };
}

export const shownName = (file: string): string => (file === stdinName ? 'stdin' : file);

async function readText(file: string, cwd: string): Promise<string> {
  try {
    return file === stdinName ? await textOf(process.stdin) : await readFile(resolve(cwd, file), 'utf8');
  } catch (cause) {
    throw readFault(file, cause);
  }
}

function dialectOf(asked: string | null, text: string, where: string): string {
  if (asked !== null) return dialectByName(asked).name;
  // In JSON or escaped for HTML no line loads the library: then the program that the text holds tells it.
  const programs = (['python', 'javascript'] as const).map((language) => extractCode(text, language) ?? '');
  const found = inferDialect(text) ?? programs.map(inferDialect).find((name) => name !== null) ?? null;
  if (found !== null && dialectNames.includes(found)) return found;
  throw new EvomError(
    'E_USAGE',
    `${where}: no solver library is loaded that tells its dialect; give --dialect, one of ${dialectNames.join(', ')}`,
  );
}

/** The lines of a JSONL file, or of stdin for `-`, in order. Faults of up to 20 lines are told at once. */
export async function* lineItems(
  file: string,
  about: { readonly cwd: string; readonly dialect: string | null; readonly text: string | null },
): AsyncGenerator<VerifyItem> {
  const faults: string[] = [];
  const shown = shownName(file);
  const source = about.text === null ? textChunks(resolve(about.cwd, file), false) : [about.text];
  try {
    for await (const item of jsonObjects(source)) {
      const made = item.kind === 'fault' ? item.message : itemOf(item.value, item.line, { source: shown, dialect: about.dialect });
      if (typeof made === 'string') faults.push(`${shown}:${item.line}: ${made}`);
      else if (faults.length === 0) yield made;
    }
  } catch (cause) {
    if (cause instanceof EvomError) throw cause;
    throw readFault(file, cause);
  }
  if (faults.length === 0) return;
  throw new EvomError('E_DATA', faultList(faults));
}

/** The item of one line by itself, or what is wrong with it. */
export async function readLine(
  text: string,
  line: number,
  about: { readonly source: string; readonly dialect: string | null },
): Promise<VerifyItem | string> {
  const found = [];
  for await (const item of jsonObjects([text])) found.push(item);
  const [first] = found;
  if (first === undefined || found.length > 1) return 'the line is not one JSON object';
  return first.kind === 'fault' ? first.message : itemOf(first.value, line, about);
}

/** An item, or what is wrong with the line. */
function itemOf(
  value: unknown,
  at: number,
  { source, dialect: asked }: { readonly source: string; readonly dialect: string | null },
): VerifyItem | string {
  const line = isObject(value) ? value : {};
  const { id, code, completion, answer, question, model } = line;
  if (typeof id !== 'string' && typeof id !== 'number') return '"id" is missing, or neither a text nor a number; give each program one';
  const text = code ?? completion;
  if (typeof text !== 'string') return 'neither "code" nor "completion" is a text; write the program under one of them';
  if (code !== undefined && completion !== undefined) return '"code" and "completion" exclude each other; leave one out';
  let dialect: string;
  try {
    dialect = dialectOf(typeof line.dialect === 'string' ? line.dialect : asked, text, JSON.stringify(id));
  } catch (error) {
    if (error instanceof EvomError) return error.message;
    throw error;
  }
  const label = readLabel(answer ?? null);
  if (label === undefined) return `"answer" is ${shownLabel(answer)}; give ${labelForms}`;
  if (question !== undefined && question !== null && typeof question !== 'string') return '"question" is not a text';
  const record = {
    id: String(id),
    question: question || unknownQuestion(label),
    ...label,
    ...(model === undefined || model === null ? {} : { model }),
  };
  const read = problemFromRecord(record, { fields: {}, source });
  if ('message' in read) return `"${read.field}" ${read.message}`;
  const program = code === undefined ? dialectByName(dialect).extract(text) : { code: text, dialect };
  return { id, line: at, program, dialect, completion: code === undefined ? text : '', problem: read.problem };
}
