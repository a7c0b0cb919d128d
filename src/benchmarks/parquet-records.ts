/** Rows of Parquet files, row group by row group: the only door to hyparquet. */
import type { JsonItem } from '../lib/json-stream.ts';
import { plainValue } from './plain-value.ts';

/** Rows read at a time: bounds memory where a file has one huge row group. */
const chunkRows = 2048;

/**
 * Objects from a Parquet file, nested ones included; `line` is the number of the row, from 1.
 *
 * Snappy, gzip, Brotli, LZ4 and Zstandard are undone. Whole numbers of 64 bits become numbers where they are exact, else texts.
 *
 * @throws whatever hyparquet finds wrong with the file.
 */
export async function* parquetRecords(path: string): AsyncGenerator<JsonItem> {
  const [{ asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects }, { compressors }] = await Promise.all([
    import('hyparquet'),
    import('hyparquet-compressors'),
  ]);
  const file = await asyncBufferFromFile(path);
  const metadata = await parquetMetadataAsync(file);
  const numRows = Number(metadata.num_rows);
  for (let rowStart = 0; rowStart < numRows; rowStart += chunkRows) {
    const rowEnd = Math.min(numRows, rowStart + chunkRows);
    const rows = await parquetReadObjects({ file, metadata, compressors, rowStart, rowEnd });
    for (const [i, row] of rows.entries()) yield { kind: 'value', line: rowStart + i + 1, value: plainValue(row) };
  }
}
