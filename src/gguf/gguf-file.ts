/** A GGUF file: its metadata, and its tensors one at a time. Door of `@huggingface/gguf`. */
import { type FileHandle, open } from 'node:fs/promises';
import { EvomError } from '../lib/errors.ts';
import { type Quantization, quantizations } from './quantizations.ts';

export interface GgufTensor {
  /** As PyTorch has it, [out, in]; GGUF writes the fastest dimension first. */
  readonly shape: readonly number[];
  readonly quantization: string;
  /** Values as float32. */
  read(): Promise<Float32Array>;
}

export interface GgufFile {
  readonly path: string;
  /** As written; 64-bit integers are bigints. */
  readonly metadata: Readonly<Record<string, unknown>>;
  /** By GGUF's names, such as `blk.0.attn_q.weight`. */
  readonly tensors: ReadonlyMap<string, GgufTensor>;
  close(): Promise<void>;
}

/**
 * Opens a GGUF file.
 *
 * @throws {EvomError} `E_CHECKPOINT` if it is missing, damaged, cut short, or has a quantization that is not known here.
 */
export async function openGguf(path: string): Promise<GgufFile> {
  const file = await open(path, 'r').catch((cause: unknown) => {
    throw new EvomError('E_CHECKPOINT', `${path} cannot be opened; check the path`, { cause });
  });
  try {
    const { size } = await file.stat();
    const { metadata, tensorInfos, tensorDataOffset } = await readHeader(path);
    const tensors = new Map<string, GgufTensor>();
    for (const { name, shape, dtype, offset } of tensorInfos) {
      const kind = quantizations.get(dtype);
      if (kind === undefined)
        throw new EvomError(
          'E_CHECKPOINT',
          `${path}: tensor "${name}" has the quantization ${dtype} of ggml; these are read: ${[...quantizations.values()].map((q) => q.name).join(', ')}`,
        );
      const start = Number(tensorDataOffset) + Number(offset);
      const sizes = shape.map(Number).reverse();
      const values = sizes.reduce((product, one) => product * one, 1);
      const numBytes = (values / kind.blockValues) * kind.blockBytes;
      if (!Number.isInteger(numBytes))
        throw new EvomError('E_CHECKPOINT', `${path}: tensor "${name}" [${sizes.join(', ')}] is not whole blocks of ${kind.name}`);
      if (start + numBytes > size)
        throw new EvomError('E_CHECKPOINT', `${path} ends at byte ${size}, inside tensor "${name}"; copy or download it again`);
      tensors.set(name, { shape: sizes, quantization: kind.name, read: () => readTensor(file, start, numBytes, kind) });
    }
    return { path, metadata: { ...metadata }, tensors, close: () => file.close() };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function readHeader(path: string) {
  const { gguf } = await import('@huggingface/gguf');
  try {
    return await gguf(path, { allowLocalFile: true });
  } catch (cause) {
    throw new EvomError(
      'E_CHECKPOINT',
      `${path} is not a GGUF file, or damaged: ${cause instanceof Error ? cause.message : String(cause)}`,
      {
        cause,
      },
    );
  }
}

async function readTensor(file: FileHandle, start: number, numBytes: number, kind: Quantization): Promise<Float32Array> {
  const bytes = new Uint8Array(numBytes);
  const longest = 2 ** 30; // one read call returns at most 2 GiB
  for (let at = 0; at < numBytes; ) {
    const { bytesRead } = await file.read(bytes, at, Math.min(longest, numBytes - at), start + at);
    if (bytesRead === 0) throw new EvomError('E_CHECKPOINT', `the file ended at byte ${start + at} while it was read; copy it again`);
    at += bytesRead;
  }
  return kind.dequantize(bytes);
}
