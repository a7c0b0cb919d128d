/** Outcomes of sampled programs as JSON Lines: appended as they come, read back so that only missing ones are run again. */
import { createHash } from 'node:crypto';
import { type FileHandle, open, readFile, truncate } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { OutcomeJson } from '../core/outcome-json.ts';
import type { Problem } from '../core/problem.ts';
import { makeDirectory } from '../lib/atomic-write.ts';
import { EvomError } from '../lib/errors.ts';

/** One sample of a problem. */
export interface StoredSample {
  readonly outcome: OutcomeJson;
  /** Flags of the audit. */
  readonly flags: readonly string[];
  /** Whether the model equals the reference; null where either is missing. */
  readonly identical: boolean | null;
  /** Of the completion. */
  readonly tokens: number;
  /** As an API counted them; left out where none did. */
  readonly promptTokens?: number;
  /** Nats a token; null where it is not known. */
  readonly entropy: number | null;
  readonly truncated: boolean;
  readonly completion: string;
  /** Turns of the episode; left out of one. */
  readonly turns?: number;
}

/** One line: all samples of one problem under one setting. */
export interface OutcomeLine {
  /** Names everything that decides the outcomes: policy, dialect, backend, sampling, limits. */
  readonly cell: string;
  readonly set: string;
  readonly id: string;
  /** Hash of the question: a text that was changed under the same id is asked again. */
  readonly question: string;
  readonly samples: readonly StoredSample[];
}

const keyOf = ({ cell, set, id }: Pick<OutcomeLine, 'cell' | 'set' | 'id'>): string => JSON.stringify([cell, set, id]);

/** Short hash of a text. */
export const questionHash = (question: string): string => createHash('sha256').update(question).digest('hex').slice(0, 16);

/** An open file of outcomes; later lines of one problem stand for earlier ones. */
export class OutcomeFile {
  readonly path: string;
  readonly #handle: FileHandle;
  readonly #lines: Map<string, OutcomeLine>;

  private constructor(path: string, handle: FileHandle, lines: Map<string, OutcomeLine>) {
    this.path = path;
    this.#handle = handle;
    this.#lines = lines;
  }

  /**
   * Opens a file, or begins one. A last line that a crash cut off is removed.
   *
   * @throws {EvomError} `E_DATA` with file:line for a line that is no record of outcomes.
   */
  static async open(path: string): Promise<OutcomeFile> {
    await makeDirectory(dirname(path));
    const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '';
      throw new EvomError('E_DATA', `cannot read ${path}: ${error.message}`, { cause: error });
    });
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    if (whole.length < text.length) await truncate(path, Buffer.byteLength(whole));
    const lines = new Map<string, OutcomeLine>();
    for (const [i, line] of whole.split('\n').entries()) {
      if (line === '') continue;
      const record = parsed(line);
      if (record === null)
        throw new EvomError('E_DATA', `${path}:${i + 1}: is not a record of outcomes; name another file, or take the line out`);
      lines.set(keyOf(record), record);
    }
    return new OutcomeFile(path, await open(path, 'a'), lines);
  }

  /** All samples of a problem; null when there are fewer, a fault of ours among them, or the question was another. */
  recall(about: { readonly cell: string; readonly set: string }, problem: Problem, samples: number): readonly StoredSample[] | null {
    const line = this.#lines.get(keyOf({ ...about, id: problem.id }));
    if (line === undefined || line.question !== questionHash(problem.question) || line.samples.length < samples) return null;
    const wanted = line.samples.slice(0, samples);
    return wanted.some(({ outcome }) => outcome.status === 'infra_error') ? null : wanted;
  }

  /** Appends the samples of problems and waits until they are on disk. */
  async keep(
    about: { readonly cell: string; readonly set: string },
    sampled: readonly { readonly problem: Problem; readonly samples: readonly StoredSample[] }[],
  ): Promise<void> {
    const lines = sampled.map(
      ({ problem, samples }): OutcomeLine => ({ ...about, id: problem.id, question: questionHash(problem.question), samples }),
    );
    for (const line of lines) this.#lines.set(keyOf(line), line);
    await this.#handle.appendFile(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    await this.#handle.sync();
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

function parsed(line: string): OutcomeLine | null {
  try {
    return outcomeLineOf(JSON.parse(line));
  } catch {
    return null;
  }
}

/** A parsed line as what it is; null for anything else. */
export function outcomeLineOf(value: unknown): OutcomeLine | null {
  const record = value as Partial<OutcomeLine> | null;
  const isLine =
    typeof record?.cell === 'string' &&
    typeof record.set === 'string' &&
    typeof record.id === 'string' &&
    typeof record.question === 'string' &&
    Array.isArray(record.samples) &&
    record.samples.every((sample: StoredSample) => typeof sample?.outcome?.status === 'string' && Array.isArray(sample.flags));
  return isLine ? (record as OutcomeLine) : null;
}
