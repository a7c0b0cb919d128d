/** A ceiling on GLPK's memory: glpk.js compiles its binary by itself and takes no options, so it is given another one while it loads. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { WasmMemory } from '../lib/wasm.ts';
import { capWasmMemory } from './wasm-memory.ts';

type Constructor = new (...args: unknown[]) => object;
interface WebAssemblyHolder {
  WebAssembly: { Module: Constructor; Instance: Constructor };
}

/**
 * Runs a loader that compiles `glpk.wasm`, with a ceiling written into that binary. Other binaries pass untouched.
 *
 * @param load calls `new WebAssembly.Module` and `new WebAssembly.Instance`.
 * @returns what was loaded, and its memory; null where the package has loaded in another way.
 */
export async function withMemoryCeiling<Loaded>(
  load: () => Promise<Loaded>,
  maximumMb: number,
): Promise<{ readonly loaded: Loaded; readonly memory: WasmMemory | null }> {
  const path = createRequire(import.meta.url)
    .resolve('glpk.js/node')
    .replace(/[^/\\]*$/, 'glpk.wasm');
  const binary = await readFile(path).catch(() => null);
  const api = (globalThis as unknown as WebAssemblyHolder).WebAssembly;
  const { Module, Instance } = api;
  const capped = new WeakSet<object>();
  let memory: WasmMemory | null = null;
  const isGlpk = (bytes: unknown): bytes is Uint8Array => bytes instanceof Uint8Array && binary !== null && binary.equals(bytes);
  api.Module = new Proxy(Module, {
    construct: (target, [bytes, ...args]) => {
      const module = new target(isGlpk(bytes) ? capWasmMemory(bytes, maximumMb) : bytes, ...args);
      if (isGlpk(bytes)) capped.add(module);
      return module;
    },
  });
  api.Instance = new Proxy(Instance, {
    construct: (target, [module, ...args]) => {
      const instance = new target(module, ...args);
      if (capped.has(module as object)) memory = memoryOf(instance);
      return instance;
    },
  });
  try {
    const loaded = await load();
    return { loaded, memory };
  } finally {
    Object.assign(api, { Module, Instance });
  }
}

function memoryOf(instance: object): WasmMemory | null {
  const { exports } = instance as { readonly exports: Readonly<Record<string, unknown>> };
  const found = Object.values(exports).find((value) => (value as { buffer?: unknown } | null)?.buffer instanceof ArrayBuffer);
  return (found as WasmMemory | undefined) ?? null;
}
