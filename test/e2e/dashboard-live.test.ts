/** The dashboard beside a run that trains: the page follows, and killing the dashboard does nothing to the run. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readMetrics } from '../../src/runs/metrics.ts';
import { launchChromium, noChromium } from '../chromium.ts';
import { evom, fingerprint, makeTinyRun, startEvom } from './tiny-run.ts';

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'evom-live-'));
  await makeTinyRun(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const command = (name: string): string[] => [
  'train',
  '--config',
  'grpo.yaml',
  '--set',
  `run.name=${name}`,
  '--set',
  'run.dir=.',
  '--set',
  'run.steps=90',
];

describe.skipIf(noChromium !== null)(`the dashboard while a run trains${noChromium === null ? '' : ` (${noChromium})`}`, () => {
  it('shows each step soon after its line is written, and is killed without harm to the run', async () => {
    const run = join(folder, 'watched');
    const written = async (): Promise<number> => (await readMetrics(run)).at(-1)?.step ?? 0;
    const training = startEvom(command('watched'), folder);
    while ((await written()) < 1 && training.child.exitCode === null) await sleep(20);
    const dashboard = startEvom(['dashboard', run, '--port', '0'], folder);
    const [printed] = (await once(dashboard.child.stdout ?? process.stdin, 'data')) as [Buffer];
    const browser = await launchChromium();
    const page = await browser.newPage();
    await page.goto(printed.toString().trim());
    const shown = async (): Promise<number> => Number(/step (\d+)/.exec(await page.locator('.state').first().innerText())?.[1] ?? 0);
    // How long after its line each of some steps was seen; a step that came meanwhile counts as seen.
    const delays: number[] = [];
    while (delays.length < 4 && training.child.exitCode === null) {
      const step = await written();
      const from = performance.now();
      await expect.poll(shown, { timeout: 60_000, interval: 20 }).toBeGreaterThanOrEqual(step);
      delays.push(performance.now() - from);
      while ((await written()) === step && training.child.exitCode === null) await sleep(20);
    }
    dashboard.child.kill('SIGKILL');
    await dashboard.ended;
    expect(training.child.exitCode).toBeNull();
    await page.locator('#made', { hasText: 'the dashboard has stopped; the run goes on' }).waitFor();
    await browser.close();
    expect(delays.length).toBe(4);
    console.log(`page behind the run, s: ${delays.map((ms) => (ms / 1000).toFixed(2)).join(' ')}`);

    const { code, err } = await training.ended;
    expect(code, err).toBe(0);
    const alone = await evom(command('alone'), folder);
    expect(alone.code, alone.err).toBe(0);
    expect((await fingerprint(run)).metrics).toEqual((await fingerprint(join(folder, 'alone'))).metrics);
  });
});
