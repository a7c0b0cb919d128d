/** Worker thread of the auditor: gathers evidence, one task after another. */
import { parentPort, workerData } from 'node:worker_threads';
import type { LinearModel } from '../../core/linear-model.ts';
import type { WasmModule } from '../../lib/wasm.ts';
import { comparePerturbed } from '../../modeling/robustness.ts';
import { variantHints } from '../../modeling/variants.ts';
import type { SolverBackend } from '../../solvers/backend.ts';
import { createGlpk } from '../../solvers/glpk.ts';
import { createHighs } from '../../solvers/highs.ts';
import { createBackend } from '../../solvers/registry.ts';
import { type AuditSettings, type AuditTask, auditLimits, gatherEvidence } from './gather.ts';

/** How the worker is set up. */
export interface AuditWorkerData {
  readonly highs: WasmModule;
  /** Name or path of the backend that solves captured models again; null for none. */
  readonly second: string | null;
  /** GLPK is installed and in use: small relaxations are solved by it. */
  readonly hasGlpk: boolean;
  readonly directory: string;
  readonly settings: AuditSettings;
}

export type AuditJob =
  | { readonly type: 'gather'; readonly task: AuditTask }
  /** Which variants of a wrong model give the label. */
  | { readonly type: 'hints'; readonly model: LinearModel; readonly objective: number | null; readonly labels: readonly number[] }
  /** Whether two programs' models behave alike. */
  | { readonly type: 'compare'; readonly a: LinearModel; readonly b: LinearModel };

export interface AuditRequest {
  readonly id: number;
  readonly job: AuditJob;
}

/** What came of a request; `fault` is null unless the work itself threw. Requests and replies travel in lists. */
export interface AuditReply {
  readonly id: number;
  readonly result: unknown;
  readonly fault: string | null;
}

const port = parentPort;
if (port === null) throw new Error('audit-worker runs as a worker thread');

const { highs: wasmModule, second: secondName, hasGlpk, directory, settings } = workerData as AuditWorkerData;
const highs = await createHighs({ wasmModule });
const glpk = hasGlpk ? await createGlpk() : null;
const second = secondName === null ? null : await backendOf(secondName);
const solvers = { backend: highs, second, small: glpk ?? highs };

async function backendOf(name: string): Promise<SolverBackend> {
  if (name === 'highs') return highs;
  return name === 'glpk' && glpk !== null ? glpk : createBackend(name, { directory });
}

const solve = (model: LinearModel) => highs.solve(model, auditLimits);

function answer(job: AuditJob): unknown {
  switch (job.type) {
    case 'gather':
      return gatherEvidence(job.task, settings, solvers);
    case 'compare':
      return comparePerturbed(job.a, job.b, solve, { trials: settings.perturbations }).comparison;
    case 'hints':
      return variantHints(job.model, job.objective, job.labels, solve);
    default:
      return job satisfies never;
  }
}

function reply({ id, job }: AuditRequest): AuditReply {
  try {
    return { id, result: answer(job), fault: null };
  } catch (error) {
    return { id, result: null, fault: `the audit failed: ${error instanceof Error ? error.message : String(error)}` };
  }
}

/** Replies of so many milliseconds travel together; nobody waits for one of a batch alone. */
const flushMs = 20;

// The next requests come when all of these have their replies. A rejection ends the worker, and its owner starts another.
port.on('message', async (requests: readonly AuditRequest[]) => {
  let replies: AuditReply[] = [];
  let flushed = performance.now();
  for (const [i, request] of requests.entries()) {
    replies.push(reply(request));
    // Worn engines are replaced between tasks.
    await Promise.all([highs.settled(), glpk?.settled(), second?.settled?.()]);
    if (i < requests.length - 1 && performance.now() - flushed < flushMs) continue;
    port.postMessage(replies);
    replies = [];
    flushed = performance.now();
  }
});

port.postMessage([]); // ready
