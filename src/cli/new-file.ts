/** Files that a command makes: one that is there already is replaced only when that is asked for. */
import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { EvomError } from '../lib/errors.ts';

export const overwriteOption = { type: 'boolean', default: false, describe: 'replace what --out names, if it is there' } as const;

/**
 * The absolute path of a file that will be written; asked before the work, so that none is lost.
 *
 * @throws {EvomError} `E_DATA` when it is a folder, or is there and may not be replaced.
 */
export function newFile(cwd: string, name: string, overwrite: boolean): string {
  const path = resolve(cwd, name);
  if (!existsSync(path)) return path;
  const found = statSync(path);
  if (found.isDirectory()) throw new EvomError('E_DATA', `${name} is a folder; name a file in it`);
  // A pipe or /dev/stdout takes what is written and holds nothing to lose.
  if (found.isFile() && !overwrite)
    throw new EvomError('E_DATA', `${name} is there already; --overwrite replaces it, or choose another name`);
  return path;
}
