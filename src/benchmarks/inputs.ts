/** What a path on the command line stands for: a file, a folder of files, or a benchmark with a folder for each problem. */
import { readdir, stat } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { EvomError } from '../lib/errors.ts';
import { type FolderFormat, folderFormatOf } from './folders.ts';

export type ImportInput =
  | { readonly type: 'file'; readonly path: string /** Named itself, rather than found in a folder. */; readonly isNamed: boolean }
  /** `folders`: the problems' own folders, in order. */
  | { readonly type: 'folders'; readonly path: string; readonly format: FolderFormat; readonly folders: readonly string[] };

/** Files that may hold problems; a folder's other files are told, not read. */
const dataFile = /\.(?:jsonl?|ndjson|csv|tsv|parquet|arrow|feather)(?:\.gz)?$/i;

export interface FoundInputs {
  readonly inputs: readonly ImportInput[];
  /** Files in named folders that are no data by their name. */
  readonly passedOver: readonly string[];
}

const byName = (a: string, b: string): number => a.localeCompare(b, 'en', { numeric: true });

/**
 * Looks at the named paths; folders are searched to any depth.
 *
 * @throws {EvomError} `E_DATA` for a path that does not exist.
 */
export async function findInputs(paths: readonly string[]): Promise<FoundInputs> {
  const inputs: ImportInput[] = [];
  const passedOver: string[] = [];
  for (const path of paths) {
    const isDirectory = await stat(path).then(
      (found) => found.isDirectory(),
      (cause: unknown) => {
        throw new EvomError('E_DATA', `no file or folder ${path}; check the path`, { cause });
      },
    );
    if (isDirectory) await search(path, path, inputs, passedOver);
    else inputs.push({ type: 'file', path, isNamed: true });
  }
  return { inputs, passedOver };
}

async function search(directory: string, root: string, inputs: ImportInput[], passedOver: string[]): Promise<void> {
  const entries = (await readdir(directory, { withFileTypes: true })).sort((a, b) => byName(a.name, b.name));
  const own = folderFormatOf(new Set(entries.map((entry) => entry.name)));
  if (own !== null) {
    // A folder that is one problem belongs with its neighbours of the same format.
    const parent = directory === root ? directory : join(directory, '..');
    const at = inputs.findIndex((input) => input.type === 'folders' && input.path === parent && input.format === own);
    const known = inputs[at];
    if (known?.type === 'folders') inputs[at] = { ...known, folders: [...known.folders, directory] };
    else inputs.push({ type: 'folders', path: parent, format: own, folders: [directory] });
    return;
  }
  for (const entry of entries) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) await search(path, root, inputs, passedOver);
    else if (dataFile.test(entry.name)) inputs.push({ type: 'file', path, isNamed: false });
    else passedOver.push(relative(root, path) || basename(path));
  }
}
