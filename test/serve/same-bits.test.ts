/** The same completion earns the same bits by `evom verify`, by each route of the server, and in the rollout engine that trains. */
import { randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { main } from '../../src/cli/command-line.ts';
import { buildScoring } from '../../src/config/build/build-scoring.ts';
import { buildVerifier } from '../../src/config/build/build-verifier.ts';
import { openVerification, type VerifySettings, verifySettings } from '../../src/config/build/verify-settings.ts';
import { packageRoot } from '../../src/config/load/find-file.ts';
import { defaultScoring } from '../../src/config/schema/reward-schema.ts';
import type { Outcome } from '../../src/core/outcome.ts';
import type { Problem } from '../../src/core/problem.ts';
import type { Completion } from '../../src/core/rollout.ts';
import { dialectByName } from '../../src/dialects/registry.ts';
import { forEachAtOnce } from '../../src/lib/in-order.ts';
import type { Policy } from '../../src/policy/policy.ts';
import { rollOut } from '../../src/rollout/engine.ts';
import type { RewardServer } from '../../src/serve/open-server.ts';
import { serveSolverHost } from '../../src/solver-host/http-service.ts';
import { fakeIo } from '../cli/fake-io.ts';
import { hostilePrograms } from '../sandbox/hostile.ts';
import { skipReason, startHost } from '../solver-host/environment.ts';
import { answers, endOf, openServer, post, question, settings } from './open.ts';

/** Every way to ask a server for the reward of a completion; null where it says that there is none. */
function routesTo(server: RewardServer, id: string, completion: string) {
  const label = `evom:${id}`;
  const asked = { prompt: 'asked', label };
  return {
    score: async (): Promise<number | null> =>
      (await post(server, '/v1/score', { problem: id, completions: [completion] })).body.rewards[0],
    nemo: async (): Promise<number | null> => {
      const response = { output: [{ type: 'message', content: [{ type: 'output_text', text: completion }] }] };
      const { body } = await post(server, '/verify', { verifier_metadata: { problem: id }, responses_create_params: {}, response });
      return body.mask_sample ? null : body.reward;
    },
    openenv: async (): Promise<number | null> =>
      (await post(server, '/step', { action: { completion, problem_id: id } })).body.reward ?? null,
    ors: async (): Promise<number | null> => {
      const headers = { 'x-session-id': randomUUID() };
      await post(server, '/create', { task_spec: { id } }, headers);
      const { body } = await post(server, '/evom/call', { name: 'submit_program', input: { completion } }, headers);
      await post(server, '/delete', {}, headers);
      return (endOf(body) as { output?: { reward: number } }).output?.reward ?? null;
    },
    slime: async (): Promise<number | null> => {
      const { status, body } = await post(server, '/rm', { ...asked, response: completion });
      return status === 200 ? body : null;
    },
    openrlhf: async (): Promise<number | null> => {
      const { body } = await post(server, '/get_reward', { query: [`asked${completion}`], prompts: ['asked'], labels: [label] });
      return body.rewards?.[0] ?? null;
    },
  };
}

/** [completions] rewards of one problem by each route, one route after another: a few programs wait at once, each long within its deadline. */
async function byEachRoute(
  problem: Problem,
  completions: readonly string[],
  settings: VerifySettings,
): Promise<Record<string, (number | null)[]>> {
  const { server, close } = await openServer({ sets: [{ name: 'test', problems: [problem] }], deadlineMs: 250_000 }, settings);
  try {
    const paid: Record<string, (number | null)[]> = {};
    for (const route of ['score', 'nemo', 'openenv', 'ors', 'slime', 'openrlhf'] as const) {
      const rewards: (number | null)[] = completions.map(() => null);
      const ask = async ([i, completion]: readonly [number, string]): Promise<void> => {
        rewards[i] = await routesTo(server, problem.id, completion)[route]();
      };
      await forEachAtOnce(completions.entries(), ask, 4);
      paid[route] = rewards;
    }
    return paid;
  } finally {
    await close();
  }
}

/** [completions] rewards by `evom verify --input`, with assignments of limits. */
async function byVerify(problem: Problem, completions: readonly string[], set: readonly string[] = []): Promise<(number | null)[]> {
  const cwd = mkdtempSync(join(tmpdir(), 'evom-same-bits-'));
  const lines = completions.map((completion, id) =>
    JSON.stringify({ id, dialect: 'highs-js', completion, question: problem.question, answer: problem.answer }),
  );
  writeFileSync(join(cwd, 'in.jsonl'), `${lines.join('\n')}\n`);
  const io = fakeIo({ cwd });
  try {
    const limited = set.flatMap((assignment) => ['--set', assignment]);
    expect(await main(['verify', '--input', 'in.jsonl', '--workers', '1', '--quiet', ...limited], io)).toBe(0);
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
  return io
    .out()
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { reward: number | null }).reward);
}

