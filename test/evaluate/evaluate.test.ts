import { describe, expect, it } from 'vitest';
import type { Reward } from '../../src/core/rollout.ts';
import { type EvaluationRequest, evaluatePolicy } from '../../src/evaluate/evaluate.ts';
import type { OutcomeMemory } from '../../src/evaluate/sampled.ts';
import { randomStream } from '../../src/lib/random.ts';
import { createScriptedPolicy } from '../../src/policy/scripted-policy.ts';
import { passAtK } from '../../src/rl/pass-at-k.ts';
import type { RolloutParts } from '../../src/rollout/engine.ts';
import type { StoredSample } from '../../src/runs/outcome-file.ts';
import { encode, problem, sampling, scriptedParts, stop } from '../rollout/scripted.ts';

const model = { sense: 'max', offset: 0, variables: [], constraints: [] } as const;
const problems = [
  problem('a', 1, { meta: { family: 'diet' }, model }),
  problem('b', 2, { meta: { family: 'diet' }, model }),
  problem('c', 3, { meta: { family: 'flow' }, model }),
];
const request = (over: Partial<EvaluationRequest> = {}): EvaluationRequest => ({
  name: 'held_out',
  problems,
  samples: 2,
  ...sampling,
  judge: 'sirl',
  seed: 5,
  ...over,
});

/** Answers per problem, by sample. */
const answers: Record<string, readonly string[]> = { a: ['1', '1'], b: ['2', ''], c: ['x', '9'] };
const script = (question: string, seed: string): string => answers[question.at(-1) ?? '']?.[Number(seed.at(-1))] ?? '';
const parts = scriptedParts(script);
const scoredWith =
  (over: Partial<Reward>): RolloutParts['score'] =>
  async (requests) =>
    (await parts.score(requests)).map((reward) => ({ ...reward, ...over }));

