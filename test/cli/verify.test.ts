import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { main } from '../../src/cli/command-line.ts';
import { linearModelToJson } from '../../src/core/linear-model.ts';
import { outcomeFromJson } from '../../src/core/outcome-json.ts';
import { judgeOutcome } from '../../src/reward/judge.ts';
import { parseLp } from '../../src/solvers/lp-reader.ts';
import { fakeIo } from './fake-io.ts';

const cwd = mkdtempSync(join(tmpdir(), 'evom-verify-'));
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

const lp = 'Max\n 68 boots + 62 mugs\nst\n 17 boots + 22 mugs <= 488\n boots - mugs >= 2\nBounds\n mugs <= 20\nGeneral\n boots mugs\nEnd';
const program = (text: string): string => `const h = await require("highs")();\nreport(h.solve(\`${text}\`).ObjectiveValue);`;
const diet = program(lp);
const write = (name: string, content: string): void => writeFileSync(join(cwd, name), content);
const lines = (name: string): Record<string, unknown>[] =>
  readFileSync(join(cwd, name), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

async function evom(...argv: string[]) {
  const io = fakeIo({ cwd });
  const code = await main(argv, io);
  return { code, out: io.out(), err: io.err() };
}

beforeAll(() => {
  write('diet.js', diet);
  write('answer.md', `First a thought.\n\n\`\`\`js\n${diet}\n\`\`\`\n`);
  write('silent.js', 'report(1904);');
});

describe('evom verify FILE', () => {
  it('runs a program, judges it and says what came of it', async () => {
    const { code, out, err } = await evom('verify', 'diet.js', '--answer', '1904');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toBe(`diet.js  highs-js on highs 1.15.1  optimal
  objective  1904
  known by   enumeration
  reported   1904
  model      2 variables (2 integer), 2 constraints
  answer     1904: right by sirl
  reward     1.1 (format 0.1, answer 1)
`);
  });

  it('judges by every rule, on another solver, for several files and answers of a model', async () => {
    const { code, out } = await evom('verify', 'diet.js', 'answer.md', '--backend', 'glpk', '--answer', '1905', '--judge', 'all', '--json');
    expect(code).toBe(0);
    const records = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(records.map((record) => [record.id, record.backend, record.status])).toEqual([
      ['diet.js', 'glpk', 'optimal'],
      ['answer.md', 'glpk', 'optimal'],
    ]);
    for (const record of records) {
      expect(record.verdicts).toMatchObject({ sirl: false, evom: true, orlm: true, exact: false });
      expect(record).toMatchObject({ judge: 'sirl', correct: false, reward: 0.1 });
      expect(judgeOutcome(outcomeFromJson(record), { answer: 1905 }, 'evom').correct).toBe(true);
    }
  });

  it('gives the exit code 0 to a program that failed: that is an outcome', async () => {
    const { code, out } = await evom('verify', 'silent.js', '--dialect', 'highs-js', '--answer', '1904');
    expect(code).toBe(0);
    expect(out).toContain('no_solve');
    expect(out).toContain('unsupported_claim');
  });

  it('takes a model without a solution for the answer, also where the program reports the 0 that the library gives', async () => {
    write('none.js', program('Min\n 5 t + 6 u\nst\n t + u >= 10\n t + u <= 8\nEnd'));
    expect((await evom('verify', 'none.js', '--answer', 'infeasible')).out).toContain('  answer     infeasible: right by sirl\n');
    expect((await evom('verify', 'none.js', '--answer', '0')).out).toContain('  answer     0: wrong by sirl\n');
  });

  it('says why a program is wrong that reports a number of its own', async () => {
    expect((await evom('verify', 'silent.js', '--dialect', 'highs-js', '--answer', '1904')).out).toContain(
      '  why        it reported 1904, which is the objective of none of its optimal solves\n',
    );
  });

  it('says that a flag denies the reward of a right answer', async () => {
    write('trivial.js', program('Min\n 5 t\nst\n t >= 10\n t <= 18\nEnd'));
    const { out } = await evom('verify', 'trivial.js', '--answer', '50');
    expect(out).toContain('right by sirl\n  why        the flags deny the reward for the answer\n');
  });

  it.each([
    [['verify'], 2, /needs programs: name files, or a JSONL file with --input/],
    [['verify', 'nothing.js'], 3, /cannot read nothing\.js: no such file; check the path/],
    [['verify', 'silent.js'], 2, /silent\.js: no solver library is loaded that tells its dialect; give --dialect/],
    [['verify', 'diet.js', '--dialect', 'highsjs'], 3, /did you mean "highs-js"/],
    [['verify', 'diet.js', '--backend', 'cplex'], 3, /unknown solver backend "cplex"; known are highs, glpk/],
    [['verify', 'diet.js', '--judge', 'siri'], 2, /--judge siri: no such rule; known are all, sirl/],
    [['verify', 'diet.js', '--answer', 'much'], 2, /--answer much: give a number, infeasible or unbounded/],
    [['verify', 'diet.js', '--set', 'sandbox.limits.tick=5'], 3, /sandbox\.limits\.tick: unknown key; did you mean ticks\?/],
    [['verify', 'diet.js', '--workers', '0'], 3, /--workers 0: sandbox\.workers/],
    [['verify', 'diet.js', '--input', 'x.jsonl'], 2, /exclude each other/],
    [['verify', '--input', 'nothing.jsonl'], 3, /cannot read nothing\.jsonl: no such file/],
    [['verify', '--input', 'nothing.jsonl', '--stream'], 3, /cannot read nothing\.jsonl: no such file/],
  ])('refuses %j with %i', async (argv, code, message) => {
    const result = await evom(...argv);
    expect(result.err).toMatch(message);
    expect(result).toMatchObject({ code, out: '' });
  });

  it('calls a backend that cannot solve the model a fault of the choice, not of the program', async () => {
    write(
      'lp-only.mjs',
      'export default async () => ({ name: "lp-only", version: "1", capabilities: { lp: true, milp: false }, solve() { throw 1; }, close() {} });',
    );
    const { code, err } = await evom('verify', 'diet.js', '--backend', join(cwd, 'lp-only.mjs'), '--answer', '1904');
    expect(code).toBe(3);
    expect(err).toMatch(/diet\.js: the backend lp-only cannot solve models with integer variables; choose another, for example highs/);
  });
});

describe('evom verify --input', () => {
  const batch = (count: number): string =>
    Array.from({ length: count }, (_, i) => {
      const code = program(lp.replace('488', String(300 + i)));
      const line = i % 2 === 0 ? { id: i, dialect: 'highs-js', code } : { id: i, completion: `<code>\n${code}\n</code>` };
      return `${JSON.stringify({ ...line, answer: i === 188 ? [7, 1904] : 'No Best Solution' })}\n`;
    }).join('');

  it('writes one outcome a line, in order', async () => {
    const model = linearModelToJson(parseLp(lp));
    const more = [
      { id: 'with a reference', code: diet, answer: 1904, question: 'Boots and mugs, 488 of leather.', model },
      { id: 'another model', code: diet.replace('mugs <= 20', 'mugs <= 21'), answer: 1904, model },
      { id: 'no program', dialect: 'glpk-js', completion: '```js\n```', answer: 1 },
      { id: 'no label', code: diet },
      { id: 'broken', code: `${diet}\n)`, answer: 1904 },
    ];
    write('some.jsonl', batch(4) + more.map((line) => JSON.stringify(line)).join('\n'));
    const { code, err, out } = await evom('verify', '--input', 'some.jsonl', '--output', 'some.out.jsonl', '--json');
    expect(code).toBe(0);
    expect(err).toMatch(
      /^9 programs in .*: optimal 7, no_program 1, syntax_error 1; known by enumeration 7; 2 of 8 right by sirl \(25\.0 %\)/,
    );
    expect(JSON.parse(out)).toMatchObject({ output: 'some.out.jsonl', programs: 9, right: 2, faults: 0 });
    const records = lines('some.out.jsonl');
    expect(records.map(({ id, status, correct, reward, identical }) => [id, status, correct, reward, identical])).toEqual([
      ...[0, 1, 2, 3].map((id) => [id, 'optimal', false, 0.1, null]),
      ['with a reference', 'optimal', true, 1.1, true],
      ['another model', 'optimal', true, 1.1, expect.any(Boolean)],
      ['no program', 'no_program', false, 0, null],
      ['no label', 'optimal', null, null, null],
      ['broken', 'syntax_error', false, 0, null],
    ]);
  });

  it('prints outcomes on stdout when no output is named', async () => {
    write('two.jsonl', batch(2));
    const { out } = await evom('verify', '--input', 'two.jsonl', '--quiet');
    expect(
      out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).id),
    ).toEqual([0, 1]);
  });

  it('names the line of everything that is wrong, before anything runs', async () => {
    write(
      'wrong.jsonl',
      [
        JSON.stringify({ id: 'a', code: diet }),
        '{"id": "b", "code": ',
        '}',
        JSON.stringify({ code: diet }),
        JSON.stringify({ id: 'c' }),
        JSON.stringify({ id: 'd', code: 'x = 1' }),
        JSON.stringify({ id: 'e', code: diet, answer: 'lots' }),
        JSON.stringify({ id: 'f', code: diet, dialect: 'gurobi' }),
        JSON.stringify({ id: 'g', code: diet, model: { variables: 3 } }),
      ].join('\n'),
    );
    const { code, out, err } = await evom('verify', '--input', 'wrong.jsonl', '--output', 'wrong.out.jsonl');
    expect({ code, out, made: existsSync(join(cwd, 'wrong.out.jsonl')) }).toEqual({ code: 3, out: '', made: false });
    for (const line of [
      /wrong\.jsonl:2: /,
      /wrong\.jsonl:4: "id" is missing/,
      /wrong\.jsonl:5: neither "code" nor "completion"/,
      /wrong\.jsonl:6: "d": no solver library is loaded/,
      /wrong\.jsonl:7: "answer" is "lots"; give a number/,
      /wrong\.jsonl:8: dialect "gurobi" is not known/,
      /wrong\.jsonl:9: "model" is not a linear model/,
    ]) {
      expect(err).toMatch(line);
    }
    write('twice.jsonl', `${JSON.stringify({ id: 1, code: diet })}\n${JSON.stringify({ id: 1, code: diet })}\n`);
    expect((await evom('verify', '--input', 'twice.jsonl')).err).toMatch(/twice\.jsonl:2: the id 1 comes twice/);
    write('empty.jsonl', '{"id": 1}\n'.repeat(23));
    expect((await evom('verify', '--input', 'empty.jsonl')).err).toMatch(/empty\.jsonl:20: neither.*\n.*and 3 more/);
  });

  it('takes a list of answers in every form, and leaves all of them to be judged again', async () => {
    // 68 boots + 62 mugs is worth 1904; each list holds it in another place and form.
    const answers = [
      [18, 1904],
      ['18', '1904'],
      '[18.0, 1904]',
      '[1,904]',
      ['infeasible', 1904],
      [1904, 'infeasible'],
      [1904],
      [18, 20],
      'NaN',
    ];
    write('answers.jsonl', answers.map((answer, id) => `${JSON.stringify({ id, code: diet, answer })}\n`).join(''));
    await evom('verify', '--input', 'answers.jsonl', '--output', 'answers.out.jsonl', '--quiet');
    const records = lines('answers.out.jsonl');
    expect(records.map(({ correct }) => correct)).toEqual([true, true, true, false, true, true, true, false, null]);
    expect(records.map(({ answer, accepted }) => [answer, accepted])).toEqual([
      [18, [1904]],
      [18, [1904]],
      [18, [1904]],
      [1, [904]],
      ['infeasible', [1904]],
      ['infeasible', [1904]],
      [1904, undefined],
      [18, [20]],
      [null, undefined],
    ]);
    const judged = JSON.parse((await evom('judge', 'answers.out.jsonl', '--rules', 'sirl', '--json')).out);
    expect(judged.scores[0]).toMatchObject({ right: 6, of: 8 });
    // The lists as they were given, beside outcomes: read alike.
    write('stored.jsonl', answers.map((answer, id) => `${JSON.stringify({ id, answer, status: 'optimal', objective: 1904 })}\n`).join(''));
    expect(JSON.parse((await evom('judge', 'stored.jsonl', '--rules', 'sirl', '--json')).out).scores[0]).toMatchObject({ right: 6, of: 8 });
    const { out } = await evom('verify', 'diet.js', '--answer', '[18, 1904]');
    expect(out).toContain('answer     18 or 1904: right by sirl');
  });

  it('says what kind of text a completion without a program is, and that a cut-off one is cut off', async () => {
    const completions = [
      'The optimum is 1904.',
      '{"optimum": 1904}',
      "I'm sorry, but I can't.",
      `\`\`\`js\n${diet.slice(0, -30)}`,
      `1. So:\n   \`\`\`js\n${diet.replace(/^/gm, '   ')}\n   \`\`\``,
    ];
    write(
      'texts.jsonl',
      completions.map((completion, id) => `${JSON.stringify({ id, dialect: 'highs-js', completion, answer: 1904 })}\n`).join(''),
    );
    await evom('verify', '--input', 'texts.jsonl', '--output', 'texts.out.jsonl', '--quiet');
    expect(lines('texts.out.jsonl').map(({ status, error, reward }) => [status, (error as { type: string } | null)?.type, reward])).toEqual(
      [
        ['no_program', 'Prose', 0],
        ['no_program', 'JsonAnswer', 0],
        ['no_program', 'Refusal', 0],
        ['syntax_error', 'CutOff', 0],
        ['optimal', undefined, 1.1],
      ],
    );
  });

  it('takes files with a byte order mark or a first line for the shell', async () => {
    write('marked.js', `\uFEFF${diet}`);
    write('shell.js', `#!/usr/bin/env node\n${diet}`);
    const { out } = await evom('verify', 'marked.js', 'shell.js', '--answer', '1904', '--json');
    expect(
      out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).correct),
    ).toEqual([true, true]);
  });

  it('goes on after kill -9 without losing or doubling a line, and mends a torn one', async () => {
    write('many.jsonl', batch(300));
    const run = (output: string): ChildProcess =>
      spawn(
        process.execPath,
        ['dist/cli/main.js', 'verify', '--input', join(cwd, 'many.jsonl'), '--output', join(cwd, output), '--quiet'],
        {
          stdio: 'ignore',
        },
      );
    const ended = (child: ChildProcess): Promise<number | null> => new Promise((resolve) => child.on('exit', (code) => resolve(code)));
    const count = (): number =>
      existsSync(join(cwd, 'killed.jsonl')) ? readFileSync(join(cwd, 'killed.jsonl'), 'utf8').split('\n').length - 1 : 0;
    // On a busy machine it may end before we have looked; then it is asked again.
    for (let attempt = 0; attempt < 5 && count() % 300 === 0; attempt++) {
      rmSync(join(cwd, 'killed.jsonl'), { force: true });
      const killed = run('killed.jsonl');
      const end = ended(killed);
      while (killed.exitCode === null && count() < 40) await new Promise((resolve) => setTimeout(resolve, 5));
      killed.kill('SIGKILL');
      await end;
    }
    expect(count()).toBeGreaterThan(0);
    expect(count()).toBeLessThan(300);
    appendFileSync(join(cwd, 'killed.jsonl'), '{"id":40,"status":"opt');
    expect(await ended(run('killed.jsonl'))).toBe(0);
    expect(await ended(run('whole.jsonl'))).toBe(0);
    expect(readFileSync(join(cwd, 'killed.jsonl'), 'utf8')).toBe(readFileSync(join(cwd, 'whole.jsonl'), 'utf8'));
    expect(lines('whole.jsonl').map(({ id }) => id)).toEqual(Array.from({ length: 300 }, (_, i) => i));
    expect(lines('whole.jsonl')[188]).toMatchObject({ correct: true, objective: 1904 });
  });

  it.each([
    ['a file', 1500, ['endless.js']],
    ['a file that was not begun', 0, ['endless.js']],
    ['lines', 1500, ['--input', 'endless.jsonl']],
    ['lines that were not begun', 0, ['--input', 'endless.jsonl']],
    ['a stream', 1500, ['--input', 'endless.jsonl', '--stream']],
    ['a stream that was not begun', 0, ['--input', 'endless.jsonl', '--stream']],
  ])(
    'ends at Ctrl-C without waiting for the programs of %s',
    async (_, delayMs, argv) => {
      write('endless.js', 'for (;;);');
      write('endless.jsonl', `${JSON.stringify({ id: 1, dialect: 'highs-js', code: 'for (;;);' })}\n`);
      const io = fakeIo({ cwd });
      // Longer than the test may take.
      const patience = ['ticks=1e12', 'cpu_ms=1e9', 'hard_ms=1e9'].flatMap((limit) => ['--set', `sandbox.limits.${limit}`]);
      const ending = main(['verify', ...argv, '--dialect', 'highs-js', ...patience], io);
      const timer = setTimeout(() => io.interrupt(), delayMs);
      expect(await ending).toBe(130);
      clearTimeout(timer);
      expect(io.err()).toMatch(/E_INTERRUPTED/);
    },
    60_000,
  );

  it('refuses to go on with outcomes of other programs', async () => {
    write('first.jsonl', batch(3));
    await evom('verify', '--input', 'first.jsonl', '--output', 'kept.jsonl', '--quiet');
    write('other.jsonl', batch(3).replace('302', '303'));
    const { code, err } = await evom('verify', '--input', 'other.jsonl', '--output', 'kept.jsonl');
    expect(code).toBe(3);
    expect(err).toMatch(
      /kept\.jsonl:3 holds the outcome of another program, problem, backend, limits, audit or judge than 2 is now asked with; delete the file/,
    );
    expect((await evom('verify', '--input', 'first.jsonl', '--output', 'kept.jsonl', '--backend', 'glpk')).code).toBe(3);
  });

  it('refuses to go on under other rules, limits, audits, references or accepted answers', async () => {
    const line = { id: 1, code: diet, answer: [1904, 7], model: linearModelToJson(parseLp(lp)) };
    write('set.jsonl', JSON.stringify(line));
    const go = (input: string, ...more: string[]) => evom('verify', '--input', input, '--output', 'set.out.jsonl', '--quiet', ...more);
    expect((await go('set.jsonl')).code).toBe(0);
    expect((await go('set.jsonl', '--workers', '1')).code).toBe(0); // who does the work decides nothing
    const other = { ...line, model: linearModelToJson(parseLp(lp.replace('488', '489'))) };
    write('set-model.jsonl', JSON.stringify(other));
    write('set-answer.jsonl', JSON.stringify({ ...line, answer: [1904, 8] }));
    for (const changed of [
      go('set.jsonl', '--judge', 'exact'),
      go('set.jsonl', '--set', 'sandbox.limits.solver_ms=999'),
      go('set.jsonl', '--set', 'audit.perturbations=3'),
      go('set-model.jsonl'),
      go('set-answer.jsonl'),
    ])
      expect(await changed).toMatchObject({
        code: 3,
        err: expect.stringContaining('set.out.jsonl:1 holds the outcome of another program'),
      });
  });

  it('runs again what a fault of ours kept from a verdict, and says so while it lasts', async () => {
    // A solver that fails while a file is there.
    const dist = pathToFileURL(join(process.cwd(), 'dist/index.js')).href;
    write(
      'flaky.mjs',
      `import { existsSync } from 'node:fs';
import { createHighs } from '${dist}';
export default async function () {
  const highs = await createHighs();
  return { ...highs, name: 'flaky', solve: (model, limits) => {
    if (existsSync(${JSON.stringify(join(cwd, 'down'))}) && model.constraints[0].upper === 301) throw new Error('no solver today');
    return highs.solve(model, limits);
  } };
}
`,
    );
    write('flaky.jsonl', batch(4));
    const go = () => evom('verify', '--input', 'flaky.jsonl', '--output', 'flaky.out.jsonl', '--backend', join(cwd, 'flaky.mjs'));
    const statuses = () => lines('flaky.out.jsonl').map(({ id, status }) => [id, status]);
    write('down', '');
    expect(await go()).toMatchObject({ code: 1, err: expect.stringContaining('flaky.jsonl:2: ') });
    expect(statuses()).toEqual([0, 1, 2, 3].map((id) => [id, id === 1 ? 'infra_error' : 'optimal']));
    expect(await go()).toMatchObject({ code: 1, err: expect.stringMatching(/4 of 4 outcomes, 1 of them faults that are run again/) });
    rmSync(join(cwd, 'down'));
    writeFileSync(
      join(cwd, 'flaky.out.jsonl'),
      `${readFileSync(join(cwd, 'flaky.out.jsonl'), 'utf8').split('\n').slice(0, 3).join('\n')}\n`,
    );
    expect(await go()).toMatchObject({ code: 0, err: expect.stringMatching(/4 programs in .*: optimal 4/) });
    expect(statuses()).toEqual([0, 1, 2, 3].map((id) => [id, 'optimal']));
  });
});
