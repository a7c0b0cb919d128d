/** Looks at captured quadratic models with SCIP: each in a jailed process of the host's own, which no program ever enters. */
import { linearModelToJson } from '../core/linear-model.ts';
import type { QuadraticConstraint, QuadraticModel } from '../core/quadratic-model.ts';
import { checkedQuadraticPoint, quadraticBoundsCross, quadraticFault } from '../solvers/quadratic.ts';
import type { DialectServer } from './dialect-server.ts';
import type { HostLimits } from './host-limits.ts';

/** What one solve of the host's own showed. */
export interface Look {
  /** `undecided`: a budget ran out, SCIP failed, or its point or its bound does not bear it out. */
  readonly status: 'optimal' | 'infeasible' | 'unbounded' | 'infeasible_or_unbounded' | 'undecided';
  /** Of an optimum: [variables], checked by us and worth its bound to 1e-6. */
  readonly values: readonly number[] | null;
  readonly objective: number | null;
  /** Of the point: largest relative breach of a row or bound; 0 without one. */
  readonly violation: number;
  readonly message: string | null;
  /** Of the processor. */
  readonly ms: number;
}

export interface LookOptions {
  /** Without presolve, from other random numbers, with SCIP's own tolerance: another way than a program's SCIP takes. */
  readonly isOther: boolean;
  /** [variables] a point to begin with. */
  readonly start: readonly number[] | null;
  /** Of processor time. */
  readonly timeLimitMs: number;
}

/** The name that `fork_server.py` knows the job by. */
export const scipResolve = 'scip-resolve';

const code = 'from capture.scip_resolve import solve\nsolve()\n';
/** A tenth of SCIP's own: what a row is missed by moves the objective, and labels are compared to 1e-6. At 1e-9 it fails on some. */
const tolerances = { tight: 1e-7, usual: 1e-6 };
/** Between objective and bound, relative. */
const largestGap = 1e-6;

/** SCIP behind the jail, started at the first quadratic model. */
export class QuadraticSolver {
  readonly #start: () => Promise<DialectServer>;
  readonly #limits: HostLimits;
  #server: Promise<DialectServer> | null = null;
  #live: DialectServer | null = null;

  constructor(start: () => Promise<DialectServer>, limits: HostLimits) {
    this.#start = start;
    this.#limits = limits;
  }

  /** With its version once it was asked. */
  get version(): string {
    return this.#live?.hello.solver ?? 'SCIP';
  }

  /** Process ids of its fork server, for accounting. */
  get pids(): readonly number[] {
    return this.#live?.pids ?? [];
  }

  /** @throws {EvomError} E_SANDBOX when SCIP cannot be started; the next model tries again. */
  async look(model: QuadraticModel, options: LookOptions): Promise<Look> {
    const fault = quadraticFault(model);
    if (fault !== null) return undecided(fault, 0);
    if (quadraticBoundsCross(model) || model.rows.some(isEmptyAndMissed)) return { ...undecided(null, 0), status: 'infeasible' };
    const server = await this.#started();
    const timeS = Math.max(0.01, options.timeLimitMs / 1000);
    const task = {
      model: { linear: linearModelToJson(model.linear), products: model.products, rows: model.rows.filter(hasTerms).map(rowToJson) },
      time_s: timeS,
      feasibility: options.isOther ? tolerances.usual : tolerances.tight,
      other_way: options.isOther,
      start: options.start,
    };
    const limits = { ...this.#limits, cpuS: Math.ceil(timeS) + 5, wallS: 6 * Math.ceil(timeS) + 20 };
    const { end, stdout, record } = await server.run({ dialect: scipResolve, code, files: { 'model.json': JSON.stringify(task) } }, limits);
    if (record === null || record.error !== null)
      return undecided(`SCIP failed on this model: ${record?.error?.message ?? `its process ended with ${end.exit}`}`, end.cpu_ms);
    return judged(model, JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? ''), end.cpu_ms);
  }

  async close(): Promise<void> {
    const server = await this.#server?.catch(() => null);
    server?.close();
  }

  #started(): Promise<DialectServer> {
    this.#server ??= this.#start().then((server) => {
      this.#live = server;
      return server;
    });
    this.#server.catch(() => {
      this.#server = null;
    });
    return this.#server;
  }
}

/** One line of `scip_resolve.py`. */
interface Said {
  readonly status: string;
  readonly values: readonly number[] | null;
  readonly bound: number | null;
}

function judged(model: QuadraticModel, { status, values, bound }: Said, ms: number): Look {
  switch (status) {
    case 'infeasible':
    case 'unbounded':
      return { ...undecided(null, ms), status };
    case 'inforunbd':
      return { ...undecided(null, ms), status: 'infeasible_or_unbounded' };
    case 'optimal':
    case 'gaplimit': {
      const point = values === null ? null : checkedQuadraticPoint(model, values);
      if (point === null) return undecided("SCIP's optimum does not hold", ms);
      if (bound === null || Math.abs(point.objective - bound) > largestGap * Math.max(1, Math.abs(point.objective)))
        return undecided(`SCIP's optimum ${point.objective} is not worth its bound ${bound}`, ms);
      return { status: 'optimal', ...point, message: null, ms };
    }
    default:
      return undecided(`SCIP ended with ${status}`, ms);
  }
}

const undecided = (message: string | null, ms: number): Look => ({
  status: 'undecided',
  values: null,
  objective: null,
  violation: 0,
  message,
  ms,
});

const hasTerms = ({ columns, products }: QuadraticConstraint): boolean => columns.length + products.length > 0;
const isEmptyAndMissed = (row: QuadraticConstraint): boolean => !hasTerms(row) && (row.lower > 0 || row.upper < 0);

const rowToJson = ({ lower, upper, columns, coefficients, products }: QuadraticConstraint) => ({
  lower: Number.isFinite(lower) ? lower : null,
  upper: Number.isFinite(upper) ? upper : null,
  columns,
  coefficients,
  products,
});
