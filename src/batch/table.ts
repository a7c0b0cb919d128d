/** The door to apache-arrow: columns in, an uncompressed Arrow IPC file out, and back. Nothing else imports the package. */
import { readFile } from 'node:fs/promises';
import type { Data, DataType, Vector } from 'apache-arrow';
import { writeFileAtomically } from '../lib/atomic-write.ts';
import { EvomError } from '../lib/errors.ts';

type ListValues = Int32Array | Uint8Array | Float32Array;

/** Values of one column, one a row; null where nothing is known. There is no int64: JavaScript would read it as BigInt. */
export type Column =
  | { readonly type: 'utf8'; readonly values: readonly (string | null)[] }
  /** Strings of which few differ, stored once each. */
  | { readonly type: 'dictionary'; readonly values: readonly string[] }
  | { readonly type: 'int32' | 'float32' | 'float64'; readonly values: readonly (number | null)[] }
  | { readonly type: 'bool'; readonly values: readonly (boolean | null)[] }
  | { readonly type: 'list_int32' | 'list_uint8' | 'list_float32'; readonly values: readonly (ListValues | null)[] }
  | { readonly type: 'list_utf8'; readonly values: readonly (readonly string[])[] }
  /** Named numbers; the fields are the names that any row has, null where a row has them not. */
  | { readonly type: 'struct_float64'; readonly values: readonly Readonly<Record<string, number>>[] };

export type Columns = Readonly<Record<string, Column>>;

/** Compressed IPC of apache-arrow 21.2.0 cannot be read by pyarrow, so files are uncompressed. */
export async function writeTable(path: string, columns: Columns, metadata: Readonly<Record<string, string>>): Promise<void> {
  const arrow = await loadArrow();
  const build = columnBuilder(arrow);
  const children = Object.values(columns).map(build);
  const fields = Object.keys(columns).map((name, i) => new arrow.Field(name, (children[i] as Data).type, true));
  const schema = new arrow.Schema(fields, new Map(Object.entries(metadata)));
  const length = children[0]?.length ?? 0;
  const batch = new arrow.RecordBatch(schema, arrow.makeData({ type: new arrow.Struct(fields), length, nullCount: 0, children }));
  await writeFileAtomically(path, arrow.tableToIPC(new arrow.Table(schema, [batch]), 'file'));
}

/** A file's columns by name; each getter throws E_BATCH when the column is missing or has another type. */
export interface TableReader {
  readonly path: string;
  readonly numRows: number;
  readonly metadata: ReadonlyMap<string, string>;
  has(name: string): boolean;
  strings(name: string): (string | null)[];
  numbers(name: string): (number | null)[];
  booleans(name: string): (boolean | null)[];
  lists<T extends ListValues>(name: string, type: new (length: number) => T): (T | null)[];
  stringLists(name: string): string[][];
  records(name: string): Record<string, number>[];
}

/** @throws {EvomError} E_BATCH when the file is missing, cut short or not Arrow. */
export async function readTable(path: string): Promise<TableReader> {
  const arrow = await loadArrow();
  const open = async () => {
    try {
      return arrow.tableFromIPC(await readFile(path));
    } catch (cause) {
      throw new EvomError('E_BATCH', `${path} cannot be read as an Arrow IPC file; write it again`, { cause });
    }
  };
  const table = await open();
  const column = (name: string, isRight: (type: string) => boolean, wanted: string): Vector => {
    const vector = table.getChild(name);
    if (!vector) throw new EvomError('E_BATCH', `${path}: column ${name} is missing; it must hold ${wanted}`);
    if (!isRight(`${vector.type}`)) throw new EvomError('E_BATCH', `${path}: column ${name} holds ${vector.type}; it must hold ${wanted}`);
    return vector;
  };
  const values = <T>(vector: Vector, read: (value: NonNullable<unknown>) => T): (T | null)[] =>
    Array.from({ length: vector.length }, (_, i) => {
      const value: unknown = vector.get(i);
      return value === null || value === undefined ? null : read(value);
    });
  return {
    path,
    numRows: table.numRows,
    metadata: table.schema.metadata,
    has: (name) => table.getChild(name) !== null,
    strings: (name) =>
      values(
        column(name, (type) => /^(Large)?Utf8$|^Dictionary<.*Utf8>$/.test(type), 'strings'),
        String,
      ),
    numbers: (name) =>
      values(
        column(name, (type) => /^(U?[Ii]nt(8|16|32)|Float(32|64))$/.test(type), 'numbers of at most 32 bits or floats'),
        Number,
      ),
    booleans: (name) =>
      values(
        column(name, (type) => type === 'Bool', 'booleans'),
        Boolean,
      ),
    lists: (name, type) => {
      const element = type.name.replace('Array', '');
      const vector = column(name, (found) => found.toLowerCase() === `list<${element.toLowerCase()}>`, `lists of ${element}`);
      return values(vector, (value) => copyInto(type, value as Vector));
    },
    stringLists: (name) =>
      values(
        column(name, (type) => type === 'List<Utf8>', 'lists of strings'),
        (value) => [...(value as Vector)].map(String),
      ).map((list) => list ?? []),
    records: (name) =>
      values(
        column(name, (type) => type.startsWith('Struct<'), 'named numbers'),
        (value) => {
          const row = (value as { toJSON(): Record<string, unknown> }).toJSON();
          return Object.fromEntries(Object.entries(row).filter((entry): entry is [string, number] => typeof entry[1] === 'number'));
        },
      ).map((record) => record ?? {}),
  };
}

type Arrow = typeof import('apache-arrow');

/** Imported on first use: it takes about 125 ms. */
function loadArrow(): Promise<Arrow> {
  return import('apache-arrow');
}

