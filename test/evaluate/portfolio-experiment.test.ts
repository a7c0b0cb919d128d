/** `evom portfolio experiment` with scripted models as generator, evaluator and judge, and its table from given lines. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { main } from '../../src/cli/command-line.ts';
import type { JudgedLine } from '../../src/evaluate/portfolio-experiment.ts';
import { summarizePortfolios } from '../../src/evaluate/portfolio-table.ts';
import { fakeIo } from '../cli/fake-io.ts';
import { models, program, renamed, workshop } from '../e2e/workshop-server.ts';
import { type ChatAnswer, type ChatServer, message, startChatServer } from '../fakes/chat-server.ts';

let folder: string;
const servers: ChatServer[] = [];
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'evom-experiment-'));
  const lines = ['A', 'B', 'C', 'D'].map((name) => ({
    id: name,
    question: `${workshop} This is plan ${name}.`,
    answer: name === 'D' ? null : 2200,
  }));
  writeFileSync(join(folder, 'plans.jsonl'), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
});
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const evom = async (...argv: string[]) => {
  const io = fakeIo({ cwd: folder });
  const code = await main(argv, io);
  return { code, out: io.out(), err: io.err() };
};

type Role = 'generator' | 'evaluator' | 'judge';
interface Asked {
  readonly role: Role;
  /** Of this role, from 0. */
  readonly k: number;
  readonly text: string;
  readonly body: Readonly<Record<string, unknown>>;
}
const roleOf = (text: string): Role =>
  text.includes('whose right answer you know') ? 'judge' : text.includes('SCORE:') ? 'evaluator' : 'generator';

/** Says of the right model 90 and of the one without the wood 10 as evaluator; as judge 95 and 5. Every other program forgets the wood. */
const usual = ({ role, k, text }: Asked): string => {
  if (role === 'generator') return program(k % 2 === 0 ? models.right : models.noWood);
  const isRight = text.includes('objective 2200');
  return `I see.\nSCORE: ${role === 'judge' ? (isRight ? 95 : 5) : isRight ? 90 : 10}`;
};
const start = async (script: (asked: Asked) => string | ChatAnswer = usual) => {
  const asked: Asked[] = [];
  const server = await startChatServer(({ path, body }) => {
    if (path.endsWith('/models')) return { type: 'answer', body: { object: 'list', data: [{ id: 'big-1' }] } };
    const text = (body.messages as { content: string }[]).map(({ content }) => content).join('\n');
    const role = roleOf(text);
    const one: Asked = { role, k: asked.filter((before) => before.role === role).length, text, body };
    asked.push(one);
    const answer = script(one);
    return typeof answer === 'string' ? message(answer) : answer;
  });
  servers.push(server);
  return { url: server.url, asked, of: (role: Role) => asked.filter((one) => one.role === role) };
};
const usualFlags = { '--dataset': 'plans.jsonl', '--samples': '8', '--sizes': '2,4', '--draws': '10' };
/** The usual flags, but for those that are given. */
const experiment = (...flags: string[]) => {
  const rest = Object.entries(usualFlags).flatMap(([name, value]) => (flags.includes(name) ? [] : [name, value]));
  return evom('portfolio', 'experiment', ...rest, '--json', ...flags);
};
interface Row {
  readonly size: number;
  readonly ranked_by: string;
  readonly mean_minimum: number;
  readonly one_minus_alpha: number | null;
  readonly minima: number[];
}
const row = (out: string, size: number, ranking: string): Row | undefined =>
  (JSON.parse(out).portfolios as Row[]).find((one) => one.size === size && one.ranked_by === ranking);

