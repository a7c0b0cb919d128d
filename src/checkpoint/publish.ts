/** Checkpoint directories that appear whole, with a manifest of hashes that loading verifies. */

import { randomBytes } from 'node:crypto';
import { open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { makeDirectory, syncDirectory, writeFileAtomically } from '../lib/atomic-write.ts';
import { EvomError } from '../lib/errors.ts';
import { unlessMissing } from '../lib/file-fault.ts';
import { fileSha256 } from '../lib/file-sha256.ts';

/** Name of the file of hashes in a published directory. */
export const manifestName = 'manifest.json';

export interface Manifest {
  readonly format: 'evom-checkpoint';
  readonly version: 1;
  /** By path relative to the directory, with `/` between folders. */
  readonly files: Readonly<Record<string, { readonly bytes: number; readonly sha256: string }>>;
}

async function filesUnder(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort();
}

/**
 * Publishes a directory in one step: `fill` writes into a temporary sibling, which is hashed, fsynced and renamed.
 * A crash leaves the old state and perhaps a `.tmp` directory, never half a checkpoint.
 *
 * @param options.replace whether an existing directory may be replaced; otherwise it is an error.
 * @throws {EvomError} `E_CHECKPOINT` if the directory exists and `replace` is not set.
 */
export async function publishDirectory(
  directory: string,
  fill: (temporaryDirectory: string) => Promise<void>,
  { replace = false }: { readonly replace?: boolean } = {},
): Promise<Manifest> {
  const exists = (await unlessMissing(directory, stat(directory))) !== null;
  if (exists && !replace) throw new EvomError('E_CHECKPOINT', `${directory} exists already; choose another directory or remove it`);
  const temporary = `${directory}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`;
  await makeDirectory(temporary);
  try {
    await fill(temporary);
    const manifest = await buildManifest(temporary);
    await writeFileAtomically(join(temporary, manifestName), [`${JSON.stringify(manifest, null, 2)}\n`]);
    await syncTree(temporary);
    if (exists) await swap(temporary, directory);
    else await rename(temporary, directory);
    await syncDirectory(dirname(directory));
    return manifest;
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
}

/** A directory cannot be renamed over a full one: the old one steps aside first and comes back if the second rename fails. */
async function swap(temporary: string, directory: string): Promise<void> {
  const old = `${temporary.slice(0, -'.tmp'.length)}.old.tmp`;
  await rename(directory, old);
  try {
    await rename(temporary, directory);
  } catch (error) {
    await rename(old, directory);
    throw error;
  }
  await rm(old, { recursive: true, force: true });
}

async function buildManifest(directory: string): Promise<Manifest> {
  const files: Record<string, { bytes: number; sha256: string }> = {};
  for (const name of await filesUnder(directory)) {
    if (name === manifestName) continue;
    const path = join(directory, name);
    files[name] = { bytes: (await stat(path)).size, sha256: await fileSha256(path) };
  }
  return { format: 'evom-checkpoint', version: 1, files };
}

async function syncTree(directory: string): Promise<void> {
  const folders = new Set([directory]);
  for (const name of await filesUnder(directory)) {
    const path = join(directory, name);
    const handle = await open(path, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
    folders.add(dirname(path));
  }
  for (const folder of folders) await syncDirectory(folder);
}

/**
 * Checks a directory against its manifest.
 *
 * @returns whether there was a manifest; a folder from elsewhere has none and is taken as it is.
 * @throws {EvomError} `E_CHECKPOINT` naming the first file that is missing or differs; `E_DATA` naming one that cannot be read.
 */
export async function verifyDirectory(directory: string): Promise<boolean> {
  const path = join(directory, manifestName);
  const text = await unlessMissing(path, readFile(path, 'utf8'));
  if (text === null) return false;
  let manifest: Manifest;
  try {
    manifest = JSON.parse(text) as Manifest;
    if (manifest.format !== 'evom-checkpoint') return false; // somebody else's manifest.json
    Object.entries(manifest.files);
  } catch (cause) {
    throw new EvomError('E_CHECKPOINT', `${path} is not a manifest; restore the checkpoint from a copy`, { cause });
  }
  for (const [name, { bytes, sha256 }] of Object.entries(manifest.files)) {
    const file = join(directory, name);
    const size = (await unlessMissing(file, stat(file)))?.size ?? null;
    if (size === null)
      throw new EvomError('E_CHECKPOINT', `${file} is named in ${manifestName} but missing; restore the checkpoint from a copy`);
    if (size !== bytes || (await fileSha256(file)) !== sha256)
      throw new EvomError(
        'E_CHECKPOINT',
        `${file} differs from its hash in ${manifestName}; restore it, or delete ${manifestName} if the change is yours`,
      );
  }
  return true;
}
