/** Stored completions of any model: which text, or which program in which dialect, was written for which question. */
import { EvomError } from '../lib/errors.ts';
import { fileSha256 } from '../lib/file-sha256.ts';
import { normalizedText } from '../problems/sets/label-audit.ts';
import { containerOf, recordsOf } from './containers.ts';
import { type Fields, type Format, isDraftFault, isFields, type ProblemDraft } from './format.ts';
import { detectFormat, unwrapped } from './formats.ts';

export interface Recordings {
  readonly sha256: string;
  /** Questions with a recording. */
  readonly size: number;
  /** Completions in the order of the file, for a program in the dialect where programs are stored; empty when there are none. */
  recall(problem: { readonly id: string; readonly question: string }, dialect: string): readonly string[];
}

interface Entry {
  readonly completions: string[];
  /** Programs by dialect, in the order of the file. */
  readonly programs: Record<string, string>[];
}

const textFields = ['completions', 'completion', 'response', 'output', 'generated_text'] as const;
const idFields = ['id', 'problem_id', 'task_id'] as const;
const questionFields = ['question', 'en_question', 'Question'] as const;

function textsOf(record: Fields): string[] {
  for (const name of textFields) {
    const value = record[name];
    if (typeof value === 'string') return [value];
    if (Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'string')) return value;
  }
  // A file of outcomes that an evaluation left.
  const { samples } = record;
  if (!Array.isArray(samples)) return [];
  return samples.flatMap((sample: unknown) => (isFields(sample) && typeof sample.completion === 'string' ? [sample.completion] : []));
}

const firstText = (record: Fields, names: readonly string[]): string | null => {
  const value = names.map((name) => record[name]).find((item) => typeof item === 'string' || typeof item === 'number');
  return value === undefined ? null : String(value);
};

function problemOf(record: Fields): ProblemDraft | null {
  const format: Format | null = detectFormat([record]);
  const [draft] = format?.read(record) ?? [];
  return draft === undefined || isDraftFault(draft) ? null : draft;
}

const fence = (code: string, dialect: string): string => `\`\`\`${dialect.endsWith('-js') ? 'js' : 'python'}\n${code}\n\`\`\``;

/** Files that people name in the place of completions, and what they are for. */
const mistaken: readonly (readonly [RegExp, string])[] = [
  [/\.ya?ml$/i, 'it is a configuration, which --config takes; --checkpoint takes the folder of a model or a run'],
  [/\.(?:gguf|whl)$/i, 'evom model import makes a folder of it that --checkpoint takes'],
  [/\.(?:safetensors|bin|pt|onnx)$/i, 'it is one of the files of a model; give the folder that it is in'],
];

/**
 * Reads recordings from JSON, JSONL, CSV, Parquet or Arrow: records with `completion` or `completions` (or `response`, `output`) beside
 * `question` or `id`; published results such as ORLM's, by the programs in them; or the file of outcomes of another evaluation.
 *
 * Records of one question are its samples in order. A recorded program is returned for whatever dialect is asked, its own first: that a
 * policy answers in another API than it was asked for is what a transfer measures.
 *
 * @throws {EvomError} `E_DATA` naming file and line of a record without a completion, or without question and id.
 */
export async function readRecordings(path: string): Promise<Recordings> {
  const [, otherwise] = mistaken.find(([pattern]) => pattern.test(path)) ?? [];
  if (otherwise !== undefined) throw new EvomError('E_DATA', `${path} holds no recorded completions: ${otherwise}`);
  const byText = new Map<string, Entry>();
  const byId = new Map<string, Entry>();
  for await (const item of recordsOf(path, await containerOf(path))) {
    const place = `${path}:${item.line}`;
    if (item.kind === 'fault' || !isFields(item.value))
      throw new EvomError('E_DATA', `${place}: ${item.kind === 'fault' ? item.message : 'is not an object'}`);
    for (const record of unwrapped(item.value)) {
      const texts = textsOf(record);
      const draft = problemOf(record);
      const question = Array.isArray(record.samples) ? null : (draft?.question ?? firstText(record, questionFields));
      const id = firstText(record, idFields);
      const { programs } = draft ?? {};
      if (texts.length === 0 && programs === undefined)
        throw new EvomError('E_DATA', `${place}: holds no completion; expected ${textFields.slice(0, 3).join(', ')}, or a program`);
      if (question === null && id === null) throw new EvomError('E_DATA', `${place}: names neither a question nor an id`);
      const key = question === null ? null : normalizedText(question);
      const known = (key === null ? undefined : byText.get(key)) ?? (id === null ? undefined : byId.get(id));
      const entry: Entry = known ?? { completions: [], programs: [] };
      if (programs !== undefined && !('completion' in record || 'completions' in record)) entry.programs.push(programs);
      else for (const text of texts) entry.completions.push(text);
      if (key !== null) byText.set(key, entry);
      if (id !== null) byId.set(id, entry);
    }
  }
  return {
    sha256: await fileSha256(path),
    size: Math.max(byText.size, byId.size),
    recall: ({ id, question }, dialect) => {
      const entry = byText.get(normalizedText(question)) ?? byId.get(id);
      if (entry === undefined) return [];
      if (entry.completions.length > 0) return entry.completions;
      return entry.programs.flatMap((programs) => {
        const [own] = Object.keys(programs);
        const name = programs[dialect] !== undefined ? dialect : own;
        return name === undefined ? [] : [fence(programs[name] ?? '', name)];
      });
    },
  };
}
