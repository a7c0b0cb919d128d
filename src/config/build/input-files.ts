/** Files and folders that a configuration names: they must exist, and become absolute paths. */
import { resolve } from 'node:path';
import { addressSource } from '../../lib/discover/address-source.ts';
import { findInput } from '../load/find-file.ts';
import type { ConfigIssue } from '../load/issues.ts';
import { type KeyPath, locate, type Tree } from '../load/tree.ts';
import { isModulePath } from '../schema/vocabulary.ts';

const inputKeys: ReadonlySet<string | number> = new Set(['checkpoint', 'path']);

const hints: Readonly<Record<string, string>> = {
  checkpoint: 'a checkpoint folder comes from evom sft, evom train or a download from Hugging Face; --checkpoint DIR names another',
};

/** A list of addresses may be written after the run has begun, so it need not be there. */
function withFilePath(source: string, { cwd, configFile }: { readonly cwd: string; readonly configFile: string }): string {
  if (!source.startsWith('file:')) return source;
  const parsed = addressSource(source);
  return parsed.type === 'file' ? `file:${findInput(parsed.path, cwd, configFile).path ?? resolve(cwd, parsed.path)}` : source;
}

/** The same configuration with every input's path made absolute; what is missing becomes an issue. */
export function withInputPaths<Config>(
  config: Config,
  tree: Tree,
  from: { cwd: string; configFile: string },
  issues: ConfigIssue[],
): Config {
  const walk = (value: unknown, path: KeyPath): unknown => {
    if (Array.isArray(value)) return value.map((item, i) => walk(item, [...path, i]));
    if (typeof value === 'object' && value !== null) {
      return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, walk(child, [...path, key])]));
    }
    const key = path.at(-1);
    if (typeof value === 'string' && key === 'from' && path.at(-2) === 'discover') return withFilePath(value, from);
    if (typeof value !== 'string' || key === undefined || !(inputKeys.has(key) || isModulePath(value))) return value;
    const found = findInput(value, from.cwd, from.configFile);
    const { node, origin } = locate(tree, path);
    if (found.path !== null) return found.path;
    if (node === null) return value; // a skeleton's stand-in: what is wrong here has been said
    const hint = hints[key] ? ` (${hints[key]})` : '';
    issues.push({ origin, key: path, message: `no file or folder ${value}${hint}`, isMissingFile: true });
    return value;
  };
  return walk(config, []) as Config;
}
