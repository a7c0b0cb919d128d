import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { bfloat16FromFloat32, float16FromFloat32, float32FromBfloat16, float32FromFloat16 } from '../../src/lib/half-floats.ts';
import { encodeSafetensors, readSafetensors, writeSafetensors } from '../../src/lib/safetensors.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'evom-safetensors-'));
});
const concat = (parts: Uint8Array[]): Buffer => Buffer.concat(parts);
const bytesOf = (words: Uint16Array): Uint8Array => new Uint8Array(words.buffer);

describe('safetensors', () => {
  it('lays out the header length, the JSON header and the data as the format says', () => {
    const bytes = concat(encodeSafetensors(new Map([['w', { shape: [1, 2], data: Float32Array.of(1, -2) }]]), { step: '3' }));
    const length = Number(bytes.readBigUInt64LE(0));
    expect(length % 8).toBe(0);
    expect(JSON.parse(bytes.subarray(8, 8 + length).toString())).toEqual({
      __metadata__: { format: 'pt', step: '3' },
      w: { dtype: 'F32', shape: [1, 2], data_offsets: [0, 8] },
    });
    expect([bytes.readFloatLE(8 + length), bytes.readFloatLE(12 + length), bytes.length]).toEqual([1, -2, 16 + length]);
  });

  it('keeps a tensor and metadata named like a property of every object', async () => {
    const path = join(directory, 'names.safetensors');
    const names = ['__proto__', 'constructor', 'toString'];
    const metadata = Object.fromEntries(names.map((name) => [name, 'kept']));
    await writeSafetensors(path, new Map(names.map((name) => [name, { shape: [1], data: Float32Array.of(7) }])), metadata);
    const read = await readSafetensors(path);
    expect([...read.tensors.keys()].sort()).toEqual([...names].sort());
    expect(Object.entries(read.metadata).sort()).toEqual(Object.entries({ format: 'pt', ...metadata }).sort());
  });

  it('gives back every float32 tensor bit for bit, and the metadata', async () => {
    const path = join(directory, 'roundtrip.safetensors');
    const tensor = fc.float32Array({ maxLength: 20 }).map((data) => ({ shape: [data.length], data }));
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(
          fc.string({ minLength: 1 }).filter((s) => s !== '__metadata__'),
          tensor,
        ),
        fc.dictionary(fc.string(), fc.string()),
        async (record, metadata) => {
          const tensors = new Map(Object.entries(record));
          await writeSafetensors(path, tensors, metadata);
          const read = await readSafetensors(path);
          expect(read.tensors.size).toBe(tensors.size);
          for (const [name, { shape, data }] of tensors) {
            expect(read.tensors.get(name)?.shape).toEqual(shape);
            const bits = (values: Float32Array) => new Uint32Array(Float32Array.from(values).buffer);
            expect(bits(read.tensors.get(name)?.data ?? new Float32Array(0))).toEqual(bits(data));
          }
          expect(Object.entries(read.metadata).sort()).toEqual(Object.entries({ format: 'pt', ...metadata }).sort());
        },
      ),
      { numRuns: 40 },
    );
    expect((await readdir(directory)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('writes the same bytes whatever order the tensors come in', () => {
    const a = { shape: [1], data: Float32Array.of(1) };
    const b = { shape: [2], data: Float32Array.of(2, 3) };
    const one = concat(
      encodeSafetensors(
        new Map([
          ['a', a],
          ['b', b],
        ]),
        {},
      ),
    );
    expect(
      concat(
        encodeSafetensors(
          new Map([
            ['b', b],
            ['a', a],
          ]),
          {},
        ),
      ).equals(one),
    ).toBe(true);
  });

  it.each(['F16', 'BF16'] as const)('stores %s and reads it back as float32', async (dtype) => {
    const path = join(directory, `${dtype}.safetensors`);
    await writeSafetensors(path, new Map([['w', { shape: [3], data: Float32Array.of(0.5, -2, 0) }]]), {}, { dtype });
    expect([...((await readSafetensors(path)).tensors.get('w')?.data ?? [])]).toEqual([0.5, -2, 0]);
  });

  it('rounds to the nearest half, ties to even, and survives a round trip of all 65536 patterns', () => {
    const all = Uint16Array.from({ length: 65536 }, (_, i) => i);
    const finite = (i: number, exponent: number) => (i & exponent) !== exponent;
    const halves = float16FromFloat32(float32FromFloat16(bytesOf(all)));
    expect(all.filter((i) => finite(i, 0x7c00)).every((i) => halves[i] === i)).toBe(true);
    const brain = bfloat16FromFloat32(float32FromBfloat16(bytesOf(all)));
    expect(all.filter((i) => finite(i, 0x7f80)).every((i) => brain[i] === i)).toBe(true);
    const near = float32FromFloat16(
      bytesOf(float16FromFloat32(Float32Array.of(1 + 2 ** -11, 1 + 3 * 2 ** -11, 65519, 65520, 2 ** -25, NaN))),
    );
    expect([...near]).toEqual([1, 1 + 2 ** -9, 65504, Infinity, 0, NaN]);
    const brainNear = float32FromBfloat16(bytesOf(bfloat16FromFloat32(Float32Array.of(1 + 2 ** -8, 1 + 3 * 2 ** -8, NaN))));
    expect([...brainNear]).toEqual([1, 1 + 2 ** -6, NaN]);
  });

  it('names the file and the fault when it is damaged', async () => {
    const good = concat(encodeSafetensors(new Map([['w', { shape: [4], data: new Float32Array(4) }]]), {}));
    const length = Number(good.readBigUInt64LE(0));
    const header = (json: string) => {
      const text = Buffer.from(json);
      const size = Buffer.alloc(8);
      size.writeBigUInt64LE(BigInt(text.length));
      return Buffer.concat([size, text]);
    };
    const cases: [string, Buffer, RegExp][] = [
      ['empty', Buffer.alloc(0), /0 bytes are too few/],
      ['truncated', good.subarray(0, good.length - 3), /need \d+ bytes but it has \d+/],
      ['cut header', good.subarray(0, 8 + length - 5), /header length \d+ does not fit/],
      ['garbage', Buffer.from('PK\x03\x04 a zip file, not tensors at all........'), /header length \d+ does not fit/],
      ['not JSON', Buffer.concat([header('{"w":'), Buffer.alloc(4)]), /header is not JSON/],
      ['array', header('[1,2]'), /header is not an object/],
      [
        'int64',
        Buffer.concat([header('{"w":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}}'), Buffer.alloc(8)]),
        /tensor "w" has dtype I64/,
      ],
      [
        'wrong offsets',
        Buffer.concat([header('{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}'), Buffer.alloc(4)]),
        /data_offsets \[0,4\]/,
      ],
      [
        'hole',
        Buffer.concat([header('{"w":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}'), Buffer.alloc(8)]),
        /starts at byte 4 instead of 0/,
      ],
      ['trailing', Buffer.concat([good, Buffer.alloc(4)]), /need \d+ bytes/],
    ];
    for (const [name, bytes, message] of cases) {
      const path = join(directory, `${name}.safetensors`);
      await writeFile(path, bytes);
      await expect(readSafetensors(path), name).rejects.toMatchObject({ code: 'E_CHECKPOINT', message: expect.stringMatching(message) });
    }
    await expect(readSafetensors(join(directory, 'absent'))).rejects.toMatchObject({ code: 'E_CHECKPOINT' });
  });

  it('leaves an existing file as it was when the new one cannot be written', async () => {
    const path = join(directory, 'kept.safetensors');
    await writeFile(path, 'old');
    const bad = new Map([['w', { shape: [3], data: new Float32Array(2) }]]);
    await expect(writeSafetensors(path, bad)).rejects.toMatchObject({ code: 'E_CHECKPOINT' });
    expect(await readFile(path, 'utf8')).toBe('old');
  });
});
