/** Where a name in a command line or configuration leads: as given, then beside the file that says it, then in the package. */
import { existsSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Root folder of this package, from `src/` and from `dist/` alike. */
export const packageRoot = fileURLToPath(new URL('../../../', import.meta.url));

export type Found = { readonly path: string } | { readonly path: null; readonly tried: readonly string[] };

function firstThatExists(candidates: readonly string[], accepts: (path: string) => boolean): Found {
  const path = candidates.find((candidate) => existsSync(candidate) && accepts(candidate));
  return path === undefined ? { path: null, tried: [...new Set(candidates)] } : { path };
}

/** A configuration file: as given, then in `./configs`, then in the package's `configs/`; `.yaml` may be left out. */
export function findConfigFile(name: string, cwd: string): Found {
  const names = /\.ya?ml$/.test(name) ? [name] : [name, `${name}.yaml`];
  const folders = isAbsolute(name) ? [''] : [cwd, join(cwd, 'configs'), join(packageRoot, 'configs')];
  return firstThatExists(
    folders.flatMap((folder) => names.map((n) => (folder === '' ? n : resolve(folder, n)))),
    (path) => statSync(path).isFile(),
  );
}

/** A file or folder that a configuration names: from the working directory, then beside that file, then in the package. */
export function findInput(name: string, cwd: string, configFile: string): Found {
  if (isAbsolute(name)) return firstThatExists([name], () => true);
  return firstThatExists([resolve(cwd, name), resolve(dirname(configFile), name), resolve(packageRoot, name)], () => true);
}
