/** Configuration files to one tree: `extends` is read first and merged below the file that names it. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { isMap, LineCounter, parseDocument } from 'yaml';
import { findConfigFile } from './find-file.ts';
import type { ConfigIssue } from './issues.ts';
import { mergeTrees, type Origin, type Tree, type TreeEntry, treeOf } from './tree.ts';

/** A file as errors name it: from the working directory where that is shorter. */
export function shownPath(path: string, cwd: string): string {
  const fromHere = relative(cwd, path);
  return fromHere === '' || fromHere.startsWith('..') ? path : fromHere;
}

/**
 * The merged tree of a file and of everything that it extends.
 *
 * @param chain files being read, outermost first: one that extends itself is an error.
 */
export function readLayers(path: string, cwd: string, issues: ConfigIssue[], chain: readonly string[] = []): Tree {
  const text = readFileSync(path, 'utf8');
  const originAt = (start: number, end: number): Origin => ({ type: 'file', file: shownPath(path, cwd), text, start, end });
  const document = parseDocument(text, { prettyErrors: false, lineCounter: new LineCounter() });
  for (const error of document.errors) {
    const message = error.code === 'DUPLICATE_KEY' ? 'this key is here twice' : `not YAML: ${error.message.toLowerCase()}`;
    issues.push({ origin: originAt(error.pos[0], error.pos[1]), key: [], message });
  }
  if (document.errors.length > 0 || document.contents === null) {
    return { type: 'map', origin: originAt(0, 0), entries: new Map() };
  }
  if (!isMap(document.contents)) {
    issues.push({ origin: originAt(0, 1), key: [], message: 'a configuration is a section of keys, such as `run:`' });
    return { type: 'map', origin: originAt(0, 0), entries: new Map() };
  }
  const tree = treeOf(document, originAt);
  return tree.type === 'map' ? extended(tree, path, cwd, issues, [...chain, path]) : tree;
}

function extended(tree: Extract<Tree, { type: 'map' }>, path: string, cwd: string, issues: ConfigIssue[], chain: readonly string[]): Tree {
  const entry = tree.entries.get('extends');
  if (!entry) return tree;
  const own: Tree = { ...tree, entries: new Map([...tree.entries].filter(([key]) => key !== 'extends')) };
  const bases = baseFiles(entry, path, cwd, issues).flatMap(({ base, origin }) => {
    if (!chain.includes(base)) return [readLayers(base, cwd, issues, chain)];
    issues.push({ origin, key: ['extends'], message: `${shownPath(base, cwd)} extends itself` });
    return [];
  });
  return [...bases, own].reduce(mergeTrees);
}

function baseFiles(entry: TreeEntry, path: string, cwd: string, issues: ConfigIssue[]): { base: string; origin: Origin }[] {
  const names = entry.value.type === 'list' ? entry.value.items : [entry.value];
  return names.flatMap((node) => {
    const name = node.type === 'scalar' ? node.value : null;
    if (typeof name !== 'string') {
      issues.push({ origin: entry.keyOrigin, key: ['extends'], message: 'must be a list of configuration files' });
      return [];
    }
    const beside = resolve(dirname(path), name);
    const found = existsSync(beside) ? { path: beside } : findConfigFile(name, cwd);
    if (found.path !== null) return [{ base: found.path, origin: node.origin }];
    issues.push({ origin: node.origin, key: ['extends'], message: `no file ${name}, neither beside this one nor in configs/` });
    return [];
  });
}
