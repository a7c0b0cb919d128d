/** Each wire format, by requests as its real client sends them (openenv 0.10.0, ors-sdk 0.1.0, NeMo-Gym 0.7, OpenRLHF 0.11.2, slime). */
// biome-ignore-all lint/suspicious/noExplicitAny: the answers of eight formats
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { answers, endOf, get, openServer, post, problems, question, right } from './open.ts';
import { noAnswerIn } from './secrets.ts';

let opened: Awaited<ReturnType<typeof openServer>>;
beforeAll(async () => {
  opened = await openServer();
});
afterAll(() => opened?.close());

const responseOf = (text: string) => ({
  id: 'resp_1',
  created_at: 1,
  model: 'm',
  object: 'response',
  output: [{ id: 'm', type: 'message', role: 'assistant', status: 'completed', content: [{ type: 'output_text', text, annotations: [] }] }],
  parallel_tool_calls: true,
  tool_choice: 'auto',
  tools: [],
  status: 'completed',
});

/** Sends messages over one WebSocket and collects the answers. */
async function talk(messages: readonly unknown[], headers: Readonly<Record<string, string>> = {}): Promise<any[]> {
  const socket = new WebSocket(`${opened.server.url.replace('http', 'ws')}/ws`, { headers });
  const heard: any[] = [];
  await new Promise<void>((resolve, reject) => {
    socket.on('error', reject);
    socket.on('open', () => socket.send(typeof messages[0] === 'string' ? messages[0] : JSON.stringify(messages[0])));
    socket.on('message', (data) => {
      heard.push(JSON.parse(String(data)));
      const next = messages[heard.length];
      if (next === undefined) socket.close();
      else socket.send(typeof next === 'string' ? next : JSON.stringify(next));
    });
    socket.on('close', () => resolve());
  });
  return heard;
}

describe('POST /v1/score', () => {
  it('pays each completion by itself, with its parts and its outcome', async () => {
    const { status, body } = await post(opened.server, '/v1/score', { problem: 'lp', completions: answers.map(([text]) => text) });
    expect(status).toBe(200);
    expect(body.rewards).toEqual(answers.map(([, reward]) => reward));
    expect(body.parts[0]).toEqual({ format: 0.1, answer: 1 });
    expect(body.outcomes.map((one: any) => one.outcome.status)).toEqual(['optimal', 'optimal', 'no_program']);
    expect(body.outcomes[0]).toMatchObject({ correct: true, unscorable: null, outcome: { objective: 3.5, certificate: 'dual' } });
  });

  it('knows a problem by id, by text hash and by text, and one that the client brings', async () => {
    const { body } = await get(opened.server, '/v1/problems?split=train');
    const listed = body
      .trim()
      .split('\n')
      .map((line: string) => JSON.parse(line));
    expect(listed.map(({ id }: any) => id)).toEqual(['mugs', 'lp']);
    for (const asked of [
      { problem: 'lp' },
      { problem: listed[1].text_hash },
      { question: `  ${question.replaceAll(' ', '\n')}` },
      { question: 'Mine', answer: 3.5 },
    ])
      expect((await post(opened.server, '/v1/score', { ...asked, completions: [right] })).body.rewards).toEqual([1.1]);
    const wrong = await post(opened.server, '/v1/score', { question: 'Mine', answer: 4, completions: [right] });
    expect(wrong.body.rewards).toEqual([0.1]);
  });

  it('streams a line a completion when asked', async () => {
    const { body } = await post(opened.server, '/v1/score', { problem: 'lp', completions: answers.map(([text]) => text), stream: true });
    const lines = body
      .trim()
      .split('\n')
      .map((line: string) => JSON.parse(line));
    expect(lines.map(({ index }: any) => index).toSorted()).toEqual([0, 1, 2]);
    for (const { index, reward } of lines) expect(reward).toBe(answers[index]?.[1]);
  });

  it('gives null and the reason, not 0, where nothing can be said', async () => {
    const { body } = await post(opened.server, '/v1/score', { problem: 'open', completions: [right] });
    expect(body.rewards).toEqual([null]);
    expect(body.outcomes[0].unscorable).toEqual({ kind: 'NoLabel', message: 'the problem has no answer to judge by' });
  });

  it.each([
    [{ problem: 'lp' }, 422, /"completions" is not a list/],
    [{ completions: [] }, 422, /name a "problem"/],
    [{ problem: 'nothing', completions: [] }, 422, /no problem has the id "nothing"; GET \/v1\/problems/],
    [{ problem: 'lp', question: 'x', completions: [] }, 422, /exclude each other/],
    [{ question: 'x', answer: 'about 5', completions: [] }, 422, /"answer" is "about 5"; give/],
    [{ problem: 'lp', completions: [null] }, 422, /completions\[0\] is not a text/],
    [{ problem: 'lp', completions: Array(4097).fill('') }, 413, /4097 completions; at most 4096/],
    [[1], 422, /not a JSON object/],
  ])('refuses %j', async (body, status, message) => {
    const answered = await post(opened.server, '/v1/score', body);
    expect([answered.status, answered.body.error]).toEqual([status, expect.stringMatching(message)]);
  });
});