describe('evom portfolio experiment', () => {
  it('keeps candidates apart, averages four scores, and has the judge see the label', async () => {
    const { url, of } = await start();
    const { code, out, err } = await experiment('--policy', url, '--judge', url, '--out', 'report');
    expect(code, err).toBe(0);
    // Three problems with a label, eight candidates each, two different models.
    expect([of('generator').length, of('evaluator').length, of('judge').length]).toEqual([24, 96, 24]);
    expect(of('generator')[0]?.body).toMatchObject({ temperature: 1 });
    expect(of('judge').every(({ text }) => text.includes('The right answer: 2200'))).toBe(true);
    expect(of('evaluator').some(({ text }) => text.includes('right answer'))).toBe(false);
    expect(JSON.parse(out)).toMatchObject({ samples: 8, faults: 0, mean_judged: 50, left_out: { unlabelled: ['plans/D'] } });
    // Four of eight are right: the evaluator finds them, random portfolios seldom do.
    for (const size of [2, 4]) {
      expect(row(out, size, 'scores')).toMatchObject({ mean_minimum: 95, minima: [95, 95, 95] });
      expect(row(out, size, 'random')?.minima).toHaveLength(30);
      expect(row(out, size, 'random')?.mean_minimum).toBeLessThan(50);
    }
    expect(row(out, 2, 'probability')).toBeUndefined();
    expect(existsSync(join(folder, 'report/experiment.svg'))).toBe(true);
    expect(JSON.parse(readFileSync(join(folder, 'report/experiment.json'), 'utf8'))).toEqual(JSON.parse(out));
    const svg = readFileSync(join(folder, 'report/experiment.svg'), 'utf8');
    for (const text of ['minimum score', 'density', 'portfolio size 2', 'portfolio size 4', 'random']) expect(svg).toContain(text);
    const [line] = readFileSync(join(folder, 'report/problems.jsonl'), 'utf8').split('\n');
    expect(JSON.parse(line as string).candidates).toHaveLength(8);
  });

  it('judges by likeness to the reference model: 100 for the same by other names, more for less that is missing', async () => {
    const { right } = models;
    const [, ...others] = right.constraints;
    const far: typeof right = {
      ...right,
      sense: 'min',
      constraints: [],
      variables: right.variables.map((v) => ({ ...v, name: `${v.name}s`, upper: 1 })),
    };
    const given = [right, renamed(right, (name) => `item_${name}`), { ...right, constraints: others }, far];
    const { url } = await start(({ k }) => program(given[k % 4] as typeof right));
    const lines = [
      { id: 'A', question: workshop, answer: 2200, model: right },
      { id: 'B', question: `${workshop} Again.`, answer: 2200 },
    ];
    writeFileSync(join(folder, 'modelled.jsonl'), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    const flags = [
      '--dataset',
      'modelled.jsonl',
      '--judge',
      'reference',
      '--evaluators',
      'execution',
      '--policy',
      url,
      '--out',
      'likeness',
    ];
    const { code, out, err } = await experiment(...flags);
    expect(code, err).toBe(0);
    // A problem without a reference model cannot be judged so.
    expect(JSON.parse(out)).toMatchObject({ judge: 'likeness to the reference model', left_out: { unlabelled: ['modelled/B'] } });
    const [line] = readFileSync(join(folder, 'likeness/problems.jsonl'), 'utf8').split('\n');
    const judged = (JSON.parse(line as string) as JudgedLine).candidates.slice(0, 4).map((one) => one.judged);
    expect(judged.slice(0, 2)).toEqual([100, 100]);
    const [, , missing = 0, unlike = 0] = judged;
    expect(missing).toBeLessThan(100);
    expect(missing).toBeGreaterThan(unlike);
    expect(unlike).toBeGreaterThanOrEqual(1);
  });

  it('ranks by the probabilities that a chat API tells when it is asked for them', async () => {
    const logprobs = (value: number) => ({ content: [{ logprob: value }, { logprob: value }] });
    const { url, of } = await start((one) => {
      const answer = message(usual(one)) as { body: { choices: object[] } };
      const told = one.body.logprobs === true ? { logprobs: logprobs(one.k % 2 === 0 ? -0.1 : -0.5) } : {};
      return { type: 'answer', body: { ...answer.body, choices: answer.body.choices.map((choice) => ({ ...choice, ...told })) } };
    });
    const asked = ['--policy', url, '--evaluators', 'probability'];
    const { code, out, err } = await experiment(...asked, '--set', 'policy.chat.body.logprobs=true');
    expect(code, err).toBe(0);
    expect(of('evaluator')).toHaveLength(0);
    // exp(-0.1) and exp(-0.5), four times each: 0.9048374 and 0.6065307 by a printed table.
    expect(row(out, 2, 'probability')?.one_minus_alpha).toBeCloseTo((2 * 0.9048374) / (4 * 0.9048374 + 4 * 0.6065307), 6);
    expect(row(out, 4, 'probability')?.minima).toEqual([100, 100, 100]);
    const silent = await experiment(...asked);
    expect(silent).toMatchObject({ code: 1 });
    expect(silent.err).toMatch(/E_POLICY big-1 gives no log-probabilities.*policy\.chat\.body\.logprobs=true/);
  });

  it('takes evaluator and judge from other policies, or a rule that knows right from wrong', async () => {
    const [generator, evaluator, judge] = [await start(), await start(), await start()];
    await experiment('--policy', generator.url, '--evaluator-policy', evaluator.url, '--judge', judge.url, '--judge-repeats', '2');
    expect([generator.of('evaluator').length, evaluator.of('evaluator').length]).toEqual([0, 96]);
    expect([generator.of('judge').length, judge.of('judge').length]).toEqual([0, 48]);
    const { out } = await experiment('--policy', generator.url, '--evaluators', 'execution', '--judge', 'sirl');
    expect(JSON.parse(out)).toMatchObject({ judge: 'rule sirl', evaluator: null, mean_judged: 50.5 });
  });

  it('gives the lowest score to a sample without a program, without asking anybody', async () => {
    const { url, of } = await start((one) => (one.role === 'generator' && one.k % 4 === 3 ? 'I do not know.' : usual(one)));
    const { out } = await experiment('--policy', url, '--judge', url);
    expect([of('evaluator').length, of('judge').length]).toEqual([3 * 6 * 4, 3 * 6]);
    expect(JSON.parse(out).mean_judged).toBe((4 * 95 + 2 * 5 + 2 * 1) / 8);
  });

  it('asks again where no score was written, and ends where none ever is', async () => {
    const { url, of } = await start((one) => (one.role === 'judge' && one.k % 9 < 8 && one.k < 16 ? 'Well.' : usual(one)));
    expect((await experiment('--policy', url, '--evaluators', 'execution', '--judge', url, '--limit', '1')).code).toBe(0);
    expect(of('judge').length).toBeGreaterThan(8);
    const mute = await start((one) => (one.role === 'judge' ? 'Well.' : usual(one)));
    const { code, err } = await experiment('--policy', mute.url, '--evaluators', 'execution', '--judge', mute.url, '--limit', '1');
    expect(code).toBe(1);
    expect(err).toMatch(/wrote no "SCORE: n" for 8 of 8 candidates/);
    expect(mute.of('judge')).toHaveLength(24);
  });

  it('goes on from its log after a server that went away, and starts anew under another setting', async () => {
    let isAway = true;
    const { url, of } = await start((one) =>
      isAway && one.text.includes('plan C') ? { type: 'refuse', status: 400, body: { error: { message: 'gone' } } } : usual(one),
    );
    const run = (...more: string[]) =>
      experiment('--policy', url, '--evaluators', 'execution', '--judge', 'sirl', '--out', 'resumed', ...more);
    expect((await run()).code).toBe(1);
    const log = join(folder, 'resumed/problems.jsonl');
    expect(readFileSync(log, 'utf8').trim().split('\n')).toHaveLength(2);
    isAway = false;
    const before = of('generator').length;
    const { code, out } = await run();
    expect(code).toBe(0);
    expect(of('generator').length - before).toBe(8);
    expect(JSON.parse(out).problems).toEqual(['plans/A', 'plans/B', 'plans/C']);
    // Sizes and draws are looked at afterwards: nothing is sampled for them.
    const after = of('generator').length;
    expect((await run('--sizes', '3', '--draws', '5')).code).toBe(0);
    expect(of('generator')).toHaveLength(after);
    await run('--seed', '2');
    expect(of('generator')).toHaveLength(after + 24);
  });

  it.each([
    ['sizes that no portfolio has', ['--sizes', '2,9'], 2, /--sizes: "9" is not a whole number from 1 to the 8 of --samples/],
    [
      'an evaluator that is none',
      ['--evaluators', 'luck'],
      2,
      /--evaluators: "luck" is not known; known are scores, probability, execution/,
    ],
    ['a dataset that is away', ['--dataset', 'gone.jsonl'], 3, /gone\.jsonl/],
  ])('ends with %s by saying so', async (_, flags, code, text) => {
    const result = await experiment(...flags);
    expect(result).toMatchObject({ code });
    expect(result.err).toMatch(text);
  });
});

describe('summarizePortfolios', () => {
  const lineOf = (id: string, judged: readonly number[], scores: readonly number[]): JudgedLine => ({
    setting: 's',
    id,
    question: 'q',
    faults: 0,
    candidates: judged.map((value, i) => ({
      ...{ program: '', status: 'optimal', objective: 1, logprob: null, judged: value },
      scores: { scores: scores[i] ?? 0 },
    })),
  });
  const options = { evaluators: ['scores'] as const, sizes: [1, 2, 4], draws: 200, seed: 1 };

  it('takes the worst of the first s, and of s at random', () => {
    const rows = summarizePortfolios([lineOf('a', [10, 80, 60, 90], [1, 4, 2, 3])], options);
    const by = (ranking: string) => rows.filter(({ ranked_by: of }) => of === ranking).map(({ mean_minimum: value }) => value);
    expect(by('scores')).toEqual([80, 80, 10]);
    // All four: the lowest of all. Pairs of 10, 60, 80, 90: half have the 10, a third the 60, a sixth the 80.
    const [one = 0, two = 0, four] = by('random');
    expect(four).toBe(10);
    expect(Math.abs(two - (10 / 2 + 60 / 3 + 80 / 6))).toBeLessThan(6);
    expect(Math.abs(one - 60)).toBeLessThan(7);
  });

  it('never rises with the size, for nested portfolios', () => {
    const rows = summarizePortfolios([lineOf('a', [50, 50, 40, 90], [1, 1, 1, 1])], { ...options, sizes: [1, 2, 3, 4] });
    const minima = rows.filter(({ ranked_by: of }) => of === 'scores').map(({ mean_minimum: value }) => value);
    expect(minima).toEqual([...minima].sort((a, b) => b - a));
  });

  it('refuses a problem with too few candidates', () =>
    expect(() => summarizePortfolios([lineOf('a', [1, 2], [1, 2])], options)).toThrow(/a has 2 candidates, too few for a portfolio of 4/));
});
