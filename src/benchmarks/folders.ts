/** Benchmarks that give each problem a folder of files: OptiMUS NLP4LP, Chain-of-Experts ComplexOR and LPWP, ORThought and LogiOR. */

import { plainLabels, readLabel } from '../problems/sets/labels.ts';
import { type Draft, isFields, pick, pythonDialect, withMeta } from './format.ts';

/** The files of one folder, by name. */
export type FolderFiles = ReadonlyMap<string, string>;

export interface FolderFormat {
  readonly name: string;
  readonly description: string;
  /** File that holds the answer; faults name it. */
  readonly answerFile: string;
  readonly needs: readonly string[];
  readonly read: (files: FolderFiles, key: string) => Draft;
}

function json(files: FolderFiles, name: string): unknown {
  const text = files.get(name);
  return text === undefined ? undefined : (JSON.parse(text) as unknown);
}

/** Python programs among the folder's files by the library they import; the first of a library counts. */
function programsIn(files: FolderFiles, names: readonly string[]): { programs?: Readonly<Record<string, string>> } {
  const programs: Record<string, string> = {};
  for (const name of names) {
    const code = files.get(name);
    const dialect = code === undefined ? null : pythonDialect(code);
    if (code !== undefined && dialect !== null) programs[dialect] ??= code;
  }
  return Object.keys(programs).length === 0 ? {} : { programs };
}

const text = (files: FolderFiles, name: string): string => (files.get(name) ?? '').trim();

const nlp4lp: FolderFormat = {
  name: 'nlp4lp',
  description: 'OptiMUS NLP4LP: description.txt, solution.json, and parameters.json, problem_info.json, optimus_code.py',
  answerFile: 'solution.json',
  needs: ['description.txt', 'solution.json'],
  read: (files, key) => {
    const solution = json(files, 'solution.json');
    if (!isFields(solution)) return { field: 'solution.json', message: 'is not an object' };
    const label = readLabel(solution.objective ?? null, plainLabels);
    if (label === undefined) return { field: 'solution.json objective', message: `is ${JSON.stringify(solution.objective)}` };
    const parameters = json(files, 'parameters.json');
    return {
      key,
      question: text(files, 'description.txt'),
      ...label,
      ...programsIn(files, ['optimus_code.py', 'code.py']),
      ...(isFields(parameters) ? { data: parameters } : {}),
      ...withMeta(pick(solution, ['variables'])),
    };
  },
};

/** ComplexOR texts name their parameters and leave the values to the samples; LPWP texts hold theirs, and its "input" is the solution. */
const chainOfExperts: FolderFormat = {
  name: 'chain-of-experts',
  description: 'Chain-of-Experts ComplexOR and LPWP: description.txt, sample.json [{input, output}], and programs',
  answerFile: 'sample.json',
  needs: ['description.txt', 'sample.json'],
  read: (files, key) => {
    const samples = json(files, 'sample.json');
    const first = Array.isArray(samples) ? (samples[0] as unknown) : undefined;
    if (!isFields(first) || !isFields(first.input)) return { field: 'sample.json', message: 'is not a list of {input, output}' };
    const output = Array.isArray(first.output) ? (first.output[0] as unknown) : first.output;
    const label = readLabel(output ?? null, plainLabels);
    if (label === undefined) return { field: 'sample.json output', message: `is ${JSON.stringify(first.output)}` };
    const description = text(files, 'description.txt');
    const hasOwnNumbers = /\d/.test(description) && Object.values(first.input).every((value) => typeof value === 'number');
    const others = (samples as readonly unknown[]).slice(1);
    return {
      key,
      question: hasOwnNumbers ? description : `${description}\n\nData:\n${JSON.stringify(first.input)}`,
      ...label,
      ...programsIn(
        files,
        [...files.keys()].filter((name) => name.endsWith('.py')),
      ),
      ...(hasOwnNumbers ? {} : { data: first.input }),
      ...withMeta({ ...(hasOwnNumbers ? { variables: first.input } : {}), ...(others.length > 0 ? { samples: others } : {}) }),
    };
  },
};

const orthought: FolderFormat = {
  name: 'orthought',
  description: 'ORThought and LogiOR: question.txt, answer.json {status, obj}, and model.txt, code.py',
  answerFile: 'answer.json',
  needs: ['question.txt', 'answer.json'],
  read: (files, key) => {
    const answer = json(files, 'answer.json');
    if (!isFields(answer)) return { field: 'answer.json', message: 'is not an object' };
    const status = String(answer.status ?? '').toLowerCase();
    // Beside "optimal", a null objective is a label that is missing, not a proof that there is no optimum.
    const published =
      status === 'optimal' || status === '' ? (answer.obj ?? null) : status === 'infeasible or unbounded' ? 'infeasible' : status;
    const label = readLabel(published, plainLabels);
    if (label === undefined)
      return { field: 'answer.json', message: `says status ${JSON.stringify(answer.status)}, obj ${JSON.stringify(answer.obj)}` };
    return {
      key,
      question: text(files, 'question.txt'),
      ...label,
      ...programsIn(files, ['code.py']),
      ...withMeta({
        ...(files.has('model.txt') ? { statement: text(files, 'model.txt') } : {}),
        ...(typeof label.answer === 'number' ? {} : { label: answer }),
      }),
    };
  },
};

/** In the order in which they are tried. */
export const folderFormats: readonly FolderFormat[] = [nlp4lp, chainOfExperts, orthought];

/** The format of a folder by the names of its files; null when it is none. */
export const folderFormatOf = (names: ReadonlySet<string>): FolderFormat | null =>
  folderFormats.find((format) => format.needs.every((name) => names.has(name))) ?? null;

/** Reads one folder; broken JSON in a file is named. */
export function readFolder(format: FolderFormat, files: FolderFiles, key: string): Draft {
  for (const [name, content] of files) {
    if (!name.endsWith('.json')) continue;
    try {
      JSON.parse(content);
    } catch (error) {
      return { field: name, message: `is not valid JSON: ${(error as Error).message}` };
    }
  }
  const draft = format.read(files, key);
  return 'question' in draft && draft.question === '' ? { field: format.needs[0] ?? '', message: 'is empty' } : draft;
}
