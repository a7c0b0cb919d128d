import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tableFromIPC, tableToIPC } from 'apache-arrow';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readBatch, writeBatch } from '../../src/batch/arrow.ts';
import { writeTable } from '../../src/batch/table.ts';
import { batchColumns, metadata, row } from './fixtures.ts';

let directory: string;
let path: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'evom-batch-'));
  path = join(directory, 'batch.arrow');
});
afterAll(() => rm(directory, { recursive: true }));

const full = row({
  sampleId: 'full',
  correct: true,
  oldLogprobs: Float32Array.of(0, 0, -0.5, -1),
  refLogprobs: Float32Array.of(0, 0, -0.25, -1),
  tokenAdvantages: Float32Array.of(0, 0, 1, 2),
  klWeights: Float32Array.of(0, 0, 0, 1),
  lossWeight: 0,
  rewardParts: { answer: 1, format: 0.1 },
  status: 'deadline',
});
const unlabelled = row({
  sampleId: 'unlabelled',
  reward: null,
  correct: null,
  rewardParts: {},
  inputIds: new Int32Array(0),
  lossMask: new Uint8Array(0),
  samplerLogprobs: new Float32Array(0),
  promptLength: 0,
});

describe('a batch file', () => {
  it('gives back what was written, nulls and metadata included', async () => {
    const batch = { metadata, rows: [row(), full, unlabelled] };
    await writeBatch(path, batch);
    expect(await readBatch(path)).toEqual(batch);
    expect((await readdir(directory)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('has the documented columns, of the documented types, and none of 64-bit integers', async () => {
    const turns = { ...row(), lossMask: Uint8Array.of(0, 0, 1, 0), turnLengths: Int32Array.of(1, 1, 0) };
    await writeBatch(path, { metadata, rows: [full, turns] });
    const { schema } = tableFromIPC(await readFile(path));
    const spelled = Object.fromEntries(schema.fields.map((field) => [field.name, `${field.type}`.toLowerCase()]));
    const documented = Object.fromEntries(
      Object.entries(batchColumns).map(([name, type]) => {
        const plain = type.replaceAll('?', '');
        return [
          name,
          plain === 'dictionary<utf8>'
            ? 'dictionary<int32, utf8>'
            : plain === 'struct<float64>'
              ? 'struct<{answer:float64, format:float64}>'
              : plain,
        ];
      }),
    );
    expect(spelled).toEqual(documented);
    expect(schema.metadata.get('evom.batch_version')).toBe('1');
    expect(schema.metadata.get('global_loss_tokens')).toBe('5');
  });

  it('has turn_lengths only where an episode has several turns', async () => {
    await writeBatch(path, { metadata, rows: [row()] });
    expect(tableFromIPC(await readFile(path)).schema.fields.map(({ name }) => name)).not.toContain('turn_lengths');
    const turns = { ...row(), lossMask: Uint8Array.of(0, 0, 1, 0), turnLengths: Int32Array.of(1, 1, 0) };
    await writeBatch(path, { metadata, rows: [row(), turns] });
    expect((await readBatch(path)).rows).toEqual([row(), turns]);
  });

  it('may be empty', async () => {
    await writeBatch(path, { metadata, rows: [] });
    expect(await readBatch(path)).toEqual({ metadata, rows: [] });
  });

  it('is read when another program wrote it as a stream of several record batches', async () => {
    await writeBatch(path, { metadata, rows: [row()] });
    const table = tableFromIPC(await readFile(path));
    await writeFile(path, tableToIPC(table.concat(table), 'stream'));
    expect((await readBatch(path)).rows).toEqual([row(), row()]);
  });

  it.each([
    ['loss_mask', row({ lossMask: Uint8Array.of(0, 1) })],
    ['loss_mask', row({ lossMask: Uint8Array.of(0, 0, 1, 2) })],
    ['loss_mask', row({ lossMask: Uint8Array.of(0, 1, 1, 1) })],
    ['sampler_logprobs', row({ samplerLogprobs: Float32Array.of(0, 0, Number.NaN, 0) })],
    ['sampler_logprobs', row({ samplerLogprobs: Float32Array.of(0, 0, 0.5, 0) })],
    ['ref_logprobs', row({ refLogprobs: new Float32Array(3) })],
    ['advantage', row({ advantage: Number.NaN })],
    ['loss_weight', row({ lossWeight: -1 })],
    ['prompt_len', row({ promptLength: 5 })],
  ])('refuses a row with a broken %s, naming row and column', async (column, broken) => {
    await expect(writeBatch(path, { metadata, rows: [row(), broken] })).rejects.toThrow(new RegExp(`row 1 .*column ${column}`));
  });

  it('refuses files that are cut short, of another version, or without a column', async () => {
    await writeBatch(path, { metadata, rows: [row(), full] });
    const bytes = await readFile(path);
    for (const length of [0, 4, 100, bytes.length >> 1]) {
      await writeFile(path, bytes.subarray(0, length));
      await expect(readBatch(path), `${length} bytes`).rejects.toMatchObject({ code: 'E_BATCH' });
    }
    await writeTable(path, { step: { type: 'int32', values: [1] } }, { 'evom.batch_version': '2' });
    await expect(readBatch(path)).rejects.toThrow(/batch_version is 2/);
    await expect(readBatch(join(directory, 'none.arrow'))).rejects.toMatchObject({ code: 'E_BATCH' });
  });

  it('keeps any tokens and log-probabilities', async () => {
    const token = fc.record({
      id: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
      logprob: fc.float({ min: -50, max: 0, noNaN: true }),
      bit: fc.boolean(),
    });
    const anyRow = fc.array(token, { maxLength: 20 }).map((tokens) =>
      row({
        promptLength: 0,
        inputIds: Int32Array.from(tokens, (t) => t.id),
        lossMask: Uint8Array.from(tokens, (t) => (t.bit ? 1 : 0)),
        samplerLogprobs: Float32Array.from(tokens, (t) => t.logprob),
      }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(anyRow, { maxLength: 10 }), async (rows) => {
        await writeBatch(path, { metadata, rows });
        expect((await readBatch(path)).rows).toEqual(rows);
      }),
      { numRuns: 30 },
    );
  });
});
