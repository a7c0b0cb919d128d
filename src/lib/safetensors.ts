/** The safetensors format: an 8-byte header length, a JSON header, then the tensors' bytes. */
import { type FileHandle, open } from 'node:fs/promises';
import { writeFileAtomically } from './atomic-write.ts';
import { EvomError } from './errors.ts';
import { bfloat16FromFloat32, float16FromFloat32, float32FromBfloat16, float32FromFloat16 } from './half-floats.ts';

/** A float32 tensor in memory, row-major. */
export interface Tensor {
  readonly dtype: 'F32';
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export interface SafetensorsFile {
  readonly tensors: Map<string, Tensor>;
  readonly metadata: Record<string, string>;
}

/** How floats are stored; in memory they are float32. */
export type StoredDtype = 'F32' | 'F16' | 'BF16';

interface Entry {
  readonly dtype: StoredDtype;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

const bytesPer: Readonly<Record<StoredDtype, number>> = { F32: 4, F16: 2, BF16: 2 };
const maxHeaderBytes = 100_000_000; // the reference implementation's own limit

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
const isSize = (value: unknown): value is number => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
const numElements = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/**
 * Reads every tensor of a safetensors file; F16 and BF16 become float32.
 *
 * @throws {EvomError} `E_CHECKPOINT` if the file is missing, truncated, malformed or holds another dtype.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { mkdtemp } from 'node:fs/promises';
 * import { tmpdir } from 'node:os';
 * import { join } from 'node:path';
 * import { readSafetensors, writeSafetensors } from 'evom/lib';
 * const path = join(await mkdtemp(join(tmpdir(), 'evom-')), 'model.safetensors');
 * await writeSafetensors(path, new Map([['w', { shape: [2], data: Float32Array.of(1, 2.5) }]]));
 * const { tensors } = await readSafetensors(path);
 * assert.deepEqual([...(tensors.get('w')?.data ?? [])], [1, 2.5]);
 * ```
 */
export async function readSafetensors(path: string): Promise<SafetensorsFile> {
  return withHeader(path, async ({ entries, metadata, dataStart }, file) => {
    const tensors = new Map<string, Tensor>();
    for (const [name, entry] of entries) tensors.set(name, await readEntry(file, entry, dataStart, path));
    return { tensors, metadata };
  });
}

/** Names of the tensors of a safetensors file, in the order of their bytes. */
export async function tensorNames(path: string): Promise<string[]> {
  return withHeader(path, ({ entries }) => Promise.resolve(entries.map(([name]) => name)));
}

/**
 * One tensor of a safetensors file.
 *
 * @throws {EvomError} `E_CHECKPOINT` as `readSafetensors`, or if there is none of this name.
 */
export async function readTensor(path: string, wanted: string): Promise<Tensor> {
  return withHeader(path, async ({ entries, dataStart }, file) => {
    const entry = entries.find(([name]) => name === wanted)?.[1];
    if (entry === undefined) throw new EvomError('E_CHECKPOINT', `${path} has no tensor "${wanted}"; export the model again`);
    return readEntry(file, entry, dataStart, path);
  });
}

/** The metadata of a safetensors file, without its tensors. */
export async function readSafetensorsMetadata(path: string): Promise<Record<string, string>> {
  return withHeader(path, ({ metadata }) => Promise.resolve(metadata));
}

type Header = Awaited<ReturnType<typeof readHeader>>;

async function withHeader<T>(path: string, work: (header: Header, file: FileHandle) => Promise<T>): Promise<T> {
  const file = await open(path, 'r').catch((cause: unknown) => {
    throw new EvomError('E_CHECKPOINT', `${path} cannot be opened; check the path`, { cause });
  });
  try {
    return await work(await readHeader(file, path, (await file.stat()).size), file);
  } finally {
    await file.close();
  }
}

async function readEntry(file: FileHandle, { begin, end, shape, dtype }: Entry, dataStart: number, path: string): Promise<Tensor> {
  const bytes = new Uint8Array(end - begin);
  await readFully(file, bytes, dataStart + begin, path);
  return { dtype: 'F32', shape, data: toFloat32(bytes, dtype) };
}

/** The shape of every tensor of a safetensors file, without their values; the file is as long as its header says. */
export async function readSafetensorsShapes(path: string): Promise<Map<string, readonly number[]>> {
  const file = await open(path, 'r').catch((cause: unknown) => {
    throw new EvomError('E_CHECKPOINT', `${path} cannot be opened; check the path`, { cause });
  });
  try {
    const { entries } = await readHeader(file, path, (await file.stat()).size);
    return new Map(entries.map(([name, { shape }]) => [name, shape]));
  } finally {
    await file.close();
  }
}

function toFloat32(bytes: Uint8Array, dtype: StoredDtype): Float32Array {
  switch (dtype) {
    case 'F32':
      return new Float32Array(bytes.buffer);
    case 'F16':
      return float32FromFloat16(bytes);
    case 'BF16':
      return float32FromBfloat16(bytes);
    default:
      return dtype satisfies never;
  }
}

async function readFully(file: FileHandle, into: Uint8Array, position: number, path: string): Promise<void> {
  const chunk = 2 ** 30; // one read call returns at most 2 GiB
  for (let at = 0; at < into.length; ) {
    const { bytesRead } = await file.read(into, at, Math.min(chunk, into.length - at), position + at);
    if (bytesRead === 0) throw new EvomError('E_CHECKPOINT', `${path} ended early, at byte ${position + at}; copy it again`);
    at += bytesRead;
  }
}

async function readHeader(file: FileHandle, path: string, size: number) {
  const fail = (what: string, cause?: unknown): never => {
    throw new EvomError('E_CHECKPOINT', `${path}: ${what}; it is damaged or no safetensors file, so copy or export it again`, { cause });
  };
  if (size < 10) fail(`${size} bytes are too few for a header`);
  const lengthBytes = new Uint8Array(8);
  await readFully(file, lengthBytes, 0, path);
  const length = Number(new DataView(lengthBytes.buffer).getBigUint64(0, true));
  if (length < 2 || length > maxHeaderBytes || 8 + length > size) fail(`the header length ${length} does not fit a file of ${size} bytes`);
  const headerBytes = new Uint8Array(length);
  await readFully(file, headerBytes, 8, path);
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(headerBytes));
  } catch (cause) {
    fail('the header is not JSON', cause);
  }
  if (!isRecord(header)) return fail('the header is not an object');
  const metadata = Object.fromEntries(
    Object.entries(isRecord(header.__metadata__) ? header.__metadata__ : {}).map(([key, value]) => [key, String(value)]),
  );
  const entries = Object.entries(header)
    .filter(([name]) => name !== '__metadata__')
    .map(([name, value]): [string, Entry] => [name, parseEntry(value, `${path}: tensor "${name}"`)])
    .sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  let end = 0;
  for (const [name, entry] of entries) {
    if (entry.begin !== end) fail(`tensor "${name}" starts at byte ${entry.begin} instead of ${end}`);
    end = entry.end;
  }
  if (8 + length + end !== size) fail(`its tensors need ${8 + length + end} bytes but it has ${size}`);
  return { entries, metadata, dataStart: 8 + length };
}

