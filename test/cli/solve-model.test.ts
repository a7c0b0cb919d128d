import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { main } from '../../src/cli/command-line.ts';
import { fakeIo } from './fake-io.ts';

const lp = 'max\n obj: 3 x + 2 y\nst\n c: x + y <= 4\n d: x <= 2.5\ngen\n x\nend\n';
const mps = 'ROWS\n N obj\n L c\nCOLUMNS\n x obj 3 c 1\n y obj 2 c 1\nRHS\n RHS c 4\nBOUNDS\n UP BND x 2.5\nENDATA\n'.replace(
  'ROWS',
  'OBJSENSE\n MAX\nROWS',
);
const lpOnly = `export default async () => ({
  name: 'lp-only', version: '1', capabilities: { lp: true, milp: false },
  solve: (model) => ({ status: 'optimal', objective: 7, values: Float64Array.from(model.variables, () => 1), message: null, wallLimited: false, ms: 0 }),
  close() {},
});`;
const lines = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

let cwd: string;
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'evom-solve-'));
  const files = {
    'a.lp': lp,
    'a.mps': mps,
    'broken.lp': 'min\n x\nst\n c: x + y\nend\n',
    'empty.lp': '',
    'large.lp': 'min\n 1e16 x\nst\n c: x >= 1\nend\n',
    'none.lp': 'max\n x\nst\n c: x >= 2\n d: x <= 1\nend\n',
    'ray.lp': 'max\n x\nst\n c: x >= 2\nend\n',
    'a.txt': lp,
    'lp-only.mjs': lpOnly,
    'models.jsonl': `${JSON.stringify({ id: 'a', lp })}\n${JSON.stringify({ id: 2, mps })}\n${JSON.stringify({ id: 'bad', lp: 'min\n x\nst\n c: x\nend' })}\n`,
    'good.jsonl': Array.from(
      { length: 60 },
      (_, i) => `${JSON.stringify({ id: `m${i}`, lp: lp.replace('4', String(4 + i)), other: 1 })}\n`,
    ).join(''),
    'json.jsonl': `${JSON.stringify({ id: 'a', lp })}\n{"id": "b", "lp": \n`,
    'fields.jsonl': '{"lp": "x"}\n{"id": "b"}\n{"id": "c", "lp": 3}\n',
    'twice.jsonl': '{"id": "a", "lp": "x"}\n{"id": "a", "lp": "y"}\n',
    'nothing.jsonl': '\n',
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(cwd, name), text);
  writeFileSync(join(cwd, 'a.mps.gz'), gzipSync(mps));
});
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

async function solve(...argv: string[]) {
  const io = fakeIo({ cwd });
  const code = await main(['solve-model', ...argv], io);
  return { code, out: io.out(), err: io.err() };
}

