/** The interpreter's memory as it was before any program, put back after each: cheaper than a new interpreter, and the same to the bit. */
import { EvomError } from '../lib/errors.ts';
import type { WasmMemory } from '../lib/wasm.ts';

export interface MemoryImage {
  /** Makes the memory what it was, whatever has been allocated, freed or overwritten since. It may have grown meanwhile. */
  restore(): void;
  /** Bytes that `restore` copies. */
  readonly size: number;
}

/** The C allocator of the program that lives in the memory. */
export interface Allocator {
  malloc(bytes: number): number;
  free(pointer: number): void;
}

/** Zeros after the last static byte that may belong to static variables too. */
const STATIC_SLACK_WORDS = 32_768;
/** More than lies free in a small heap, so that the allocator has to move the heap's end. */
const PROBE_BYTES = 4 * 1024 * 1024;

/**
 * Takes an image of a memory laid out as Emscripten does: static data, the stack growing down, the heap.
 *
 * What the stack is not using is left out. Call `restore` only while nothing runs inside.
 *
 * @throws {EvomError} E_SANDBOX if the memory is laid out otherwise.
 */
export function takeMemoryImage(memory: WasmMemory, allocator: Allocator): MemoryImage {
  const used = usedWords(new Int32Array(memory.buffer));
  const gap = longestZeroRun(used);
  const statics = used.subarray(0, Math.min(gap.start + STATIC_SLACK_WORDS, gap.end));
  const heap = used.subarray(gap.end);
  const heapEndAt = findHeapEnd(memory, allocator, statics);
  const restore = (): void => {
    const words = new Int32Array(memory.buffer);
    const heapEnd = (words[heapEndAt] ?? 0) >> 2;
    words.set(statics);
    words.set(heap, gap.end);
    if (heapEnd > used.length) words.fill(0, used.length, heapEnd);
  };
  restore(); // takes back what the search for the heap's end allocated
  return { restore, size: 4 * (statics.length + heap.length) };
}

/** A copy of the memory up to its last word that is not zero. */
function usedWords(words: Int32Array): Int32Array {
  let length = words.length;
  while (length > 0 && words[length - 1] === 0) length -= 1;
  return words.slice(0, length);
}

function longestZeroRun(words: Int32Array): { readonly start: number; readonly end: number } {
  let longest = { start: 0, end: 0 };
  for (let start = 0; start < words.length; start++) {
    if (words[start] !== 0) continue;
    let end = start + 1;
    while (end < words.length && words[end] === 0) end += 1;
    if (end - start > longest.end - longest.start) longest = { start, end };
    start = end;
  }
  return longest;
}

/** Index of the static word in which the allocator keeps where the heap ends: of those that a large allocation moves, the largest. */
function findHeapEnd(memory: WasmMemory, { malloc, free }: Allocator, statics: Int32Array): number {
  const pointer = malloc(PROBE_BYTES);
  const words = new Int32Array(memory.buffer);
  let found = -1;
  for (let at = 0; at < statics.length; at++) {
    const value = words[at] ?? 0;
    const moved = value - (statics[at] ?? 0);
    const holdsProbe = value >= pointer + PROBE_BYTES && value <= memory.buffer.byteLength;
    if (holdsProbe && moved >= PROBE_BYTES && moved < 2 * PROBE_BYTES && (found === -1 || value > (words[found] ?? 0))) found = at;
  }
  free(pointer);
  if (pointer === 0 || found === -1) {
    throw new EvomError('E_SANDBOX', "the interpreter's memory is not laid out as this version of evom expects; reinstall its packages");
  }
  return found;
}
