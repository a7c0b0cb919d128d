/** `evom solve` and `evom portfolio` with the checkpoint that comes with evom. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { main } from '../../src/cli/command-line.ts';
import { packageRoot } from '../../src/config/load/find-file.ts';
import { dialectByName } from '../../src/dialects/registry.ts';
import { generateProblem } from '../../src/problems/generator/generate.ts';
import { fakeIo } from '../cli/fake-io.ts';

let folder: string;
const tiny = join(packageRoot, 'checkpoints/tiny');
const evom = async (...argv: string[]) => {
  const io = fakeIo({ cwd: folder });
  const code = await main(argv, io);
  return { code, out: io.out(), err: io.err() };
};
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'evom-solve-'));
  const problem = generateProblem({ family: 'production', seed: 4, index: 1, difficulty: 1, wordings: 'seen' });
  writeFileSync(join(folder, 'problem.md'), `${problem?.question}\n`);
  writeFileSync(join(folder, 'empty.md'), ' \n');
  const model = problem?.model;
  if (model === undefined) throw new Error('no model');
  const render = (m: typeof model): string => dialectByName('highs-js').render(m);
  const renamed = { ...model, variables: model.variables.map((v, j) => ({ ...v, name: `item${j}` })) };
  const lines = [
    { program: render(model), logprob: -0.1 },
    { program: render(renamed), logprobs: [-0.1, -0.1] },
    { program: render({ ...model, constraints: model.constraints.slice(1) }), logprob: -0.3 },
    { program: 'foo(', logprob: -0.3 },
  ];
  writeFileSync(join(folder, 'candidates.jsonl'), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  writeFileSync(join(folder, 'bad.jsonl'), '{"program": "x", "logprob": 0.5}\n');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('evom solve', () => {
  it('answers with program, model, solution and evidence', async () => {
    const { code, out } = await evom('solve', 'problem.md', '--samples', '8', '--json');
    expect(code).toBe(0);
    const result = JSON.parse(out);
    expect(Object.keys(result)).toEqual(
      expect.arrayContaining(['answer', 'confidence', 'evidence', 'lp', 'program', 'solution', 'solver', 'times_ms']),
    );
    expect(result.samples).toBe(8);
    expect(result.status).toBe('optimal');
    expect(result.lp).toMatch(/^(max|min)\n/);
    const components = result.evidence.map(({ component }: { component: string }) => component);
    expect(components).toEqual([
      'extraction',
      'minimum_bayes_risk',
      'self_consistency',
      'simulator',
      'sample_agreement',
      'text',
      'cross_solve',
    ]);
  });

  it('leaves components out by flags', async () => {
    const { out } = await evom(
      'solve',
      'problem.md',
      '--policy',
      tiny,
      '--samples',
      '4',
      '--json',
      '--no-simulator',
      '--no-mbr',
      '--no-self-consistency',
    );
    const components = JSON.parse(out).evidence.map(({ component }: { component: string }) => component);
    expect(components.filter((name: string) => !['sample_agreement', 'text', 'cross_solve'].includes(name))).toEqual([]);
  });

  it.each([
    ['no such file', ['gone.md'], 3, /cannot read gone\.md: no such file; check the path/],
    ['an empty file', ['empty.md'], 3, /empty\.md is empty/],
    ['no such policy', ['problem.md', '--policy', 'gone'], 3, /gone does not exist/],
    ['no such backend', ['problem.md', '--policy', tiny, '--backend', 'cplex'], 3, /unknown solver backend "cplex"/],
    [
      'no solver host for simulators in Python',
      ['problem.md', '--simulator-dialect', 'simulator-python', '--solver-host', 'http://127.0.0.1:9'],
      3,
      /start one with "evom solver-host --dialects simulator-python"/,
    ],
    ['no samples', ['problem.md', '--samples', '0'], 2, /--samples must be a whole number/],
  ])('ends with %s by saying so', async (_, argv, code, message) => {
    const result = await evom('solve', ...argv);
    expect(result).toMatchObject({ code, out: '' });
    expect(result.err).toMatch(message);
  });
});

describe('evom portfolio', () => {
  it('build counts equal programs once and prints the portfolio with its guarantee', async () => {
    const { code, out } = await evom('portfolio', 'build', 'problem.md', '--candidates', 'candidates.jsonl', '--alpha', '0.3', '--json');
    expect(code).toBe(0);
    const { candidates, portfolio, evaluator } = JSON.parse(out);
    expect(evaluator).toBe('execution');
    expect(candidates.map(({ samples }: { samples: number }) => samples)).toEqual([2, 1, 1]);
    // exp(-0.1) twice, exp(-0.3) twice: 0.9048374 and 0.7408182 by a printed table of exp.
    expect(candidates[0].probability).toBeCloseTo((2 * 0.9048374) / (2 * 0.9048374 + 2 * 0.7408182), 6);
    expect(portfolio).toMatchObject({ size: 2, guarantee: { aligned_evaluator: 1, aligned_generator: 0.4 / 2 } });
  });

  it('build ranks samples of the policy by probability', async () => {
    const { out } = await evom(
      'portfolio',
      'build',
      'problem.md',
      '--policy',
      tiny,
      '--samples',
      '6',
      '--evaluator',
      'probability',
      '--json',
    );
    const p = JSON.parse(out).candidates.map(({ probability }: { probability: number }) => probability);
    expect(p).toEqual([...p].sort((a: number, b: number) => b - a));
  });

  it('build ends with the code of no trustworthy answer where the policy is out of its depth, and keeps nothing', async () => {
    writeFileSync(
      join(folder, 'ferry.md'),
      'A ferry carries 7 lorries of 12 tonnes or 40 cars, and earns 90 a lorry and 11 a car. How many of each?\n',
    );
    const asked = ['portfolio', 'build', 'ferry.md', '--policy', tiny, '--samples', '6', '--seed', '1'];
    const { code, out } = await evom(...asked);
    expect(code).toBe(5);
    expect(out).toMatch(/^no trustworthy answer\n\nwhy\n {2}\S/);
    expect(out).not.toMatch(/^\s*\*/m);
    const said = await evom(...asked, '--json');
    expect(said.code).toBe(5);
    expect(JSON.parse(said.out)).toMatchObject({ portfolio: null });
  });

  it('build names file and line of a bad candidate', async () => {
    expect(await evom('portfolio', 'build', 'problem.md', '--candidates', 'bad.jsonl')).toMatchObject({
      code: 3,
      err: expect.stringContaining('bad.jsonl:1: log-probabilities are at most 0'),
    });
  });

  it('simulate prints its checks', async () => {
    const { code, out } = await evom('portfolio', 'simulate', '--candidates', '10', '--seeds', '5');
    expect(code).toBe(0);
    expect(out).toMatch(/no violation/);
    expect(await evom('portfolio', 'simulate', '--generators', 'algined')).toMatchObject({ code: 2 });
  });
});