describe('evom solve-model FILE', () => {
  it.each([
    ['a.lp', 'highs', 10],
    ['a.lp', 'glpk', 10],
    ['a.mps', 'highs', 10.5],
    ['a.mps.gz', 'highs', 10.5],
  ])('solves %s by %s', async (file, backend, objective) => {
    const { code, out, err } = await solve(file, '--backend', backend, '--json');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(lines(out)[0]).toMatchObject({ file, status: 'optimal', objective, backend, numVariables: 2, sense: 'max' });
    expect(lines(out)[0]?.solution).toEqual(objective === 10 ? { x: 2, y: 2 } : { x: 2.5, y: 1.5 });
  });

  it('shows an answer to people', async () => {
    const { out } = await solve('a.lp');
    expect(out).toMatch(
      /^a\.lp: max, 2 variables \(1 integer\), 2 constraints; highs 1\.\S+, \S+ ms\nstatus {5}optimal\nobjective {2}10\n/,
    );
    expect(out).toMatch(/\nx +2\ny +2\n$/);
  });

  it('says what it found of models without an optimum', async () => {
    expect(lines((await solve('none.lp', '--json')).out)[0]).toMatchObject({ status: 'infeasible', objective: null });
    expect(lines((await solve('ray.lp', '--json', '-b', 'glpk')).out)[0]).toMatchObject({ status: 'unbounded', objective: null });
  });

  it('reads UTF-16 with its mark, and refuses bytes that are no text: two names could become one', async () => {
    const text = 'min\n obj: 2 café + 3 cafè\nst\n r: café >= 2\n q: cafè >= 1\nend\n';
    writeFileSync(join(cwd, 'wide.lp'), Buffer.from(`\uFEFF${text}`, 'utf16le'));
    expect(lines((await solve('wide.lp', '--json')).out)[0]).toMatchObject({ objective: 7, numVariables: 2 });
    writeFileSync(join(cwd, 'latin.lp'), Buffer.from(text, 'latin1'));
    writeFileSync(join(cwd, 'latin.jsonl'), Buffer.from(`${JSON.stringify({ id: 'a', lp: text })}\n`, 'latin1'));
    for (const [argv, place] of [
      [['latin.lp'], 'latin.lp:2'],
      [['--input', 'latin.jsonl'], 'latin.jsonl:1'],
    ] as const) {
      const { code, err } = await solve(...argv);
      expect({ code, err }).toEqual({
        code: 3,
        err: expect.stringContaining(`${place}: holds bytes that are not utf-8; convert the file`),
      });
    }
  });

  it('writes a model in the other format', async () => {
    expect(await solve('a.mps', '--write', 'b.lp')).toEqual({ code: 0, out: `${join(cwd, 'b.lp')}\n`, err: '' });
    expect(readFileSync(join(cwd, 'b.lp'), 'utf8')).toBe('max\n obj: 3 x + 2 y\nst\n c: x + y <= 4\nbounds\n x <= 2.5\nend\n');
    await solve('b.lp', '--write', 'c.mps');
    expect(lines((await solve('c.mps', '--json')).out)[0]).toMatchObject({ objective: 10.5 });
  });

  it.each<[string, string[], number, RegExp]>([
    ['a file that is not there', ['nowhere.lp'], 3, /^E_DATA cannot read nowhere\.lp: no such file; check the path/],
    ['a folder', ['.', '--format', 'lp'], 3, /^E_DATA cannot read \.: it is a directory/],
    ['an unknown extension', ['a.txt'], 3, /^E_DATA a\.txt: unknown extension; name it \.lp or \.mps, or say --format lp/],
    ['a model that is wrong', ['broken.lp'], 3, /^E_DATA broken\.lp:5: a row needs <=, >= or =, not "end"/],
    ['an empty file', ['empty.lp'], 3, /^E_DATA empty\.lp:1: the text begins with nothing/],
    ['LP text as MPS', ['a.lp', '--format', 'mps'], 3, /^E_DATA a\.lp:1: "max" is not a section/],
    [
      'numbers that no solver takes',
      ['large.lp'],
      3,
      /^E_DATA large\.lp: the cost of variable "x" is 10000000000000000; the largest taken is 1e15/,
    ],
    ['an unknown backend', ['a.lp', '-b', 'gurobi'], 2, /^E_USAGE --backend gurobi: known are highs, glpk/],
    [
      'a backend that cannot',
      ['a.lp', '-b', './lp-only.mjs'],
      3,
      /^E_CONFIG solver backend "\.\/lp-only\.mjs" cannot solve milp; choose another/,
    ],
    ['no file', [], 2, /^E_USAGE evom solve-model takes the file of one model, or --input/],
    ['a file and an input', ['a.lp', '--input', 'models.jsonl'], 2, /^E_USAGE evom solve-model takes the file of one model, or --input/],
    ['an output for one model', ['a.lp', '--output', 'o'], 2, /^E_USAGE --output belongs to --input/],
    ['an unknown format', ['a.lp', '--format', 'nl'], 2, /^E_USAGE .*Choices: "lp", "mps"/s],
    ['a time limit of nothing', ['a.lp', '--time-limit', '0'], 2, /^E_USAGE --time-limit must be/],
    ['another kind of file to write', ['a.lp', '--write', 'b.txt'], 2, /^E_USAGE --write b\.txt: the name must end in \.lp or \.mps/],
  ])('refuses %s', async (_, argv, exitCode, message) => {
    const { code, out, err } = await solve(...argv);
    expect(err).toMatch(message);
    expect({ code, out }).toEqual({ code: exitCode, out: '' });
  });

  it('takes a backend of the user’s for what it can do, and puts a wrong optimum right', async () => {
    expect(lines((await solve('a.mps', '-b', './lp-only.mjs', '--json')).out)[0]).toMatchObject({
      objective: 10.5,
      certificate: 'dual',
      backend: 'lp-only',
    });
  });
});

