import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mlflowTracker } from '../../src/trackers/mlflow.ts';
import { tensorboardTracker } from '../../src/trackers/tensorboard.ts';
import { type TrackedStep, type Tracker, trackersOf } from '../../src/trackers/tracker.ts';
import { trackioTracker } from '../../src/trackers/trackio.ts';
import { wandbTracker } from '../../src/trackers/wandb.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'evom-trackers-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const sample = { problem: 'p1', prompt: 'how many?', completion: '42', reward: 1.1, status: 'optimal', flags: ['value_only'] };
const at = (step: number): TrackedStep => ({ step, metrics: { reward: step / 10, broken: Number.NaN }, samples: [sample], alarms: [] });

/** A run without a past. */
const alone = { firstStep: 1, past: async () => [] };

describe('trackersOf', () => {
  it('tells steps in order, tries again after a fault, and says so once', async () => {
    const [got, said]: [number[], string[]] = [[], []];
    let isDown = true;
    const tracker: Tracker = {
      name: 'flaky',
      write: async ({ step }) => {
        if (isDown) throw new Error('away');
        got.push(step);
      },
      close: async () => {},
    };
    const trackers = trackersOf([tracker], { ...alone, onFault: (message) => said.push(message) });
    for (const step of [1, 2, 3]) {
      trackers.step(at(step));
      await new Promise((done) => setTimeout(done, 5));
    }
    isDown = false;
    trackers.step(at(4));
    await trackers.close();
    expect(got).toEqual([1, 2, 3, 4]);
    expect(said).toEqual([expect.stringMatching(/^tracker flaky: away; the run goes on/), 'tracker flaky works again']);
  });

  it('does not wait for one that hangs, and ends without it', async () => {
    const hanging: Tracker = { name: 'hanging', write: () => new Promise(() => {}), close: async () => {} };
    const said: string[] = [];
    const trackers = trackersOf([hanging], { ...alone, onFault: (message) => said.push(message), closingMs: 20 });
    for (const step of [1, 2]) trackers.step(at(step));
    await trackers.close();
    expect(said).toEqual(['tracker hanging has not got steps 1 to 2; metrics.jsonl has them']);
  });

  /** One that can be away, and knows what it has. */
  function remote() {
    const state = { got: [] as number[], isDown: false };
    const tracker: Tracker = {
      name: 'remote',
      lastStep: async () => {
        if (state.isDown) throw new Error('away');
        return state.got.at(-1) ?? 0;
      },
      write: async ({ step }) => {
        if (state.isDown) throw new Error('away');
        state.got.push(step);
      },
      close: async () => {},
    };
    return { state, tracker };
  }
  const ofRun = async (after: number, before: number) =>
    Array.from({ length: 50 }, (_, i) => at(i + 1)).filter(({ step }) => step > after && step < before);

  it('reads from the run what a killed process had not told yet', async () => {
    const { state, tracker } = remote();
    state.got.push(1, 2, 3);
    const trackers = trackersOf([tracker], { onFault: () => {}, firstStep: 7, past: ofRun });
    trackers.step(at(7));
    await trackers.close();
    expect(state.got).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  it('tells a finished run that is resumed what it lacks', async () => {
    const { state, tracker } = remote();
    state.got.push(1);
    await trackersOf([tracker], { onFault: () => {}, firstStep: 4, past: ofRun }).close();
    expect(state.got).toEqual([1, 2, 3]);
  });

  it('keeps few steps for one that is away, and reads the others from the run', async () => {
    const { state, tracker } = remote();
    state.isDown = true;
    const trackers = trackersOf([tracker], { onFault: () => {}, firstStep: 1, past: ofRun, mostWaiting: 3 });
    for (let step = 1; step <= 20; step++) trackers.step(at(step));
    await new Promise((done) => setTimeout(done, 20));
    state.isDown = false;
    for (let step = 21; step <= 30; step++) trackers.step(at(step));
    await trackers.close();
    expect(state.got).toEqual(Array.from({ length: 30 }, (_, i) => i + 1));
  });

  it('says at the end what one that stayed away has not got, and how it gets it', async () => {
    const { state, tracker } = remote();
    state.isDown = true;
    const said: string[] = [];
    const trackers = trackersOf([tracker], { onFault: (message) => said.push(message), firstStep: 1, past: ofRun });
    for (const step of [1, 2]) trackers.step(at(step));
    await trackers.close();
    expect(said).toEqual([
      expect.stringMatching(/^tracker remote: away; the run goes on/),
      'tracker remote has not got the last of the steps up to 2; metrics.jsonl has them, and evom train --resume sends them, also of a finished run',
    ]);
  });
});

describe('trackioTracker', () => {
  it('writes one file a step; a step that is written again has the same ids', async () => {
    const options = {
      directory: join(folder, 'trackio'),
      project: 'evom',
      run: 'r',
      runId: 'abc',
      config: { backend: 'highs' },
      samples: 1,
      now: () => new Date(0),
    };
    await trackioTracker(options).write(at(1));
    await trackioTracker(options).write(at(2));
    await trackioTracker(options).write(at(2));
    const inbox = join(folder, 'trackio', 'inbox', 'evom-abc');
    expect(readdirSync(inbox).sort()).toEqual(['00000001.jsonl', '00000002.jsonl']);
    const lines = readFileSync(join(inbox, '00000002.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines[0]).toMatchObject({
      v: 1,
      kind: 'metric',
      project: 'evom',
      run: 'r',
      run_id: 'abc',
      step: 2,
      metrics: { reward: 0.2 },
      log_id: 'abc/2',
    });
    expect(lines[0].metrics).not.toHaveProperty('broken');
    expect(lines[0].metrics.samples).toMatchObject([
      { _type: 'trackio.trace', messages: [{ content: 'how many?' }, { content: '42' }], metadata: { reward: 1.1 } },
    ]);
    expect(lines).toHaveLength(1);
  });

  it('writes what the guards said as alerts', async () => {
    const options = {
      directory: join(folder, 'alerts'),
      project: 'evom',
      run: 'r',
      runId: 'abc',
      config: {},
      samples: 0,
      now: () => new Date(0),
    };
    await trackioTracker(options).write({ ...at(3), alarms: ['entropy 0.01 is low'] });
    const text = readFileSync(join(folder, 'alerts', 'inbox', 'evom-abc', '00000003.jsonl'), 'utf8');
    expect(JSON.parse(text.trim().split('\n')[1] ?? '')).toMatchObject({
      kind: 'alert',
      step: 3,
      level: 'warn',
      text: 'entropy 0.01 is low',
      alert_id: 'abc/3/alarm-0',
    });
  });
});

describe('tensorboardTracker', () => {
  it('writes figures and sample texts to one event file', async () => {
    const directory = join(folder, 'tb');
    const tracker = await tensorboardTracker({ directory, samples: 1, firstStep: 1, now: () => 1 });
    await tracker.write({ ...at(1), alarms: ['entropy is low'] });
    await tracker.close();
    const bytes = readFileSync(join(directory, readdirSync(directory)[0] ?? ''));
    for (const text of ['reward', 'samples/0/text_summary', '**p1**, reward 1.1', 'how many?', 'alarms/text_summary', 'entropy is low'])
      expect(bytes.includes(text)).toBe(true);
  });
});

describe('mlflowTracker', () => {
  /** The few requests of MLflow's REST API that are used, by its documentation: it proves what is sent, not what MLflow makes of it. */
  function server() {
    const asked: { path: string; body: Record<string, unknown> }[] = [];
    const runs = new Map<string, { tag: string; steps: number[] }>();
    const http: Server = createServer((request, response) => {
      let text = '';
      request.on('data', (part) => {
        text += part;
      });
      request.on('end', () => {
        const path = (request.url ?? '').replace('/api/2.0/mlflow/', '').replace(/\?.*/, '');
        const body = text === '' ? {} : JSON.parse(text);
        asked.push({ path, body });
        const answer = (status: number, value: unknown): void => {
          response.writeHead(status, { 'content-type': 'application/json' });
          response.end(JSON.stringify(value));
        };
        if (path === 'experiments/get-by-name') return answer(404, { error_code: 'RESOURCE_DOES_NOT_EXIST' });
        if (path === 'experiments/create') return answer(200, { experiment_id: '1' });
        if (path === 'runs/search') {
          const found = [...runs].filter(([, { tag }]) => body.filter.includes(tag));
          return answer(200, {
            runs: found.map(([run_id, { steps }]) => ({
              info: { run_id },
              data: { metrics: steps.map((step) => ({ key: 'reward', step })) },
            })),
          });
        }
        if (path === 'runs/create') {
          runs.set('r1', { tag: body.tags[0].value, steps: [] });
          return answer(200, { run: { info: { run_id: 'r1' } } });
        }
        if (path === 'runs/log-batch') for (const { step } of body.metrics ?? []) runs.get(body.run_id)?.steps.push(step);
        return answer(200, {});
      });
    });
    return { http, asked, runs };
  }

  it('sends each step once, also after a resume, and keeps the limits of a request', async () => {
    const { http, asked, runs } = server();
    await new Promise<void>((done) => http.listen(0, '127.0.0.1', done));
    const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
    const config = Object.fromEntries(Array.from({ length: 150 }, (_, i) => [`key.${i}`, 'x'.repeat(900)]));
    const make = () => mlflowTracker({ url, token: null, experiment: 'evom', run: 'r', runId: 'abc', config, now: () => 5 });
    const first = make();
    for (const step of [1, 2, 3]) await first.write(at(step));
    const resumed = make();
    for (const step of [2, 3, 4]) await resumed.write(at(step));
    await resumed.close();
    expect(runs.get('r1')?.steps).toEqual([1, 2, 3, 4]);
    const params = asked.flatMap(({ body }) => (Array.isArray(body.params) ? [body.params as { value: string }[]] : []));
    expect(params.map((some) => some.length)).toEqual([100, 50]);
    expect(params[0]?.[0]?.value).toHaveLength(500);
    expect(asked.at(-1)).toMatchObject({ path: 'runs/update', body: { status: 'FINISHED' } });
    await new Promise((done) => http.close(done));
    await expect(make().write(at(1))).rejects.toThrow(/127\.0\.0\.1/);
  });
});

describe('wandbTracker', () => {
  it('says what its process said when there is no such Python', async () => {
    const tracker = wandbTracker({
      python: join(folder, 'no-python'),
      script: 'x.py',
      directory: folder,
      project: 'evom',
      run: 'r',
      runId: 'abc',
      mode: 'offline',
      config: {},
    });
    await expect(tracker.write(at(1))).rejects.toThrow(/no-python.*ENOENT/);
    await tracker.close();
  });
});