function parseEntry(value: unknown, where: string): Entry {
  if (!isRecord(value)) throw new EvomError('E_CHECKPOINT', `${where} is described by no object; export the file again`);
  const { dtype, shape, data_offsets: offsets } = value;
  if (dtype !== 'F32' && dtype !== 'F16' && dtype !== 'BF16')
    throw new EvomError('E_CHECKPOINT', `${where} has dtype ${String(dtype)}; convert the weights to F32, F16 or BF16`);
  if (!Array.isArray(shape) || !shape.every(isSize))
    throw new EvomError('E_CHECKPOINT', `${where} has no valid shape; export the file again`);
  const [begin, end] = Array.isArray(offsets) ? (offsets as unknown[]) : [];
  if (!isSize(begin) || !isSize(end) || end - begin !== numElements(shape) * bytesPer[dtype])
    throw new EvomError(
      'E_CHECKPOINT',
      `${where} has data_offsets ${JSON.stringify(offsets)}, which do not fit ${dtype} [${shape.join(', ')}]; export the file again`,
    );
  return { dtype, shape, begin, end };
}

/**
 * Writes tensors as one safetensors file: names sorted, data 8-byte aligned, temporary file, fsync, rename.
 *
 * @param options.dtype how floats are stored (default F32); F16 and BF16 round to nearest, ties to even.
 * @throws {EvomError} `E_CHECKPOINT` if a shape does not fit its data.
 */