/** [completions] rewards of one group and their outcomes, as training makes them. */
async function inTraining(
  problem: Problem,
  completions: readonly string[],
  settings: VerifySettings,
): Promise<readonly { readonly reward: number | null; readonly outcome: Outcome }[]> {
  const verifier = await buildVerifier(['highs-js'], settings);
  const scoring = await buildScoring({ ...defaultScoring, judge: { rule: 'sirl' }, backend: 'highs' });
  const written: Completion[] = completions.map((_, index) => ({
    tokenIds: Int32Array.of(index),
    logprobs: Float32Array.of(0),
    entropy: 0,
    finishReason: 'stop',
    policyVersion: 0,
  }));
  const policy: Policy = {
    modelId: 'written down',
    version: 0,
    maxLength: 100,
    sample: async (_requests, _params, options) => {
      for (const [k, completion] of written.entries()) options?.onCompletion?.(0, k, completion);
      return [written];
    },
    score: async () => [],
    update: async () => {},
    close: async () => {},
  };
  try {
    const { groups } = await rollOut(
      {
        policy,
        task: () => ({
          problem,
          prompt: { text: '', tokenIds: new Int32Array(1) },
          dialect: 'highs-js',
          backend: 'highs',
          extract: dialectByName('highs-js').extract,
        }),
        decode: ([index]) => completions[index as number] as string,
        verify: (program) => verifier.verify(program),
        score: scoring.score,
      },
      {
        problems: [problem],
        groupSize: completions.length,
        sampling: { temperature: 1, topK: 0, topP: 1, maxTokens: 10 },
        seedKey: 'same-bits',
        genStep: 0,
      },
    );
    return groups.flatMap(({ rollouts }) => rollouts.map(({ reward, outcome }) => ({ reward: reward.value, outcome })));
  } finally {
    await scoring.close();
    await verifier.close();
  }
}

