import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { emptyOutcome, type Outcome, outcomeToJson } from 'evom';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { main } from '../../src/cli/command-line.ts';
import { fakeIo } from './fake-io.ts';

let cwd: string;
async function audit(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const io = fakeIo({ cwd });
  const code = await main(['data', 'audit', ...argv], io);
  return { code, out: io.out(), err: io.err() };
}

const about = { dialect: 'gurobipy', backend: 'gurobi' } as const;
const solved = (objective: number, more: Partial<Outcome>): Outcome => ({ ...emptyOutcome('optimal', about), objective, ...more });
const library = { status: 'optimal', objective: 7, resolved: false } as const;
const linear = { sense: 'min', offset: 0, variables: [], constraints: [] } as const;

beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'evom-audit-'));
  const problems = ['a', 'b', 'c'].map((id) => ({ id, question: `How far is ${id}?`, answer: 7, kind: 'nlp', source: 'x' }));
  writeFileSync(join(cwd, 'set.jsonl'), problems.map((problem) => `${JSON.stringify(problem)}\n`).join(''));
  const lines: [string, Outcome][] = [
    ['a', solved(7, { library })],
    ['b', solved(7.001, { library: { ...library, resolved: true }, quadratic: { linear, products: [[0, 0, 1]], rows: [] } })],
    ['c', solved(900, { library })],
  ];
  writeFileSync(
    join(cwd, 'outcomes.jsonl'),
    lines.map(([id, outcome]) => `${JSON.stringify({ id, ...outcomeToJson(outcome) })}\n`).join(''),
  );
  writeFileSync(join(cwd, 'others.jsonl'), `${JSON.stringify({ id: 'z', ...outcomeToJson(solved(1, {})) })}\n`);
});
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

describe('evom data audit', () => {
  it('says how many problems are out of reach, by right outcomes where there are any', async () => {
    const alone = JSON.parse((await audit('set.jsonl', '--json')).out);
    expect(alone.reach).toMatchObject([{ problems: 3, nonlinear: 3, quadratic: 0, outOfReach: 0 }]);
    const known = JSON.parse((await audit('set.jsonl', '--outcomes', 'outcomes.jsonl', '--json')).out);
    expect(known.reach).toMatchObject([{ problems: 3, nonlinear: 1, quadratic: 1, outOfReach: 1 }]);
    const { code, out } = await audit('set.jsonl', '--outcomes', 'outcomes.jsonl');
    expect(code).toBe(0);
    expect(out).toMatch(/models +problems +linear +quadratic +nonlinear +out of reach +kind unsaid\n.* 3 +0 +1 +1 +1 +0\n/);
  });

  it('refuses files without any problem', async () => {
    writeFileSync(join(cwd, 'other.jsonl'), '{"a": 1}\n');
    const { code, err } = await audit('other.jsonl');
    expect(code).toBe(3);
    expect(err).toContain('E_DATA no problem in other.jsonl; evom data import --help lists the formats');
  });

  it('refuses outcomes of other problems', async () => {
    const { code, err } = await audit('set.jsonl', '--outcomes', 'others.jsonl');
    expect(code).toBe(3);
    expect(err).toContain(
      'others.jsonl: none of its 1 outcomes has the id of a problem, such as "a"; give ids as evom data import writes them',
    );
  });
});
