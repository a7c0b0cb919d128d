/** `--set a.b=c` on the command line: a value over whatever the files say. */
import { parseDocument } from 'yaml';
import type { ConfigIssue } from './issues.ts';
import { mergeTrees, type Origin, type Tree, treeOf } from './tree.ts';

/** One assignment and the flag that errors name. */
export interface Override {
  readonly assignment: string;
  readonly flag: string;
}

export const overrideOf = (override: string | Override): Override =>
  typeof override === 'string' ? { assignment: override, flag: `--set ${override}` } : override;

/** What was typed: a flag that stands for several keys once. */
export const typedFlags = (overrides: readonly Override[]): string[] =>
  overrides.map(({ flag }) => flag).filter((flag, i, all) => flag !== all[i - 1]);

/** A key that addresses a place in a list, e.g. the 0 of `dataset.eval.0.samples`. */
const isIndex = (key: string): boolean => /^\d+$/.test(key);

/**
 * A tree with one assignment laid over it.
 *
 * The assignment is `key.path=value`; the value is YAML: `3e-6` is a number, `[1, 2]` a list, `yes` a string.
 */
export function applyOverride(base: Tree, { assignment, flag }: Override): { readonly tree: Tree; readonly issue: ConfigIssue | null } {
  const origin: Origin = { type: 'flag', flag };
  const at = assignment.indexOf('=');
  const keys = assignment.slice(0, at).trim().split('.');
  const fail = (message: string) => ({ tree: base, issue: { origin, key: [], message } });
  if (at < 1 || keys.some((key) => key === '')) return fail('write it as --set key.path=value');
  const document = parseDocument(assignment.slice(at + 1), { prettyErrors: false });
  const [problem] = document.errors;
  if (problem) return fail(`the value is not YAML (${problem.message}); quote it`);
  return {
    tree: placed(
      base,
      keys,
      treeOf(document, () => origin),
      origin,
    ),
    issue: null,
  };
}

function placed(base: Tree | undefined, keys: readonly string[], value: Tree, origin: Origin): Tree {
  const [key, ...rest] = keys;
  if (key === undefined) return value;
  if (base?.type === 'list' && isIndex(key) && Number(key) < base.items.length) {
    return { ...base, items: base.items.map((item, i) => (i === Number(key) ? placed(item, rest, value, origin) : item)) };
  }
  const below = base?.type === 'map' ? base.entries.get(key)?.value : undefined;
  // Lists are indexed in place; a map goes through the merge, so that a new `type` starts its section afresh.
  if (below?.type === 'list' && rest.length > 0 && base?.type === 'map') {
    const entries = new Map(base.entries).set(key, { keyOrigin: origin, value: placed(below, rest, value, origin) });
    return { ...base, entries };
  }
  const overlay: Tree = {
    type: 'map',
    origin,
    entries: new Map([[key, { keyOrigin: origin, value: placed(below, rest, value, origin) }]]),
  };
  return base ? mergeTrees(base, overlay) : overlay;
}
