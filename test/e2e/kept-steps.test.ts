/** Runs that keep some of their steps: killed and resumed they end with the same bits, and what they keep can be shown. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { evom, fingerprint, makeTinyRun, startEvom } from './tiny-run.ts';

let folder: string;
let weights: Record<string, string>;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'evom-kept-'));
  await makeTinyRun(folder);
  const whole = await evom(command('whole', 'all'), folder);
  expect(whole.code, whole.err).toBe(0);
  weights = await modelsOf('whole');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const command = (name: string, keep: string): string[] => [
  ...['train', '--config', 'dapo.yaml', '--set', 'run.dir=.', '--set', `run.name=${name}`, '--set', `run.keep_steps=${keep}`],
];

const modelsOf = async (name: string): Promise<Record<string, string>> => {
  const { files } = await fingerprint(join(folder, name));
  return Object.fromEntries(Object.entries(files).filter(([file]) => file.startsWith('checkpoints/')));
};

describe.each([
  ['every', '{ every: 3 }', [1, 3, 6, 8]],
  ['last', '{ last: 2 }', [1, 7, 8]],
] as const)('run.keep_steps with %s', (name, keep, kept) => {
  it('shows and resumes after a kill, and ends with the same weights', async () => {
    const run = join(folder, name);
    const metrics = join(run, 'metrics.jsonl');
    const { child, ended } = startEvom(command(name, keep), folder);
    while (child.exitCode === null && !(existsSync(metrics) && readFileSync(metrics, 'utf8').split('\n').length > 5)) await sleep(10);
    child.kill('SIGKILL');
    expect((await ended).code).toBeNull();
    const shown = await evom(['show', run, '--best', '1'], folder);
    expect(shown.code, shown.err).toBe(0);
    expect(shown.out).toMatch(/ why {9}/);

    const resumed = await evom(['train', '--resume', run], folder);
    expect(resumed.code, resumed.err).toBe(0);
    expect(
      readdirSync(join(run, 'steps'))
        .map(Number)
        .sort((a, b) => a - b),
    ).toEqual(kept);
    expect(await modelsOf(name)).toEqual(weights);
    for (const step of kept) {
      const { code, err } = await evom(['show', run, '--step', String(step), '--best', '1'], folder);
      expect(code, err).toBe(0);
    }
    const gone = await evom(['show', run, '--step', '2'], folder);
    expect(gone).toMatchObject({ code: 3, err: expect.stringMatching(/no samples of step 2; it has .*run\.keep_steps/) });
    const report = await evom(['report', run, '--out', `${name}.html`, '--json'], folder);
    expect(JSON.parse(report.out)).toMatchObject({ steps: kept.length, steps_on_disk: kept.length });
  });
});
