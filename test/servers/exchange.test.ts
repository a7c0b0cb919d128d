import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { metricsFromJson } from '../../src/policy/learner.ts';
import {
  publish,
  publishBatches,
  removeAfter,
  stepDirectory,
  verifyPublished,
  waitForAnswer,
  weightsDirectory,
} from '../../src/servers/exchange.ts';
import { metadata, row } from '../batch/fixtures.ts';
import { flipBit } from '../fakes/flipped-bit.ts';
import { readBatches, writeResult } from './trainer-side.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'evom-exchange-'));
});
afterEach(() => rm(root, { recursive: true }));

const batches = [
  { metadata, rows: [row()] },
  { metadata, rows: [row({ sampleId: 'second' }), row({ sampleId: 'third' })] },
];

describe('the exchange directory', () => {
  it('hands batches over and brings the answer back', async () => {
    const directory = await publishBatches(root, 12, batches, 4);
    expect((await readdir(directory)).sort()).toEqual(['READY', 'batch-000.arrow', 'batch-001.arrow', 'manifest.json']);
    expect(JSON.parse(await readFile(join(directory, 'manifest.json'), 'utf8'))).toMatchObject({
      rows: 3,
      tokens: 12,
      weight_version: 4,
      step: 12,
    });
    expect(await readBatches(root, 12)).toEqual(batches);

    const weights = weightsDirectory(root, 5);
    await mkdir(weights, { recursive: true });
    await writeFile(join(weights, 'model.safetensors'), 'weights');
    await publish(weights, 'STABLE', { step: 12 });
    const answer = waitForAnswer(stepDirectory(root, 12), { timeoutMs: 10_000, pollMs: 5 });
    await writeResult(root, 12, { version: 5, metrics: { loss: 0.5 } });
    expect(await answer).toEqual({ version: 5, metrics: { loss: 0.5 } });
    expect((await verifyPublished(weights, 'STABLE')).step).toBe(12);
  });

  it('is not readable before its marker, whatever else is there', async () => {
    const directory = await publishBatches(root, 12, batches, 4);
    await rm(join(directory, 'READY'));
    await expect(readBatches(root, 12)).rejects.toThrow(/has no READY/);
  });

  it('notices one flipped bit in a file of the right size, wherever it is', async () => {
    const directory = await publishBatches(root, 12, batches, 4);
    const path = join(directory, 'batch-001.arrow');
    for (const byte of [0, undefined, (await readFile(path)).length - 1]) {
      await flipBit(path, byte === undefined ? {} : { byte, bit: 7 });
      await expect(readBatches(root, 12)).rejects.toMatchObject({ code: 'E_BATCH', message: expect.stringContaining('batch-001.arrow') });
      await flipBit(path, byte === undefined ? {} : { byte, bit: 7 });
    }
    expect(await readBatches(root, 12)).toEqual(batches);

    const weights = weightsDirectory(root, 5);
    await mkdir(weights, { recursive: true });
    await writeFile(join(weights, 'model.safetensors'), 'weights');
    await publish(weights, 'STABLE', { step: 12 });
    await flipBit(join(weights, 'model.safetensors'));
    await expect(verifyPublished(weights, 'STABLE')).rejects.toThrow(/model.safetensors differs from its hash/);
  });

  it('does not wait for what is there and cannot be read', async () => {
    await mkdir(stepDirectory(root, 12), { recursive: true });
    const result = join(stepDirectory(root, 12), 'RESULT.json');
    await symlink(result, result); // a loop
    const waiting = { timeoutMs: 60_000, pollMs: 1 };
    await expect(waitForAnswer(stepDirectory(root, 12), waiting)).rejects.toMatchObject({
      code: 'E_DATA',
      message: expect.stringContaining('cannot read'),
    });
  });

  it('brings figures that are not finite back as null', async () => {
    await publishBatches(root, 12, batches, 4);
    await writeResult(root, 12, { version: 5, metrics: { loss: null, tokens: 3 } });
    const { metrics } = await waitForAnswer(stepDirectory(root, 12), { timeoutMs: 10_000, pollMs: 5 });
    expect(metricsFromJson(metrics)).toEqual({ loss: Number.NaN, tokens: 3 });
  });

  it('notices a file that changed or went', async () => {
    const directory = await publishBatches(root, 12, batches, 4);
    await writeFile(join(directory, 'batch-000.arrow'), 'x');
    await expect(readBatches(root, 12)).rejects.toThrow(/has not the \d+ bytes/);
    await rm(join(directory, 'batch-000.arrow'));
    await expect(readBatches(root, 12)).rejects.toThrow(/missing/);
  });

  it('forgets the answer and the leftovers of an earlier attempt at a step', async () => {
    const directory = await publishBatches(root, 12, batches, 4);
    await writeResult(root, 12, { version: 5, metrics: {} });
    await writeFile(join(directory, 'batch-002.arrow.99.tmp'), 'torn');
    await publishBatches(root, 12, batches.slice(0, 1), 4);
    expect((await readdir(directory)).sort()).toEqual(['READY', 'batch-000.arrow', 'manifest.json']);
    await expect(waitForAnswer(stepDirectory(root, 12), { timeoutMs: 20, pollMs: 5 })).rejects.toMatchObject({ code: 'E_LEARNER' });
  });

  it('stops waiting when told to', async () => {
    await expect(waitForAnswer(stepDirectory(root, 1), { timeoutMs: 60_000, pollMs: 5, signal: AbortSignal.abort() })).rejects.toThrow();
  });

  it('deletes what is newer than the checkpoint on resume', async () => {
    for (const step of [11, 12, 13]) await publishBatches(root, step, batches.slice(0, 1), 4);
    await mkdir(weightsDirectory(root, 13), { recursive: true });
    await removeAfter(root, { step: 12, version: 12 });
    expect((await readdir(join(root, 'exchange'))).sort()).toEqual(['step_000011', 'step_000012']);
    expect(await readdir(join(root, 'weights'))).toEqual([]);
    expect(stepDirectory(root, 1_234_567)).toMatch(/step_1234567$/);
    await removeAfter(join(root, 'absent'), { step: 0, version: 0 });
  });
});
