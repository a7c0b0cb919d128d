/** Rows of Arrow IPC files and streams, as Hugging Face datasets store them. */
import { createReadStream } from 'node:fs';
import type { JsonItem } from '../lib/json-stream.ts';
import { lz4Frame } from '../lib/lz4-frame.ts';
import { plainValue } from './plain-value.ts';

interface StructLike {
  toJSON(): Record<string, unknown>;
}

/** Nested rows and vectors of Apache Arrow as plain data. */
function plainCell(value: unknown): unknown {
  if (typeof value === 'object' && value !== null && 'toJSON' in value && !(value instanceof Date)) {
    const json = (value as StructLike).toJSON() as unknown;
    if (Array.isArray(json)) return json.map(plainCell);
    return Object.fromEntries(Object.entries(json as object).map(([key, item]) => [key, plainCell(item)]));
  }
  return plainValue(value);
}

/**
 * Objects from an Arrow file or stream, batch by batch; `line` is the number of the row, from 1. Zstandard and LZ4 bodies
 * are undone.
 *
 * @throws whatever Apache Arrow finds wrong with the file.
 */
export async function* arrowRecords(path: string): AsyncGenerator<JsonItem> {
  const [{ compressionRegistry, CompressionType, RecordBatchReader }, { decompressZstd }] = await Promise.all([
    import('apache-arrow'),
    import('hyparquet-compressors'),
  ]);
  // A copy of its own: Arrow lays 8-byte views over the bytes, which must then start where a buffer does.
  compressionRegistry.set(CompressionType.ZSTD, { decode: (data) => decompressZstd(data).slice() });
  compressionRegistry.set(CompressionType.LZ4_FRAME, { decode: (data) => lz4Frame(data).slice() });
  const reader = await RecordBatchReader.from(createReadStream(path));
  let row = 0;
  for await (const batch of reader) {
    for (const item of batch) yield { kind: 'value', line: ++row, value: plainCell(item) };
  }
}
