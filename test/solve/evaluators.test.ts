import { describe, expect, it } from 'vitest';
import { emptyOutcome, type Outcome, type OutcomeStatus } from '../../src/core/outcome.ts';
import { modelHash } from '../../src/modeling/identical.ts';
import { createScriptedPolicy } from '../../src/policy/scripted-policy.ts';
import { candidatesOf } from '../../src/solve/candidates.ts';
import { executionScores, judgeMessages, judgeScores, scoreIn } from '../../src/solve/evaluators.ts';
import { recommendSolver } from '../../src/solve/recommend.ts';
import { sampleAgreement } from '../../src/solve/sample-agreement.ts';
import { parseLp } from '../../src/solvers/lp-reader.ts';

const about = { dialect: 'highs-js', backend: 'highs' };
const lp = (text: string) => parseLp(text);
const right = lp('max\n 3 x + 2 y\nst\n x + y <= 4\n x <= 2\nend');
const renamed = lp('max\n 2 b + 3 a\nst\n 2 a + 2 b <= 8\nbounds\n a <= 2\nend');
const tight = lp('max\n 3 x + 2 y\nst\n x + y <= 3\n x <= 2\nend');
const optimal = (model: typeof right, objective: number, solution: Record<string, number>): Outcome => ({
  ...emptyOutcome('optimal', about),
  objective,
  solution,
  model,
  solves: [
    {
      status: 'optimal',
      objective,
      certificate: 'dual',
      modelHash: modelHash(model),
      numVariables: 2,
      numIntegers: 0,
      numConstraints: 1,
      ms: 0,
    },
  ],
});
const ran = (outcome: Outcome, code: string) => ({ program: { code, dialect: 'highs-js' }, outcome });
const ended = (status: OutcomeStatus, code: string) => ran(emptyOutcome(status, about), code);

describe('candidatesOf', () => {
  it('counts programs that are equal up to naming as one, and equal texts without a model', () => {
    const samples = [
      ran(optimal(right, 10, { x: 2, y: 2 }), 'a'),
      ran(optimal(renamed, 10, { a: 2, b: 2 }), 'b'),
      ended('syntax_error', 'c'),
      ended('syntax_error', ' c\n'),
      { program: null, outcome: emptyOutcome('no_program', about) },
    ];
    expect(candidatesOf(samples).map((c) => c.samples)).toEqual([
      [0, 1],
      [2, 3],
    ]);
    expect(candidatesOf(samples)[0]?.share).toBe(2 / 5);
  });
});

describe('executionScores', () => {
  it('ranks an optimum above a lesser verdict, and an optimum that others share above one that they do not', () => {
    const samples = [
      ran(optimal(right, 10, { x: 2, y: 2 }), 'a'),
      ran(optimal(right, 10, { x: 2, y: 2 }), 'b'),
      ran(optimal(tight, 8, { x: 2, y: 1 }), 'c'),
      ended('time_limit', 'd'),
      ended('infeasible', 'e'),
      ended('unbounded', 'f'),
      ended('runtime_error', 'g'),
    ];
    const candidates = candidatesOf(samples);
    const scores = executionScores(samples, candidates, 1);
    expect(scores.map((score) => Math.round(100 * score) / 100)).toEqual([64.29, 57.14, 40, 20, 10, 1]); // 50 + 50 * 2/7, 50 + 50 * 1/7
  });
});

describe('a program that a fault of ours kept from a verdict', () => {
  it('is no candidate, and in no share', () => {
    const samples = [ran(optimal(right, 10, { x: 2, y: 2 }), 'a'), ended('infra_error', 'b')];
    const candidates = candidatesOf(samples);
    expect(candidates).toMatchObject([{ samples: [0], share: 1 }]);
    expect(executionScores(samples, candidates, 1)).toEqual([100]);
  });
});

describe('sampleAgreement', () => {
  it('tells a model that allows the solution from one that is the same', () => {
    const solution = { x: 2, y: 1 };
    expect(sampleAgreement(tight, solution, [right, tight, renamed], 1)).toEqual({ numModels: 2, agreeAtOptimum: 2, agreeEverywhere: 1 });
  });
});

describe('a judge', () => {
  it.each([
    ['SCORE: 85', 85],
    ['First SCORE: 3, no: **SCORE: 90**', 90],
    ['score: 101', null],
    ['I give it a 7.', null],
  ])('says in "%s" %s', (text, score) => expect(scoreIn(text)).toBe(score));

  it('is shown the problem, the program and its run', () => {
    const [, user] = judgeMessages('Make mugs.', ran(optimal(right, 10, {}), 'CODE'));
    expect(user?.content).toMatch(/Make mugs\.[\s\S]*CODE[\s\S]*optimal, objective 10/);
  });

  const judge = (answer: (prompt: string) => string) => ({
    policy: createScriptedPolicy({
      script: (prompt) => [...answer(String.fromCharCode(...prompt))].map((c) => c.charCodeAt(0)).concat(0),
      stopIds: [0],
      vocabSize: 65_536,
    }),
    encode: (messages: readonly { content: string }[]) => {
      const text = messages.map(({ content }) => content).join('\n');
      return { text, tokenIds: Int32Array.from([...text].map((c) => c.charCodeAt(0))) };
    },
    decode: (ids: Int32Array) => String.fromCharCode(...ids).replaceAll('\0', ''),
  });
  const samples = [ran(optimal(right, 10, {}), 'GOOD'), ended('infeasible', 'BAD')];
  const settings = { repeats: 3, seed: 1, maxTokens: 50 };

  it('scores each candidate repeatedly', async () => {
    const scores = await judgeScores(
      judge((prompt) => (prompt.includes('GOOD') ? 'SCORE: 90' : 'SCORE: 5')),
      'q',
      samples,
      candidatesOf(samples),
      settings,
    );
    expect(scores).toEqual([
      [90, 90, 90],
      [5, 5, 5],
    ]);
  });

  it('that gives no score cannot rank', async () => {
    await expect(
      judgeScores(
        judge(() => 'Well.'),
        'q',
        samples,
        candidatesOf(samples),
        settings,
      ),
    ).rejects.toThrow(/no "SCORE: n" for 2 of 2/);
  });
});

describe('recommendSolver', () => {
  const offers = [
    { name: 'simplex-only', capabilities: { lp: true, milp: false } },
    { name: 'full', capabilities: { lp: true, milp: true } },
  ] as unknown as Parameters<typeof recommendSolver>[1];
  it('takes the first backend for the class of the model, and says why', () => {
    expect(recommendSolver(right, offers)).toMatchObject({ modelClass: 'lp', backend: 'simplex-only' });
    const integer = lp('max\n 3 x + 2 y\nst\n x + y <= 4\ngen\n x\nend');
    expect(recommendSolver(integer, offers)).toMatchObject({
      modelClass: 'milp',
      backend: 'full',
      reason: expect.stringContaining('1 of 2 variables are integer'),
    });
    expect(recommendSolver(integer, offers.slice(0, 1))).toMatchObject({
      backend: null,
      reason: expect.stringContaining('none of simplex-only'),
    });
    expect(recommendSolver(null, offers)).toMatchObject({ modelClass: 'nlp', backend: null });
  });
});
