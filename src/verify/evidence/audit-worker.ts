/** Worker thread of the auditor: gathers evidence, one task after another. */
import { parentPort, workerData } from 'node:worker_threads';
import type { LinearModel } from '../../core/linear-model.ts';
import type { WasmModule } from '../../core/wasm.ts';
import { comparePerturbed } from '../../modeling/robustness.ts';
import { variantHints } from '../../modeling/variants.ts';
import type { SolverBackend } from '../../solvers/backend.ts';
import { createHighs } from '../../solvers/highs.ts';
import { createBackend } from '../../solvers/registry.ts';
import { type AuditSettings, type AuditTask, auditLimits, gatherEvidence } from './gather.ts';

/** How the worker is set up. */
export interface AuditWorkerData {
  readonly highs: WasmModule;
  /** Name or path of the backend that solves captured models again; null for none. */
  readonly second: string | null;
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

/** What came of a request; `fault` is null unless the work itself threw. */
export interface AuditReply {
  readonly id: number;
  readonly result: unknown;
  readonly fault: string | null;
}

const port = parentPort;
if (port === null) throw new Error('audit-worker runs as a worker thread');

const { highs: wasmModule, second, directory, settings } = workerData as AuditWorkerData;
const highs = await createHighs({ wasmModule });
const other: SolverBackend | null = second === null ? null : second === 'highs' ? highs : await createBackend(second, { directory });

const solve = (model: LinearModel) => highs.solve(model, auditLimits);

function answer(job: AuditJob): unknown {
  switch (job.type) {
    case 'gather':
      return gatherEvidence(job.task, settings, highs, other);
    case 'compare':
      return comparePerturbed(job.a, job.b, solve, { trials: settings.perturbations }).comparison;
    case 'hints':
      return variantHints(job.model, job.objective, job.labels, solve);
    default:
      return job satisfies never;
  }
}

port.on('message', ({ id, job }: AuditRequest) => {
  let reply: AuditReply;
  try {
    reply = { id, result: answer(job), fault: null };
  } catch (error) {
    reply = { id, result: null, fault: `the audit failed: ${error instanceof Error ? error.message : String(error)}` };
  }
  // Worn engines are replaced between tasks.
  Promise.all([highs.settled?.(), other?.settled?.()]).then(
    () => port.postMessage(reply),
    (error: unknown) => {
      throw error;
    },
  );
});
