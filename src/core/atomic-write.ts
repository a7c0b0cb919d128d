/** Files that appear whole or not at all, whenever the process or the machine stops. */
import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

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
 * Writes a file under a temporary name, fsyncs it, renames it to `path` and fsyncs the directory: a reader sees the old
 * file or the new one. Missing directories are made.
 *
 * @param content the whole file, or its parts in order; when making the parts throws, nothing is left behind.
 */
export async function writeFileAtomically(
  path: string,
  content: string | Uint8Array | readonly (string | Uint8Array)[] | AsyncIterable<string>,
): Promise<void> {
  const directory = dirname(path);
  await mkdir(directory, { recursive: true });
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
    throw error;
  }
  await syncDirectory(directory);
}
