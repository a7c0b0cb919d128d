/** Where a dataset named on the command line lies: a path, a name in the data folder, or a published label version found by its hash. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { EvomError } from '../lib/errors.ts';
import { fileSha256 } from '../lib/file-sha256.ts';
import { findInputs } from './inputs.ts';
import { labelVersionNamed, labelVersions } from './label-versions.ts';

const endings = ['', '.jsonl', '.json', '.csv', '.parquet', '.arrow'] as const;

/**
 * The path of a dataset.
 *
 * @param name a path; else a file of that name, with or without its ending, in `dataDir`; else a label version such as `nl4opt@sirl`,
 *   whose file may have any name anywhere in `dataDir`.
 * @throws {EvomError} `E_DATA` when there is none, with what was looked for.
 */
export async function findDataset(
  name: string,
  { cwd, dataDir }: { readonly cwd: string; readonly dataDir: string | null },
): Promise<string> {
  const direct = resolve(cwd, name);
  if (existsSync(direct)) return direct;
  const version = labelVersionNamed(name);
  const versionsOf = (stem: string): string =>
    labelVersions
      .filter((known) => known.name.split('@')[0] === stem)
      .map((known) => known.name)
      .join(', ');
  const meant = versionsOf(name.split('@')[0] ?? '');
  const hint = version === null && meant !== '' ? `; known label versions are ${meant}` : '';
  if (dataDir === null) {
    throw new EvomError(
      'E_DATA',
      `no file ${direct}${hint}; name a folder of benchmark files with --data-dir or EVOM_DATA, or give a path`,
    );
  }
  const folder = resolve(cwd, dataDir);
  const named = endings.map((ending) => join(folder, `${name}${ending}`)).find((path) => existsSync(path));
  if (named !== undefined) return named;
  if (version !== null) {
    for (const input of (await findInputs([folder])).inputs) {
      if (input.type === 'file' && (await fileSha256(input.path)) === version.sha256) return input.path;
    }
    throw new EvomError(
      'E_DATA',
      `no file in ${folder} is ${name} (sha256 ${version.sha256.slice(0, 16)}...); it is ${version.path} of the repository ${version.repository}`,
    );
  }
  throw new EvomError('E_DATA', `no file ${direct} and none called ${name} in ${folder}${hint}`);
}
