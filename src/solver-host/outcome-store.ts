/** Outcomes on disk by the hash of what they depend on: a run that is resumed, or done again, asks no host twice. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Outcome } from '../core/outcome.ts';
import { outcomeFromJson, outcomeToJson } from '../core/outcome-json.ts';
import { writeFileAtomically } from '../lib/atomic-write.ts';

export class OutcomeStore {
  readonly #directory: string;
  readonly #writes = new Set<Promise<void>>();
  #failure: unknown = null;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** The outcome kept under a key; null when there is none, or none that can be read. */
  async get(key: string): Promise<Outcome | null> {
    try {
      return outcomeFromJson(JSON.parse(await readFile(this.#path(key), 'utf8')));
    } catch {
      return null; // missing, or damaged: the program is run again and the file replaced
    }
  }

  /** Keeps an outcome; `close` waits for the file. */
  put(key: string, outcome: Outcome): void {
    const write = writeFileAtomically(this.#path(key), `${JSON.stringify(outcomeToJson(outcome))}\n`)
      .catch((error: unknown) => {
        this.#failure ??= error;
      })
      .finally(() => this.#writes.delete(write));
    this.#writes.add(write);
  }

  /** Waits for what is being written. @throws what kept a file from being written. */
  async close(): Promise<void> {
    await Promise.all(this.#writes);
    if (this.#failure !== null) throw this.#failure;
  }

  #path(key: string): string {
    return join(this.#directory, key.slice(0, 2), `${key.slice(2)}.json`);
  }
}
