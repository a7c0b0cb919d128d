/** kill -9 at random moments, `--resume` each time: weights, optimizer, rollouts and metrics as in the run that was left alone. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomStream } from '../../src/lib/random.ts';
import { readMetrics } from '../../src/runs/metrics.ts';
import { type Ended, evom, fingerprint, makeTinyRun, startEvom } from './tiny-run.ts';

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'evom-kill-resume-'));
  await makeTinyRun(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Kill {
  readonly run: string;
  /** Steps that its metrics must hold, and how long it then goes on. */
  readonly steps: number;
  readonly thenMs: number;
}

/** Runs until kill -9, or to the end with null. Progress decides and not the clock, so that a busy machine is killed halfway too. */
async function live(args: readonly string[], kill: Kill | null): Promise<Ended> {
  const { child, ended } = startEvom(args, folder);
  child.stderr?.once('data', async () => {
    if (kill === null) return;
    const metrics = join(kill.run, 'metrics.jsonl');
    const steps = (): number => (existsSync(metrics) ? readFileSync(metrics, 'utf8').split('\n').length - 1 : 0);
    while (child.exitCode === null && steps() < kill.steps) await sleep(10);
    await sleep(kill.thenMs);
    child.kill('SIGKILL');
  });
  return ended;
}

describe.each([
  ['dapo', 3],
  ['grpo', 3],
  ['ahead', 2],
] as const)('a %s run', (name, lives) => {
  const directories = (which: string): string[] => ['--config', `${name}.yaml`, '--set', `run.dir=${name}-${which}`];
  const whole = (): string => join(folder, `${name}-whole`, 'run');
  let uninterrupted: Ended;

  beforeAll(async () => {
    uninterrupted = await live(['train', ...directories('whole')], null);
  });

  it('learns from groups with mixed rewards, so that there are bits to compare', async () => {
    expect(uninterrupted.code, uninterrupted.err).toBe(0);
    const metrics = await readMetrics(whole());
    expect(metrics.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(metrics.some((line) => Number(line['learner/grad_norm']) > 0)).toBe(true);
    const states = readdirSync(join(whole(), 'checkpoints')).map((step) =>
      JSON.parse(readFileSync(join(whole(), 'checkpoints', step, 'evom_state', 'train_state.json'), 'utf8')),
    );
    expect(states.map(({ step }) => step)).toEqual([2, 4, 6, 8]);
    if (name === 'dapo') expect(Math.max(...states.map(({ carried }) => carried))).toBeGreaterThan(0);
    const ahead = states.map((state) => (state.ahead ?? []).map((one: { weightVersion: number }) => one.weightVersion));
    expect(ahead).toEqual(name === 'ahead' ? [[1], [3], [5], []] : [[], [], [], []]);
    const { files } = await fingerprint(whole());
    const weights = Object.entries(files).filter(([file]) => file.endsWith('model.safetensors'));
    expect(new Set(weights.map(([, hash]) => hash)).size).toBe(4);
  });

  it(`ends with the same bits after ${lives} kills`, { timeout: 180_000 }, async () => {
    const random = randomStream('kill-resume', name);
    const run = join(folder, `${name}-killed`, 'run');
    const command = (): string[] => [
      'train',
      ...directories('killed'),
      // Killed before its directory was whole, a run begins again.
      ...(existsSync(join(run, 'config.resolved.yaml')) ? ['--resume'] : []),
    ];
    let kills = 0;
    for (let life = 0; life < lives; life++) {
      const { code, err } = await live(command(), { run, steps: random.int(2 * life, 2 * life + 1), thenMs: random.int(0, 150) });
      if (code === 0) break;
      expect(code, err).toBe(null);
      kills += 1;
    }
    expect(kills).toBeGreaterThan(0);
    const last = await live(command(), null);
    expect(last.code, last.err).toBe(0);
    expect(await fingerprint(run)).toEqual(await fingerprint(whole()));
    expect(readdirSync(run, { recursive: true, encoding: 'utf8' }).filter((file) => /\.tmp\b|lock\.json/.test(file))).toEqual([]);
  });

  it('has nothing left to do when it is resumed after its last step', async () => {
    const before = await fingerprint(whole());
    const again = await evom(['train', '--resume', whole(), '--json', '--quiet'], folder);
    expect(again.code, again.err).toBe(0);
    expect(JSON.parse(again.out)).toMatchObject({ steps: 8, run_dir: whole() });
    expect(await fingerprint(whole())).toEqual(before);
  });
});

describe('--resume', () => {
  it.each(['run.steps=7', 'run.seed=4'])('refuses another configuration than the run’s own: %s', async (change) => {
    const { code, err } = await evom(
      ['train', '--config', 'dapo.yaml', '--set', 'run.dir=dapo-whole', '--set', change, '--resume'],
      folder,
    );
    expect({ code, err }).toEqual({ code: 3, err: expect.stringMatching(/configuration differs.*(?:steps|seed)/s) });
  });

  it('is asked for when the directory holds a run', async () => {
    const { code, err } = await evom(['train', '--config', 'dapo.yaml', '--set', 'run.dir=dapo-whole'], folder);
    expect({ code, err }).toEqual({ code: 3, err: expect.stringContaining('--resume') });
  });
});