describe('OpenEnv', () => {
  it('answers what openenv validate looks at', async () => {
    expect((await get(opened.server, '/openapi.json')).body).toMatchObject({
      info: { version: expect.stringMatching(/^1\./) },
      paths: { '/reset': {}, '/step': {}, '/state': {} },
    });
    expect((await get(opened.server, '/health')).body).toEqual({ status: 'healthy' });
    expect((await get(opened.server, '/metadata')).body).toMatchObject({ name: 'evom', description: expect.any(String) });
    const { body: schema } = await get(opened.server, '/schema');
    expect(schema.action).toMatchObject({ title: 'EvomAction', required: ['completion'] });
    expect((await post(opened.server, '/mcp', {})).body).toMatchObject({ jsonrpc: '2.0', error: { code: -32600 } });
  });

  it('plays an episode over the WebSocket, and pays once', async () => {
    const [reset, step, state, second, again] = await talk([
      { type: 'reset', data: { problem_id: 'lp' } },
      { type: 'step', data: { completion: right } },
      { type: 'state' },
      { type: 'step', data: { completion: answers[1]?.[0] } },
      { type: 'step', data: { completion: right } },
    ]);
    expect(reset).toMatchObject({
      type: 'observation',
      data: { reward: null, done: false, observation: { problem_id: 'lp', status: null } },
    });
    expect(reset.data.observation.text).toContain(question);
    expect(step).toMatchObject({
      type: 'observation',
      data: { reward: 1.1, done: true, observation: { status: 'optimal', objective: 3.5 } },
    });
    expect(state).toMatchObject({ type: 'state', data: { step_count: 1, episode_id: expect.any(String) } });
    expect(second).toEqual({ type: 'error', data: { code: 'EXECUTION_ERROR', message: 'the episode is over: send a reset' } });
    expect(again.data.reward).toBe(1.1); // the same program, as after a lost answer
  });

  it('takes problems by index, by seed and in order, and a number for a completion', async () => {
    const heard = await talk([
      { type: 'reset', data: { split: 'train', index: 1 } },
      { type: 'reset', data: { seed: -1 } },
      { type: 'step', data: { completion: 42 } },
    ]);
    expect(heard.map(({ data }) => data.observation?.problem_id ?? data.code)).toEqual(['lp', 'open', 'EXECUTION_ERROR']);
    expect(heard[2].data.message).toMatch(/unscorable \(NoLabel\)/);
  });

  it('tells a client what is wrong with a message, and goes on', async () => {
    const heard = await talk([
      'no JSON',
      '3',
      { type: 'jump' },
      { type: 'step', data: { completion: 'x' } },
      { type: 'reset', data: { problem_id: 'nothing' } },
      { type: 'reset', data: { index: 99 } },
      { type: 'reset', data: {} },
      { type: 'step', data: { wrong: 1 } },
      { type: 'step', data: {} },
    ]);
    expect(heard.map(({ type, data }) => data.code ?? type)).toEqual([
      'INVALID_JSON', 'VALIDATION_ERROR', 'UNKNOWN_TYPE', 'EXECUTION_ERROR', 'VALIDATION_ERROR', 'VALIDATION_ERROR', 'observation', 'VALIDATION_ERROR', 'VALIDATION_ERROR',
    ]); // biome-ignore format: one line
  });

  it('scores a step over HTTP that names its problem, and lists tasks', async () => {
    const step = { action: { completion: right, problem_id: 'lp' }, timeout_s: 30, request_id: 'r' };
    expect((await post(opened.server, '/step', step)).body).toMatchObject({ reward: 1.1, done: true });
    expect((await post(opened.server, '/step', { action: { completion: right } })).status).toBe(422);
    expect((await post(opened.server, '/reset', {})).body).toMatchObject({ done: false, reward: null });
    expect((await get(opened.server, '/list_environments')).body).toEqual(['evom']);
    expect((await get(opened.server, '/evom/splits')).body).toEqual([
      { name: 'train', type: 'train' },
      { name: 'test', type: 'test' },
    ]);
    expect((await post(opened.server, '/evom/num_tasks', { split: 'train' })).body).toEqual({ num_tasks: 2 });
    expect((await post(opened.server, '/EVOM/task', { split: 'train', index: 1 })).body.task.id).toBe('lp');
    expect((await post(opened.server, '/evom/task_range', { split: 'train', start: 1 })).body.tasks).toHaveLength(1);
    expect((await post(opened.server, '/evom/tasks', { split: 'none' })).status).toBe(400);
    expect((await post(opened.server, '/other/tasks', { split: 'train' })).status).toBe(404);
  });
});

