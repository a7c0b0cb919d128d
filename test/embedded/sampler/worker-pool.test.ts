import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SamplerPool } from '../../../src/embedded/sampler/worker-pool.ts';

const job = { type: 'score', requests: [], temperature: 1 } as const;
const entry = async (code: string) => {
  const path = join(await mkdtemp(join(tmpdir(), 'evom-pool-')), 'worker.cjs');
  await writeFile(path, code);
  return path;
};

describe('SamplerPool', () => {
  it.each([
    ['exits', 'require("node:worker_threads").parentPort.once("message", () => process.exit(3));'],
    ['throws', 'require("node:worker_threads").parentPort.once("message", () => { throw new Error("no memory"); });'],
    ['cannot start', 'syntax error'],
  ])('rejects the job of a thread that %s, refuses later ones, and closes', async (_how, code) => {
    const pool = new SamplerPool(await entry(code), 2, null);
    await expect(pool.run(1, job)).rejects.toMatchObject({ code: 'E_POLICY', message: expect.stringContaining('thread stopped') });
    await expect(pool.run(1, job)).rejects.toMatchObject({ code: 'E_POLICY' });
    await pool.close();
    await pool.close();
  });

  it('passes an error on with its code and message', async () => {
    const answer =
      'const { parentPort: p } = require("node:worker_threads"); p.on("message", ({ id }) => p.postMessage({ id, type: "failed", code: "E_CHECKPOINT", message: "bad weights" }));';
    const pool = new SamplerPool(await entry(answer), 1, null);
    await expect(pool.run(0, job)).rejects.toMatchObject({ code: 'E_CHECKPOINT', message: 'bad weights' });
    await pool.close();
  });

  it('refuses a number of threads that is none', () => {
    expect(() => new SamplerPool('x', 0, null)).toThrow(expect.objectContaining({ code: 'E_POLICY' }));
  });
});
