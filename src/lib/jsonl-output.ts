/** A JSON Lines file that a killed process leaves behind and the next one goes on with. */
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeDirectory, writeFileAtomically } from './atomic-write.ts';
import { EvomError } from './errors.ts';
import { readFault, writeFault } from './file-fault.ts';

export interface JsonlOutput {
  /** Records that were there already, in order. */
  readonly kept: readonly Readonly<Record<string, unknown>>[];
  /** Adds one line; lines appear whole, but for the last of a process that is killed. */
  append(record: object): Promise<void>;
  /** Puts these records in place of all that the file holds, at once; what is appended follows them. */
  rewrite(records: readonly object[]): Promise<void>;
  /** Makes the file survive a power cut and closes it. */
  close(): Promise<void>;
}

/**
 * Opens a file for appending and cuts off a half-written last line. Missing directories are made.
 *
 * @throws {EvomError} E_DATA naming the line that is no JSON object, if it is not the last, or a file that cannot be opened.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
 * import { tmpdir } from 'node:os';
 * import { join } from 'node:path';
 * import { openJsonlOutput } from 'evom/lib';
 * const path = join(mkdtempSync(join(tmpdir(), 'evom-')), 'out.jsonl');
 * writeFileSync(path, '{"id":1}\n{"id":2'); // the process was killed here
 * const output = await openJsonlOutput(path);
 * assert.deepEqual(output.kept, [{ id: 1 }]);
 * await output.append({ id: 2 });
 * await output.close();
 * assert.equal(readFileSync(path, 'utf8'), '{"id":1}\n{"id":2}\n');
 * ```
 */
export async function openJsonlOutput(path: string): Promise<JsonlOutput> {
  const { kept, bytes } = await readKept(path);
  let file = await openForAppending(path);
  await file.truncate(bytes);
  return {
    kept,
    async append(record) {
      try {
        await file.appendFile(`${JSON.stringify(record)}\n`);
      } catch (error) {
        throw writeFault(path, error);
      }
    },
    async rewrite(records) {
      await writeFileAtomically(
        path,
        records.map((record) => `${JSON.stringify(record)}\n`),
      );
      const written = await openForAppending(path);
      await file.close();
      file = written;
    },
    async close() {
      try {
        await file.sync();
      } finally {
        await file.close();
      }
    },
  };
}

async function openForAppending(path: string): Promise<FileHandle> {
  await makeDirectory(dirname(path));
  try {
    return await open(path, 'a');
  } catch (cause) {
    throw writeFault(path, cause);
  }
}

async function readKept(path: string): Promise<{ kept: Record<string, unknown>[]; bytes: number }> {
  let data: Buffer;
  try {
    data = await readFile(path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return { kept: [], bytes: 0 };
    throw readFault(path, cause);
  }
  const kept: Record<string, unknown>[] = [];
  let bytes = 0;
  // What follows the last newline was never finished, even if it happens to be JSON.
  for (let end = data.indexOf(10); end !== -1; end = data.indexOf(10, bytes)) {
    const record = recordOf(data.toString('utf8', bytes, end));
    const isLast = data.indexOf(10, end + 1) === -1;
    if (record === null) {
      if (isLast) break; // blocks written out of order by a power cut
      throw new EvomError('E_DATA', `${path}:${kept.length + 1}: not a JSON object; remove the line, or choose another output`);
    }
    kept.push(record);
    bytes = end + 1;
  }
  return { kept, bytes };
}

function recordOf(line: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
