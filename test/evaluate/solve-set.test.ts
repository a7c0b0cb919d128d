/** `evom solve --dataset`: the table by component, its log, and whose fault wrong answers are, with a scripted model. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { main } from '../../src/cli/command-line.ts';
import type { SolvedLine } from '../../src/evaluate/solve-set.ts';
import { summarizeSolved } from '../../src/evaluate/solve-table.ts';
import { fakeIo } from '../cli/fake-io.ts';
import { type Asked, models, program, record, rightRows, startWorkshop, type WorkshopServer, workshop } from '../e2e/workshop-server.ts';

let folder: string;
let server: WorkshopServer;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'evom-solve-set-'));
  const lines = ['A', 'B', 'C'].map((name) => ({ id: name, question: `${workshop} This is plan ${name}.`, answer: 2200 }));
  writeFileSync(
    join(folder, 'plans.jsonl'),
    [...lines, { id: 'D', question: `${workshop} This is plan D.`, answer: null }].map((line) => `${JSON.stringify(line)}\n`).join(''),
  );
});
afterEach(() => server.close());
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const evom = async (...argv: string[]) => {
  const io = fakeIo({ cwd: folder });
  const code = await main(argv, io);
  return { code, out: io.out(), err: io.err() };
};
const solveSet = (...flags: string[]) =>
  evom('solve', '--dataset', 'plans.jsonl', '--judge', 'sirl', '--policy', server.url, '--no-memory', '--samples', '4', '--json', ...flags);
const plan = ({ text }: Asked): string => /This is plan (\w)/.exec(text)?.[1] ?? '';
const forgetsWood = record({ rows: [rightRows[0] as string, rightRows[2] as string] });

describe('evom solve --dataset', () => {
  it('says what each component is worth, with tests, latency and tokens', async () => {
    // Only with a record is the program right, and only repair or record save plan B.
    server = await startWorkshop((one) => {
      if (one.kind !== 'program') return null;
      return one.text.includes('A decision record') || one.isRepair ? null : program(models.noWood);
    });
    const { code, out, err } = await solveSet('--ablate', 'record,simulator,repair');
    expect(code, err).toBe(0);
    const report = JSON.parse(out);
    expect(report).toMatchObject({ problems: 4, unlabelled: 1, rule: 'sirl' });
    const by = Object.fromEntries(report.variants.map((one: { variant: string }) => [one.variant, one]));
    expect(Object.keys(by)).toEqual(['full', 'without record', 'without simulator', 'without repair', 'one program']);
    expect(by.full).toMatchObject({
      problems: 3,
      right: 1,
      trusted: 1,
      right_of_trusted: 1,
      mean_rounds: 0,
      mean_requests: 12,
      change: null,
    });
    expect(by['without record']).toMatchObject({ right: 1, mean_rounds: 1 }); // simulators find it, and it is mended
    expect(by['one program']).toMatchObject({ right: 0, change: -1, p: 0.25, mean_requests: 1, mean_tokens: 18 });
    expect(by.full.mean_tokens).toBe(12 * 18);
  });

  it('goes on from its log, and starts anew under another setting', async () => {
    server = await startWorkshop(() => null);
    const out = join(folder, 'log.jsonl');
    expect((await solveSet('--out', 'log.jsonl', '--limit', '2')).code).toBe(0);
    const asked = server.requests.length;
    expect(readFileSync(out, 'utf8').trim().split('\n')).toHaveLength(4);
    const again = await solveSet('--out', 'log.jsonl');
    expect(JSON.parse(again.out).variants[0]).toMatchObject({ problems: 3, right: 1 });
    const lines = readFileSync(out, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map(({ id, variant }) => `${id} ${variant}`)).toEqual(
      ['A', 'B', 'C', 'D'].flatMap((id) => [`plans/${id} full`, `plans/${id} one program`]),
    );
    const second = server.requests.length - asked;
    expect(second).toBeLessThanOrEqual(asked + 1);
    await solveSet('--out', 'log.jsonl', '--rounds', '1');
    expect(readFileSync(out, 'utf8').trim().split('\n')).toHaveLength(16);
  });

  it('leaves what is finished in the log where the server goes away, and says that', async () => {
    server = await startWorkshop((one) => (plan(one) === 'B' ? { type: 'refuse', status: 503 } : null));
    const broken = await evom(
      'solve',
      '--dataset',
      'plans.jsonl',
      '--judge',
      'sirl',
      '--policy',
      `${server.url}#m`,
      '--no-memory',
      '--samples',
      '2',
      '--out',
      'half.jsonl',
      '--set',
      'policy.chat.retries=0',
      '--set',
      'policy.chat.timeout_s=1',
    );
    expect(broken.code).toBe(1);
    expect(broken.err).toMatch(/E_POLICY/);
    expect(readFileSync(join(folder, 'half.jsonl'), 'utf8').trim().split('\n')).toHaveLength(2);
  });

  it('attributes wrong answers to the record or to the program', async () => {
    server = await startWorkshop((one) => {
      if (one.kind === 'record') return JSON.stringify(plan(one) === 'A' ? forgetsWood : record());
      if (one.kind !== 'program') return null;
      // A: the record forgets the wood and the program follows. B: the record is right and the program forgets it.
      return plan(one) === 'A' || plan(one) === 'B' ? program(models.noWood) : null;
    });
    const { out } = await solveSet('--no-simulator', '--rounds', '0');
    expect(JSON.parse(out).variants[0]).toMatchObject({ right: 1 / 3, faults: { extraction: 1, implementation: 1 } });
  });

  it.each([
    [['--ablate', 'simulators'], /--ablate: "simulators" is no component; known are simulator, memory, mbr/],
    [['plans.jsonl'], /takes a file or --dataset, not both/],
  ])('refuses %j', async (flags, message) => {
    server = await startWorkshop(() => null);
    const { code, err } = await solveSet(...flags);
    expect(code).toBe(2);
    expect(err).toMatch(message);
  });
});

describe('summarizeSolved', () => {
  const line = (id: string, variant: SolvedLine['variant'], correct: boolean | null): SolvedLine => ({
    ...{
      setting: 's',
      id,
      variant,
      correct,
      question: 'q',
      status: 'optimal',
      answer: 1,
      trusted: correct === true,
      reasons: [],
      confidence: 1,
    },
    ...{ rounds: 0, fault: correct ? 'none' : 'unknown', ms: 10, requests: 1, prompt_tokens: 3, completion_tokens: 4 },
  });

  it('pairs variants by problem and leaves out problems without a label', () => {
    const lines = [
      line('a', 'full', true),
      line('b', 'full', true),
      line('c', 'full', null),
      line('a', 'one program', false),
      line('b', 'one program', true),
    ];
    const [full, one] = summarizeSolved(lines, ['full', 'one program'], 1);
    expect(full).toMatchObject({ problems: 2, right: 1, median_ms: 10, mean_tokens: 7, faults: {} });
    expect(one).toMatchObject({ problems: 2, right: 0.5, change: -0.5, p: 1, right_of_trusted: 1, faults: { unknown: 1 } });
  });
});
