/** QuickJS in WebAssembly: the one door to quickjs-emscripten. An instance runs programs until it is used up or harmed. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import releaseSync from '@jitl/quickjs-wasmfile-release-sync';
import { newQuickJSWASMModuleFromVariant, newVariant, type QuickJSSyncVariant, type QuickJSWASMModule } from 'quickjs-emscripten-core';
import { type WasmMemory, type WasmModule, webAssembly } from '../core/wasm.ts';

export { DefaultIntrinsics, type QuickJSContext, type QuickJSHandle, type QuickJSRuntime } from 'quickjs-emscripten-core';

/** Programs after which an instance is replaced although nothing went wrong: small leaks add up. */
const PROGRAMS_PER_INSTANCE = 500;
const PAGE = 65_536;
const INITIAL_PAGES = 256;

/** Aborts are reported by exceptions; their printed form would fill a training log. */
const silent: object = { print: () => undefined, printErr: () => undefined };

export interface QuickJSInstance {
  readonly module: QuickJSWASMModule;
  readonly memory: WasmMemory;
  /** Bytes the memory may reach. The interpreter's own limit is not enforced cumulatively; this one is. */
  readonly maxBytes: number;
  numPrograms: number;
  /** Set after anything that may have left it inconsistent. */
  poisoned: boolean;
}

/** Compiles the interpreter once a process; the module is shared with workers by structured cloning. */
export async function compileQuickJS(): Promise<WasmModule> {
  const path = createRequire(import.meta.url).resolve('@jitl/quickjs-wasmfile-release-sync/wasm');
  return webAssembly.compile(await readFile(path));
}

export async function createQuickJSInstance(wasmModule: WasmModule, memoryMb: number): Promise<QuickJSInstance> {
  const maximum = Math.max(INITIAL_PAGES, Math.floor((memoryMb * 1024 * 1024) / PAGE));
  const memory = new webAssembly.Memory({ initial: INITIAL_PAGES, maximum });
  // The types describe the package's CommonJS half, where the variant is one property deeper.
  const variant = releaseSync as unknown as QuickJSSyncVariant;
  const module = await newQuickJSWASMModuleFromVariant(newVariant(variant, { wasmModule, wasmMemory: memory, emscriptenModule: silent }));
  return { module, memory, maxBytes: maximum * PAGE, numPrograms: 0, poisoned: false };
}

/** Whether an instance should be replaced: memory never shrinks, so one that grew would change later programs' verdicts. */
export function isUsedUp(instance: QuickJSInstance): boolean {
  return instance.poisoned || instance.numPrograms >= PROGRAMS_PER_INSTANCE || instance.memory.buffer.byteLength > 2 * INITIAL_PAGES * PAGE;
}
