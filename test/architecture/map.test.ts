/** The index at the head of ARCHITECTURE.md: its files exist, and its functions are in them. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const page = readFileSync(`${root}ARCHITECTURE.md`, 'utf8');
const index = page.slice(page.indexOf('## Where is it?'), page.indexOf('## The path of data'));
const rows = [...index.matchAll(/^\| (?!you look|-)(.*?) \| (.*) \|$/gm)].map(([, asked = '', answer = '']) => ({ asked, answer }));

/** Files that a path names, `*` standing for part of a name. */
function filesOf(path: string): string[] {
  const folder = path.slice(0, path.lastIndexOf('/') + 1);
  if (!path.includes('*')) return existsSync(root + path) ? [path] : [];
  const [head = '', tail = ''] = path.slice(folder.length).split('*');
  return readdirSync(root + folder).flatMap((name) => (name.startsWith(head) && name.endsWith(tail) ? [folder + name] : []));
}

describe('the index of ARCHITECTURE.md', () => {
  it('answers what readers look for', () => {
    expect(rows.length).toBeGreaterThan(12);
  });

  it.each(rows)('leads from "$asked" to places that are there', ({ asked, answer }) => {
    const marked = [...`${asked} ${answer}`.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text);
    const paths = marked.filter(
      (text) => /^[\w.][\w./*-]*$/.test(text) && (text.includes('/') || text.endsWith('.md')) && !text.startsWith('./'),
    );
    expect(paths.length).toBeGreaterThan(0);
    expect(paths.filter((path) => filesOf(path).length === 0)).toEqual([]);
    const texts = paths.flatMap(filesOf).flatMap((path) => (statSync(root + path).isFile() ? [readFileSync(root + path, 'utf8')] : []));
    const functions = marked.flatMap((text) => /^(\w+)\(\)$/.exec(text)?.[1] ?? []);
    expect(
      functions.filter((name) => !texts.some((text) => new RegExp(`(?:function|const|async|^  )\\s*${name}\\b`, 'm').test(text))),
    ).toEqual([]);
  });
});
