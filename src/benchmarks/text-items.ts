/** The texts of any file of records, for looking for copies: answers do not matter, and neither does an unknown format. */
import type { OverlapText } from '../problems/sets/overlap.ts';
import { containerOf, recordsOf } from './containers.ts';
import { type Fields, type Format, isDraftFault, isFields } from './format.ts';
import { detectFormat, unwrapped } from './formats.ts';
import { importFaultText, importInput } from './import-problems.ts';
import { findInputs } from './inputs.ts';

/** Every text inside a value, in order: the messages of a chat, the fields of an instruction. */
function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return value.flatMap(textsIn);
  return isFields(value) ? Object.values(value).flatMap(textsIn) : [];
}

function questionOf(format: Format, record: Fields): string | null {
  if (!format.matches(record)) return null;
  const questions = format.read(record).flatMap((draft) => (isDraftFault(draft) ? [] : [draft.question]));
  return questions.length === 0 ? null : questions.join('\n');
}

/**
 * Texts of a file, or of all problems of a folder, one a record: its question where the format is known, else every text in it.
 *
 * @param onFault told of each record that is broken; it is left out.
 */
export async function* textItems(path: string, onFault: (fault: string) => void = () => {}): AsyncGenerator<OverlapText> {
  for (const input of (await findInputs([path])).inputs) {
    if (input.type === 'folders') {
      for await (const item of importInput(input)) {
        if (item.type === 'problem') yield { id: item.problem.id, text: item.problem.question };
        if (item.type === 'fault') onFault(importFaultText(item.fault));
      }
      continue;
    }
    const container = await containerOf(input.path);
    let format: Format | null | undefined;
    for await (const item of recordsOf(input.path, container)) {
      if (item.kind === 'fault' || !isFields(item.value)) {
        onFault(`${input.path}:${item.line}: ${item.kind === 'fault' ? item.message : 'is not an object'}`);
        continue;
      }
      for (const [i, record] of unwrapped(item.value).entries()) {
        format ??= detectFormat([record]);
        const text = (format === null ? null : questionOf(format, record)) ?? textsIn(record).join('\n');
        yield { id: `${input.path}:${item.line}${i > 0 ? `+${i}` : ''}`, text };
      }
    }
  }
}
