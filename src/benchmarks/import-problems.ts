/** Published problem files -> problems: container and format told by content, label version and hash in `source`, faults named. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import type { LinearModel } from '../core/linear-model.ts';
import type { Answer, Problem } from '../core/problem.ts';
import { EvomError } from '../lib/errors.ts';
import { mostNamed, refuseFaultyRecords } from '../lib/fault-list.ts';
import { fileSha256 } from '../lib/file-sha256.ts';
import type { Solve } from '../problems/generator/discriminate.ts';
import { answerOf } from '../problems/generator/generate.ts';
import type { FieldMap } from '../problems/sets/record.ts';
import { type ContainerKind, containerOf, recordsOf } from './containers.ts';
import { readFolder } from './folders.ts';
import { type Draft, type Fields, type Format, isDraftFault, isFields, type ProblemDraft } from './format.ts';
import { detectFormat, formatNamed, formatNames, unwrapped } from './formats.ts';
import { findInputs, type ImportInput } from './inputs.ts';
import { type LabelVersion, labelVersionOf } from './label-versions.ts';
import { mappedFormat } from './own-format.ts';
import { sampleFormat } from './samples.ts';

export interface ImportOptions {
  /** A format's name; `auto` tells it from the records. @default auto */
  readonly format?: string;
  /** Names of this file's fields; the records are then read by them alone. */
  readonly fields?: FieldMap;
  /** Name of the label version, e.g. `mine@2`. @default the published file's, else the file's own name */
  readonly name?: string;
  /** Leave -99999 and -9999 the numbers that they are, as the evaluations of ORLM and SIRL themselves take them. @default false */
  readonly keepSentinels?: boolean;
  /** Take the variables of declared models for whole numbers, which NL4OPT's declarations do not say. @default false */
  readonly wholeNumbers?: boolean;
  /** Questions for files that hold instances without text. */
  readonly texts?: readonly string[];
  /** Finds the answers of problems that come with a model and none. */
  readonly solve?: Solve;
}

/** One thing that could not be read. */
export interface ImportFault {
  readonly file: string;
  readonly unit: 'line' | 'row' | 'file';
  /** From 1; 0 for a file as a whole. */
  readonly at: number;
  /** null when the record itself is broken. */
  readonly field: string | null;
  readonly message: string;
}

/** What was found in one file or benchmark folder. */
export interface ImportReport {
  readonly file: string;
  readonly container: ContainerKind | 'folders';
  /** null when the file holds no problems at all. */
  readonly format: string | null;
  readonly name: string;
  readonly sha256: string;
  /** The published file that this one is, byte for byte; null for others. */
  readonly published: LabelVersion | null;
  readonly problems: number;
  readonly faults: number;
  readonly doubts: number;
  readonly answers: {
    readonly number: number;
    readonly zero: number;
    readonly infeasible: number;
    readonly unbounded: number;
    readonly none: number;
    /** With more than one accepted value. */
    readonly several: number;
  };
}

export type ImportItem =
  | { readonly type: 'problem'; readonly problem: Problem }
  /** Not read. */
  | { readonly type: 'fault'; readonly fault: ImportFault }
  /** Read, but its label or model is in doubt; `meta.label_doubt` of the problem before says the same. */
  | { readonly type: 'doubt'; readonly fault: ImportFault }
  | { readonly type: 'report'; readonly report: ImportReport };

/** `file:3: "answer" is ...` */
export function importFaultText({ file, unit, at, field, message }: ImportFault): string {
  const place = unit === 'file' ? '' : unit === 'row' ? `:row ${at}` : `:${at}`;
  return `${file}${place}: ${field === null ? '' : `"${field}" `}${message}`;
}

/** Records looked at before a format is chosen. */
const sniffRecords = 64;

/** Gives problems ids of their own within one import: a repeated record keeps its first id and gets a numbered one. */
export class ProblemIds {
  #times = new Map<string, number>();

