/** Episodes of several turns: what the solver said of a program that is run, and one reward for the one that is submitted. */
// biome-ignore-all lint/suspicious/noExplicitAny: answers of three formats
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { emptyOutcome } from '../../src/core/outcome.ts';
import type { RewardServer, RewardServerOptions } from '../../src/serve/open-server.ts';
import { solverFeedback } from '../../src/verify/feedback.ts';
import { endOf, get, openServer, post, right } from './open.ts';

const toClose: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(toClose.splice(0).map((close) => close()));
});
async function open(change: Partial<RewardServerOptions> = {}): Promise<RewardServer> {
  const opened = await openServer({ turns: 3, ...change });
  toClose.push(opened.close);
  return opened.server;
}

const broken = '```js\nnothing();\n```';
const wrong = right.replace('x <= 3', 'x <= 2');
const saidOfBroken = "The program stopped with an error in line 1: ReferenceError: 'nothing' is not defined.";

/** An OpenEnv episode of a problem; each answer is the data of its message. */
async function episode(server: RewardServer, actions: readonly object[]): Promise<any[]> {
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/ws`);
  const messages = [{ type: 'reset', data: { problem_id: 'lp' } }, ...actions.map((data) => ({ type: 'step', data })), { type: 'state' }];
  const heard: any[] = [];
  await new Promise<void>((resolve, reject) => {
    socket.on('error', reject);
    socket.on('open', () => socket.send(JSON.stringify(messages[0])));
    socket.on('message', (data) => {
      heard.push(JSON.parse(String(data)).data);
      const next = messages[heard.length];
      if (next === undefined) socket.close();
      else socket.send(JSON.stringify(next));
    });
    socket.on('close', () => resolve());
  });
  return heard.slice(1);
}

/** A session of ORS that calls tools one after another. */
async function session(server: RewardServer, calls: readonly (readonly [name: string, completion: string])[]): Promise<any[]> {
  const headers = { 'x-session-id': `s${Math.random()}` };
  expect((await post(server, '/create', { split: 'train', index: 1 }, headers)).status).toBe(200);
  const ended: unknown[] = [];
  for (const [name, completion] of calls)
    ended.push(endOf((await post(server, '/evom/call', { name, input: { completion } }, headers)).body));
  return ended;
}

describe('OpenEnv', () => {
  it('goes on after a program without a solution, told what the solver said, and pays the one that has one', async () => {
    const server = await open();
    const [first, again, last, over, state] = await episode(server, [
      { completion: broken },
      { completion: broken },
      { completion: right },
      { completion: wrong },
    ]);
    expect(first).toMatchObject({
      reward: 0,
      done: false,
      observation: { text: saidOfBroken, status: 'runtime_error', reward_parts: {}, flags: [] },
    });
    expect(again).toEqual(first);
    expect(last).toMatchObject({ reward: 1.1, done: true, observation: { text: '', status: 'optimal', objective: 3.5 } });
    expect(over.message).toContain('the episode is over');
    expect(state.step_count).toBe(2);
    expect(server.health()).toMatchObject({ turns: 3, scored: 2 });
  });

  it('ends with the last program allowed, whatever became of it', async () => {
    const [, second, third] = await episode(await open(), [
      { completion: broken },
      { completion: `${broken}\n` },
      { completion: 'no program' },
    ]);
    expect(second.done).toBe(false);
    expect(third).toMatchObject({ done: true, reward: 0, observation: { status: 'no_program' } });
  });

  it('runs a solved program without submitting it where the action says so, and submits it then without running it again', async () => {
    const server = await open();
    const [ran, submitted] = await episode(server, [
      { completion: wrong, run_only: true },
      { completion: wrong, run_only: false },
    ]);
    expect(ran).toMatchObject({ reward: 0, done: false, observation: { objective: 3, reward_parts: {}, flags: [] } });
    expect(ran.observation.text).toMatch(/^The solver found an optimum: objective 3\. Values: /);
    expect(submitted).toMatchObject({ reward: 0.1, done: true });
    expect(server.health().scored).toBe(1);
  });

  it('has no turns unless the server was asked for them', async () => {
    const server = await open({ turns: 1 });
    const [paid] = await episode(server, [{ completion: broken }]);
    expect(paid).toMatchObject({ reward: 0.1, done: true });
    const [refused, submitted] = await episode(server, [{ completion: right, run_only: true }, { completion: right }]);
    expect(refused.message).toContain('no run is left');
    expect(submitted.reward).toBe(1.1);
    const stateless = await post(server, '/step', { action: { completion: right, problem_id: 'lp', run_only: true } });
    expect(stateless).toMatchObject({ status: 422, body: { error: expect.stringContaining('run_only is of an episode') } });
  });
});

describe('ORS', () => {
  it('has a tool that runs programs, as often as there are turns before the submission', async () => {
    const server = await open();
    const { body } = await get(server, '/evom/tools');
    expect(body.tools.map(({ name }: any) => name)).toEqual(['run_program', 'submit_program']);
    const [failed, solved, spent, paid, over] = await session(server, [
      ['run_program', broken],
      ['run_program', wrong],
      ['run_program', right],
      ['submit_program', right],
      ['run_program', wrong],
    ]);
    expect(failed.output).toEqual({
      blocks: [{ type: 'text', text: saidOfBroken, detail: null }],
      metadata: { status: 'runtime_error', objective: null, error: expect.objectContaining({ type: 'ReferenceError' }), runs_left: 1 },
      reward: null,
      finished: false,
    });
    expect(solved.output).toMatchObject({ reward: null, metadata: { objective: 3, runs_left: 0 } });
    expect(spent).toEqual({ ok: false, error: expect.stringContaining('no run is left') });
    expect(paid.output).toMatchObject({ reward: 1.1, finished: true });
    expect(paid.output.blocks[0].text).toMatch(/^The solver found an optimum: objective 3\.5\./);
    expect(over.error).toContain('the episode is over');
  });

  it('knows the tool of one turn alone where there is one', async () => {
    const [refused] = await session(await open({ turns: 1 }), [['run_program', right]]);
    expect(refused).toEqual({ ok: false, error: 'there is no tool run_program; submit_program are' });
  });
});

describe('every route of a turn', () => {
  it('says the same, by one module', async () => {
    const server = await open();
    const { body } = await post(server, '/v1/score', { problem: 'lp', completions: [wrong], said: true });
    const [tool] = await session(server, [['run_program', wrong]]);
    const [step] = await episode(server, [{ completion: wrong, run_only: true }]);
    expect(body.outcomes[0].said).toBe(tool.output.blocks[0].text);
    expect(step.observation.text).toBe(body.outcomes[0].said);
    expect((await post(server, '/v1/score', { problem: 'lp', completions: [wrong] })).body.outcomes[0]).not.toHaveProperty('said');
  });

  it('tells the same of a wrong answer and of a right one: nothing hangs on the label', async () => {
    const outcome = { ...emptyOutcome('optimal', { dialect: 'highs-js', backend: 'highs' }), objective: 4 };
    const judged =
      (value: number): RewardServerOptions['verify'] =>
      async () => ({
        outcome,
        reward: { value, parts: { answer: value }, correct: value === 1, identical: null, flags: value === 1 ? [] : ['value_only'] },
      });
    const told = await Promise.all(
      [1, 0].map(async (value) => {
        const server = await open({ verify: judged(value) });
        return [await session(server, [['run_program', right]]), (await episode(server, [{ completion: right, run_only: true }]))[0]];
      }),
    );
    expect(told[0]).toEqual(told[1]);
    expect(JSON.stringify(told[0])).toContain(solverFeedback(outcome));
  });

  it('does not count a run that a fault of ours took, and says so', async () => {
    let tries = 0;
    const held = await openServer();
    toClose.push(held.close);
    const server = await open({
      turns: 2,
      verify: async (item) => {
        tries += 1;
        if (tries > 2) return held.verification.verify(item);
        const error = { type: 'Killed', message: 'of ours', line: null };
        const outcome = emptyOutcome('infra_error', { dialect: 'highs-js', backend: 'highs', error });
        return { outcome, reward: { value: null, parts: {}, correct: null, identical: null, flags: [] } };
      },
    });
    const [killed, ran] = await session(server, [
      ['run_program', broken],
      ['run_program', broken],
    ]);
    expect([killed, ran]).toEqual(Array(2).fill({ ok: false, error: 'unscorable (Killed): of ours' }));
    tries = 1;
    const [fault, told, paid] = await episode(server, [{ completion: broken }, { completion: broken }, { completion: right }]);
    expect(fault).toEqual({ code: 'EXECUTION_ERROR', message: 'unscorable (Killed): of ours' });
    expect(told).toMatchObject({ done: false, observation: { text: saidOfBroken } });
    expect(paid.reward).toBe(1.1);
  });
});
