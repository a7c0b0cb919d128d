/** The same completion earns the same bits by `evom verify`, by each route of the server, and in the rollout engine that trains. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
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
import type { Policy } from '../../src/policy/policy.ts';
import { rollOut } from '../../src/rollout/engine.ts';
import { serveSolverHost } from '../../src/solver-host/http-service.ts';
import { fakeIo } from '../cli/fake-io.ts';
import { hostilePrograms } from '../sandbox/hostile.ts';
import { skipReason, startHost } from '../solver-host/environment.ts';
import { answers, endOf, openServer, post, question, settings } from './open.ts';

/** [completions] rewards of one problem by each route. */
async function byEachRoute(problem: Problem, completions: readonly string[]): Promise<Record<string, (number | null)[]>> {
  const opened = await openServer({ sets: [{ name: 'test', problems: [problem] }] });
  const { server } = opened;
  const each = (ask: (text: string, index: number) => Promise<number | null>) => Promise.all(completions.map(ask));
  const about = { prompt: problem.question, label: '' };
  const session = async (completion: string, index: number) => {
    const headers = { 'x-session-id': `s${index}` };
    await post(server, '/create', { split: 'train', index: 0 }, headers);
    const { body } = await post(server, '/evom/call', { name: 'submit_program', input: { completion } }, headers);
    return (endOf(body) as { output: { reward: number } }).output.reward;
  };
  const row = { responses_create_params: { input: problem.question } };
  const response = (text: string) => ({ output: [{ type: 'message', content: [{ type: 'output_text', text }] }] });
  try {
    return {
      score: (await post(server, '/v1/score', { problem: problem.id, completions })).body.rewards,
      nemo: await each(async (text) => (await post(server, '/verify', { ...row, response: response(text) })).body.reward),
      openenv: await each(
        async (text) => (await post(server, '/step', { action: { completion: text, problem_id: problem.id } })).body.reward,
      ),
      ors: await each(session),
      slime: await each(async (response) => (await post(server, '/rm', { ...about, response })).body),
      openrlhf: (
        await post(server, '/get_reward', {
          query: completions.map((text) => problem.question + text),
          prompts: completions.map(() => problem.question),
          labels: completions.map(() => ''),
        })
      ).body.rewards,
    };
  } finally {
    await opened.close();
  }
}

/** [completions] rewards by `evom verify --input`. */
async function byVerify(problem: Problem, completions: readonly string[]): Promise<(number | null)[]> {
  const cwd = mkdtempSync(join(tmpdir(), 'evom-same-bits-'));
  const lines = completions.map((completion, id) =>
    JSON.stringify({ id, dialect: 'highs-js', completion, question, answer: problem.answer }),
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

describe('one completion, one reward', () => {
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
    });
    try {
      const completions = published.map(({ code }) => `\`\`\`python\n${code}\n\`\`\``);
      const served = await Promise.all(
        problems.map(
          async ({ id }, i) => (await post(opened.server, '/v1/score', { problem: id, completions: [completions[i]] })).body.rewards[0],
        ),
      );
      const { extract } = dialectByName('coptpy');
      const verified = await Promise.all(
        problems.map(async (problem, i) => {
          const completion = completions[i] as string;
          return (await verification.verify({ program: extract(completion), dialect: 'coptpy', completion, problem })).reward.value;
        }),
      );
      expect(served).toEqual(verified);
      expect(served.filter((reward) => reward !== null && reward > 1).length).toBeGreaterThan(100);
    } finally {
      await opened.close();
      await verification.close();
      await service.close();
      await host.close();
    }
  });
});