describe('evom solve-model --input', () => {
  it('answers in the order of the input, and tells of models that cannot be read', async () => {
    const { code, out, err } = await solve('--input', 'models.jsonl');
    expect(lines(out)).toEqual([
      expect.objectContaining({ id: 'a', status: 'optimal', objective: 10, backend: 'highs' }),
      expect.objectContaining({ id: 2, status: 'optimal', objective: 10.5 }),
      expect.objectContaining({ id: 'bad', status: 'error', objective: null, message: expect.stringMatching(/line 5/) }),
    ]);
    expect(code).toBe(3);
    expect(err).toMatch(
      /3 models in .*: error 1, optimal 2; known by dual 1, enumeration 1, none 1\nwarning models\.jsonl:3: "bad": LP text, line 5: /,
    );
  });

  it('goes on with what is there, and mends a half-written line', async () => {
    const path = join(cwd, 'out.jsonl');
    const argv = ['--input', 'good.jsonl', '--output', 'out.jsonl', '--solution'];
    expect((await solve(...argv, '--json')).code).toBe(0);
    const timeless = () => lines(readFileSync(path, 'utf8')).map(({ ms: _, ...rest }) => rest);
    const whole = timeless();
    expect(whole.map(({ id }) => id)).toEqual(Array.from({ length: 60 }, (_, i) => `m${i}`));
    expect(whole[1]).toMatchObject({ objective: 12, solution: { x: 2, y: 3 } });

    const text = readFileSync(path, 'utf8');
    const cut = text.indexOf('\n', text.indexOf('"m20"')) + 25;
    writeFileSync(path, text.slice(0, cut));
    const resumed = await solve(...argv);
    expect(resumed.err).toMatch(/out\.jsonl holds 21 of 60 answers; going on/);
    expect(timeless()).toEqual(whole);

    const again = await solve(...argv, '--json');
    expect(lines(again.out)[0]).toMatchObject({ models: 60, statuses: { optimal: 60 } });
    expect(timeless()).toEqual(whole);
  });

  it('does not mix the answers of two inputs or backends', async () => {
    writeFileSync(join(cwd, 'other.jsonl'), '{"id":"m0","backend":"glpk"}\n');
    expect(await solve('--input', 'good.jsonl', '--output', 'other.jsonl')).toMatchObject({
      code: 3,
      err: 'E_DATA other.jsonl:1 holds an answer of "glpk", not of highs; delete the file to begin anew, or choose another --output\n',
    });
    expect((await solve('--input', 'models.jsonl', '--output', 'other.jsonl')).err).toMatch(
      /the answer to "m0", where models\.jsonl has "a"/,
    );
    writeFileSync(join(cwd, 'other.jsonl'), 'prose\n{"id":"m0"}\n');
    expect((await solve('--input', 'good.jsonl', '--output', 'other.jsonl')).err).toMatch(
      /other\.jsonl:1: not a JSON object; remove the line/,
    );
  });

  it('says so where it cannot write', async () => {
    const { code, err } = await solve('--input', 'good.jsonl', '--output', 'a.lp/answers.jsonl');
    expect({ code, err }).toEqual({
      code: 3,
      err: expect.stringMatching(
        /^E_DATA cannot (read|write) .*a\.lp\/answers\.jsonl: ENOTDIR.*; (?:choose another output|check the path)/,
      ),
    });
    expect(await solve('a.lp', '--write', 'a.lp/b.lp')).toMatchObject({
      code: 3,
      err: expect.stringMatching(/^E_DATA cannot make the directory .*a\.lp: it is a file; choose another place/),
    });
  });

  it('shows how far it is on a terminal', async () => {
    const io = fakeIo({ cwd, isTerminal: true });
    await main(['solve-model', '--input', 'good.jsonl', '-o', 'seen.jsonl'], io);
    expect(io.err()).toMatch(/solving 1\/60/);
    expect(io.err()).toMatch(/solving 60\/60/);
  });

  it.each<[string, string[], number, RegExp]>([
    ['an input that is not there', ['--input', 'no.jsonl'], 3, /^E_DATA cannot read no\.jsonl: no such file/],
    ['a line that is not valid JSON', ['--input', 'json.jsonl'], 3, /^E_DATA json\.jsonl:2: /],
    [
      'lines without what they need',
      ['--input', 'fields.jsonl'],
      3,
      /^E_DATA fields\.jsonl:1: "id" is missing.*\nfields\.jsonl:2: "b" has no model; write it under "lp" or "mps"\nfields\.jsonl:3: "lp" of "c" is not text/,
    ],
    ['an id that comes twice', ['--input', 'twice.jsonl'], 3, /^E_DATA twice\.jsonl:2: the id "a" stands on line 1 too/],
    ['no models', ['--input', 'nothing.jsonl'], 3, /^E_DATA nothing\.jsonl holds no models/],
    [
      'a backend that cannot',
      ['--input', 'models.jsonl', '-b', './lp-only.mjs'],
      3,
      /^E_CONFIG models\.jsonl:1: "a" needs milp, which the backend "\.\/lp-only\.mjs" cannot do/,
    ],
    ['a format that lines do not have', ['--input', 'models.jsonl', '--format', 'mps'], 3, /^E_DATA models\.jsonl:1: "a" has no "mps"/],
    ['half a worker', ['--input', 'models.jsonl', '--workers', '0.5'], 2, /^E_USAGE --workers must be a whole number/],
  ])('refuses %s before it solves', async (_, argv, exitCode, message) => {
    const { code, out, err } = await solve(...argv, '--output', 'refused.jsonl');
    expect(err).toMatch(message);
    expect({ code, out }).toEqual({ code: exitCode, out: '' });
    expect(existsSync(join(cwd, 'refused.jsonl'))).toBe(false);
  });

  it('loses nothing when it is killed', async () => {
    const many = Array.from({ length: 3000 }, (_, i) => `${JSON.stringify({ id: i, lp: lp.replace('4', String(4 + i)) })}\n`).join('');
    writeFileSync(join(cwd, 'many.jsonl'), many);
    const path = join(cwd, 'killed.jsonl');
    const entry = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
    const child = spawn(process.execPath, [entry, 'solve-model', '--input', 'many.jsonl', '--output', 'killed.jsonl', '-b', 'glpk'], {
      cwd,
    });
    const ended = new Promise((resolve) => child.on('close', resolve));
    while (child.exitCode === null && !(existsSync(path) && readFileSync(path, 'utf8').length > 2000))
      await new Promise((r) => setTimeout(r, 20));
    child.kill('SIGKILL');
    await ended;
    const kept = readFileSync(path, 'utf8').split('\n').length - 1;
    expect(kept).toBeGreaterThan(0);
    const { code } = await solve('--input', 'many.jsonl', '--output', 'killed.jsonl', '-b', 'glpk');
    expect(code).toBe(0);
    expect(lines(readFileSync(path, 'utf8')).map(({ id, objective }) => [id, objective])).toEqual(
      Array.from({ length: 3000 }, (_, i) => [i, 10 + 2 * i]),
    );
  });
});
