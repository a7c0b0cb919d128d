/** Solves captured models again with HiGHS, in a thread of its own: a solve is synchronous and may take seconds. */
import { parentPort, workerData } from 'node:worker_threads';
import type { LinearModel } from '../core/linear-model.ts';
import type { WasmModule } from '../lib/wasm.ts';
import { modelHash } from '../modeling/identical.ts';
import type { Solution, SolveLimits } from '../solvers/backend.ts';
import { createHighs } from '../solvers/highs.ts';

export interface ResolveRequest {
  readonly id: number;
  readonly model: LinearModel;
  readonly limits: SolveLimits;
  /** A point to hold against the verdict. */
  readonly known: Float64Array | null;
}

export interface ResolveReply {
  readonly id: number;
  readonly solution: Solution;
  readonly modelHash: string;
}

/** Matrix entries above which a model gets no canonical hash: hashing would take longer than solving. */
const canonicalEntries = 20_000;

const port = parentPort;
if (port === null) throw new Error('resolve-worker runs in a worker thread');
const highs = await createHighs({ wasmModule: (workerData as { highs: WasmModule }).highs });
port.postMessage({ version: highs.version });
port.on('message', ({ id, model, limits, known }: ResolveRequest) => {
  const solution = highs.solve(model, limits, known);
  const entries = model.constraints.reduce((sum, row) => sum + row.columns.length, model.variables.length);
  const hash = solution.status === 'error' || entries > canonicalEntries ? '' : modelHash(model);
  // A worn engine is replaced before the next model.
  void highs.settled().then(() => port.postMessage({ id, solution, modelHash: hash } satisfies ResolveReply));
});