describe('ORS', () => {
  const session = async (task: unknown) => {
    const { body: events } = await post(opened.server, '/create_session', {});
    const sid = /event: task_id\ndata: (\S+)/.exec(events)?.[1] as string;
    const headers = { 'x-session-id': sid };
    return { headers, created: await post(opened.server, '/create', task, headers) };
  };
  it('plays a session, and pays once', async () => {
    const { headers, created } = await session({ env_name: 'evom', split: 'train', index: 1, secrets: {} });
    expect(created.body).toEqual({ sid: headers['x-session-id'] });
    expect((await post(opened.server, '/ping', undefined, headers)).body).toEqual({ status: 'ok' });
    const { body: prompt } = await get(opened.server, '/evom/prompt', headers);
    expect(prompt.at(-1)).toEqual({ type: 'text', text: expect.stringContaining(question), detail: null });
    const call = (completion: string) =>
      post(opened.server, '/evom/call', { name: 'submit_program', input: { completion }, task_id: 't' }, headers);
    const [first, same] = await Promise.all([call(right), call(right)]);
    expect(endOf(first.body)).toMatchObject({ ok: true, output: { reward: 1.1, finished: true, metadata: { status: 'optimal' } } });
    expect(endOf(same.body)).toEqual(endOf(first.body));
    expect(endOf((await call('x')).body)).toEqual({ ok: false, error: 'the episode is over: its program was scored' });
    expect((await post(opened.server, '/delete', undefined, headers)).body).toEqual({ sid: headers['x-session-id'] });
    expect((await get(opened.server, '/evom/prompt', headers)).status).toBe(404);
  });

  it('begins a session with a task of the list, and answers a fault without a reward', async () => {
    const { body } = await post(opened.server, '/evom/task', { split: 'test', index: 0 });
    const { headers } = await session({ task_spec: body.task });
    const { body: events } = await post(opened.server, '/call', { name: 'submit_program', input: { completion: right } }, headers);
    expect(endOf(events)).toEqual({ ok: false, error: expect.stringMatching(/^unscorable \(NoLabel\)/) });
    const other = await post(opened.server, '/evom/call', { name: 'cheat', input: {} }, headers);
    expect(endOf(other.body)).toMatchObject({ ok: false, error: expect.stringContaining('submit_program') });
  });
});

