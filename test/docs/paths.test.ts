/** Every relative link, heading and path such as `src/...` that a Markdown page names exists; a label that is a path is the link's path. */
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

const prose = (text: string): string => text.replace(/^```[\s\S]*?^```$/gm, '');

/** As GitHub makes an anchor of a heading. */
const slug = (heading: string): string =>
  heading
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}_ -]/gu, '')
    .replaceAll(' ', '-');

interface Link {
  readonly label: string;
  /** Absolute; the page itself for a link such as `#heading`. */
  readonly path: string;
  readonly anchor: string | undefined;
}

const linksOf = (text: string, page: string): Link[] =>
  [...text.matchAll(/\[((?:[^[\]]|\[[^\]]*\])*)\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]+))?\)/g)].map(
    ([, label = '', path = '', anchor]) => ({
      label: label.replaceAll('`', ''),
      path: path === '' ? page : resolve(dirname(page), path),
      anchor,
    }),
  );

/** Paths that a page names and that do not exist, from the repository's root. */
function missingPaths(text: string, page: string): string[] {
  const code = [...text.matchAll(/`((?:src|test|configs|scripts|datasets|docs|checkpoints)\/[\w./-]+)`/g)].map((match) =>
    join(root, match[1] ?? ''),
  );
  return [...linksOf(text, page).map(({ path }) => path), ...code].filter((path) => !existsSync(path)).map((path) => relative(root, path));
}

/** Links to a heading that the page they lead to does not have. */
const missingHeadings = (text: string, page: string): string[] =>
  linksOf(text, page)
    .filter(({ path, anchor }) => anchor !== undefined && path.endsWith('.md') && existsSync(path))
    .filter(
      ({ path, anchor }) =>
        ![...prose(readFileSync(path, 'utf8')).matchAll(/^#+ (.*)$/gm)].some(([, title = '']) => slug(title) === anchor),
    )
    .map(({ path, anchor }) => `${relative(root, path)}#${anchor}`);

/** Labels that read as a path, and are another one than the link's. */
const falseLabels = (text: string, page: string): string[] =>
  linksOf(text, page)
    .filter(({ label }) => /^[\w./-]+\.(?:md|ya?ml|m?js|ts|py|sh|jsonl?|lp|cff|ipynb)$/.test(label))
    .filter(({ label, path }) => !`/${relative(root, path)}`.endsWith(`/${label.replace(/^\.\//, '')}`))
    .map(({ label, path }) => `${label} leads to ${relative(root, path)}`);

describe('Markdown pages', () => {
  describe.each(pagesIn(root).map((page) => relative(root, page)))('%s', (name) => {
    const page = join(root, name);
    const text = readFileSync(page, 'utf8');
    it('names only paths that exist', () => expect(missingPaths(text, page)).toEqual([]));
    it('links to headings that exist, by true labels', () =>
      expect([...missingHeadings(text, page), ...falseLabels(text, page)]).toEqual([]));
  });

  it('are caught naming what does not exist', () => {
    const page = join(root, 'README.md');
    expect(missingPaths('see `src/nowhere.ts` and [a page](gone.md), not `src/index.ts`', page)).toEqual(['gone.md', 'src/nowhere.ts']);
    expect(missingHeadings('[a](docs/README.md#nothing) [b](docs/README.md#why-it-is-so) [c](#start)', page)).toEqual([
      'docs/README.md#nothing',
    ]);
    expect(falseLabels('[docs/guide/gpu.md](docs/lab/gpu.md), [gpu.md](docs/lab/gpu.md), [the page](docs/lab/gpu.md)', page)).toEqual([
      'docs/guide/gpu.md leads to docs/lab/gpu.md',
    ]);
  });
});

describe('the map docs/README.md', () => {
  const map = readFileSync(join(root, 'docs/README.md'), 'utf8');
  it.each(['guide', 'reference', 'lab'])('names every page of docs/%s', (room) => {
    const pages = readdirSync(join(root, 'docs', room)).filter((name) => name.endsWith('.md'));
    expect(pages.filter((name) => !map.includes(`](${room}/${name}`))).toEqual([]);
  });
});
