import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openMetricsLog, readMetrics, replayableMetrics } from '../../src/runs/metrics.ts';

let directory: string;
let path: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'evom-metrics-'));
  path = join(directory, 'metrics.jsonl');
});
afterEach(() => rm(directory, { recursive: true }));

async function write(lastStep: number, steps: readonly number[]) {
  const log = await openMetricsLog(directory, { lastStep });
  for (const step of steps) await log.append(step, { loss: step / 10, 'time/step_s': 0.5 });
  await log.close();
}
const steps = async () => (await readMetrics(directory)).map((line) => line.step);

describe('the metrics log', () => {
  it('holds one line a step, with the step first', async () => {
    await write(-1, [1, 2]);
    expect(await readFile(path, 'utf8')).toBe('{"step":1,"loss":0.1,"time/step_s":0.5}\n{"step":2,"loss":0.2,"time/step_s":0.5}\n');
    expect((await readMetrics(directory)).map(replayableMetrics)).toEqual([
      { step: 1, loss: 0.1 },
      { step: 2, loss: 0.2 },
    ]);
  });

  it('is cut back to the checkpoint that is resumed, and starts anew for a new run', async () => {
    await write(-1, [1, 2, 3, 4]);
    await write(2, [3]);
    expect(await steps()).toEqual([1, 2, 3]);
    await write(-1, [1]);
    expect(await steps()).toEqual([1]);
  });

  it('passes over a last line that a kill tore at any byte', async () => {
    await write(-1, [1, 2]);
    const whole = await readFile(path);
    const firstLine = whole.indexOf('\n') + 1;
    for (let length = 0; length <= whole.length; length++) {
      await writeFile(path, whole.subarray(0, length));
      expect(await steps()).toEqual([1, 2].slice(0, length < firstLine ? 0 : length < whole.length ? 1 : 2));
    }
  });

  it('does not take the beginning of a line for a line', async () => {
    await write(-1, [1]);
    await appendFile(path, '{"step":2}'); // JSON, but of a line that had no end yet
    expect(await steps()).toEqual([1]);
    await write(1, [2]);
    expect(await readFile(path, 'utf8')).toMatch(/^\{"step":1.*\}\n\{"step":2,"loss".*\}\n$/);
  });

  it('says of which steps up to the checkpoint it has no line', async () => {
    await write(-1, [1, 2, 3]);
    const missingAt = async (lastStep: number) => {
      const log = await openMetricsLog(directory, { lastStep });
      await log.close();
      return log.missing;
    };
    const whole = await readFile(path, 'utf8');
    expect(await missingAt(3)).toEqual([]);
    await writeFile(path, whole.slice(0, -3)); // the last line is torn
    expect(await missingAt(3)).toEqual([3]);
    await writeFile(path, `${whole.split('\n')[0]}\n${'\0'.repeat(40)}\n`); // a block that was never written
    expect(await missingAt(3)).toEqual([2, 3]);
    await rm(path);
    expect(await missingAt(3)).toEqual([1, 2, 3]);
    expect(await missingAt(0)).toEqual([]);
    expect(await missingAt(-1)).toEqual([]);
  });

  it('names a line that is broken in the middle', async () => {
    await write(-1, [1]);
    await appendFile(path, 'garbage\n{"step":3}\n');
    await expect(readMetrics(directory)).rejects.toThrow(/metrics.jsonl:2/);
  });

  it('refuses steps that do not rise, and writes null for what is not finite', async () => {
    const log = await openMetricsLog(directory, { lastStep: -1, syncEveryLine: true });
    await log.append(0, { loss: Number.NaN, note: 'x', step: 99 });
    await expect(log.append(0, {})).rejects.toMatchObject({ code: 'E_RUN' });
    await log.sync();
    await log.close();
    await log.close();
    expect(await readMetrics(directory)).toEqual([{ step: 0, loss: null, note: 'x' }]);
    await expect(log.append(1, {})).rejects.toMatchObject({ code: 'E_INTERNAL' });
  });

  it('has no lines before the run', async () => expect(await readMetrics(join(directory, 'none'))).toEqual([]));

  it('ends up the same however often a run is killed and resumed', async () => {
    const kill = fc.record({ writes: fc.nat(5), tear: fc.nat(20), back: fc.nat(3) });
    await fc.assert(
      fc.asyncProperty(fc.array(kill, { maxLength: 5 }), async (kills) => {
        await rm(path, { force: true });
        let checkpoint = -1;
        for (const { writes, tear, back } of kills) {
          await write(
            checkpoint,
            Array.from({ length: writes }, (_, i) => checkpoint + 1 + i),
          );
          checkpoint = Math.max(checkpoint, checkpoint + writes - back);
          await appendFile(path, '{"step":123456789,"loss":7'.slice(0, tear));
        }
        await write(
          checkpoint,
          Array.from({ length: 30 - checkpoint }, (_, i) => checkpoint + 1 + i),
        );
        expect(await steps()).toEqual(Array.from({ length: 31 }, (_, i) => i));
      }),
      { numRuns: 25 },
    );
  });
});