describe('NeMo-Gym', () => {
  const row = { responses_create_params: { input: [{ role: 'user', content: question }] } };
  it('verifies a row by its question or its metadata, and gives the row back', async () => {
    expect((await post(opened.server, '/seed_session', row)).body).toEqual({});
    for (const about of [
      row,
      { ...row, verifier_metadata: { problem: 'lp' } },
      { ...row, verifier_metadata: { question: 'Mine', answer: 3.5 } },
    ]) {
      const { body } = await post(opened.server, '/verify', { ...about, response: responseOf(right) });
      expect(body).toMatchObject({
        ...about,
        reward: 1.1,
        mask_sample: false,
        failure_kind: null,
        failure_reason: null,
        reward_components: { answer: 1 },
      });
    }
  });

  it('masks what cannot be scored, with its kind', async () => {
    const { body } = await post(opened.server, '/verify', { ...row, verifier_metadata: { problem: 'open' }, response: responseOf(right) });
    expect(body).toMatchObject({
      reward: 0,
      mask_sample: true,
      failure_kind: 'verifier_error',
      failure_reason: expect.stringMatching(/^NoLabel/),
    });
  });

  it('keeps a typed session; one that was closed is not opened by a late seed', async () => {
    // As NeMo-Gym 0.7's models write it: EpisodeId and TaskId are objects.
    const task = { taskset: 'evom', task_id: 'lp' };
    const about = { resources_session_id: 's-1', episode_id: { rollout_id: 'r', attempt: 0 }, task_id: task, task_data: {} };
    for (let i = 0; i < 2; i++) expect((await post(opened.server, '/seed_session', about)).body).toEqual({ resources_session_id: 's-1' });
    const { body } = await post(opened.server, '/verify', {
      resources_session_id: 's-1',
      response: responseOf(right),
      responses_create_params: { input: 'x' },
    });
    expect(body.reward).toBe(1.1);
    for (const id of ['s-1', 'never-open']) {
      expect((await post(opened.server, '/close_session', { resources_session_id: id, episode_id: 'e' })).body).toEqual({
        resources_session_id: id,
      });
      expect((await post(opened.server, '/seed_session', { ...about, resources_session_id: id })).status).toBe(409);
    }
  });
});

describe('OpenRLHF and slime', () => {
  const prompt = `<|im_start|>user\n${question}\n\nThink.<|im_end|>\n<|im_start|>assistant\n`;
  it('answers OpenRLHF, also empty lists', async () => {
    expect((await post(opened.server, '/get_reward', { query: [], prompts: [], labels: [] })).body).toEqual({
      rewards: [],
      scores: [],
      extra_logs: { correct: [], unscorable: [] },
    });
    const query = answers.map(([text]) => `<s>${prompt}${text}<|im_end|>`);
    const { body } = await post(opened.server, '/get_reward', {
      query,
      prompts: query.map(() => prompt),
      labels: ['3.5', 'evom:lp', '{"problem": "lp"}'],
    });
    expect(body).toMatchObject({
      rewards: [1.1, 0.1, 0],
      scores: [1.1, 0.1, 0],
      extra_logs: { correct: [1, 0, 0], unscorable: [0, 0, 0] },
    });
  });

  it('never takes the prompt for the answer', async () => {
    const { status, body } = await post(opened.server, '/get_reward', { query: [right], prompts: [question], labels: [''] });
    expect([status, body.error]).toEqual([422, expect.stringContaining('does not hold prompts[0]')]);
  });

  it('answers slime by a number, or with details', async () => {
    for (const [text, reward] of answers) {
      expect((await post(opened.server, '/rm', { prompt, response: text, label: '' })).body).toBe(reward);
      expect(
        (await post(opened.server, '/rm_details', { prompt: [{ role: 'user', content: question }], response: text, label: '' })).body,
      ).toMatchObject({ score: reward, unscorable: 0 });
    }
  });

  it('sends 503, which both try again, for what cannot be scored', async () => {
    expect((await post(opened.server, '/rm', { prompt: problems[2]?.question, response: right, label: '' })).status).toBe(503);
    expect((await post(opened.server, '/rm', { prompt: 'Something else.', response: right, label: '' })).status).toBe(422);
  });
});

it('says SandboxFusion its own word where there is no solver host', async () => {
  expect((await post(opened.server, '/run_code', { code: 'print(1)', language: 'python' })).body).toMatchObject({
    status: 'SandboxError',
    run_result: null,
  });
});

it('tells no answer in any list, prompt or error', () => noAnswerIn(opened.server));