describe('evaluatePolicy', () => {
  it('counts, for each problem and for the set, what passed, what ran and how programs ended', async () => {
    const { summary, scores } = await evaluatePolicy(parts, request());
    expect(scores).toEqual([
      { id: 'a', family: 'diet', scorable: 2, passes: 2, flagged_passes: 0, identical: 0, executed: 2 },
      { id: 'b', family: 'diet', scorable: 2, passes: 1, flagged_passes: 0, identical: 0, executed: 1 },
      { id: 'c', family: 'flow', scorable: 2, passes: 0, flagged_passes: 0, identical: 0, executed: 1 },
    ]);
    expect(summary).toMatchObject({
      name: 'held_out',
      judge: 'sirl',
      problems: 3,
      samples: 2,
      pass_at_1: 0.5,
      execution_rate: 4 / 6,
      identical: 0,
      unscorable: 0,
      taxonomy: { optimal: 4, no_program: 1, syntax_error: 1 },
      by_family: { diet: 0.75, flow: 0 },
      truncated: 0,
      entropy: 0.5,
    });
    expect(summary.mean_tokens).toBeCloseTo((2 + 2 + 2 + 1 + 2 + 2) / 6, 12);
    const [low, high] = summary.pass_at_1_ci95 as [number, number];
    expect(low).toBeLessThanOrEqual(0.5);
    expect(high).toBeGreaterThanOrEqual(0.5);
  });

  it('gives the unbiased pass@k for powers of two up to the samples', async () => {
    const { summary } = await evaluatePolicy(parts, request());
    expect(summary.pass_at_k).toEqual({ 1: 0.5, 2: (1 + passAtK(2, 1, 2) + 0) / 3 });
    const five = await evaluatePolicy(parts, request({ samples: 5 }));
    expect(Object.keys(five.summary.pass_at_k)).toEqual(['1', '2', '4']);
  });

  it('leaves out of every rate what cannot be scored, and counts it', async () => {
    const faulty = scriptedParts((question, seed) => (question.endsWith('c') ? 'fault' : script(question, seed)));
    const { summary, scores } = await evaluatePolicy(faulty, request());
    expect(scores[2]).toMatchObject({ id: 'c', scorable: 0, passes: 0 });
    expect(summary).toMatchObject({ pass_at_1: 0.75, execution_rate: 3 / 4, unscorable: 2, by_family: { diet: 0.75 } });
    const unlabelled = await evaluatePolicy(parts, request({ problems: [problem('a', null)] }));
    expect(unlabelled.summary).toMatchObject({ unscorable: 2, pass_at_1: null, pass_at_1_ci95: null, execution_rate: null, pass_at_k: {} });
  });

  it('gives no identical rate without reference models, and one over those that have them', async () => {
    const plain = await evaluatePolicy(parts, request({ problems: [problem('a', 1)] }));
    expect(plain.summary).toMatchObject({ identical: null, identical_ci95: null, pass_at_1: 1 });
    expect(plain.scores[0]?.identical).toBeNull();
    const identical = scriptedParts(script, { score: scoredWith({ identical: true }) });
    const mixed = await evaluatePolicy(identical, request({ problems: [problem('a', 1, { model }), problem('c', 3)] }));
    expect(mixed.scores.map((score) => score.identical)).toEqual([2, null]);
    expect(mixed.summary.identical).toBe(1);
  });

  it('asks nothing of identity where the answer is wrong', async () => {
    const identical = scriptedParts(() => '7', { score: scoredWith({ identical: true }) });
    expect((await evaluatePolicy(identical, request())).summary).toMatchObject({ pass_at_1: 0, identical: 0 });
  });

  it('draws the same whatever the chunk, the policy version and the other problems', async () => {
    const drawn = scriptedParts((question, seed) => `${randomStream(question, seed).int(1, 3)}`);
    const whole = await evaluatePolicy(drawn, request({ samples: 8 }));
    const progress: string[] = [];
    const chunked = await evaluatePolicy(
      drawn,
      request({ samples: 8, chunk: 2, onProgress: (done, total) => progress.push(`${done}/${total}`) }),
    );
    expect(chunked).toEqual(whole);
    expect(progress).toEqual(['2/3', '3/3']);
    const one = await evaluatePolicy(drawn, request({ samples: 8, problems: problems.slice(1, 2) }));
    expect(one.scores[0]).toEqual(whole.scores[1]);
  });

  it('sums flags by name', async () => {
    const flagged = scriptedParts(script, { score: scoredWith({ flags: ['value_only'] }) });
    expect((await evaluatePolicy(flagged, request())).summary.flags).toEqual({ value_only: 6 });
  });

  it('gives no rates of no problems: neither 0 nor NaN', async () => {
    const { summary } = await evaluatePolicy(parts, request({ problems: [] }));
    expect(summary).toMatchObject({
      problems: 0,
      pass_at_1: null,
      execution_rate: null,
      mean_tokens: null,
      entropy: null,
      identical: null,
    });
  });

  it('counts no right answer that the audit denies as a pass, and tells how many there were', async () => {
    const score: typeof parts.score = (requests) =>
      scoredWith({ identical: true, flags: requests[0]?.problem.id === 'a' ? ['trivial_model'] : [] })(requests);
    const { summary, scores } = await evaluatePolicy(scriptedParts(script, { score }), request());
    expect(scores[0]).toMatchObject({ id: 'a', scorable: 2, passes: 0, flagged_passes: 2, identical: 0, executed: 2 });
    expect(summary).toMatchObject({ pass_at_1: 1 / 6, identical: 1 / 6, flagged_passes: 2, flags: { trivial_model: 2 } });
    expect(summary.pass_at_k['2']).toBe(1 / 3);
  });

  it('counts a problem whose prompt does not fit the policy as wrong, and scores the others', async () => {
    const long = problem('a', 1, { question: `${'x'.repeat(80)} a`, model });
    const short = createScriptedPolicy({ script: () => [...encode('2'), stop], stopIds: [stop], vocabSize: 65_536, maxLength: 60 });
    const { summary, scores } = await evaluatePolicy(
      { ...parts, policy: short },
      request({ maxTokens: 40, problems: [long, problem('b', 2, { model }), { ...long, id: 'd', answer: null }] }),
    );
    expect(scores.map((s) => [s.id, s.scorable, s.passes])).toEqual([
      ['a', 2, 0],
      ['b', 2, 2],
      ['d', 0, 0],
    ]);
    expect(summary).toMatchObject({ pass_at_1: 0.5, unscorable: 2, taxonomy: { optimal: 2, prompt_too_long: 4 }, mean_tokens: 2 });
  });

  it('stops when it is told to', async () => {
    await expect(evaluatePolicy(parts, request({ signal: AbortSignal.abort() }))).rejects.toThrow();
  });
});

describe('evaluatePolicy with a memory', () => {
  const stored = new Map<string, readonly StoredSample[]>();
  let drawn = 0;
  const counted = scriptedParts((question, seed) => {
    drawn += 1;
    return script(question, seed);
  });
  const memory: OutcomeMemory = {
    recall: (set, { id }, samples) => ((stored.get(`${set}/${id}`)?.length ?? 0) >= samples ? (stored.get(`${set}/${id}`) ?? null) : null),
    keep: async (set, sampled) => {
      for (const {
        problem: { id },
        samples,
      } of sampled)
        stored.set(`${set}/${id}`, JSON.parse(JSON.stringify(samples)) as StoredSample[]);
    },
  };

  it('draws what is missing, and scores what is stored as if it were drawn', async () => {
    const live = await evaluatePolicy(counted, request({ memory }));
    expect(drawn).toBe(6);
    const recalled = await evaluatePolicy(counted, request({ memory }));
    expect(drawn).toBe(6);
    expect(recalled.scores).toEqual(live.scores);
    stored.delete('held_out/b');
    expect((await evaluatePolicy(counted, request({ memory }))).scores).toEqual(live.scores);
    expect(drawn).toBe(8);
  });

  it('scores the same outcomes by other rules, each with its denominator', async () => {
    const unlabelled = [...problems, problem('d', null)];
    const { summary } = await evaluatePolicy(counted, request({ problems: unlabelled, judges: ['evom', 'exact'] }));
    expect(summary.denominator).toBe(3);
    expect(summary.by_judge).toMatchObject({ evom: { pass_at_1: 0.5, denominator: 3 }, exact: { pass_at_1: 0.5, denominator: 3 } });
  });
});
