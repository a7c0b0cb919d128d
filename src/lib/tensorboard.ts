/** Scalars as a TensorBoard event file: TFRecord framing around protobuf events, written by hand. */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectory } from './atomic-write.ts';

export interface ScalarWriter {
  /** Writes the scalars of one step in one go; values that are not finite are left out. */
  write(step: number, scalars: Readonly<Record<string, number>>): Promise<void>;
  /** Writes texts of one step, Markdown, for the tab of texts. */
  writeTexts(step: number, texts: Readonly<Record<string, string>>): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens an event file in `directory`, which may hold those of earlier attempts: a session start at `firstStep` tells
 * TensorBoard to forget what they wrote from that step on.
 *
 * @param options.now seconds since the epoch; wall clock of each event.
 * @param options.firstStep the first step that will be written.
 */
export async function openScalarWriter(
  directory: string,
  { now, firstStep }: { readonly now: () => number; readonly firstStep: number },
): Promise<ScalarWriter> {
  await makeDirectory(directory);
  const opened = now();
  const file = await open(join(directory, `events.out.tfevents.${Math.floor(opened)}.evom.${firstStep}`), 'w');
  const start = [event(opened, { type: 'version' }), event(opened, { type: 'start', step: firstStep })];
  await file.writeFile(Buffer.concat(start.map(tfRecord)));
  return {
    async write(step, scalars) {
      const wallTime = now();
      const records = Object.entries(scalars)
        .filter(([, value]) => Number.isFinite(value))
        .map(([tag, value]) => tfRecord(event(wallTime, { type: 'scalar', step, tag, value })));
      if (records.length > 0) await file.writeFile(Buffer.concat(records));
    },
    async writeTexts(step, texts) {
      const wallTime = now();
      const records = Object.entries(texts).map(([tag, text]) => tfRecord(event(wallTime, { type: 'text', step, tag, text })));
      if (records.length > 0) await file.writeFile(Buffer.concat(records));
    },
    close: () => file.close(),
  };
}

/** One record: length (u64), its masked CRC, data, its masked CRC; all little-endian. */
export function tfRecord(data: Buffer): Buffer {
  const out = Buffer.alloc(12 + data.length + 4);
  out.writeBigUInt64LE(BigInt(data.length), 0);
  out.writeUInt32LE(maskedCrc32c(out.subarray(0, 8)), 8);
  data.copy(out, 12);
  out.writeUInt32LE(maskedCrc32c(data), 12 + data.length);
  return out;
}

type EventContent =
  | { readonly type: 'version' }
  | { readonly type: 'start'; readonly step: number }
  | { readonly type: 'scalar'; readonly step: number; readonly tag: string; readonly value: number }
  | { readonly type: 'text'; readonly step: number; readonly tag: string; readonly text: string };

/** `Event { double wall_time = 1; int64 step = 2; string file_version = 3; Summary summary = 5; SessionLog session_log = 7 }`. */
function event(wallTime: number, content: EventContent): Buffer {
  const time = Buffer.concat([varint(tagOf(1, 1)), doubleBytes(wallTime)]);
  switch (content.type) {
    case 'version':
      return Buffer.concat([time, bytesField(3, Buffer.from('brain.Event:2'))]);
    case 'start':
      // SessionLog { SessionStatus status = 1 } with START = 1
      return Buffer.concat([
        time,
        varint(tagOf(2, 0)),
        varint(content.step),
        bytesField(7, Buffer.concat([varint(tagOf(1, 0)), varint(1)])),
      ]);
    case 'scalar': {
      // Summary { repeated Value value = 1 { string tag = 1; float simple_value = 2 } }
      const value = Buffer.concat([bytesField(1, Buffer.from(content.tag)), varint(tagOf(2, 5)), floatBytes(content.value)]);
      return Buffer.concat([time, varint(tagOf(2, 0)), varint(content.step), bytesField(5, bytesField(1, value))]);
    }
    case 'text': {
      // Value { string tag = 1; TensorProto tensor = 8; SummaryMetadata metadata = 9 { PluginData plugin_data = 1 { string plugin_name = 1 } } }
      const metadata = bytesField(1, bytesField(1, Buffer.from('text')));
      // TensorProto { DataType dtype = 1; TensorShapeProto tensor_shape = 2; repeated bytes string_val = 8 }: DT_STRING = 7, shape [1]
      const shape = bytesField(2, Buffer.concat([varint(tagOf(1, 0)), varint(1)]));
      const tensor = Buffer.concat([varint(tagOf(1, 0)), varint(7), bytesField(2, shape), bytesField(8, Buffer.from(content.text))]);
      const value = Buffer.concat([bytesField(1, Buffer.from(content.tag)), bytesField(8, tensor), bytesField(9, metadata)]);
      return Buffer.concat([time, varint(tagOf(2, 0)), varint(content.step), bytesField(5, bytesField(1, value))]);
    }
    default:
      return content satisfies never;
  }
}

function tagOf(field: number, wireType: 0 | 1 | 2 | 5): number {
  return (field << 3) | wireType;
}

function bytesField(field: number, bytes: Buffer): Buffer {
  return Buffer.concat([varint(tagOf(field, 2)), varint(bytes.length), bytes]);
}

/** Base-128 varint of a whole number of at most 2^53. */
function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  return Buffer.from([...bytes, rest]);
}

function doubleBytes(value: number): Buffer {
  const out = Buffer.alloc(8);
  out.writeDoubleLE(value);
  return out;
}

function floatBytes(value: number): Buffer {
  const out = Buffer.alloc(4);
  out.writeFloatLE(value);
  return out;
}

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});

/** CRC-32C (Castagnoli); its check value over "123456789" is 0xe3069283. */
export function crc32c(data: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of data) crc = (crcTable[(crc ^ byte) & 255] ?? 0) ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

/** TFRecord rotates the CRC by 15 bits and adds a constant, so that a CRC of data with CRCs in it stays a good one. */
function maskedCrc32c(data: Uint8Array): number {
  const crc = crc32c(data);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
