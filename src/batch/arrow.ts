/** A training batch as one Arrow IPC file. */

import type { BatchMetadata, LossConfig, TrainingBatch, TrainingRow } from '../core/training.ts';
import { EvomError } from '../lib/errors.ts';
import { metadataKeys, type RowColumn, rowColumns } from './columns.ts';
import { batchVersion, batchVersionKey, checkRows } from './schema.ts';
import { type Column, type Columns, readTable, type TableReader, writeTable } from './table.ts';

/**
 * Writes a batch: the file appears whole or not at all. Numbers typed float32 in `batchColumns` are rounded to it.
 *
 * @throws {EvomError} E_BATCH naming row and column when a row breaks a promise of `checkRows`.
 */
export async function writeBatch(path: string, batch: TrainingBatch): Promise<void> {
  checkRows(batch.rows, path);
  await writeTable(path, columnsOf(batch), metadataOf(batch.metadata));
}

/**
 * Reads a batch and checks it.
 *
 * @throws {EvomError} E_BATCH when the version is another, a column is missing or of another type, or a row is broken.
 */
export async function readBatch(path: string): Promise<TrainingBatch> {
  const table = await readTable(path);
  const metadata = readMetadata(table);
  const rows = readRows(table);
  checkRows(rows, path);
  return { metadata, rows };
}

function columnsOf({ metadata, rows }: TrainingBatch): Columns {
  return {
    run_id: { type: 'utf8', values: rows.map(() => metadata.runId) },
    step: { type: 'int32', values: rows.map(() => metadata.step) },
    gen_step: { type: 'int32', values: rows.map(() => metadata.genStep) },
    ...Object.fromEntries(
      Object.entries<RowColumn>(rowColumns)
        .filter(([key, { isOptional }]) => !isOptional || rows.some((row) => row[key as keyof TrainingRow] !== null))
        .map(([key, column]) => [column.name, written(column, key as keyof TrainingRow, rows)]),
    ),
  };
}

function written({ type, isBoolean }: RowColumn, key: keyof TrainingRow, rows: readonly TrainingRow[]): Column {
  // The table's own type keeps key and column type together; here they are only values.
  const values = rows.map((row) => (isBoolean && row[key] !== null ? Number(row[key]) : row[key])) as never[];
  switch (type) {
    case 'utf8':
    case 'int32':
    case 'float32':
      return { type, values };
    case 'float32?':
      return { type: 'float32', values };
    case 'float64?':
      return { type: 'float64', values };
    case 'dictionary<utf8>':
      return { type: 'dictionary', values };
    case 'list<int32>':
    case 'list<int32>?':
      return { type: 'list_int32', values };
    case 'list<uint8>':
      return { type: 'list_uint8', values };
    case 'list<float32>':
    case 'list<float32>?':
      return { type: 'list_float32', values };
    case 'struct<float64?>':
      return { type: 'struct_float64', values };
    default:
      return type satisfies never;
  }
}

function metadataOf(metadata: BatchMetadata): Record<string, string> {
  const texts = Object.entries(metadataKeys).map(([key, { name }]) => {
    const value = metadata[key as keyof BatchMetadata];
    return [name, typeof value === 'object' ? JSON.stringify(value) : `${value}`];
  });
  return { [batchVersionKey]: batchVersion, ...Object.fromEntries(texts) };
}

function readMetadata({ path, metadata }: TableReader): BatchMetadata {
  const text = (key: string): string => {
    const value = metadata.get(key);
    if (value === undefined)
      throw new EvomError('E_BATCH', `${path}: metadata ${key} is missing; write the batch with this version of evom`);
    return value;
  };
  const number = (key: string): number => {
    const value = Number(text(key));
    if (!Number.isFinite(value)) throw new EvomError('E_BATCH', `${path}: metadata ${key} is "${text(key)}", not a number`);
    return value;
  };
  const version = text(batchVersionKey);
  if (version !== batchVersion)
    throw new EvomError(
      'E_BATCH',
      `${path}: ${batchVersionKey} is ${version}, this evom reads ${batchVersion}; use the evom that wrote it`,
    );
  const read = { text, number, loss: (key: string) => lossConfig(text(key), path) };
  const facts = Object.entries(metadataKeys).map(([key, { name, type }]) => [key, read[type](name)]);
  return Object.fromEntries(facts) as unknown as BatchMetadata;
}

function lossConfig(json: string, path: string): LossConfig {
  try {
    const loss = JSON.parse(json) as LossConfig;
    if (loss.type === 'policy_gradient' || loss.type === 'cross_entropy') return loss;
  } catch (cause) {
    throw new EvomError('E_BATCH', `${path}: metadata loss is not JSON`, { cause });
  }
  throw new EvomError('E_BATCH', `${path}: metadata loss has no known type`);
}

function readRows(table: TableReader): TrainingRow[] {
  const columns = Object.entries(rowColumns).map(([key, column]) => [key, read(column, table)] as const);
  return Array.from(
    { length: table.numRows },
    (_, row) => Object.fromEntries(columns.map(([key, values]) => [key, values[row]])) as unknown as TrainingRow,
  );
}

/** A column's values, one a row; null only where the table allows it. */
function read({ name, type, isBoolean, isOptional }: RowColumn, table: TableReader): readonly unknown[] {
  if (isOptional && !table.has(name)) return Array.from({ length: table.numRows }, () => null);
  switch (type) {
    case 'utf8':
    case 'dictionary<utf8>':
      return required(table.strings(name), name, table.path);
    case 'int32':
    case 'float32':
      return required(table.numbers(name), name, table.path);
    case 'float32?':
    case 'float64?':
      return isBoolean ? table.numbers(name).map((value) => (value === null ? null : value === 1)) : table.numbers(name);
    case 'list<int32>':
      return required(table.lists(name, Int32Array), name, table.path);
    case 'list<int32>?':
      return table.lists(name, Int32Array);
    case 'list<uint8>':
      return required(table.lists(name, Uint8Array), name, table.path);
    case 'list<float32>':
      return required(table.lists(name, Float32Array), name, table.path);
    case 'list<float32>?':
      return table.lists(name, Float32Array);
    case 'struct<float64?>':
      return table.records(name);
    default:
      return type satisfies never;
  }
}

function required<T>(values: readonly (T | null)[], name: string, path: string): readonly (T | null)[] {
  const row = values.indexOf(null);
  if (row !== -1) throw new EvomError('E_BATCH', `${path}: row ${row}, column ${name} is null`);
  return values;
}
