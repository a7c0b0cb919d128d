import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EvomError } from '../../src/lib/errors.ts';
import { randomStream } from '../../src/lib/random.ts';
import { createScriptedPolicy } from '../../src/policy/scripted-policy.ts';
import { type RolloutRequest, rollOut } from '../../src/rollout/engine.ts';
import { createVerifier, type Verifier } from '../../src/verify/verifier.ts';
import { decode, encode, optimal, problem, sampling, scriptedParts, stop, verifyNumber } from './scripted.ts';

const request = (over: Partial<RolloutRequest> = {}): RolloutRequest => ({
  problems: [problem('a', 1), problem('b', 2)],
  groupSize: 3,
  sampling,
  seedKey: '7/sample/0',
  genStep: 4,
  ...over,
});

/** Sample 0 is right for `a`, sample 1 for `b`, sample 2 holds no program. */
const script = (_question: string, seed: string): string => ['1', '2', ''][Number(seed.at(-1))] ?? '';

describe('rollOut', () => {
  it('turns each problem into a group: completions, programs, outcomes and rewards side by side', async () => {
    const { groups, times } = await rollOut(scriptedParts(script), request());
    expect(groups.map((group) => [group.groupId, group.problem.id, group.genStep])).toEqual([
      ['4/a', 'a', 4],
      ['4/b', 'b', 4],
    ]);
    const [a, b] = groups;
    expect(a?.rollouts.map((r) => [r.sampleIndex, r.completionText, r.outcome.status, r.reward.correct, r.reward.value])).toEqual([
      [0, '1', 'optimal', true, 1.1],
      [1, '2', 'optimal', false, 0.1],
      [2, '', 'no_program', false, 0],
    ]);
    expect(b?.rollouts.map((r) => r.reward.correct)).toEqual([false, true, false]);
    expect(a?.prompt.text).toBe('question a');
    expect({ tokens: times.tokens, programs: times.programs }).toEqual({ tokens: 10, programs: 4 });
  });

  it('draws sample k of a problem from the stream named by step, problem and k', async () => {
    const seen: string[] = [];
    const parts = scriptedParts((_question, seed) => {
      seen.push(seed);
      return '1';
    });
    const { groups } = await rollOut(parts, request({ groupSize: 2 }));
    const expected = ['7/sample/0/a/0', '7/sample/0/a/1', '7/sample/0/b/0', '7/sample/0/b/1'];
    expect(seen).toEqual(expected);
    expect(groups.flatMap((group) => group.rollouts.map((rollout) => rollout.seed))).toEqual(expected);
  });

  it('tells a problem that comes twice in a round apart: own group, own draws', async () => {
    const { groups } = await rollOut(
      scriptedParts(script),
      request({ problems: [problem('a'), problem('b'), problem('a')], groupSize: 1 }),
    );
    expect(groups.map((group) => group.groupId)).toEqual(['4/a', '4/b', '4/a~2']);
    expect(new Set(groups.map((group) => group.rollouts[0]?.seed)).size).toBe(3);
    expect(groups[2]?.problem.id).toBe('a');
  });

  it('gives the same groups in whatever order the programs finish', async () => {
    const plain = await rollOut(scriptedParts(script), request());
    await fc.assert(
      fc.asyncProperty(fc.integer(), async (seed) => {
        const random = randomStream(seed);
        const verify = async (program: Parameters<typeof verifyNumber>[0]) => {
          for (let turns = random.int(0, 8); turns > 0; turns--) await Promise.resolve();
          return verifyNumber(program);
        };
        expect((await rollOut(scriptedParts(script, { verify }), request())).groups).toEqual(plain.groups);
      }),
      { numRuns: 30 },
    );
  });

  it('verifies a completion while others are still sampled', async () => {
    const events: string[] = [];
    const parts = scriptedParts(script, {
      verify: async ({ code }) => {
        events.push(`verify ${code}`);
        return optimal(Number(code));
      },
    });
    const { policy } = parts;
    const slow = {
      ...policy,
      sample: async (...args: Parameters<typeof policy.sample>) => {
        const completions = await policy.sample(...args);
        await new Promise(setImmediate);
        events.push('sampled');
        return completions;
      },
    };
    await rollOut({ ...parts, policy: slow }, request({ problems: [problem('a')], groupSize: 2 }));
    expect(events).toEqual(['verify 1', 'verify 2', 'sampled']);
  });

  it('gives a fault of ours no reward, never 0', async () => {
    const { groups } = await rollOut(
      scriptedParts(() => 'fault'),
      request({ groupSize: 1 }),
    );
    expect(groups[0]?.rollouts[0]?.outcome.status).toBe('infra_error');
    expect(groups[0]?.rollouts[0]?.reward).toMatchObject({ value: null, correct: null, parts: {} });
  });

  it('marks a completion cut at maxTokens as truncated for the score', async () => {
    const truncated: (boolean | undefined)[] = [];
    const parts = scriptedParts(() => '12345');
    const score: typeof parts.score = (requests) => {
      truncated.push(...requests.map((one) => one.truncated));
      expect(requests).toMatchObject([{ completionTokens: 3, maxTokens: 3, completionText: '123' }]);
      return parts.score(requests);
    };
    const { groups } = await rollOut({ ...parts, score }, request({ groupSize: 1, sampling: { ...sampling, maxTokens: 3 } }));
    expect(groups[0]?.rollouts[0]?.completionText).toBe('123');
    expect(truncated).toEqual([true, true]);
  });

  it('rejects with the fault when verification fails, and leaves no unhandled rejection', async () => {
    const broken = new EvomError('E_SANDBOX', 'the pool is gone');
    const parts = scriptedParts(script, { verify: () => Promise.reject(broken) });
    await expect(rollOut(parts, request())).rejects.toBe(broken);
  });

  it('rejects when the user stops it', async () => {
    const controller = new AbortController();
    controller.abort(new EvomError('E_INTERRUPTED', 'stop'));
    await expect(rollOut(scriptedParts(script), request({ signal: controller.signal }))).rejects.toThrow('stop');
  });

  it('names the problem that a policy left without all its completions', async () => {
    const parts = scriptedParts(script);
    const lazy = { ...parts.policy, sample: async () => [] };
    await expect(rollOut({ ...parts, policy: lazy }, request())).rejects.toThrow(/returned 0 of 3 completions of problem a/);
  });

  it('names the problem whose prompt leaves no room for maxTokens more', async () => {
    const policy = createScriptedPolicy({ script: () => [stop], stopIds: [stop], vocabSize: 65_536, maxLength: 1010 });
    const all = request({ problems: [problem('short'), problem('far too long')], sampling: { ...sampling, maxTokens: 995 } });
    await expect(rollOut({ ...scriptedParts(() => '1'), policy }, all)).rejects.toMatchObject({
      code: 'E_DATA',
      message: expect.stringMatching(/problem far too long: its prompt of 21 tokens and up to 995 new ones exceed the 1010/),
    });
  });

  it('takes no problems for no work', async () => {
    const { groups, times } = await rollOut(scriptedParts(script), request({ problems: [] }));
    expect({ groups, tokens: times.tokens, programs: times.programs }).toEqual({ groups: [], tokens: 0, programs: 0 });
  });
});

describe('rollOut with the real verifier', () => {
  let verifier: Verifier;
  beforeAll(async () => {
    verifier = await createVerifier({ dialects: ['highs-js'], workers: 1 });
  });
  afterAll(() => verifier.close());

  it('solves what completions model, and scores it', async () => {
    const code = (capacity: number): string =>
      `const h = await require("highs")();\nreport(h.solve(\`Max\nx + y\nst\nx + 2 y <= ${capacity}\nx <= 3\nEnd\`).ObjectiveValue);`;
    const parts = scriptedParts((_question, seed) => [code(4), code(6), 'const h = ('][Number(seed.at(-1))] ?? '', {
      verify: (program) => verifier.verify(program),
    });
    const { groups } = await rollOut(parts, request({ problems: [problem('a', 3.5)] }));
    const rollouts = groups[0]?.rollouts ?? [];
    expect(rollouts.map((r) => [r.outcome.status, r.outcome.objective, r.reward.value])).toEqual([
      ['optimal', 3.5, 1.1],
      ['optimal', 4.5, 0.1],
      ['syntax_error', null, 0],
    ]);
    expect(decode(Int32Array.from(encode(code(4))))).toBe(rollouts[0]?.completionText);
  });
});
