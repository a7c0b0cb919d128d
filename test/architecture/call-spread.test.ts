import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'evom-call-spread-'));
  const plugins = [join(root, 'scripts/call-spread.grit')];
  await writeFile(join(folder, 'biome.json'), JSON.stringify({ plugins, linter: { rules: { preset: 'none' } } }));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Lines of a text that the rule names. */
async function named(lines: readonly string[]): Promise<number[]> {
  await writeFile(join(folder, 'given.ts'), lines.join('\n'));
  const biome = join(root, 'node_modules/@biomejs/biome/bin/biome');
  const { stdout } = await promisify(execFile)(process.execPath, [biome, 'lint', '--reporter=json', '--max-diagnostics=100', 'given.ts'], {
    cwd: folder,
  }).catch((error: { stdout: string }) => error);
  const { diagnostics } = JSON.parse(stdout) as { diagnostics: { category: string; location: { start: { line: number } } }[] };
  return diagnostics.filter(({ category }) => category === 'plugin').map(({ location }) => location.start.line);
}

describe('the rule against data in call arguments', () => {
  it('names every way to put the elements of a list on the stack', async () => {
    const faults = [
      'Math.max(...values);',
      'list.push(...values);',
      'list?.unshift(0, ...values);',
      'Int32Array.of(...a, ...b);',
      'String.fromCharCode(...codes);',
      'new Thing(1, ...values);',
      'work(...[...values].map(f));',
      'f(...args, ...values);',
      'Math.max.apply(null, values);',
    ];
    expect(await named(faults)).toEqual(faults.map((_, i) => i + 1));
  });

  it('lets lists of lists, and the arguments of a function itself, pass', async () => {
    expect(await named(['f([...values], { ...more });', 'g(...args);', 'randomStream(...key);', 'f.apply(it, args);'])).toEqual([]);
  });
});
