/** Episodes of several turns: told what the solver said, the policy revises; only its own tokens are trained on. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { trainingRows } from '../../src/batch/rows.ts';
import { checkRows } from '../../src/batch/schema.ts';
import type { Rollout } from '../../src/core/rollout.ts';
import { ownTokens, stretchesOf } from '../../src/core/turns.ts';
import { evaluatePolicy } from '../../src/evaluate/evaluate.ts';
import { createScriptedPolicy } from '../../src/policy/scripted-policy.ts';
import { type RolloutParts, type RolloutRequest, rollOut } from '../../src/rollout/engine.ts';
import { turnMetrics } from '../../src/train/step-metrics.ts';
import { createVerifier, type Verifier } from '../../src/verify/verifier.ts';
import { decode, encode, problem, sampling, stop, talkingParts as talking, turns } from './scripted.ts';

const request = (over: Partial<RolloutRequest> = {}): RolloutRequest => ({
  problems: [problem('a', 1)],
  groupSize: 1,
  sampling,
  seedKey: 'k',
  genStep: 0,
  ...over,
});

/** Wrong programs until it has been told of `mends` of them. */
const mending =
  (mends: number) =>
  (text: string): string =>
    text.split('<').length > mends ? '1' : `x${text.split('<').length}`;

const only = async (parts: RolloutParts, over: Partial<RolloutRequest> = {}): Promise<Rollout> =>
  (await rollOut(parts, request(over))).groups[0]?.rollouts[0] as Rollout;

