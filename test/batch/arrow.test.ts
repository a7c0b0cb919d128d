import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tableFromIPC, tableToIPC } from 'apache-arrow';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readBatch, writeBatch } from '../../src/batch/arrow.ts';
import { checkRows } from '../../src/batch/schema.ts';
import { type Column, readTable, writeTable } from '../../src/batch/table.ts';
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

  it.each([
    ['an even number of stretches', [1, 1], [0, 0, 1, 0], /turn_lengths is \[1, 1\]: .*an odd number of counts, 2 in all/],
    ['no stretch', [], [0, 0, 1, 1], /turn_lengths is \[\]/],
    ['a stretch below 0', [3, -1, 0], [0, 0, 1, 0], /turn_lengths is \[3, -1, 0\]/],
    ['fewer tokens than the response', [1, 0, 0], [0, 0, 1, 0], /turn_lengths is \[1, 0, 0\]/],
    ['more tokens than the response', [1, 1, 1], [0, 0, 1, 0], /turn_lengths is \[1, 1, 1\]/],
    ['what was told in the loss', [1, 1, 0], [0, 0, 0, 1], /loss_mask is 1 on what was told from token 3 on/],
  ])('refuses an episode with %s', async (_, turnLengths, mask, message) => {
    const episode = { ...row(), lossMask: Uint8Array.from(mask), turnLengths: Int32Array.from(turnLengths) };
    await expect(writeBatch(path, { metadata, rows: [row(), episode] })).rejects.toThrow(message);
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

  it.each([
    ['old_logprobs', row({ oldLogprobs: new Float32Array(5) })],
    ['token_advantages', row({ tokenAdvantages: new Float32Array(0) })],
    ['kl_weights', row({ klWeights: new Float32Array(3) })],
    ['sampler_logprobs', row({ samplerLogprobs: Float32Array.of(0, 0, Number.NEGATIVE_INFINITY, 0) })],
    ['sampler_logprobs', row({ samplerLogprobs: Float32Array.of(0, 0, 2e-4, 0) })],
    ['advantage', row({ advantage: Number.POSITIVE_INFINITY })],
    ['loss_weight', row({ lossWeight: Number.POSITIVE_INFINITY })],
    ['loss_weight', row({ lossWeight: Number.NaN })],
    ['prompt_len', row({ promptLength: -1 })],
    ['prompt_len', row({ promptLength: 1.5 })],
  ])('holds both sides to the promise of %s', (column, broken) => {
    expect(() => checkRows([broken], 'step 3')).toThrow(new RegExp(`^step 3: row 0 \\(sample 15/p1/0\\), column ${column} `));
  });

  it.each([
    ['a log-probability that rounding has put a little above 0', row({ samplerLogprobs: Float32Array.of(0, 0, 9e-5, 0) })],
    ['anything where the mask is 0', row({ samplerLogprobs: Float32Array.of(Number.NaN, 7, -1, 0) })],
    ['a row that is all prompt', row({ promptLength: 4, lossMask: new Uint8Array(4) })],
    ['a row without a prompt', row({ promptLength: 0, lossMask: new Uint8Array(4).fill(1) })],
    ['a row of no weight', row({ lossWeight: 0 })],
  ])('takes %s', (_, fine) => {
    expect(() => checkRows([fine], 'step 3')).not.toThrow();
  });

  describe('of another writer', () => {
    /** The file of a good batch with one fact of its metadata changed, or with one column taken out or replaced. */
    const changed = async (facts: Record<string, string | null>, column?: { name: string; to: Column | null }) => {
      await writeBatch(path, { metadata, rows: [row(), full] });
      const table = await readTable(path);
      const known = Object.fromEntries([...table.metadata].filter(([key]) => facts[key] !== null));
      const columns = Object.fromEntries(
        Object.entries(batchColumns).flatMap(([name, type]): [string, Column][] => {
          if (name === 'turn_lengths') return []; // a file of one turn has none
          if (name === column?.name) return column.to === null ? [] : [[name, column.to]];
          if (type === 'struct<float64?>') return [[name, { type: 'struct_float64', values: table.records(name) }]];
          if (type.startsWith('list')) {
            const [element, kind] = listsOf(type);
            return [[name, { type: kind, values: table.lists(name, element as typeof Int32Array) }]];
          }
          if (type.includes('utf8')) return [[name, { type: 'utf8', values: table.strings(name) }]];
          return [[name, { type: type.replace('?', '') as 'int32', values: table.numbers(name) }]];
        }),
      );
      await writeTable(path, columns, {
        ...known,
        ...Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== null)),
      } as Record<string, string>);
      return readBatch(path);
    };
    const listsOf = (type: string) =>
      type.includes('int32')
        ? ([Int32Array, 'list_int32'] as const)
        : type.includes('uint8')
          ? ([Uint8Array, 'list_uint8'] as const)
          : ([Float32Array, 'list_float32'] as const);

    it('is read when nothing is changed', async () => {
      expect(await changed({})).toEqual({ metadata, rows: [row(), full] });
    });

    it('may be of cross entropy', async () => {
      const loss = { type: 'cross_entropy', aggregation: 'token_mean' } as const;
      expect((await changed({ loss: JSON.stringify(loss) })).metadata.loss).toEqual(loss);
    });

    it.each([
      [{ step: null }, /metadata step is missing/],
      [{ eps: 'small' }, /metadata eps is "small", not a number/],
      [{ eps: 'Infinity' }, /metadata eps is "Infinity", not a number/],
      [{ loss: '{' }, /metadata loss is not JSON/],
      [{ loss: '{"type":"hinge"}' }, /metadata loss has no known type/],
      [{ 'evom.batch_version': null }, /metadata evom.batch_version is missing/],
    ])('is refused where its metadata has %j', async (facts, message) => {
      await expect(changed(facts as Record<string, string | null>)).rejects.toThrow(
        expect.objectContaining({ code: 'E_BATCH', message: expect.stringMatching(message) }),
      );
    });

    it.each<[string, Column | null, RegExp]>([
      ['advantage', null, /column advantage is missing/],
      ['advantage', { type: 'float32', values: [1, null] }, /row 1, column advantage is null/],
      ['sample_id', { type: 'utf8', values: [null, 'b'] }, /row 0, column sample_id is null/],
      ['rollout_index', { type: 'int32', values: [0, null] }, /row 1, column rollout_index is null/],
      ['status', { type: 'utf8', values: ['optimal', null] }, /row 1, column status is null/],
      ['input_ids', { type: 'list_int32', values: [null, full.inputIds] }, /row 0, column input_ids is null/],
      ['loss_mask', { type: 'list_uint8', values: [row().lossMask, null] }, /row 1, column loss_mask is null/],
      ['sampler_logprobs', { type: 'list_float32', values: [null, null] }, /row 0, column sampler_logprobs is null/],
      ['advantage', { type: 'float32', values: [1, Number.NaN] }, /row 1 .*column advantage is NaN/],
      ['seed', { type: 'int32', values: [1, 2] }, /column seed holds Int32; it must hold strings/],
    ])('is refused where its %s is broken', async (name, to, message) => {
      await expect(changed({}, { name, to })).rejects.toThrow(
        expect.objectContaining({ code: 'E_BATCH', message: expect.stringMatching(message) }),
      );
    });
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
