/** What a file is made of, told by its first bytes, and by its name only where its lines are both: JSON, CSV, Parquet or Arrow, gzip around text. */
import { open } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { csvRecords } from '../lib/csv-records.ts';
import { EvomError } from '../lib/errors.ts';
import { readFault } from '../lib/file-fault.ts';
import { type JsonItem, jsonObjects } from '../lib/json-stream.ts';
import { textChunks } from '../lib/text-chunks.ts';
import { arrowRecords } from './arrow-records.ts';
import { parquetRecords } from './parquet-records.ts';

export type ContainerKind = 'json' | 'csv' | 'parquet' | 'arrow';

export interface Container {
  readonly kind: ContainerKind;
  readonly gzip: boolean;
  /** What a record's place counts: lines of text, or rows of a columnar file. */
  readonly unit: 'line' | 'row';
}

const sniffBytes = 65_536;

async function firstBytes(path: string): Promise<Uint8Array> {
  const handle = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(sniffBytes), 0, sniffBytes, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

const startsWith = (bytes: Uint8Array, text: string): boolean => Buffer.from(bytes.subarray(0, text.length)).toString('latin1') === text;

/** An Arrow stream opens with a continuation mark and the length of its schema message. */
const isArrowStream = (bytes: Uint8Array): boolean =>
  bytes.length >= 8 && [0, 1, 2, 3].every((i) => bytes[i] === 0xff) && (bytes[7] ?? 0) === 0;

/** The start of a gzip file as text; a cut stream is no fault here. */
function gunzipStart(bytes: Uint8Array): Uint8Array {
  try {
    return gunzipSync(bytes, { finishFlush: 2 });
  } catch {
    return new Uint8Array();
  }
}

/**
 * Tells the container of a file.
 *
 * @throws {EvomError} `E_DATA` when the file cannot be opened or is binary of another kind.
 */
export async function containerOf(path: string): Promise<Container> {
  let bytes: Uint8Array;
  try {
    bytes = await firstBytes(path);
  } catch (cause) {
    throw readFault(path, cause);
  }
  if (startsWith(bytes, 'PAR1')) return { kind: 'parquet', gzip: false, unit: 'row' };
  if (startsWith(bytes, 'ARROW1') || isArrowStream(bytes)) return { kind: 'arrow', gzip: false, unit: 'row' };
  const gzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  const start = gzip ? gunzipStart(bytes) : bytes;
  const isUtf16 = start[0] === 0xff && start[1] === 0xfe;
  const text = new TextDecoder(isUtf16 ? 'utf-16le' : 'utf-8').decode(start).replace(/^\uFEFF/, '');
  if (text.includes('\0'))
    throw new EvomError('E_DATA', `${path} is binary and neither Parquet, Arrow nor gzip; export it as one of them, JSON or CSV`);
  if (text.startsWith('version https://git-lfs'))
    throw new EvomError('E_DATA', `${path} is a pointer of Git LFS, not the file; fetch the file with git lfs pull`);
  // A first line that is no JSON is one broken line, and not the header of a table, where the name and a later line say JSON.
  const isJson = /^\s*[{[]/.test(text) || (/\.(?:jsonl?|ndjson)(?:\.gz)?$/i.test(path) && /^[ \t]*\{/m.test(text));
  return { kind: isJson ? 'json' : 'csv', gzip, unit: 'line' };
}

/** Objects of a file in order, with the line or row of each, and what is broken between them. */
export async function* recordsOf(path: string, { kind, gzip }: Container): AsyncGenerator<JsonItem> {
  try {
    switch (kind) {
      case 'json':
        yield* jsonObjects(textChunks(path, gzip));
        return;
      case 'csv':
        yield* csvRecords(textChunks(path, gzip));
        return;
      case 'parquet':
        yield* parquetRecords(path);
        return;
      case 'arrow':
        yield* arrowRecords(path);
        return;
      default:
        return kind satisfies never;
    }
  } catch (cause) {
    if (cause instanceof EvomError) throw cause;
    throw new EvomError('E_DATA', `${path} is ${kind} that cannot be read: ${(cause as Error).message}; is the file whole?`, { cause });
  }
}
