/** The work behind `evom verify --input - --stream`: a process kept open, each line answered by a line as soon as its turn comes. */

import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { openVerification, type Verification } from '../../config/build/verify-settings.ts';
import { counted } from '../../lib/counted.ts';
import { EvomError } from '../../lib/errors.ts';
import { readFault } from '../../lib/file-fault.ts';
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
  const source = input === stdinName ? process.stdin : (await openedFile(resolve(io.cwd, input), input)).createReadStream();
  const lines = createInterface({ input: source, crlfDelay: Number.POSITIVE_INFINITY });
  // Which dialects come is not known before they do.
  const opened = new Map<string, Promise<Verification>>();
  const close = async (): Promise<void> => {
    await Promise.allSettled([...opened.values()].map(async (verification) => (await verification).close()));
  };
  const end = (): void => {
    lines.close();
    source.destroy();
    void close(); // ends the programs under way
  };
  signal.addEventListener('abort', end);
  const verificationOf = (dialect: string): Promise<Verification> => {
    const known =
      opened.get(dialect) ??
      openVerification([dialect], settings, rules, undefined, { onNotice: (text) => io.stderr(`${text}\n`), signal });
    opened.set(dialect, known);
    return known;
  };
  let badLines = 0;
  let fault: EvomError | null = null;
  const answer = async ({ text, line }: { readonly text: string; readonly line: number }): Promise<VerdictRecord | LineFault> => {
    const item = await readLine(text, line, { source: shown, dialect: options.dialect });
    if (typeof item === 'string') return { line, error: item };
    const verification = await verificationOf(item.dialect);
    signal.throwIfAborted(); // while the workers started
    return verdictRecord(item, await verification.verify(item), { rules, settings });
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
  } catch (error) {
    signal.throwIfAborted(); // closing the verifiers is how an interrupt stops them
    throw error;
  } finally {
    signal.removeEventListener('abort', end);
    await close();
  }
  if (badLines > 0)
    throw new EvomError(
      'E_DATA',
      `${counted(badLines, 'line')} of ${shown} could not be read; ${badLines === 1 ? 'its answer says' : 'their answers say'} why`,
    );
  if (fault !== null) throw fault;
  return 0;
}

const openedFile = (path: string, shown: string): ReturnType<typeof open> =>
  open(path).catch((cause: unknown) => {
    throw readFault(shown, cause);
  });

async function* numbered(lines: AsyncIterable<string>): AsyncGenerator<{ readonly text: string; readonly line: number }> {
  let line = 0;
  for await (const text of lines) {
    line += 1;
    if (text.trim() !== '') yield { text, line };
  }
}
