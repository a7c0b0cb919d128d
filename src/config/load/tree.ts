/** YAML values that remember where each was written, so that files and flags can be merged and errors still point. */
import { type Document, isAlias, isMap, isScalar, isSeq, type Node } from 'yaml';

/** Where a key or value was written. */
export type Origin =
  | { readonly type: 'file'; readonly file: string; readonly text: string; readonly start: number; readonly end: number }
  | { readonly type: 'flag'; readonly flag: string };

export type Tree =
  | { readonly type: 'map'; readonly origin: Origin; readonly entries: ReadonlyMap<string, TreeEntry> }
  | { readonly type: 'list'; readonly origin: Origin; readonly items: readonly Tree[] }
  | { readonly type: 'scalar'; readonly origin: Origin; readonly value: unknown };

export interface TreeEntry {
  readonly keyOrigin: Origin;
  readonly value: Tree;
}

export type KeyPath = readonly (string | number)[];

/** The tree of a parsed YAML document; `originAt` makes the place of a node from its offsets. */
export function treeOf(document: Document, originAt: (start: number, end: number) => Origin): Tree {
  const at = (node: Node | null | undefined): Origin => originAt(node?.range?.[0] ?? 0, node?.range?.[1] ?? 0);
  const walk = (node: Node | null | undefined): Tree => {
    if (isAlias(node)) return walk(node.resolve(document));
    if (isMap(node)) {
      const entries = node.items.map(({ key, value }): [string, TreeEntry] => {
        const keyNode = key as Node;
        // A key without a value stands for a section left empty: its place is the key's.
        const child = value === null || (isScalar(value) && value.range?.[0] === value.range?.[1]);
        const name = String(isScalar(keyNode) ? keyNode.value : keyNode);
        return [
          name,
          { keyOrigin: at(keyNode), value: child ? { type: 'scalar', origin: at(keyNode), value: null } : walk(value as Node) },
        ];
      });
      return { type: 'map', origin: at(node), entries: new Map(entries) };
    }
    if (isSeq(node)) return { type: 'list', origin: at(node), items: node.items.map((item) => walk(item as Node)) };
    return { type: 'scalar', origin: at(node), value: isScalar(node) ? node.value : null };
  };
  return walk(document.contents);
}

/** Keys of which a section has one. */
const alternatives: readonly (readonly string[])[] = [['every', 'last']];

/**
 * `over` laid on `base`: maps merge key by key, anything else is replaced.
 *
 * A map whose `type` or `kind` differs replaces the other whole: the keys of one choice mean nothing to the next. So does one that takes
 * the other of two keys of which a section has one, as `run.keep_steps` has.
 */
export function mergeTrees(base: Tree, over: Tree): Tree {
  if (base.type !== 'map' || over.type !== 'map') return over;
  for (const discriminator of ['type', 'kind']) {
    const chosen = scalarAt(over, discriminator);
    if (chosen !== undefined && scalarAt(base, discriminator) !== undefined && chosen !== scalarAt(base, discriminator)) return over;
  }
  if (
    alternatives.some(
      (keys) => keys.some((key) => over.entries.has(key)) && keys.some((key) => base.entries.has(key) && !over.entries.has(key)),
    )
  ) {
    return over;
  }
  const entries = new Map(base.entries);
  for (const [key, entry] of over.entries) {
    const below = entries.get(key);
    entries.set(key, { keyOrigin: entry.keyOrigin, value: below ? mergeTrees(below.value, entry.value) : entry.value });
  }
  return { type: 'map', origin: base.origin, entries };
}

function scalarAt(tree: Tree, key: string): unknown {
  const value = tree.type === 'map' ? tree.entries.get(key)?.value : undefined;
  return value?.type === 'scalar' ? value.value : undefined;
}

/** Plain data without origins, leaving out the paths in `skip`. */
export function plainOf(tree: Tree, skip: ReadonlySet<string> = new Set(), path = ''): unknown {
  const below = (key: string | number) => (path === '' ? String(key) : `${path}.${key}`);
  switch (tree.type) {
    case 'scalar':
      return tree.value;
    case 'list':
      return tree.items.map((item, i) => plainOf(item, skip, below(i)));
    case 'map':
      return Object.fromEntries(
        [...tree.entries].filter(([key]) => !skip.has(below(key))).map(([key, entry]) => [key, plainOf(entry.value, skip, below(key))]),
      );
    default:
      return tree satisfies never;
  }
}

/** The node at a path, and where its key (or the deepest section that exists) was written. */
export function locate(tree: Tree, path: KeyPath): { readonly node: Tree | null; readonly origin: Origin; readonly keyOrigin: Origin } {
  let node: Tree = tree;
  let keyOrigin = tree.origin;
  for (const key of path) {
    const entry = node.type === 'map' ? node.entries.get(String(key)) : undefined;
    const next = entry?.value ?? (node.type === 'list' ? node.items[Number(key)] : undefined);
    if (!next) return { node: null, origin: keyOrigin, keyOrigin };
    keyOrigin = entry?.keyOrigin ?? next.origin;
    node = next;
  }
  return { node, origin: node.type === 'scalar' ? node.origin : keyOrigin, keyOrigin };
}
