/** QuickJS in WebAssembly: the one door to quickjs-emscripten. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import releaseSync from '@jitl/quickjs-wasmfile-release-sync';
import { newQuickJSWASMModuleFromVariant, newVariant, type QuickJSSyncVariant, type QuickJSWASMModule } from 'quickjs-emscripten-core';
import { type WasmMemory, type WasmModule, webAssembly } from '../lib/wasm.ts';
import type { Allocator } from './memory-image.ts';

export type { QuickJSContext, QuickJSHandle } from 'quickjs-emscripten-core';

const PAGE = 65_536;
/** The least that the interpreter's binary takes. */
const INITIAL_PAGES = 256;

/** Aborts are reported by exceptions; their printed form would fill a training log. */
const silent: object = { print: () => undefined, printErr: () => undefined };

export interface QuickJSInstance {
  readonly module: QuickJSWASMModule;
  readonly memory: WasmMemory;
  readonly allocator: Allocator;
  /** Bytes the memory may reach. The interpreter's own limit is not enforced cumulatively; this one is. */
  readonly maxBytes: number;
}

/** Compiles the interpreter once a process; the module is shared with workers by structured cloning. */
export async function compileQuickJS(): Promise<WasmModule> {
  const path = createRequire(import.meta.url).resolve('@jitl/quickjs-wasmfile-release-sync/wasm');
  return webAssembly.compile(await readFile(path));
}

/** @param memoryMb ceiling of its memory in MiB, at least 16. */
export async function createQuickJSInstance(wasmModule: WasmModule, memoryMb: number): Promise<QuickJSInstance> {
  const maximum = Math.max(INITIAL_PAGES, Math.floor((memoryMb * 1024 * 1024) / PAGE));
  const memory = new webAssembly.Memory({ initial: INITIAL_PAGES, maximum });
  // The types describe the package's CommonJS half, where the variant is one property deeper.
  const variant = releaseSync as unknown as QuickJSSyncVariant;
  const module = await newQuickJSWASMModuleFromVariant(newVariant(variant, { wasmModule, wasmMemory: memory, emscriptenModule: silent }));
  const emscripten = (module as unknown as { readonly module: { _malloc(bytes: number): number; _free(pointer: number): void } }).module;
  const allocator = {
    malloc: (bytes: number) => emscripten._malloc(bytes),
    free: (pointer: number) => emscripten._free(pointer),
  };
  return { module, memory, allocator, maxBytes: maximum * PAGE };
}
