/** Runs every fenced `ts` block of the doc comments in src/ and of the Markdown pages that import from 'evom'. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const out = `${root}test/docs/.generated/`;
rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
afterAll(() => rmSync(out, { recursive: true, force: true }));

interface Example {
  readonly file: string;
  readonly line: number;
  readonly code: string;
}

const lineOf = (text: string, index: number): number => text.slice(0, index).split('\n').length;

function commentExamples(file: string): Example[] {
  const text = readFileSync(root + file, 'utf8');
  return [...text.matchAll(/^ *\* ```ts\n((?: *\*.*\n)*?) *\* ```$/gm)].map((match) => ({
    file,
    line: lineOf(text, match.index),
    code: (match[1] ?? '').replace(/^ *\* ?/gm, ''),
  }));
}

function pageExamples(file: string): Example[] {
  const text = readFileSync(root + file, 'utf8');
  return [...text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)]
    .map((match) => ({ file, line: lineOf(text, match.index), code: match[1] ?? '' }))
    .filter(({ code }) => /from 'evom[/']/.test(code));
}

const filesIn = (folder: string, ending: string): string[] =>
  readdirSync(root + folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith(ending))
    .map((file) => `${folder}${file}`);
const pages = [...readdirSync(root).filter((file) => file.endsWith('.md')), ...filesIn('docs/', '.md')];

const examples = [...filesIn('src/', '.ts').flatMap(commentExamples), ...pages.flatMap(pageExamples)];

describe.each([...new Set(examples.map(({ file }) => file))])('%s', (file) => {
  it.each(examples.filter((example) => example.file === file))('example at line $line', async ({ line, code }) => {
    expect(code, 'an example begins with its imports').toMatch(/^import /);
    const path = `${out}${file.replaceAll('/', '-').replace(/\.[a-z]+$/, '')}-${line}.ts`;
    writeFileSync(path, code);
    await import(/* @vite-ignore */ path);
  });
});

it('there are examples', () => expect(examples.length).toBeGreaterThan(0));