/** Own problems with reference programs: the tasks of the OpenEnv folder. */
const tasks = readFileSync(resolve(packageRoot, 'python/openenv_evom/tasks.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Problem & { readonly programs: Readonly<Record<string, string>> });

/** Ways in which a model writes a program down. */
const forms: readonly ((code: string) => string)[] = [
  (code) => code,
  (code) => `Here it is.\n\n\`\`\`js\n${code}\n\`\`\`\n`,
  (code) => `<think>x = 1</think>\n<code>\n${code}\n</code>`,
  (code) => `\`\`\`js\nnothing();\n\`\`\`\n\nBetter:\n\n\`\`\`js\n${code}\n\`\`\``,
  (code) => `\`\`\`js\n${code}`,
];

/** What becomes of a right program in the hands of a model that is still learning. */
const slips: readonly ((code: string) => string)[] = [
  (code) => code,
  (code) => code.replace(/\d+/, (digits) => `${Number(digits) + 1}`),
  (code) => code.replace('Min', 'Max'),
  (code) => code.replace('st\n', 'st\n 0 <= -1\n'),
  (code) => code.replace('.ObjectiveValue', ''),
  (code) => code.slice(0, Math.floor(code.length / 2)),
  (code) => `${code}\nreport(1);`,
  () => 'report(NaN);',
];

const completionOf = ({ programs }: (typeof tasks)[number]): fc.Arbitrary<string> =>
  fc.tuple(fc.constantFrom(...forms), fc.constantFrom(...slips)).map(([form, slip]) => form(slip(programs['highs-js'] ?? '')));

/** So small that a program which uses its budget up takes little time by each of eight ways. */
const limits = ['ticks=100', 'cpu_ms=3000', 'solver_ms=800', 'nodes=300', 'hard_ms=1500', 'memory_mb=32', 'solver_memory_mb=64'].map(
  (limit) => `sandbox.limits.${limit}`,
);

const isBudget = (status: string): boolean => ['deadline', 'memory', 'crash', 'time_limit', 'output_limit'].includes(status);

describe('one completion, one reward', () => {
  it('whatever program of ours, slip and form of an answer', async () => {
    const group = fc
      .constantFrom(...tasks)
      .chain((task) => fc.record({ task: fc.constant(task), completions: fc.array(completionOf(task), { minLength: 12, maxLength: 16 }) }));
    const property = fc.asyncProperty(group, async ({ task: { id, question, answer }, completions }) => {
      const problem: Problem = { id, question, answer, source: 'test', split: 'train' };
      const trained = (await inTraining(problem, completions, settings)).map(({ reward }) => reward);
      expect(await byVerify(problem, completions)).toEqual(trained);
      for (const [route, rewards] of Object.entries(await byEachRoute(problem, completions, settings)))
        expect([route, ...rewards]).toEqual([route, ...trained]);
    });
    await fc.assert(property, { numRuns: 3, endOnFailure: true });
  });

  it('by every route, by evom verify and in training, whatever 200 hostile programs do', async () => {
    const small = verifySettings({ backend: 'highs', workers: 1, hosts: [], set: limits });
    const all = hostilePrograms.filter(({ dialect = 'highs-js' }) => dialect === 'highs-js');
    expect(all.length).toBeGreaterThanOrEqual(200);
    // Those that use their budget up take it by each of eight ways: EVOM_EVERY_PROGRAM takes them too.
    const hostile = process.env.EVOM_EVERY_PROGRAM === undefined ? all.filter(({ status }) => !status.some(isBudget)) : all;
    expect(hostile.length).toBeGreaterThan(100);
    const completions = [...answers.map(([text]) => text), ...hostile.map(({ code }) => `\`\`\`js\n${code}\n\`\`\``)];
    const problem: Problem = { id: 'lp', question, answer: 3.5, source: 'test', split: 'train' };
    const trained = await inTraining(problem, completions, small);
    expect(trained.slice(0, answers.length).map(({ reward }) => reward)).toEqual(answers.map(([, reward]) => reward));
    // What the clock decided, inside one call of the interpreter, is another outcome on a busier machine: it is compared where it earns.
    const isCounted = trained.map(({ outcome }) => !outcome.wallLimited);
    expect(isCounted.filter((is) => !is).length).toBeLessThan(hostile.length / 10);
    const counted = (rewards: readonly (number | null)[]) => rewards.filter((_, i) => isCounted[i]);
    const expected = counted(trained.map(({ reward }) => reward));
    expect(counted(await byVerify(problem, completions, limits))).toEqual(expected);
    for (const [route, rewards] of Object.entries(await byEachRoute(problem, completions, small)))
      expect([route, ...counted(rewards)]).toEqual([route, ...expected]);
  }, 1_800_000);
});

const path = resolve(process.env.EVOM_SHARED ?? resolve(packageRoot, '../shared'), 'data/programs/programs.jsonl');
const reason = skipReason ?? (existsSync(path) ? null : `there is no ${path}; name its folder in EVOM_SHARED`);

describe.skipIf(reason !== null)(`445 published coptpy programs${reason === null ? '' : ` (${reason})`}`, () => {
  it('earn the same by the server and by the verification behind evom verify', async () => {
    const lines = readFileSync(path, 'utf8').trim().split('\n');
    const published = lines.map(
      (line) => JSON.parse(line) as { id: string; question: string; code: string; published_label: number | null },
    );
    const host = await startHost(['coptpy']);
    const service = await serveSolverHost(host, { port: 0, address: '127.0.0.1', token: null });
    const hosted = verifySettings({ backend: 'copt', workers: 1, hosts: [service.url], set: [] });
    const verification = await openVerification(['coptpy'], hosted, ['sirl']);
    const problems = published.map(
      ({ id, question, published_label: label }): Problem => ({
        id,
        question,
        answer: typeof label === 'number' ? label : Number.isFinite(Number(label ?? Number.NaN)) ? Number(label) : 'infeasible',
        source: 'published',
      }),
    );
    const opened = await openServer({
      sets: [{ name: 'published', problems }],
      asking: { dialect: 'coptpy', template: 'instruct', examples: 0 },
      verify: verification.verify,
      deadlineMs: 250_000,
      maxSessions: 1000,
    });
    try {
      const completions = published.map(({ code }) => `\`\`\`python\n${code}\n\`\`\``);
      const served = await Promise.all(problems.map(({ id }, i) => routesTo(opened.server, id, completions[i] as string).score()));
      const { extract } = dialectByName('coptpy');
      const verified = await Promise.all(
        problems.map(async (problem, i) => {
          const completion = completions[i] as string;
          return (await verification.verify({ program: extract(completion), dialect: 'coptpy', completion, problem })).reward.value;
        }),
      );
      expect(served).toEqual(verified);
      // The other routes take a fifth of them, and all with EVOM_EVERY_PROGRAM.
      const some = problems.flatMap(({ id }, i) => (process.env.EVOM_EVERY_PROGRAM === undefined && i % 5 > 0 ? [] : [[id, i] as const]));
      for (const route of ['nemo', 'openenv', 'ors', 'slime', 'openrlhf'] as const) {
        const paid = new Map<number, number | null>();
        const ask = async ([id, i]: (typeof some)[number]) =>
          void paid.set(i, await routesTo(opened.server, id, completions[i] as string)[route]());
        await forEachAtOnce(some, ask, 16);
        expect([route, ...some.map(([, i]) => paid.get(i))]).toEqual([route, ...some.map(([, i]) => verified[i])]);
      }
      expect(served.filter((reward) => reward !== null && reward > 1).length).toBeGreaterThan(100);
    } finally {
      await opened.close();
      await verification.close();
      await service.close();
      await host.close();
    }
  });
});
