/** The solver of a worker thread: made once, shared by the guests of all dialects. */
import type { WasmModule } from '../../lib/wasm.ts';
import type { SolverBackend } from '../../solvers/backend.ts';
import { createGlpk } from '../../solvers/glpk.ts';
import { createHighs, type HighsReader } from '../../solvers/highs.ts';
import { createBackend } from '../../solvers/registry.ts';

/** What the verifier hands to each guest. */
export interface GuestData {
  /** `highs`, `glpk`, or the path of a module that creates a backend. */
  readonly backend: string;
  /** Where relative paths of backends begin. */
  readonly directory: string;
  /** HiGHS, compiled once by the parent. */
  readonly highs: WasmModule;
  /** Ceiling of GLPK's memory in MiB; that of HiGHS is written in `highs`. */
  readonly memoryMb: number;
}

/** A backend that replaces worn engines by itself; `settled` waits for that. */
export interface ThreadBackend extends SolverBackend {
  settled(): Promise<void>;
}

let highs: Promise<ThreadBackend & HighsReader> | null = null;
const others = new Map<string, Promise<ThreadBackend>>();

/** HiGHS of this thread: the backend of that name, and the reader of LP text for every backend. */
export function threadHighs(data: GuestData): Promise<ThreadBackend & HighsReader> {
  highs ??= createHighs({ wasmModule: data.highs });
  return highs;
}

export function threadBackend(data: GuestData): Promise<ThreadBackend> {
  if (data.backend === 'highs') return threadHighs(data);
  const backend = others.get(data.backend) ?? (data.backend === 'glpk' ? certifiedGlpk(data) : ownBackend(data));
  others.set(data.backend, backend);
  return backend;
}

/** GLPK, with the HiGHS that reads its programs' texts as second solver. */
async function certifiedGlpk(data: GuestData): Promise<ThreadBackend> {
  return createGlpk({ memoryMb: data.memoryMb, second: await threadHighs(data) });
}

async function ownBackend({ backend, directory }: GuestData): Promise<ThreadBackend> {
  const own = await createBackend(backend, { directory });
  return { ...own, settled: async () => own.settled?.() };
}