describe('an episode of several turns', () => {
  it('tells what became of a program, and takes the one that follows', async () => {
    const rollout = await only(talking(mending(2)));
    expect(rollout.turns).toEqual([
      { text: 'x1', program: { code: 'x1', dialect: 'highs-js' }, status: 'syntax_error', told: '<The program does not parse.>' },
      { text: 'x2', program: { code: 'x2', dialect: 'highs-js' }, status: 'syntax_error', told: '<The program does not parse.>' },
      { text: '1', program: { code: '1', dialect: 'highs-js' }, status: 'optimal', told: null },
    ]);
    expect([rollout.completionText, rollout.program?.code, rollout.outcome.status, rollout.reward.value]).toEqual([
      '1',
      '1',
      'optimal',
      1.1,
    ]);
    // Own stop tokens stay the policy's; that which the template would have written is left out.
    const told = encode('<The program does not parse.>');
    expect([...rollout.completion.tokenIds]).toEqual([
      ...encode('x1'),
      stop,
      ...told,
      ...encode('x2'),
      stop,
      ...told,
      ...encode('1'),
      stop,
    ]);
    expect([...(rollout.completion.turnLengths ?? [])]).toEqual([3, told.length, 3, told.length, 2]);
    expect(ownTokens(rollout.completion)).toBe(8);
  });

  it('becomes one row: loss on own tokens alone, one advantage for all of them', async () => {
    const { groups } = await rollOut(talking(mending(1)), request());
    const options = { sampling: { temperature: 1, topP: 1, topK: 0 }, truncated: 'train' } as const;
    const [row] = trainingRows(groups, [[2]], options);
    if (row === undefined) throw new Error('no row');
    expect(() => checkRows([row], 'test')).not.toThrow();
    const own = [...row.inputIds].filter((_, t) => row.lossMask[t] === 1);
    expect(decode(Int32Array.from(own))).toBe('x11');
    expect(own.filter((id) => id === stop)).toHaveLength(2);
    expect([...row.samplerLogprobs]).toEqual([...row.lossMask].map((bit) => (bit === 1 ? -0.5 : 0)));
    expect([row.advantage, row.tokenAdvantages, row.promptLength]).toEqual([2, null, 'question a'.length]);
    const taught = { ...row, lossMask: new Uint8Array(row.inputIds.length).fill(1, row.promptLength) };
    expect(() => checkRows([taught], 'test')).toThrow(/loss_mask is 1 on what was told from token 13 on/);
    const miscounted = { ...row, turnLengths: Int32Array.of(3, 4) };
    expect(() => checkRows([miscounted], 'test')).toThrow(/turn_lengths is \[3, 4\].*an odd number of counts/);
  });

  it('draws each turn from a stream of its own, and the first as an episode of one turn does', async () => {
    const seeds: string[] = [];
    await rollOut(
      talking((text, seed) => {
        seeds.push(seed);
        return mending(2)(text);
      }),
      request({ groupSize: 2 }),
    );
    expect(seeds).toEqual(['k/a/0', 'k/a/1', 'k/a/0/turn2', 'k/a/1/turn2', 'k/a/0/turn3', 'k/a/1/turn3']);
  });

  it('ends where nothing is to be mended, room or turns are over, and after a fault of ours', async () => {
    const count = async (parts: RolloutParts, over: Partial<RolloutRequest> = {}) => (await only(parts, over)).turns?.length ?? 1;
    expect(await count(talking(() => '7'))).toBe(1);
    expect(await count(talking(() => 'fault'))).toBe(1);
    expect(await count(talking(mending(9)))).toBe(3);
    expect(await count(talking(mending(9), { turns: { ...turns, most: 1 } }))).toBe(1);
    expect(
      await count(
        talking(() => 'x'.repeat(50)),
        { sampling: { ...sampling, maxTokens: 5 } },
      ),
    ).toBe(1);
    // 3 own tokens, 29 told, and a turn of up to 10 fit once into 42, twice into 74.
    const short = { sampling: { ...sampling, maxTokens: 10 } };
    for (const [episodeTokens, expected] of [
      [41, 1],
      [42, 2],
      [73, 2],
      [74, 3],
    ] as const)
      expect(await count(talking(mending(9), { turns: { ...turns, episodeTokens } }), short)).toBe(expected);
    const policy = (maxLength: number) =>
      createScriptedPolicy({
        script: (ids) => [...encode(mending(9)(decode(ids))), stop],
        stopIds: [stop],
        vocabSize: 65_536,
        maxLength,
      });
    expect(await count({ ...talking(mending(9)), policy: policy(10 + 41) }, short)).toBe(1);
    expect(await count({ ...talking(mending(9)), policy: policy(10 + 42) }, short)).toBe(2);
  });

  it('keeps a program by an answer without one, and by the same program again', async () => {
    const always = { turns: { ...turns, revise: 'always' } } as const;
    const revised = await only(talking((text) => (text.includes('<') ? '1' : '7'), always));
    expect([revised.turns?.length, revised.reward.value]).toEqual([3, 1.1]);
    const kept = await only(talking((text) => (text.includes('<') ? '' : '7'), always));
    expect([kept.turns?.length, kept.program?.code, kept.outcome.objective, kept.completionText]).toEqual([2, '7', 7, '7']);
    const failed = await only(talking((text) => (text.includes('<') ? '' : 'x')));
    expect([failed.turns?.length, failed.outcome.status]).toEqual([2, 'syntax_error']);
    // Nothing can be kept before there was a program.
    const silent = await only(talking(() => ''));
    expect([silent.turns?.length, silent.outcome.status, silent.program]).toEqual([3, 'no_program', null]);
    expect(silent.turns?.[0]?.told).toBe('<There is no program in the answer: the completion holds nothing to run.>');
  });

  it('scores the group when its last episode has ended, with its own tokens and the last turn against the limit', async () => {
    const asked: unknown[] = [];
    const parts = talking((text, seed) => (seed.startsWith('k/a/0') ? '7' : mending(1)(text)));
    const score: RolloutParts['score'] = (requests) => {
      asked.push(requests.map(({ completionText, completionTokens, truncated }) => [completionText, completionTokens, truncated]));
      return parts.score(requests);
    };
    await rollOut({ ...parts, score }, request({ groupSize: 2 }));
    expect(asked).toEqual([
      [
        ['7', 2, false],
        ['1', 2, false],
      ],
    ]);
  });

  it('gives the same groups in whatever order programs finish, and stretches that add up', async () => {
    const script = (text: string, seed: string): string => mending(Number(seed.split('/')[2]) % 4)(text);
    const wanted = await rollOut(talking(script), request({ groupSize: 6, problems: [problem('a', 1), problem('b', 1)] }));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(5), { minLength: 1, maxLength: 8 }), async (delays) => {
        let next = 0;
        const parts = talking(script);
        const verify: RolloutParts['verify'] = async (program) => {
          for (let i = delays[next++ % delays.length] ?? 0; i > 0; i--) await Promise.resolve();
          return parts.verify(program);
        };
        const { groups } = await rollOut({ ...parts, verify }, request({ groupSize: 6, problems: [problem('a', 1), problem('b', 1)] }));
        expect(groups).toEqual(wanted.groups);
      }),
      { numRuns: 20 },
    );
    for (const { completion } of wanted.groups.flatMap(({ rollouts }) => rollouts))
      expect(stretchesOf(completion).at(-1)?.end).toBe(completion.tokenIds.length);
  });

  it('is a mean over turns: entropy and usage by the policy, pass rates after at most k turns', async () => {
    const { groups } = await rollOut(
      talking((text, seed) => mending(Number(seed.split('/')[2]))(text)),
      request({ groupSize: 4 }),
    );
    const rollouts = groups.flatMap((group) => group.rollouts);
    expect(rollouts.map(({ completion }) => completion.entropy)).toEqual([0.5, 0.5, 0.5, 0.5]);
    expect(turnMetrics(rollouts, 3)).toMatchObject({
      'turns/mean': 2.25,
      'turns/accuracy_1': 0.25,
      'turns/accuracy_2': 0.5,
      'turns/accuracy_3': 0.75,
    });
    const { summary } = await evaluatePolicy(
      talking((text, seed) => mending(Number(seed.split('/')[4]))(text)),
      { name: 'set', problems: [problem('a', 1)], samples: 4, ...sampling, judge: 'sirl', seed: 1 },
    );
    expect(summary.pass_by_turn).toEqual({ 1: 0.25, 2: 0.5, 3: 0.75 });
    expect(summary.pass_at_1).toBe(0.75);
  });
});

