/** An interpreter with the prelude and all libraries loaded, put back to that state before every program. */
import type { WasmModule } from '../lib/wasm.ts';
import type { Guest } from './guest.ts';
import { hostFunction } from './host-calls.ts';
import { type MemoryImage, takeMemoryImage } from './memory-image.ts';
import { preludeSource } from './prelude.ts';
import { createQuickJSInstance, type QuickJSContext, type QuickJSHandle, type QuickJSInstance } from './quickjs.ts';
import { type Run, spendTicks } from './run.ts';

/** A stack the interpreter may use within the worker's own; more would end in a RangeError of the host. */
const STACK_BYTES = 256 * 1024;
/** Programs after which an interpreter is replaced although nothing went wrong: what its JavaScript half remembers may add up. */
const PROGRAMS = 5000;

/** Where programs of one dialect run. */
export interface Realm {
  readonly guest: Guest;
  readonly context: QuickJSContext;
  /** Runs the next timer inside; gives false once none waits. */
  readonly runTimer: QuickJSHandle;
}

export interface Interpreter {
  /** By dialect. All share one memory; a program reaches its own realm only. */
  readonly realms: ReadonlyMap<string, Realm>;
  /** Whether memory is nearly at its ceiling. */
  isFull(): boolean;
  /**
   * Runs a program in the state in which every program begins.
   *
   * @param body must leave nothing running inside; what it allocated need not be freed.
   */
  use<Result>(run: Run, body: () => Result): Result;
  /** Whether it has to be replaced before the next program. */
  isUsedUp(): boolean;
  /** To be called after anything that may have left the binary itself inconsistent. */
  poison(): void;
}

/**
 * Loads prelude and libraries into a fresh instance, one runtime a dialect, and keeps an image of its memory.
 *
 * @param guests by dialect.
 * @throws {EvomError} E_SANDBOX if memory is too small for them or laid out unexpectedly.
 */
export async function createInterpreter(
  wasmModule: WasmModule,
  memoryMb: number,
  guests: ReadonlyMap<string, Guest>,
): Promise<Interpreter> {
  const instance = await createQuickJSInstance(wasmModule, memoryMb);
  const slot: { run: Run | null } = { run: null };
  const realms = new Map([...guests].map(([dialect, guest]) => [dialect, createRealm(instance, guest, () => slot.run)]));
  const image: MemoryImage = takeMemoryImage(instance.memory, instance.allocator);
  const initialBytes = instance.memory.buffer.byteLength;
  let numPrograms = 0;
  let poisoned = false;
  return {
    realms,
    isFull: () => instance.memory.buffer.byteLength > 0.9 * instance.maxBytes,
    use: (run, body) => {
      if (numPrograms > 0) image.restore();
      numPrograms += 1;
      slot.run = run;
      try {
        return body();
      } finally {
        slot.run = null;
      }
    },
    // A memory that grew does not shrink; how far it can grow from there depends on the steps it took.
    isUsedUp: () => poisoned || numPrograms >= PROGRAMS || instance.memory.buffer.byteLength > initialBytes,
    poison: () => {
      poisoned = true;
    },
  };
}

function createRealm(instance: QuickJSInstance, guest: Guest, current: () => Run | null): Realm {
  const runtime = instance.module.newRuntime();
  runtime.setMaxStackSize(STACK_BYTES);
  runtime.setInterruptHandler(() => {
    const run = current();
    return run !== null && spendTicks(run, 1);
  });
  runtime.setModuleLoader((name) => moduleText(guest, name));
  const context = runtime.newContext();
  // Never disposed: whatever a program deletes, the host's function outlives it and is there again after the next `restore`.
  const host = hostFunction(context, current);
  const prelude = context.unwrapResult(context.evalCode(preludeSource, 'sandbox.js'));
  const made = context.unwrapResult(context.callFunction(prelude, context.undefined, host));
  const install = context.getProp(made, 'install');
  for (const [name, { source }] of Object.entries(guest.libraries)) {
    const library = context.unwrapResult(context.evalCode(source, `${name}.js`));
    context.unwrapResult(context.callFunction(install, context.undefined, context.newString(name), library)).dispose();
    library.dispose();
  }
  return { guest, context, runTimer: context.getProp(made, 'runTimer') };
}

/** An ES module that stands for a library: the same object that `require` gives. */
function moduleText({ libraries }: Guest, name: string): string | { error: Error } {
  const library = Object.hasOwn(libraries, name) ? libraries[name] : undefined;
  if (library === undefined) return { error: new Error(`Cannot find module '${name}'`) };
  const named = library.named.map((n) => `export const ${n} = m.${n};`).join('');
  return `const m = require(${JSON.stringify(name)}); export default m;${named}`;
}
