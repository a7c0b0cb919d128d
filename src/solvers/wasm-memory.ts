/** A ceiling on the memory of a WebAssembly program, written into its binary: nothing else bounds it per instance. */
import { EvomError } from '../lib/errors.ts';

const memorySection = 5;
const pageBytes = 65_536;

/** Reads an unsigned LEB128 number. @returns [value, offset after it] */
function readUnsigned(bytes: Uint8Array, offset: number): [number, number] {
  let value = 0;
  for (let shift = 0, at = offset; shift < 35; shift += 7, at++) {
    const byte = bytes[at] ?? 0;
    value += (byte & 0x7f) * 2 ** shift;
    if ((byte & 0x80) === 0) return [value, at + 1];
  }
  throw new EvomError('E_SOLVER', 'not a WebAssembly binary: a length runs past 32 bits; reinstall the solver package');
}

function writeUnsigned(value: number): number[] {
  const out: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...out, rest];
    out.push((rest % 128) | 0x80);
  }
}

/**
 * The same WebAssembly binary with a lower maximum of its memory.
 *
 * A program that asks for more gets a failed `memory.grow`, which Emscripten turns into an abort (a `RuntimeError`).
 *
 * @param binary a module that defines one memory.
 * @param maximumMb the ceiling in MiB; raised to the memory's initial size where that is larger.
 * @throws {EvomError} E_SOLVER if the module defines no memory.
 */
export function capWasmMemory(binary: Uint8Array, maximumMb: number): Uint8Array<ArrayBuffer> {
  for (let offset = 8; offset < binary.length; ) {
    const [length, content] = readUnsigned(binary, offset + 1);
    if (binary[offset] === memorySection) {
      const [, flagsAt] = readUnsigned(binary, content);
      const [initial] = readUnsigned(binary, flagsAt + 1);
      const maximum = Math.max(initial, Math.floor((maximumMb * 1024 * 1024) / pageBytes));
      const body = [1, 1, ...writeUnsigned(initial), ...writeUnsigned(maximum)];
      const section = [memorySection, ...writeUnsigned(body.length), ...body];
      const out = new Uint8Array(offset + section.length + binary.length - content - length);
      out.set(binary.subarray(0, offset));
      out.set(section, offset);
      out.set(binary.subarray(content + length), offset + section.length);
      return out;
    }
    offset = content + length;
  }
  throw new EvomError('E_SOLVER', 'the WebAssembly binary defines no memory to cap; reinstall the solver package');
}