function copyInto<T extends ListValues>(type: new (length: number) => T, list: Vector): T {
  const out = new type(list.length);
  out.set(list.toArray() as ListValues);
  return out;
}

function columnBuilder(arrow: Arrow): (column: Column) => Data {
  const primitive = <T extends DataType>(type: T, data: ListValues | Float64Array, nulls: Nulls): Data =>
    arrow.makeData({ type, length: nulls.length, data, ...bitmap(nulls) } as never);
  const list = (element: DataType, child: Data, lengths: readonly number[], nulls: Nulls): Data =>
    arrow.makeData({
      type: new arrow.List(new arrow.Field('item', element, false)),
      length: lengths.length,
      valueOffsets: offsets(lengths),
      child,
      ...bitmap(nulls),
    } as never);
  const utf8 = (values: readonly (string | null)[]): Data => {
    const parts = values.map((value) => Buffer.from(value ?? '', 'utf8'));
    const lengths = parts.map((part) => part.length);
    const data = new Uint8Array(Buffer.concat(parts));
    return arrow.makeData({
      type: new arrow.Utf8(),
      length: values.length,
      valueOffsets: offsets(lengths),
      data,
      ...bitmap(nullsOf(values)),
    } as never);
  };
  const plain = (length: number): Nulls => ({ length, at: [] });
  // Ids of this table alone: arrow's own count goes on through the process, and equal tables would differ in their bytes.
  let nextDictionary = 0;

  return (column) => {
    switch (column.type) {
      case 'utf8':
        return utf8(column.values);
      case 'dictionary': {
        const words = [...new Set(column.values)];
        const places = new Map(words.map((word, i) => [word, i]));
        const data = Int32Array.from(column.values, (word) => places.get(word) ?? 0);
        const dictionary = arrow.makeVector(utf8(words));
        const type = new arrow.Dictionary(new arrow.Utf8(), new arrow.Int32(), nextDictionary++);
        return arrow.makeData({ type, length: data.length, nullCount: 0, data, dictionary } as never);
      }
      case 'int32':
        return primitive(
          new arrow.Int32(),
          Int32Array.from(column.values, (value) => value ?? 0),
          nullsOf(column.values),
        );
      case 'float32':
        return primitive(
          new arrow.Float32(),
          Float32Array.from(column.values, (value) => value ?? 0),
          nullsOf(column.values),
        );
      case 'float64':
        return primitive(
          new arrow.Float64(),
          Float64Array.from(column.values, (value) => value ?? 0),
          nullsOf(column.values),
        );
      case 'bool': {
        const packed = packBits(column.values.length, (i) => column.values[i] === true);
        return primitive(new arrow.Bool(), packed, nullsOf(column.values));
      }
      case 'list_int32': {
        const values = flat(column.values, Int32Array);
        const child = primitive(new arrow.Int32(), values, plain(values.length));
        return list(new arrow.Int32(), child, lengthsOf(column.values), nullsOf(column.values));
      }
      case 'list_uint8': {
        const values = flat(column.values, Uint8Array);
        const child = primitive(new arrow.Uint8(), values, plain(values.length));
        return list(new arrow.Uint8(), child, lengthsOf(column.values), nullsOf(column.values));
      }
      case 'list_float32': {
        const values = flat(column.values, Float32Array);
        const child = primitive(new arrow.Float32(), values, plain(values.length));
        return list(new arrow.Float32(), child, lengthsOf(column.values), nullsOf(column.values));
      }
      case 'list_utf8':
        return list(new arrow.Utf8(), utf8(column.values.flat()), lengthsOf(column.values), plain(column.values.length));
      case 'struct_float64': {
        const names = [...new Set(column.values.flatMap((record) => Object.keys(record)))].sort();
        const children = names.map((name) => {
          const values = column.values.map((record) => record[name] ?? null);
          return primitive(
            new arrow.Float64(),
            Float64Array.from(values, (value) => value ?? 0),
            nullsOf(values),
          );
        });
        const type = new arrow.Struct(names.map((name) => new arrow.Field(name, new arrow.Float64(), true)));
        return arrow.makeData({ type, length: column.values.length, nullCount: 0, children } as never);
      }
      default:
        return column satisfies never;
    }
  };
}

/** Rows of a column that hold null. */
interface Nulls {
  readonly length: number;
  readonly at: readonly number[];
}

function nullsOf(values: readonly unknown[]): Nulls {
  return { length: values.length, at: values.flatMap((value, i) => (value === null ? [i] : [])) };
}

function bitmap({ length, at }: Nulls): { nullCount: number; nullBitmap?: Uint8Array } {
  if (at.length === 0) return { nullCount: 0 };
  const missing = new Set(at);
  return { nullCount: at.length, nullBitmap: packBits(length, (i) => !missing.has(i)) };
}

function packBits(length: number, isSet: (i: number) => boolean): Uint8Array {
  const bits = new Uint8Array(Math.ceil(length / 8));
  for (let i = 0; i < length; i++) if (isSet(i)) bits[i >> 3] = (bits[i >> 3] ?? 0) | (1 << (i & 7));
  return bits;
}

function offsets(lengths: readonly number[]): Int32Array {
  const out = new Int32Array(lengths.length + 1);
  for (const [i, length] of lengths.entries()) out[i + 1] = (out[i] ?? 0) + length;
  return out;
}

function lengthsOf(lists: readonly ({ readonly length: number } | null)[]): number[] {
  return lists.map((values) => values?.length ?? 0);
}

function flat<T extends ListValues>(lists: readonly (ListValues | null)[], type: new (length: number) => T): T {
  const out = new type(lengthsOf(lists).reduce((sum, length) => sum + length, 0));
  let at = 0;
  for (const values of lists) {
    if (!values) continue;
    out.set(values, at);
    at += values.length;
  }
  return out;
}
