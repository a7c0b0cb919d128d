/** The solver of a worker thread: made once, shared by the guests of all dialects. */
import type { WasmModule } from '../../core/wasm.ts';
import type { SolverBackend } from '../../solvers/backend.ts';
import { createGlpk } from '../../solvers/glpk.ts';
import { createHighs, type HighsReader } from '../../solvers/highs.ts';

export type BackendName = 'highs' | 'glpk';

/** What the verifier hands to each guest. */
export interface GuestData {
  readonly backend: BackendName;
  /** HiGHS, compiled once by the parent. */
  readonly highs: WasmModule;
}

/** A backend that replaces worn engines by itself; `settled` waits for that. */
export interface ThreadBackend extends SolverBackend {
  settled(): Promise<void>;
}

let highs: Promise<ThreadBackend & HighsReader> | null = null;
let glpk: Promise<ThreadBackend> | null = null;

/** HiGHS of this thread: the backend of that name, and the reader of LP text for every backend. */
export function threadHighs(data: GuestData): Promise<ThreadBackend & HighsReader> {
  highs ??= createHighs({ wasmModule: data.highs });
  return highs;
}

export function threadBackend(data: GuestData): Promise<ThreadBackend> {
  switch (data.backend) {
    case 'highs':
      return threadHighs(data);
    case 'glpk':
      glpk ??= createGlpk();
      return glpk;
    default:
      return data.backend satisfies never;
  }
}
