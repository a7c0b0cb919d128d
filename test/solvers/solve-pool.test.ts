import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSolvePool, type SolvePool, type SolvePoolOptions } from '../../src/solvers/solve-pool.ts';

/** A backend that is what its variable is called: it sleeps, never returns, or leaves. */
const backendText = `
const sleep = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
export default async function () {
  return {
    name: 'odd',
    version: '1',
    capabilities: { lp: true, milp: true },
    solve({ variables: [{ name }] }) {
      if (name === 'stuck') for (;;) sleep(1000);
      if (name === 'leaves') process.exit(7);
      if (name === 'slow') sleep(700);
      return { status: 'optimal', objective: 1, values: Float64Array.of(1), message: null, wallLimited: false, ms: 0 };
    },
    close() {},
  };
}
`;
const text = (name: string) => ({ format: 'lp' as const, text: `min\n ${name}\nst\n c: ${name} >= 1\nend\n` });

describe('createSolvePool', () => {
  let directory: string;
  const pools: SolvePool[] = [];
  const create = async (options: Partial<SolvePoolOptions> = {}): Promise<SolvePool> => {
    const limits = { timeLimitMs: 100 };
    const pool = await createSolvePool({ backend: './odd.mjs', directory, workers: 1, limits, graceMs: 3000, ...options });
    pools.push(pool);
    return pool;
  };
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'evom-pool-'));
    writeFileSync(join(directory, 'odd.mjs'), backendText);
    writeFileSync(join(directory, 'never.mjs'), 'export default () => new Promise(() => setInterval(() => undefined, 1000));\n');
  });
  afterAll(async () => {
    await Promise.all(pools.map((pool) => pool.close()));
    rmSync(directory, { recursive: true, force: true });
  });

  it('solves what waited for its turn longer than any model may take', async () => {
    const pool = await create();
    const began = performance.now();
    const answers = await Promise.all(Array.from({ length: 7 }, () => pool.solve(text('slow'))));
    expect(performance.now() - began).toBeGreaterThan(2 * 100 + 3000);
    expect(answers.map((answer) => answer.status)).toEqual(Array(7).fill('optimal'));
  });

  it('ends a backend that never returns, and solves the others', async () => {
    const pool = await create({ graceMs: 500 });
    const answers = await Promise.all(['quick', 'stuck', 'other'].map((name) => pool.solve(text(name))));
    expect(answers.map(({ status, wallLimited, message, fault }) => ({ status, wallLimited, message, fault }))).toEqual([
      { status: 'optimal', wallLimited: false, message: null, fault: null },
      { status: 'time_limit', wallLimited: true, message: './odd.mjs did not stop at its time limit', fault: null },
      { status: 'optimal', wallLimited: false, message: null, fault: null },
    ]);
  }, 30_000);

  it('says of a model that ends its worker that it did', async () => {
    const pool = await create();
    const [gone, next] = await Promise.all([pool.solve(text('leaves')), pool.solve(text('quick'))]);
    expect(gone).toMatchObject({ status: 'error', fault: 'solver', message: expect.stringMatching(/the model took its worker down/) });
    expect(next.status).toBe('optimal');
  }, 30_000);

  it('gives up a backend that is never ready', async () => {
    await expect(create({ backend: './never.mjs', startMs: 500 })).rejects.toMatchObject({
      code: 'E_SOLVER',
      message: 'the ./never.mjs solver did not start in a worker: it was not ready after 500 ms',
    });
  }, 30_000);

  it('names a backend that does not load', async () => {
    await expect(create({ backend: './missing.mjs' })).rejects.toMatchObject({
      code: 'E_SOLVER',
      message: expect.stringMatching(/missing\.mjs/),
    });
  }, 30_000);
});
