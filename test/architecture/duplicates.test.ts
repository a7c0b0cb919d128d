/** Code that two rooms have alike: six lines and more are lifted to where both may import them, or made one. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../src/', import.meta.url));
const runLength = 6;

/** The lines of a file that say something: without blanks, comments, imports and re-exports. */
function statements(text: string): { readonly line: number; readonly text: string }[] {
  const code = text.replace(/^(?:import|export) (?:type )?\{[^}]*\}(?: from [^;]*)?;$/gm, (list) => list.replace(/[^\n]/g, ''));
  return code.split('\n').flatMap((raw, i) => {
    const line = raw.trim();
    return line === '' || /^(?:\/\/|\/?\*|import )/.test(line) ? [] : [{ line: i + 1, text: line }];
  });
}

/** Places with the same six statements, as `room/file:line`; of a longer run the first six. */
function repeats(): { readonly first: string; readonly second: string; readonly isAcross: boolean }[] {
  const places = new Map<string, { readonly file: string; readonly line: number; readonly at: number }[]>();
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts') && file.includes('/'));
  for (const file of files) {
    const lines = statements(readFileSync(root + file, 'utf8'));
    for (let at = 0; at + runLength <= lines.length; at++) {
      const window = lines.slice(at, at + runLength);
      const key = window.map(({ text }) => text).join('\n');
      places.set(key, [...(places.get(key) ?? []), { file, line: window[0]?.line ?? 0, at }]);
    }
  }
  const pairs = [...places.values()].flatMap((found) => found.flatMap((a, i) => found.slice(i + 1).map((b) => [a, b] as const)));
  const known = new Set(pairs.map(([a, b]) => `${a.file} ${a.at} ${b.file} ${b.at}`));
  return pairs
    .filter(([a, b]) => !known.has(`${a.file} ${a.at - 1} ${b.file} ${b.at - 1}`))
    .map(([a, b]) => ({
      first: `${a.file}:${a.line}`,
      second: `${b.file}:${b.line}`,
      isAcross: a.file.split('/')[0] !== b.file.split('/')[0],
    }));
}

it('is in no two rooms, and rare within one', () => {
  const found = repeats();
  expect(found.filter(({ isAcross }) => isAcross)).toEqual([]);
  expect(found.length).toBeLessThan(40);
});