export async function writeSafetensors(
  path: string,
  tensors: ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: Float32Array }>,
  metadata: Readonly<Record<string, string>> = {},
  options: { readonly dtype?: StoredDtype } = {},
): Promise<void> {
  await writeFileAtomically(path, encodeSafetensors(tensors, metadata, options));
}

/** A tensor that is made when its turn comes. */
export interface LazyTensor {
  readonly name: string;
  readonly shape: readonly number[];
  read(): Promise<Float32Array>;
}

/**
 * Writes tensors as `writeSafetensors` does, with one of them in memory at a time.
 *
 * @throws {EvomError} `E_CHECKPOINT` if a shape does not fit its data.
 */
export async function streamSafetensors(
  path: string,
  tensors: readonly LazyTensor[],
  metadata: Readonly<Record<string, string>> = {},
  { dtype = 'F32' }: { readonly dtype?: StoredDtype } = {},
): Promise<void> {
  const sorted = [...tensors].sort(byName);
  await writeFileAtomically(
    path,
    (async function* () {
      yield encodeHeader(sorted, metadata, dtype);
      for (const { name, shape, read } of sorted) yield encodeTensor(name, shape, await read(), dtype);
    })(),
  );
}

/** The parts of a safetensors file, in order. The same tensors and metadata give the same bytes. */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: Float32Array }>,
  metadata: Readonly<Record<string, string>>,
  { dtype = 'F32' }: { readonly dtype?: StoredDtype } = {},
): Uint8Array[] {
  const sorted = [...tensors].map(([name, tensor]) => ({ name, ...tensor })).sort(byName);
  const parts = sorted.map(({ name, shape, data }) => encodeTensor(name, shape, data, dtype));
  return [encodeHeader(sorted, metadata, dtype), ...parts];
}

const byName = (a: { readonly name: string }, b: { readonly name: string }): number => (a.name < b.name ? -1 : 1);

function encodeTensor(name: string, shape: readonly number[], data: Float32Array, dtype: StoredDtype): Uint8Array {
  if (numElements(shape) !== data.length)
    throw new EvomError(
      'E_CHECKPOINT',
      `tensor "${name}" of shape [${shape.join(', ')}] has ${data.length} values instead of ${numElements(shape)}`,
    );
  const stored = dtype === 'F32' ? data : dtype === 'F16' ? float16FromFloat32(data) : bfloat16FromFloat32(data);
  return new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength);
}

function encodeHeader(
  sorted: readonly { readonly name: string; readonly shape: readonly number[] }[],
  metadata: Readonly<Record<string, string>>,
  dtype: StoredDtype,
): Uint8Array {
  // Entries and not properties: assigning to a tensor named __proto__ would lose it.
  const header: [name: string, value: unknown][] = [
    ['__metadata__', Object.fromEntries(Object.entries({ format: 'pt', ...metadata }).sort(([a], [b]) => (a < b ? -1 : 1)))],
  ];
  let offset = 0;
  for (const { name, shape } of sorted) {
    const end = offset + numElements(shape) * bytesPer[dtype];
    header.push([name, { dtype, shape, data_offsets: [offset, end] }]);
    offset = end;
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  const padded = new Uint8Array(8 + Math.ceil(json.length / 8) * 8).fill(0x20);
  new DataView(padded.buffer).setBigUint64(0, BigInt(padded.length - 8), true);
  padded.set(json, 8);
  return padded;
}
