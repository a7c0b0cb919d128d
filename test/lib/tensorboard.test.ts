import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { crc32c, openScalarWriter } from '../../src/lib/tensorboard.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'evom-tb-'));
});
afterEach(() => rm(directory, { recursive: true }));

/** Records of an event file, both checksums verified. */
function records(file: Buffer): Buffer[] {
  const masked = (data: Buffer) => {
    const crc = crc32c(data);
    return Number((BigInt((crc >>> 15) | (crc << 17)) + 0xa282ead8n) & 0xffffffffn);
  };
  const out: Buffer[] = [];
  for (let at = 0; at < file.length; ) {
    const length = Number(file.readBigUInt64LE(at));
    expect(file.readUInt32LE(at + 8)).toBe(masked(file.subarray(at, at + 8)));
    const data = file.subarray(at + 12, at + 12 + length);
    expect(file.readUInt32LE(at + 12 + length)).toBe(masked(data));
    out.push(data);
    at += 16 + length;
  }
  return out;
}

/** Fields of a protobuf message by number. */
function fields(message: Buffer): Map<number, Buffer | number> {
  const out = new Map<number, Buffer | number>();
  let at = 0;
  const varint = () => {
    let [value, scale] = [0, 1];
    for (;;) {
      const byte = message[at++] as number;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      scale *= 128;
    }
  };
  while (at < message.length) {
    const tag = varint();
    const [field, type] = [tag >> 3, tag & 7];
    if (type === 0) out.set(field, varint());
    else {
      const length = type === 1 ? 8 : type === 5 ? 4 : varint();
      out.set(field, message.subarray(at, at + length));
      at += length;
    }
  }
  return out;
}

describe('openScalarWriter', () => {
  it('has the check value of CRC-32C', () => expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283));

  it('writes events that read back', async () => {
    const writer = await openScalarWriter(directory, { now: () => 1234.5, firstStep: 300 });
    await writer.write(300, { loss: -0.25, 'eval/held_out/pass_at_1': 0.5, broken: Number.NaN });
    await writer.write(2 ** 40, { loss: 1e-3 });
    await writer.close();
    const [name] = await readdir(directory);
    expect(name).toBe('events.out.tfevents.1234.evom.300');
    const [version, start, ...scalars] = records(await readFile(join(directory, name as string))).map(fields);
    expect(`${version?.get(3)}`).toBe('brain.Event:2');
    expect((version?.get(1) as Buffer | undefined)?.readDoubleLE()).toBe(1234.5);
    expect([start?.get(2), fields(start?.get(7) as Buffer).get(1)]).toEqual([300, 1]);
    const read = scalars.map((event) => {
      const value = fields(fields(event.get(5) as Buffer).get(1) as Buffer);
      return [event.get(2), `${value.get(1)}`, (value.get(2) as Buffer).readFloatLE()];
    });
    expect(read).toEqual([
      [300, 'loss', -0.25],
      [300, 'eval/held_out/pass_at_1', 0.5],
      [2 ** 40, 'loss', Math.fround(1e-3)],
    ]);
  });
});
