import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { main } from '../../src/cli/command-line.ts';
import { packageRoot } from '../../src/config/load/find-file.ts';
import { serveSolverHost } from '../../src/solver-host/http-service.ts';
import { skipReason, startHost } from '../solver-host/environment.ts';
import { fakeIo } from './fake-io.ts';

let cwd: string;
async function label(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const io = fakeIo({ cwd });
  const code = await main(['data', 'label', ...argv], io);
  return { code, out: io.out(), err: io.err() };
}
const written = (file: string): { id: string; answer: unknown; meta?: { label?: string } }[] =>
  readFileSync(join(cwd, file), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

const solving = (lp: string): string => `const h = await require("highs")();\nreport(h.solve(\`${lp}\`).ObjectiveValue);`;
const lines = (problems: readonly object[]): string => problems.map((problem) => `${JSON.stringify(problem)}\n`).join('');

beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'evom-label-'));
  const about = { answer: null, source: 'mine' };
  writeFileSync(
    join(cwd, 'worked.jsonl'),
    lines([
      {
        id: 'most',
        question: 'How many of x and y?',
        ...about,
        programs: { 'highs-js': solving('Max\nx + y\nst\nx + 2 y <= 4\nx <= 3\nEnd') },
      },
      { id: 'none', question: 'Is there any x?', ...about, programs: { 'highs-js': solving('Min\nx\nst\nx >= 4\nx <= 3\nEnd') } },
      { id: 'broken', question: 'And what of z?', ...about, programs: { 'highs-js': 'report(' } },
      { id: 'bare', question: 'No program tells.', ...about },
      { id: 'known', question: 'How far is it?', answer: 7, source: 'mine', programs: { 'highs-js': solving('Max\nx\nst\nx <= 3\nEnd') } },
    ]),
  );
});
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

describe('evom data label', () => {
  it('takes what programs prove for answers, keeps answers that are there, and counts what is left out', async () => {
    const { code, out, err } = await label('worked.jsonl', '--out', 'labelled.jsonl');
    expect(code).toBe(0);
    expect(out).toBe(`${join(cwd, 'labelled.jsonl')}\n`);
    expect(err).toContain(
      '5 problems: 2 labelled by their programs, 1 with an answer of their own; left out: syntax_error 1, no program 1',
    );
    expect(written('labelled.jsonl').map(({ id, answer, meta }) => [id, answer, meta?.label])).toEqual([
      ['most', 3.5, 'proven of its highs-js program'],
      ['none', 'infeasible', 'proven of its highs-js program'],
      ['known', 7, undefined],
    ]);
  });

  it('refuses a file in which nothing gets an answer', async () => {
    writeFileSync(join(cwd, 'bare.jsonl'), lines([{ id: 'bare', question: 'No program tells.', answer: null, source: 'mine' }]));
    const { code, err } = await label('bare.jsonl', '--out', 'nothing.jsonl');
    expect(code).toBe(3);
    expect(err).toContain('E_DATA no problem of bare.jsonl has an answer or a program that proves one (no program 1)');
    expect(existsSync(join(cwd, 'nothing.jsonl'))).toBe(false);
  });

  const sample = join(process.env.EVOM_SHARED ?? resolve(packageRoot, '..', 'shared'), 'data/or-instruct-sample/OR-Instruct-Data-100.json');
  const reason = skipReason ?? (existsSync(sample) ? null : `${sample} is not there`);
  it.skipIf(reason !== null)(`labels OR-Instruct by its coptpy programs${reason === null ? '' : ` (skipped: ${reason})`}`, async () => {
    const host = await startHost(['coptpy']);
    const service = await serveSolverHost(host, { port: 0, address: '127.0.0.1', token: null });
    try {
      const { code, out } = await label(sample, '--host', service.url, '--out', 'or-instruct.jsonl', '--json');
      expect(code).toBe(0);
      expect(JSON.parse(out)).toMatchObject({ problems: 100, labelled: 100, left_out: {} });
      expect(written('or-instruct.jsonl').every(({ answer }) => typeof answer === 'number')).toBe(true);
    } finally {
      await service.close();
      await host.close();
    }
  });
});
