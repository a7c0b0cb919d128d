/** A process that writes a run is killed at random moments and resumed, until it is done. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { verifyDirectory } from '../../src/checkpoint/publish.ts';
import { randomStream } from '../../src/index.ts';
import { readMetrics, replayableMetrics } from '../../src/runs/metrics.ts';

const writer = fileURLToPath(new URL('./killed-writer.mjs', import.meta.url));
const isBuilt = existsSync(fileURLToPath(new URL('../../dist/runs/checkpoints.js', import.meta.url)));
const steps = 40;

/** Runs the writer; kills it after `ms`, or lets it end. */
function run(directory: string, ms: number | null): Promise<{ code: number | null; stderr: string }> {
  const child = spawn(process.execPath, [writer, directory, `${steps}`], { stdio: ['ignore', 'pipe', 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  // The clock starts at its first word, so that the start-up time does not decide where the kill falls.
  if (ms !== null) child.stdout.once('data', () => setTimeout(() => child.kill('SIGKILL'), ms));
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, stderr })));
}

it('survives kill -9 at any moment: metrics without gap or torn line, checkpoints that verify, no lock left in the way', async (context) => {
  if (!isBuilt) return context.skip('dist/ is not built; run npm run build');
  const directory = await mkdtemp(join(tmpdir(), 'evom-kill-'));
  const stream = randomStream('kill');
  for (let kill = 0; kill < 12; kill++) {
    const { code, stderr } = await run(directory, stream.int(0, 150));
    expect(stderr).toBe('');
    if (code === 0) break;
  }
  expect(await run(directory, null)).toEqual({ code: 0, stderr: '' });
  const metrics = (await readMetrics(directory)).map(replayableMetrics);
  expect(metrics).toEqual(Array.from({ length: steps }, (_, i) => ({ step: i + 1, loss: 1 / (i + 1) })));
  const names = (await readdir(join(directory, 'checkpoints'))).sort();
  expect(names).toEqual(['000038', '000040']);
  for (const name of names) {
    expect(await verifyDirectory(join(directory, 'checkpoints', name))).toBe(true);
    expect(await readFile(join(directory, 'checkpoints', name, 'state.json'), 'utf8')).toBe(`{"step":${Number(name)}}`);
  }
  expect((await readdir(directory)).filter((name) => name.endsWith('.tmp') || name === 'lock.json')).toEqual([]);
  await rm(directory, { recursive: true });
});
