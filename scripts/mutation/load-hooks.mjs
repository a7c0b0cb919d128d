/** Loads the sources and tests of a checkout into plain Node: types taken out, the package by its name, `vitest` as `vitest-in-process.mjs`. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { transformSync } from 'rolldown/experimental';

let root = '';

export function initialize(data) {
  root = data.root;
}

export function resolve(specifier, context, next) {
  if (specifier === 'vitest') return { url: new URL('vitest-in-process.mjs', import.meta.url).href, shortCircuit: true };
  const door = /^evom(?:\/([^/]+))?$/.exec(specifier);
  if (door === null) return next(specifier, context);
  return next(pathToFileURL(`${root}/src/${door[1] === undefined ? '' : `${door[1]}/`}index.ts`).href, context);
}

export async function load(url, context, next) {
  if (!url.startsWith('file:') || !url.endsWith('.ts')) return next(url, context);
  const path = fileURLToPath(url);
  const { code, errors } = transformSync(path, await readFile(path, 'utf8'), { lang: 'ts' });
  if (errors.length > 0) throw new SyntaxError(`${path}: ${errors[0].message}`);
  return { format: 'module', source: code, shortCircuit: true };
}
