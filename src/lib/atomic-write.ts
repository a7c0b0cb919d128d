/** Files that appear whole or not at all, whenever the process or the machine stops. */
import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { EvomError } from './errors.ts';
import { writeFault } from './file-fault.ts';

/** How a temporary name ends; whatever ends so after a crash may be deleted. */
export const temporarySuffix = '.tmp';

/** Makes the creations, renames and deletions in a directory so far survive a power cut. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Makes a directory and those that are missing above it.
 *
 * @throws {EvomError} E_DATA naming the first directory that cannot be made.
 */
export async function makeDirectory(path: string): Promise<void> {
  // One level at a time: where a parent exists and takes no directories, as in /proc, Node's recursive mkdir never ends.
  const missing: string[] = [];
  for (let directory = resolve(path); !(await isThere(directory)); directory = dirname(directory)) missing.push(directory);
  for (const directory of missing.reverse()) {
    try {
      await mkdir(directory);
    } catch (cause) {
      const { code, message } = cause as NodeJS.ErrnoException;
      if (code === 'EEXIST') continue; // another process was faster
      const why = code === 'ENOENT' ? `${dirname(directory)} takes no directories` : message;
      throw new EvomError('E_DATA', `cannot make the directory ${directory}: ${why}; choose another place`, { cause });
    }
  }
}

async function isThere(directory: string): Promise<boolean> {
  try {
    if ((await stat(directory)).isDirectory()) return true;
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return false; // below a file: the file is met on the way up
    throw new EvomError('E_DATA', `cannot make the directory ${directory}: ${message}; choose another place`, { cause });
  }
  throw new EvomError('E_DATA', `cannot make the directory ${directory}: it is a file; choose another place`);
}

/**
 * Writes a file under a temporary name, fsyncs it, renames it to `path` and fsyncs the directory: a reader sees the old
 * file or the new one. Missing directories are made.
 *
 * @throws {EvomError} E_FILE on a full disk, E_DATA for a place that takes no file.
 * @param content the whole file, or its parts in order; when making the parts throws, nothing is left behind.
 */
export async function writeFileAtomically(
  path: string,
  content: string | Uint8Array | readonly (string | Uint8Array)[] | AsyncIterable<string | Uint8Array>,
): Promise<void> {
  const directory = dirname(path);
  await makeDirectory(directory);
  const temporary = `${path}.${process.pid}.${randomBytes(4).toString('hex')}${temporarySuffix}`;
  try {
    const handle = await open(temporary, 'wx');
    try {
      const parts = typeof content === 'string' || content instanceof Uint8Array ? [content] : content;
      for await (const part of parts) await handle.writeFile(part);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw writeFault(path, error);
  }
  await syncDirectory(directory);
}
