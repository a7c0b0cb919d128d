/** Names of the files that lie beside a program. */

/** More files than a scratch folder has room for are refused. */
const mostFiles = 500;

/**
 * Why files cannot lie beside a program, naming the first bad one; null when they can. A name is a path below the program's own folder,
 * its parts separated by `/`, such as `data/costs.csv`.
 */
export function faultInFiles(files: Readonly<Record<string, string>>): string | null {
  const names = Object.keys(files);
  if (names.length > mostFiles) return `${names.length} files; at most ${mostFiles} can lie beside a program`;
  const folders = new Set(names.flatMap((name) => [...name.matchAll(/\//g)].map(({ index }) => name.slice(0, index))));
  for (const name of names) {
    const parts = name.split('/');
    const shown = `file name ${JSON.stringify(name.slice(0, 200))}`;
    if (parts.some((part) => part === '' || part === '.' || part === '..')) return `${shown} does not lie below the folder of the program`;
    if (name.includes('\0') || /\p{Surrogate}/u.test(name)) return `${shown} has characters that no file name can have`;
    if (parts.some((part) => Buffer.byteLength(part) > 255) || Buffer.byteLength(name) > 1024) return `${shown} is too long`;
    if (folders.has(name)) return `${shown} is a file and a folder at once`;
  }
  return null;
}
