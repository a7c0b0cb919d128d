/** A small GGUF file (version 3, little-endian) for tests: metadata, float32 tensors and blocks as given. */
import { writeFileSync } from 'node:fs';

export type GgufValue = string | number | boolean | { readonly u32: number } | readonly string[] | readonly number[];

export interface GgufTensorSource {
  readonly name: string;
  /** As PyTorch has it. */
  readonly shape: readonly number[];
  /** ggml's number of the type; 0 is F32. */
  readonly type: number;
  readonly bytes: Uint8Array;
}

export const float32 = (name: string, shape: readonly number[], data: Float32Array): GgufTensorSource => ({
  name,
  shape,
  type: 0,
  bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
});

const alignment = 32;
const padded = (length: number): number => Math.ceil(length / alignment) * alignment;

export function writeGguf(path: string, metadata: Readonly<Record<string, GgufValue>>, tensors: readonly GgufTensorSource[]): void {
  const parts: Buffer[] = [];
  const u32 = (value: number) => parts.push(Buffer.from(Uint32Array.of(value).buffer));
  const u64 = (value: number) => parts.push(Buffer.from(BigUint64Array.of(BigInt(value)).buffer));
  const f32 = (value: number) => parts.push(Buffer.from(Float32Array.of(value).buffer));
  const text = (value: string) => {
    const bytes = Buffer.from(value, 'utf8');
    u64(bytes.length);
    parts.push(bytes);
  };
  const writeValue = (value: GgufValue): void => {
    if (typeof value === 'string') {
      u32(8);
      text(value);
    } else if (typeof value === 'boolean') {
      u32(7);
      parts.push(Buffer.of(value ? 1 : 0));
    } else if (typeof value === 'number') {
      u32(6);
      f32(value);
    } else if ('u32' in value) {
      u32(4);
      u32(value.u32);
    } else {
      u32(9);
      u32(typeof value[0] === 'string' ? 8 : 4);
      u64(value.length);
      for (const one of value) {
        if (typeof one === 'string') text(one);
        else u32(one);
      }
    }
  };
  parts.push(Buffer.from('GGUF'));
  u32(3);
  u64(tensors.length);
  u64(Object.keys(metadata).length);
  for (const [key, value] of Object.entries(metadata)) {
    text(key);
    writeValue(value);
  }
  let offset = 0;
  for (const { name, shape, type, bytes } of tensors) {
    text(name);
    u32(shape.length);
    for (const size of [...shape].reverse()) u64(size);
    u32(type);
    u64(offset);
    offset += padded(bytes.length);
  }
  const header = Buffer.concat(parts);
  const body = tensors.map(({ bytes }) => Buffer.concat([bytes, Buffer.alloc(padded(bytes.length) - bytes.length)]));
  writeFileSync(path, Buffer.concat([header, Buffer.alloc(padded(header.length) - header.length), ...body]));
}
