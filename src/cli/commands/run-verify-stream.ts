/** The work behind `evom verify --input - --stream`: a process kept open, each line answered by a line as soon as its turn comes. */
import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { openVerification, type Verification } from '../../config/build/verify-settings.ts';
import { EvomError } from '../../lib/errors.ts';
import { inOrder } from '../../lib/in-order.ts';
import { stdinName } from '../arguments.ts';
import type { VerifyOptions } from './run-verify.ts';
import { readLine, shownName } from './verify-input.ts';
import { faultOf, type VerdictRecord, verdictRecord } from './verify-record.ts';

/** Programs under way or waiting for an earlier one, a worker. */
const aheadPerWorker = 64;

/** The answer to a line that cannot be read; the lines after it are answered all the same. */
interface LineFault {
  readonly line: number;
  readonly error: string;
}

/**
 * Answers until the input ends, in its order. What a line says is wrong is its answer, `{"line", "error"}`.
 *
 * @returns the exit code 0 when every line was answered by an outcome.
 * @throws {EvomError} at the end: E_DATA when lines could not be read, else the first fault of ours.
 */
export async function runVerifyStream(options: VerifyOptions & { readonly input: string }): Promise<number> {
  const { input, io, signal, settings, rules } = options;
  const shown = shownName(input);
  const source = input === stdinName ? process.stdin : createReadStream(resolve(io.cwd, input));
  const lines = createInterface({ input: source, crlfDelay: Number.POSITIVE_INFINITY });
  const end = (): void => {
    lines.close();
    source.destroy();
  };
  signal.addEventListener('abort', end);
  // Which dialects come is not known before they do.
  const opened = new Map<string, Promise<Verification>>();
  const verificationOf = (dialect: string): Promise<Verification> => {
    const known = opened.get(dialect) ?? openVerification([dialect], settings, rules);
    opened.set(dialect, known);
    return known;
  };
  let badLines = 0;
  let fault: EvomError | null = null;
  const answer = async ({ text, line }: { readonly text: string; readonly line: number }): Promise<VerdictRecord | LineFault> => {
    const item = await readLine(text, line, { source: shown, dialect: options.dialect });
    if (typeof item === 'string') return { line, error: item };
    return verdictRecord(item, await (await verificationOf(item.dialect)).verify(item), { rules, settings });
  };
  try {
    await inOrder(
      numbered(lines),
      answer,
      (record, { line }) => {
        io.stdout(`${JSON.stringify(record)}\n`);
        if ('status' in record) {
          if (record.status === 'infra_error') fault ??= faultOf(`${shown}:${line}`, record);
        } else badLines += 1;
      },
      { ahead: settings.workers * aheadPerWorker, signal },
    );
    signal.throwIfAborted();
  } finally {
    signal.removeEventListener('abort', end);
    for (const verification of opened.values()) await verification.then((one) => one.close()).catch(() => {});
  }
  if (badLines > 0) throw new EvomError('E_DATA', `${badLines} lines of ${shown} could not be read; their answers say why`);
  if (fault !== null) throw fault;
  return 0;
}

async function* numbered(lines: AsyncIterable<string>): AsyncGenerator<{ readonly text: string; readonly line: number }> {
  let line = 0;
  for await (const text of lines) {
    line += 1;
    if (text.trim() !== '') yield { text, line };
  }
}
