/** The folders of solver hosts under the temporary folder: each is named after its host, so that those of killed hosts can be removed. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Where process numbers mean the same as here: a kernel since its start, and a PID namespace of it. Containers, and machines, may share
 * a temporary folder; a number that means nothing here may be a living host there.
 */
async function processSpace(): Promise<string> {
  const [boot, namespace] = await Promise.all([readFile('/proc/sys/kernel/random/boot_id', 'utf8'), readlink('/proc/self/ns/pid')]);
  return createHash('sha256').update(`${boot}${namespace}`).digest('hex').slice(0, 12);
}

const start = (): string => join(tmpdir(), 'evom-solver-host-');

/** The path that the folder of this process's host begins with. */
export async function folderPrefix(): Promise<string> {
  return `${start()}${await processSpace()}-${process.pid}-`;
}

/** Removes the folders of hosts that were killed, of this process space alone. */
export async function removeLeftBehind(): Promise<void> {
  const prefix = `${start()}${await processSpace()}-`;
  for (const name of await readdir(tmpdir())) {
    const path = join(tmpdir(), name);
    const pid = path.startsWith(prefix) ? /^\d+/.exec(path.slice(prefix.length))?.[0] : undefined;
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) await rm(path, { recursive: true, force: true });
  }
}
