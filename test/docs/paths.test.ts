/** Every relative link and every path such as `src/...` that a Markdown page names exists. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const skipped: ReadonlySet<string> = new Set(['node_modules', 'dist', 'runs', '.git', 'coverage']);

function pagesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.isDirectory()) return skipped.has(entry.name) || entry.name.startsWith('.venv') ? [] : pagesIn(join(folder, entry.name));
    return entry.name.endsWith('.md') ? [join(folder, entry.name)] : [];
  });
}

/** Paths that a page names and that do not exist, from the repository's root. */
function missingPaths(text: string, page: string): string[] {
  const links = [...text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)].map((match) => resolve(dirname(page), match[1] ?? ''));
  const code = [...text.matchAll(/`((?:src|test|configs|scripts|datasets|docs|checkpoints)\/[\w./-]+)`/g)].map((match) =>
    join(root, match[1] ?? ''),
  );
  return [...links, ...code].filter((path) => !existsSync(path)).map((path) => relative(root, path));
}

describe('Markdown pages', () => {
  it.each(pagesIn(root).map((page) => relative(root, page)))('%s names only paths that exist', (page) => {
    expect(missingPaths(readFileSync(join(root, page), 'utf8'), join(root, page))).toEqual([]);
  });

  it('are caught naming a path that does not exist', () => {
    expect(missingPaths('see `src/nowhere.ts` and [a page](gone.md), not `src/index.ts`', join(root, 'README.md'))).toEqual([
      'gone.md',
      'src/nowhere.ts',
    ]);
  });
});
