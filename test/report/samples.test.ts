import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { main } from '../../src/cli/command-line.ts';
import { readRun, runsIn } from '../../src/report/run-view.ts';
import { chooseSamples, readSamples, type Sample, sampledSteps } from '../../src/report/samples.ts';
import { fakeIo } from '../cli/fake-io.ts';
import { runOnDisk } from './run-on-disk.ts';

let folder: string;
let run: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'evom-report-'));
  run = await runOnDisk(join(folder, 'runs', 'first'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('readSamples', () => {
  it('gives all samples of a step with reward, parts and the advantage that the batch holds', async () => {
    expect(await sampledSteps(run)).toEqual([1, 2, 3, 4]);
    const samples = await readSamples(run, 2);
    expect(samples).toHaveLength(4);
    const [right, wrong] = samples as [Sample, Sample];
    expect(right.step).toBe(2);
    expect([right.correct, wrong.correct]).toEqual([true, false]);
    expect(right.completion).toBe('1');
    expect(right.advantage).toBeCloseTo(1);
    expect(wrong.advantage).toBeCloseTo(-1);
  });

  it('says which steps there are when one is not', async () => {
    await expect(readSamples(run, 9)).rejects.toThrow(/no samples of step 9; it has 4, from 1 to 4/);
  });
});

describe('chooseSamples', () => {
  const sample = (problem: string, reward: number | null, index: number): Sample =>
    ({ problem, reward, sample: index, advantage: reward }) as Sample;
  const samples = [sample('a', 0, 0), sample('a', 1, 1), sample('b', null, 0), sample('b', 0.5, 1)];
  const rewards = (choice: Parameters<typeof chooseSamples>[1]) => chooseSamples(samples, choice).map(({ reward }) => reward);

  it('takes the best, then the worst, each once, and no unscored ones', () => {
    expect(rewards({ best: 1, worst: 1 })).toEqual([1, 0]);
    expect(rewards({ best: 9, worst: 9 })).toEqual([1, 0.5, 0]);
    expect(rewards({ worst: 2 })).toEqual([0, 0.5]);
    expect(rewards({ best: 0 })).toEqual([]);
    expect(rewards({})).toEqual([0, 1, null, 0.5]);
    expect(rewards({ problem: 'b' })).toEqual([null, 0.5]);
  });

  it('names the problems there are when one is not', () => {
    expect(() => chooseSamples(samples, { problem: 'c' })).toThrow(/it sampled a, b/);
  });
});

describe('evom show and evom runs', () => {
  it('print what a step sampled, and a list of the runs', async () => {
    const io = fakeIo({ cwd: folder });
    expect(await main(['show', 'first', '--step', '1', '--best', '1'], io)).toBe(0);
    expect(io.out()).toMatch(/step 1: 4 samples of 2 problems/);
    expect(io.out()).toMatch(/right.* {2}reward 1.* {2}advantage 1/);
    const list = fakeIo({ cwd: folder });
    expect(await main(['runs', '--json'], list)).toBe(0);
    expect(JSON.parse(list.out())).toEqual([expect.objectContaining({ name: 'first', state: 'finished', step: 4, steps: 4 })]);
  });

  it('say what is wrong with a name, a step and an empty place', async () => {
    const io = fakeIo({ cwd: folder });
    expect(await main(['show', 'second'], io)).toBe(3);
    expect(io.err()).toMatch(/second is not a run/);
    expect(await main(['runs', join(folder, 'nowhere')], io)).toBe(3);
    expect(io.err()).toMatch(/holds no run/);
    expect(await main(['show', 'first', '--best', '-1'], io)).toBe(2);
  });
});

describe('evom show and evom compare', () => {
  it('answer what people ask of a run, and of two', async () => {
    const io = fakeIo({ cwd: folder });
    expect(await main(['show', 'first'], io)).toBe(0);
    expect(io.out()).toMatch(/finished, step 4 of 4\n\nDid entropy collapse\?\n {2}no, .*\nWas anything alarming\?\n {2}no guard fired\n/);
    const second = await runOnDisk(join(folder, 'runs', 'second'), 8);
    const two = fakeIo({ cwd: folder });
    expect(await main(['compare', 'first', second], two)).toBe(0);
    expect(two.out()).toMatch(/^Did second beat first\?\n {2}not known: no set was evaluated by both/);
    expect(two.out()).toMatch(/run\.seed +7 +8/);
    const json = fakeIo({ cwd: folder });
    expect(await main(['compare', 'first', second, '--json'], json)).toBe(0);
    expect(JSON.parse(json.out())).toMatchObject({ answers: [{ tone: 'plain' }], differences: [{ key: 'run.seed', values: ['7', '8'] }] });
    rmSync(second, { recursive: true });
    expect(await main(['compare', 'first'], fakeIo({ cwd: folder }))).toBe(2);
  });
});

describe('readRun', () => {
  it('reads configuration, metrics and state', async () => {
    expect(await runsIn(join(folder, 'runs'))).toEqual([run]);
    const view = await readRun(run);
    expect(view.config).toMatchObject({ 'run.steps': '4', backend: 'highs' });
    expect(view.metrics.map(({ step }) => step)).toEqual([1, 2, 3, 4]);
    expect(view.metrics[0]).toMatchObject({
      'outcomes/optimal': expect.any(Number),
      'time/verify_p50_s': expect.any(Number),
      'time/verify_slowest_1': expect.stringMatching(/#\d$/),
    });
    expect(view.state).toBe('finished');
  });
});
