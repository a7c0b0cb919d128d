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
import { openVerification, verifySettings } from '../../src/config/build/verify-settings.ts';
import { packageRoot } from '../../src/config/load/find-file.ts';
import { defaultScoring } from '../../src/config/schema/reward-schema.ts';
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

/** [completions] rewards of one problem by each route. */
async function byEachRoute(problem: Problem, completions: readonly string[]): Promise<Record<string, (number | null)[]>> {
  const { server, close } = await openServer({ sets: [{ name: 'test', problems: [problem] }] });
  try {
    const paid = await Promise.all(
      completions.map(async (completion) => {
        const routes = Object.entries(routesTo(server, problem.id, completion));
        return Promise.all(routes.map(async ([route, ask]) => [route, await ask()] as const));
      }),
    );
    const names = paid[0]?.map(([route]) => route) ?? [];
    return Object.fromEntries(names.map((name, i) => [name, paid.map((routes) => routes[i]?.[1] ?? null)]));
  } finally {
    await close();
  }
}

/** [completions] rewards by `evom verify --input`. */
async function byVerify(problem: Problem, completions: readonly string[]): Promise<(number | null)[]> {
  const cwd = mkdtempSync(join(tmpdir(), 'evom-same-bits-'));
  const lines = completions.map((completion, id) =>
    JSON.stringify({ id, dialect: 'highs-js', completion, question: problem.question, answer: problem.answer }),
  );
  writeFileSync(join(cwd, 'in.jsonl'), `${lines.join('\n')}\n`);
  const io = fakeIo({ cwd });
  try {
    expect(await main(['verify', '--input', 'in.jsonl', '--workers', '1', '--quiet'], io)).toBe(0);
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
  return io
    .out()
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { reward: number | null }).reward);
}

/** [completions] rewards of one group, as training makes it. */
async function inTraining(problem: Problem, completions: readonly string[]): Promise<(number | null)[]> {
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
    return groups.flatMap(({ rollouts }) => rollouts.map(({ reward }) => reward.value));
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

describe('one completion, one reward', () => {
  it('whatever program of ours, slip and form of an answer', async () => {
    const group = fc
      .constantFrom(...tasks)
      .chain((task) => fc.record({ task: fc.constant(task), completions: fc.array(completionOf(task), { minLength: 12, maxLength: 16 }) }));
    const property = fc.asyncProperty(group, async ({ task: { id, question, answer }, completions }) => {
      const problem: Problem = { id, question, answer, source: 'test', split: 'train' };
      const trained = await inTraining(problem, completions);
      expect(await byVerify(problem, completions)).toEqual(trained);
      for (const [route, rewards] of Object.entries(await byEachRoute(problem, completions)))
        expect([route, ...rewards]).toEqual([route, ...trained]);
    });
    await fc.assert(property, { numRuns: 3, endOnFailure: true });
  });

  it('by every route, by evom verify and in training', async () => {
    // Those that use their budget up take it by each route; EVOM_EVERY_PROGRAM takes them too.
    const isQuick = (status: string): boolean => !['deadline', 'memory', 'crash', 'time_limit', 'output_limit'].includes(status);
    const isWanted = process.env.EVOM_EVERY_PROGRAM === undefined ? isQuick : () => true;
    const hostile = hostilePrograms.filter(({ dialect = 'highs-js', status }) => dialect === 'highs-js' && status.every(isWanted));
    expect(hostile.length).toBeGreaterThan(50);
    const completions = [...answers.map(([text]) => text), ...hostile.map(({ code }) => `\`\`\`js\n${code}\n\`\`\``)];
    const problem: Problem = { id: 'lp', question, answer: 3.5, source: 'test', split: 'train' };
    const trained = await inTraining(problem, completions);
    expect(trained.slice(0, answers.length)).toEqual(answers.map(([, reward]) => reward));
    expect(await byVerify(problem, completions)).toEqual(trained);
    for (const [route, rewards] of Object.entries(await byEachRoute(problem, completions)))
      expect([route, ...rewards]).toEqual([route, ...trained]);
  });
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