describe('with the real verifier', () => {
  let verifier: Verifier;
  beforeAll(async () => {
    verifier = await createVerifier({ dialects: ['highs-js'], workers: 1 });
  });
  afterAll(() => verifier.close());

  it('a policy that fails reads the error and the rows that are missed, and mends its program', async () => {
    const model = (rows: string): string =>
      `const h = await require("highs")();\nreport(h.solve(\`Max\nobj: x + y\nst\n${rows}\nx <= 3\nEnd\`).ObjectiveValue);`;
    const heard: string[] = [];
    const parts = talking(
      (text) => {
        heard.push(text.slice(text.lastIndexOf('<The')));
        if (text.includes('total: x + 2 y')) return model('total: x + 2 y <= 4');
        if (text.includes('TypeError')) return model('total: x + 2 y <= 4\nleast: x + 2 y >= 9');
        return 'const h = await require("highs")();\nh.solved();';
      },
      { verify: (program) => verifier.verify(program) },
    );
    const rollout = await only(parts, { problems: [problem('a', 3.5)] });
    expect(heard.slice(1)).toEqual([
      expect.stringMatching(/^<The program stopped with an error in line 2: TypeError: .*>$/),
      '<The model is infeasible: nothing satisfies all of its rows and bounds. Rows missed at the nearest point: total: x + 2 y <= 4 (missed by 5).>',
    ]);
    expect(rollout.turns?.map(({ status }) => status)).toEqual(['runtime_error', 'infeasible', 'optimal']);
    expect(rollout.reward).toMatchObject({ value: 1.1, correct: true });
  });
});
