/** The scripts behind `npm start` and `npm run train`, as processes of their own. */
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

const node = (args: readonly string[], cwd: string): Promise<Ended> =>
  new Promise((done) => {
    const child = execFile(process.execPath, args, { cwd, env: { ...process.env, NO_COLOR: '1' } }, (_error, out, err) => {
      done({ code: child.exitCode ?? -1, out, err });
    });
  });

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'evom-scripts-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the compiled command line', () => {
  const evom = (...args: string[]) => node([join(root, 'dist/cli/main.js'), ...args], folder);

  it('runs from any folder', async () => {
    expect(await evom('--version')).toEqual({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), err: '' });
  });

  it('finds the package’s configurations by bare name, and ends with 3 when a value is wrong', async () => {
    const { code, out, err } = await evom('train', '--config', 'quickstart', '--set', 'sampling.group_size=1');
    expect({ code, out }).toEqual({ code: 3, out: '' });
    expect(err).toContain('--set sampling.group_size=1: sampling.group_size: grpo compares the samples of a group');
  });

  it('survives a reader that closes the pipe', async () => {
    const pipe = `"${process.execPath}" "${join(root, 'dist/cli/main.js')}" schema | head -c 10`;
    const { out, err } = await new Promise<{ out: string; err: string }>((done) =>
      execFile('bash', ['-c', pipe], (_error, out, err) => done({ out, err })),
    );
    expect({ start: out.trim().startsWith('{'), err }).toEqual({ start: true, err: '' });
  });
});

describe('npm start', () => {
  it('trains by quickstart.yaml with the arguments that it is given', async () => {
    const { code, out, err } = await node([join(root, 'scripts/start.mjs'), '--json', '--set', 'run.steps=0'], folder);
    expect(code).toBe(3);
    expect(err).toContain('--set run.steps=0: run.steps: must be at least 1, not 0');
    expect(JSON.parse(out)).toMatchObject({ error: { code: 'E_CONFIG' } });
  });
});

describe('a checkout', () => {
  let checkout: string;
  const run = () =>
    node(['-e', `import('./scripts/build-if-needed.mjs').then((b) => b.buildIfNeeded()).then(() => console.log('built'))`], checkout);
  const file = (name: string, text: string) => {
    mkdirSync(join(checkout, name, '..'), { recursive: true });
    writeFileSync(join(checkout, name), text);
  };

  beforeAll(() => {
    checkout = join(folder, 'checkout');
    for (const name of ['src/a.ts', 'tsconfig.json', 'tsconfig.build.json', 'package.json']) file(name, '{}');
    cpSync(join(root, 'scripts/build-if-needed.mjs'), join(checkout, 'scripts/build-if-needed.mjs'));
  });

  it('without dependencies says what to run', async () => {
    expect(await run()).toEqual({ code: 1, out: '', err: expect.stringContaining('npm ci') });
  });

  it('is built when dist/ is missing, and again only when a source is newer', async () => {
    for (const name of ['yargs', 'yaml', 'zod', 'highs']) mkdirSync(join(checkout, 'node_modules', name), { recursive: true });
    // A compiler that leaves one file behind.
    file(
      'node_modules/@typescript/native/bin/tsc',
      "require('node:fs').mkdirSync('dist/cli', { recursive: true }); require('node:fs').writeFileSync('dist/cli/main.js', '');",
    );
    expect(await run()).toMatchObject({ code: 0, out: 'built\n', err: expect.stringMatching(/^Building \.\.\. done/) });
    expect(await run()).toEqual({ code: 0, out: 'built\n', err: '' });
    const later = new Date(statSync(join(checkout, 'dist/.built')).mtimeMs + 5000);
    utimesSync(join(checkout, 'src/a.ts'), later, later);
    expect(await run()).toMatchObject({ code: 0, err: expect.stringMatching(/^Building/) });
  });

  it('that does not compile shows what the compiler says', async () => {
    file('node_modules/@typescript/native/bin/tsc', "console.log('a.ts(1,1): error TS1005'); process.exit(2);");
    const later = new Date(Date.now() + 60_000);
    utimesSync(join(checkout, 'src/a.ts'), later, later);
    expect(await run()).toMatchObject({ code: 1, out: '', err: expect.stringContaining('error TS1005') });
  });
});
