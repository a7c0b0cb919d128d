/** A run that is killed and resumed, and whose MLflow server is killed meanwhile, as each tracker's own package reads it back. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readMetrics } from '../../src/runs/metrics.ts';
import { noTrackerPython, trackerPython } from '../tracker-python.ts';
import { evom, makeTinyRun, startEvom } from './tiny-run.ts';

const readBackScript = fileURLToPath(new URL('../trackers/read_back.py', import.meta.url));
const steps = 12;

let folder: string;
let port: number;
let server: ChildProcess | null = null;

/** MLflow's tracking server with its SQLite store, once it answers. */
async function startServer(): Promise<void> {
  const mlflow = join(dirname(trackerPython), 'mlflow');
  const store = `sqlite:///${join(folder, 'mlflow.db')}`;
  const args = ['server', '--host', '127.0.0.1', '--port', String(port), '--backend-store-uri', store, '--workers', '1'];
  server = spawn(mlflow, [...args, '--default-artifact-root', join(folder, 'artifacts')], { cwd: folder, stdio: 'ignore', detached: true });
  for (let tries = 0; tries < 480; tries++) {
    const answer = await fetch(`http://127.0.0.1:${port}/health`).catch(() => null);
    if (answer?.ok) return;
    await sleep(500);
  }
  throw new Error('the MLflow server did not answer within four minutes');
}

function killServer(): void {
  if (server?.pid !== undefined) process.kill(-server.pid, 'SIGKILL');
  server = null;
}

async function readBack(...args: string[]): Promise<Record<string, unknown>> {
  const { stdout } = await promisify(execFile)(trackerPython, [readBackScript, ...args], { maxBuffer: 1e8 });
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((done) => probe.listen(0, '127.0.0.1', done));
  const address = probe.address();
  await new Promise((done) => probe.close(done));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

describe.skipIf(noTrackerPython !== null)(`a tracked run (${noTrackerPython ?? 'read back by the trackers'})`, () => {
  let run: string;
  /** What the reward was, by the run's own file. */
  let truth: [number, number][];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'evom-tracked-'));
    process.env.TRACKIO_DIR = join(folder, 'trackio');
    process.env.WANDB_SILENT = 'true';
    port = await freePort();
    run = join(folder, 'tracked', 'run');
    await makeTinyRun(folder);
    await startServer();

    const trackers = JSON.stringify([
      'tensorboard',
      { type: 'trackio', samples: 2 },
      { type: 'mlflow', url: `http://127.0.0.1:${port}` },
      { type: 'wandb', python: trackerPython },
    ]);
    const args = [
      'train',
      '--config',
      'dapo.yaml',
      '--set',
      'run.dir=tracked',
      '--set',
      `run.steps=${steps}`,
      '--set',
      'guards.entropy_min=1',
    ];
    const written = (): number => {
      const metrics = join(run, 'metrics.jsonl');
      return existsSync(metrics) ? readFileSync(metrics, 'utf8').split('\n').length - 1 : 0;
    };
    // Life 1: the server dies at step 3, the run at step 7.
    const first = startEvom([...args, '--set', `trackers=${trackers}`], folder);
    while (first.child.exitCode === null && written() < 3) await sleep(10);
    killServer();
    while (first.child.exitCode === null && written() < 7) await sleep(10);
    first.child.kill('SIGKILL');
    await first.ended;
    // Life 2, to its end: nobody is there.
    const second = await evom(['train', '--resume', run], folder);
    expect(second.code, second.err).toBe(0);
    expect(second.err).toMatch(/tracker mlflow: .*the run goes on/);
    expect(second.err).toMatch(/tracker mlflow has not got .*metrics\.jsonl has them, and evom train --resume sends them/);
    // The server is back, and the finished run is resumed.
    await startServer();
    const third = await evom(['train', '--resume', run], folder);
    expect(third.code, third.err).toBe(0);
    expect(third.err).not.toMatch(/tracker mlflow/);
    truth = (await readMetrics(run)).map(({ step, reward }) => [step, Number(reward)]);
    expect(truth.map(([step]) => step)).toEqual(Array.from({ length: steps }, (_, i) => i + 1));
  }, 900_000);
  afterAll(() => {
    killServer();
    rmSync(folder, { recursive: true, force: true });
  });

  it('is whole in Trackio, each step once, with traces of samples and alerts', async () => {
    const read = await readBack('trackio', 'evom');
    expect(read.runs).toEqual(['run']);
    expect(read.config).toMatchObject({ 'algorithm.estimator': 'dapo' });
    expect(read.reward).toEqual(truth);
    const traces = read.traces as [number, string, { problem: string }][];
    expect(traces.map(([step]) => step)).toEqual(truth.flatMap(([step]) => [step, step]));
    expect(traces[0]?.[2].problem).toMatch(/^p\d$/);
    const alerts = (read.alerts as [number, string, string][]).filter(([, , text]) => /^entropy/.test(text));
    expect(alerts.map(([step]) => step).sort((a, b) => a - b)).toEqual(truth.map(([step]) => step));
    expect(await readBack('trackio', 'evom')).toMatchObject({ imported: 0, reward: truth });
  });

  it('is whole in MLflow, each step once, though its server was away', async () => {
    const read = await readBack('mlflow', `http://127.0.0.1:${port}`, 'evom');
    expect(read).toMatchObject({ runs: ['run'], status: 'FINISHED', params: { 'algorithm.estimator': 'dapo' } });
    expect(read.reward).toEqual(truth);
  });

  it('is whole in Weights & Biases, each step once over the files of its lives', async () => {
    const read = await readBack('wandb', run);
    expect(read.config).toMatchObject({ 'algorithm.estimator': 'dapo' });
    expect(read.reward).toEqual(truth);
    expect((read.alerts as [string, string][]).filter(([, text]) => /^entropy/.test(text))).toHaveLength(steps);
  });

  it('is whole in TensorBoard, each step once, with sample texts', async () => {
    const read = await readBack('tensorboard', join(run, 'tb'));
    expect(read.reward).toEqual(truth.map(([step, reward]) => [step, expect.closeTo(reward, 5)]));
    expect(Object.keys(read.texts as object)).toEqual(expect.arrayContaining(['samples/0/text_summary', 'alarms/text_summary']));
  });
});
