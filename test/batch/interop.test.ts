/** Our files in pyarrow and datasets, and back. Set EVOM_PYTHON to a Python that has both. */
import { execFile, execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { tableFromIPC, tableToIPC } from 'apache-arrow';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { readBatch, writeBatch } from '../../src/batch/arrow.ts';
import { readRollouts, writeRollouts } from '../../src/batch/rollouts.ts';
import { groups, metadata, row } from './fixtures.ts';

/** EVOM_PYTHON, where it can import both. */
const python = ((): string | undefined => {
  const named = process.env.EVOM_PYTHON;
  if (named === undefined) return undefined;
  try {
    execFileSync(named, ['-I', '-c', 'import pyarrow, datasets'] /* -I: our own folder is called datasets too */, {
      stdio: 'pipe',
      timeout: 60_000,
    });
    return named;
  } catch {
    return undefined;
  }
})();
const script = fileURLToPath(new URL('../../scripts/check-interop.py', import.meta.url));
const check = async (...args: string[]) => JSON.parse((await promisify(execFile)(python as string, [script, ...args])).stdout);
/** A test that says why it did not run. */
const withPython = (title: string, body: () => Promise<void>) =>
  it(title, async (context: TestContext) => {
    if (!python) return context.skip('EVOM_PYTHON names no Python with pyarrow and datasets');
    await body();
  });

let directory: string;
let path: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'evom-interop-'));
  path = join(directory, 'file.arrow');
});
afterAll(() => rm(directory, { recursive: true }));

const batch = {
  metadata,
  rows: [
    row({ rewardParts: { format: 0.1, answer: 1 }, status: 'time_limit', reward: 0.1 + 0.2 }),
    row({ sampleId: 'ü', refLogprobs: Float32Array.of(0, 0, -1, -2), klWeights: new Float32Array(4), correct: null, reward: null }),
  ],
};

describe('pyarrow and datasets', () => {
  withPython('open a batch with its types, nulls and metadata', async () => {
    await writeBatch(path, batch);
    const seen = await check('batch', path);
    expect(seen).toMatchObject({ rows: 2, columns: 31, tokens: 8, advantages: [-1.5, -1.5], rewards: [0.1 + 0.2, null], datasets_rows: 2 });
    expect(seen.null_counts).toEqual({ old_logprobs: 2, ref_logprobs: 1, token_advantages: 2, kl_weights: 1, reward: 1, acc: 1 });
    expect(seen.metadata).toMatchObject({ global_loss_tokens: '5', n_groups: '1', model_id: 'tiny' });
  });

  withPython('write a batch that we read', async () => {
    await writeBatch(path, batch);
    const out = join(directory, 'rewritten.arrow');
    await check('rewrite', path, out);
    expect(await readBatch(out)).toEqual(batch);
  });

  withPython('open rollouts, and write them for us', async () => {
    await writeRollouts(path, groups());
    expect(await check('rollouts', path)).toMatchObject({
      rows: 3,
      completions: ['const x = 1; // ü → 😀', '', 'const x = 1; // ü → 😀'],
      rewards: [1.1, 0, null],
      flags: [[], ['unsupported_claim', 'other'], []],
      datasets_rows: 3,
    });
    const out = join(directory, 'rewritten.arrow');
    await check('rewrite', path, out);
    expect(await readRollouts(out)).toEqual(groups());
  });

  withPython('are told of a file that is none of ours', async () => {
    await writeBatch(path, batch);
    const table = tableFromIPC(await readFile(path));
    await writeFile(path, tableToIPC(table.select(['step', 'seed']), 'file'));
    await expect(check('batch', path)).rejects.toThrow(/column run_id is None/);
  });
});
