/** The files that carry a program to its child and what it showed back: opened once a slot and used again for every program. */
import { closeSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const kinds = ['input', 'result', 'stdout', 'stderr'] as const;
type Kind = (typeof kinds)[number];

/**
 * Reads and writes are synchronous: the files are small and in the page cache, where a trip through Node's thread pool would cost more
 * than the work. A child opens them by path, before it is jailed.
 */
export class SlotFiles {
  readonly paths: Readonly<Record<Kind, string>>;
  readonly #handles: Readonly<Record<Kind, number>>;

  /** @param directory that only this user may read. */
  constructor(directory: string, slot: number) {
    const each = <Value>(value: (kind: Kind) => Value) =>
      Object.fromEntries(kinds.map((kind) => [kind, value(kind)])) as Record<Kind, Value>;
    this.paths = each((kind) => join(directory, `${slot}.${kind}`));
    this.#handles = each((kind) => openSync(this.paths[kind], 'w+', 0o600));
  }

  /** Writes a program's input, and empties what the last program left: a child that dies early must not answer for another. */
  give(text: string): void {
    for (const kind of kinds) ftruncateSync(this.#handles[kind]);
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#handles.input, bytes, at, bytes.length - at, at);
  }

  /** What a child wrote: the first `maxBytes` as text, and how many bytes there are. */
  take(kind: Exclude<Kind, 'input'>, maxBytes: number): { readonly text: string; readonly bytes: number } {
    const handle = this.#handles[kind];
    const bytes = fstatSync(handle).size;
    const kept = Buffer.allocUnsafe(Math.min(bytes, maxBytes));
    let length = 0;
    for (let read = 1; length < kept.length && read > 0; length += read)
      read = readSync(handle, kept, length, kept.length - length, length);
    return { text: kept.toString('utf8', 0, length), bytes };
  }

  close(): void {
    for (const handle of Object.values(this.#handles)) closeSync(handle);
  }
}