  name(wanted: string): string {
    const time = (this.#times.get(wanted) ?? 0) + 1;
    this.#times.set(wanted, time);
    return time === 1 ? wanted : this.name(`${wanted}#${time}`);
  }
}

/** File name without its endings, fit for a name: `OptMATH_Bench.json` -> `optmath_bench`. */
const stemOf = (path: string): string =>
  basename(path)
    .replace(/(?:\.(?:jsonl?|ndjson|csv|tsv|parquet|arrow|feather|gz))+$/i, '')
    .toLowerCase()
    .replace(/[^a-z0-9@._-]+/g, '-');

/**
 * Reads one file or benchmark folder: problems and faults in its order, then one report.
 *
 * `source` of each problem is `name#sha256:` and 16 digits of the file's hash; its id is `name/key`, the key being the record's own,
 * else a hash of the question. A file in the project's own form keeps ids and sources.
 *
 * @throws {EvomError} `E_DATA` when the file as a whole cannot be read, `E_USAGE` for an unknown format.
 */
export async function* importInput(input: ImportInput, options: ImportOptions = {}, ids = new ProblemIds()): AsyncGenerator<ImportItem> {
  const tally = new Tally();
  const sha256 = input.type === 'file' ? await fileSha256(input.path) : await foldersSha256(input);
  const published = labelVersionOf(sha256);
  const name = options.name ?? published?.name ?? stemOf(input.path);
  const source = `${name}#sha256:${sha256.slice(0, 16)}`;
  const finish = function* (draft: Draft, place: Pick<ImportFault, 'file' | 'unit' | 'at'>): Generator<ImportItem> {
    if (isDraftFault(draft)) {
      tally.faults++;
      yield { type: 'fault', fault: { ...place, field: draft.field, message: draft.message } };
      return;
    }
    const { key, source: ownSource, answer, doubt, meta, model: declared, kind, ...others } = draft;
    const isWhole = options.wholeNumbers === true && declared != null && answer === null;
    const model = isWhole ? wholeModel(declared) : declared;
    const solved = answer === null && model && options.solve ? answerOf(model, options.solve) : labelOf(draft, options);
    const rest = {
      ...others,
      ...(kind === undefined ? {} : { kind: isWhole ? ('milp' as const) : kind }),
      ...(model === undefined ? {} : { model }),
    };
    const textKey = (): string => `q-${createHash('sha256').update(draft.question).digest('hex').slice(0, 16)}`;
    const wanted = ownSource === undefined ? `${name}/${key ?? textKey()}` : String(key ?? textKey());
    const doubtful = doubt === undefined ? meta : { ...meta, label_doubt: `${doubt.field} ${doubt.message}` };
    const problem: Problem = {
      id: ids.name(wanted),
      ...rest,
      answer: solved,
      source: ownSource ?? source,
      ...(doubtful === undefined ? {} : { meta: doubtful }),
    };
    tally.add(problem);
    yield { type: 'problem', problem };
    if (doubt !== undefined) {
      tally.doubts++;
      yield { type: 'doubt', fault: { ...place, ...doubt } };
    }
  };
  const fail = (message: string, place: Pick<ImportFault, 'file' | 'unit' | 'at'>): ImportItem => {
    tally.faults++;
    return { type: 'fault', fault: { ...place, field: null, message } };
  };
  const reportOf = (container: ImportReport['container'], format: string | null): ImportItem => ({
    type: 'report',
    report: { file: input.path, container, format, name, sha256, published, ...tally.counts() },
  });

  if (input.type === 'folders') {
    for (const folder of input.folders) {
      const files = await readTexts(folder);
      const place = { file: folder, unit: 'file', at: 0 } as const;
      yield* finish(readFolder(input.format, files, relative(input.path, folder) || basename(folder)), place);
    }
    yield reportOf('folders', input.format.name);
    return;
  }

  const container = await containerOf(input.path);
  const place = (at: number): Pick<ImportFault, 'file' | 'unit' | 'at'> => ({ file: input.path, unit: container.unit, at });
  let format = chosenFormat(options);
  let waiting: { readonly at: number; readonly record: Fields }[] = [];
  const read = function* (): Generator<ImportItem> {
    format ??= detectFormat(waiting.map(({ record }) => record));
    if (format?.name === 'sample') format = sampleFormat(options.texts ?? []);
    for (const { at, record } of waiting) {
      if (format === null) continue;
      if (!format.matches(record)) {
        yield fail(
          `has the fields ${Object.keys(record).join(', ')}, which the format ${format.name} of this file does not fit`,
          place(at),
        );
        continue;
      }
      for (const draft of format.read(record)) yield* finish(draft, place(at));
    }
    if (format !== null) waiting = [];
  };
  for await (const item of recordsOf(input.path, container)) {
    if (item.kind === 'fault') {
      yield fail(item.message, place(item.line));
      continue;
    }
    if (!isFields(item.value)) {
      yield fail('is not an object', place(item.line));
      continue;
    }
    for (const record of unwrapped(item.value)) waiting.push({ at: item.line, record });
    if (format !== null || waiting.length >= sniffRecords) yield* read();
    if (format === null && waiting.length >= sniffRecords) break;
  }
  yield* read();
  // A file found in a folder may hold anything; one that was named was meant to hold problems.
  const [first] = waiting;
  if (format === null && input.isNamed) {
    const fields =
      first === undefined ? 'holds no record' : `has the fields ${Object.keys(first.record).slice(0, 12).join(', ')}, which no format fits`;
    yield fail(
      `${fields}; name them with --question-field and --answer-field, or see evom data import --help for the formats`,
      place(first?.at ?? 1),
    );
  }
  yield reportOf(container.kind, format?.name ?? null);
}

/**
 * All problems of one file or folder, whatever their format.
 *
 * @throws {EvomError} `E_DATA` naming up to 20 records that cannot be read, or when there is no problem.
 */
export async function importProblems(path: string, options: ImportOptions & { readonly limit?: number } = {}): Promise<Problem[]> {
  const problems: Problem[] = [];
  const faults: string[] = [];
  let numFaults = 0;
  const ids = new ProblemIds();
  const { inputs } = await findInputs([path]);
  for (const input of inputs) {
    for await (const item of importInput(input, options, ids)) {
      if (item.type === 'problem') problems.push(item.problem);
      if (item.type === 'fault' && ++numFaults <= mostNamed) faults.push(importFaultText(item.fault));
      if (problems.length === options.limit) break;
    }
    if (problems.length === options.limit) break;
  }
  refuseFaultyRecords(path, faults, numFaults);
  if (problems.length === 0) throw new EvomError('E_DATA', `${path} holds no problem; evom data import --help lists what is read`);
  return problems;
}

const wholeModel = (model: LinearModel): LinearModel => ({
  ...model,
  variables: model.variables.map((variable) => ({ ...variable, integer: true })),
});

/** The label as it is meant, or as the number that stands there. */
function labelOf({ answer, meta }: ProblemDraft, { keepSentinels = false }: ImportOptions): Answer {
  const published = typeof meta?.label === 'string' || typeof meta?.label === 'number' ? Number(meta.label) : Number.NaN;
  return keepSentinels && answer === 'infeasible' && Number.isFinite(published) ? published : answer;
}

function chosenFormat({ format = 'auto', fields }: ImportOptions): Format | null {
  if (fields !== undefined && Object.keys(fields).length > 0) return mappedFormat(fields);
  if (format === 'auto') return null;
  const found = formatNamed(format);
  if (found === null) throw new EvomError('E_USAGE', `--format ${format}: no such format; known are auto, ${formatNames.join(', ')}`);
  return found;
}

async function readTexts(folder: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isFile() && /\.(?:txt|json|py|md)$/.test(entry.name)) files.set(entry.name, await readFile(join(folder, entry.name), 'utf8'));
  }
  return files;
}

/** One hash over the names and bytes of all files of a benchmark of folders. */
async function foldersSha256(input: Extract<ImportInput, { type: 'folders' }>): Promise<string> {
  const hash = createHash('sha256');
  for (const folder of input.folders) {
    const names = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isFile()).map((entry) => entry.name);
    for (const name of names.sort()) hash.update(`${relative(input.path, folder)}/${name} ${await fileSha256(join(folder, name))}\n`);
  }
  return hash.digest('hex');
}

class Tally {
  faults = 0;
  doubts = 0;
  #problems = 0;
  #answers = { number: 0, zero: 0, infeasible: 0, unbounded: 0, none: 0, several: 0 };

  add({ answer, accepted }: Problem): void {
    this.#problems++;
    this.#answers[typeof answer === 'number' ? 'number' : (answer ?? 'none')]++;
    if (answer === 0) this.#answers.zero++;
    if (accepted !== undefined && accepted.length > 0) this.#answers.several++;
  }

  counts(): Pick<ImportReport, 'problems' | 'faults' | 'doubts' | 'answers'> {
    return { problems: this.#problems, faults: this.faults, doubts: this.doubts, answers: { ...this.#answers } };
  }
}
