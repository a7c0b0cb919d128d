/** From how a child ended and what it wrote to an `Outcome`: the library's word is checked against the host's own solve. */

import type { LinearModel } from '../core/linear-model.ts';
import { isProof, type Outcome, type OutcomeStatus, type SolveRecord, type SolveStatus } from '../core/outcome.ts';
import type { Solution } from '../solvers/backend.ts';
import { isExact } from '../solvers/certify/exact-point.ts';
import { minForm } from '../solvers/certify/min-form.ts';
import { checkedPoint } from '../solvers/solution.ts';
import type { JobEnd } from './fork-server.ts';
import type { HostLimits } from './host-limits.ts';
import type { LibrarySolve, ProgramRecord } from './program-record.ts';
import type { Resolved } from './resolver.ts';

/** What is known of a child that ended. */
export interface Ended {
  readonly end: JobEnd;
  /** Null when it wrote none. */
  readonly record: ProgramRecord | null;
  readonly stdout: string;
  readonly isOutputCut: boolean;
}

type Ending = Pick<Outcome, 'status' | 'error' | 'wallLimited'>;

const ending = (status: OutcomeStatus, type: string, message: string, wallLimited = false): Ending => ({
  status,
  error: { type, message, line: null },
  wallLimited,
});

/** A program that is ended by -9 this often, each time it is run, ends itself; before that something of this machine does. */
const mostKills = 3;
/** Shares of its wall time that a program without a processor waited and computed. */
const starved = { leastQueued: 0.5, mostComputed: 0.5 };

/** Whether a program was ended by -9 and not by us: by the kernel out of memory, by an operator, or by itself. */
export const isKilled = ({ end }: Ended, limits: HostLimits): boolean =>
  end.started && end.exit === -9 && !end.overdue && end.cpu_ms < limits.cpuS * 1000;

/**
 * How a program ended that left no record; null when it left one.
 *
 * @param kills how often this program `isKilled`, this time included.
 */
export function endingWithoutRecord({ end, record, isOutputCut }: Ended, limits: HostLimits, kills: number): Ending | null {
  if (!end.started)
    return ending('infra_error', 'NotStarted', `the program could not be started: its process ended with ${end.exit} first`);
  if (end.overdue && end.queued_ms > starved.leastQueued * end.wall_ms && end.cpu_ms < starved.mostComputed * end.wall_ms)
    return ending(
      'infra_error',
      'Starved',
      `the program waited ${Math.round(end.queued_ms / 1000)} s of ${Math.round(end.wall_ms / 1000)} s for a processor`,
    );
  if (end.overdue) return ending('deadline', 'WallTime', `the program ran for more than ${limits.wallS} s`, true);
  if (end.exit === -24 || (end.exit === -9 && end.cpu_ms >= limits.cpuS * 1000))
    return ending('deadline', 'ProcessorTime', `the program used its ${limits.cpuS} s of processor time`, true);
  if (kills > 0 && kills < mostKills) return ending('infra_error', 'Killed', "something of this machine ended the program's process (-9)");
  if (end.exit === 77) return ending('memory', 'MemoryError', `the program asked for more than ${limits.memoryMb} MiB`);
  if (record !== null) return null;
  if (isOutputCut) return ending('output_limit', 'OutputLimit', `the program printed more than ${limits.maxOutputChars} characters`);
  if (end.exit === 0) return ending('crash', 'Exit', 'the program ended its process without letting the host record it');
  if (end.exit > 0) return ending('crash', 'Exit', `the program ended its process with code ${end.exit}`);
  // A library out of memory aborts, or writes where it was given none.
  if (end.rss_mb > limits.memoryMb * 0.8) return ending('memory', 'MemoryError', `the program used ${Math.round(end.rss_mb)} MiB`);
  return ending('crash', 'Signal', `the program's process was ended by signal ${-end.exit}`);
}

/**
 * How a program ended that left a record.
 *
 * @param absent packages that this host should have and has not.
 */
export function endingOf(
  record: ProgramRecord,
  last: Verdict | null,
  isOutputCut: boolean,
  limits: HostLimits,
  absent: readonly string[] = [],
): Ending {
  if (record.licence !== null) return ending('infra_error', 'LicenceRefused', record.licence);
  const fault = record.solves.find((solve) => solve.fault !== null)?.fault;
  if (fault !== undefined && fault !== null) return ending('infra_error', 'CaptureFailed', fault);
  if (isOutputCut) return ending('output_limit', 'OutputLimit', `the program printed more than ${limits.maxOutputChars} characters`);
  const error = record.error && { type: record.error.type, message: record.error.message, line: record.error.line };
  if (record.error !== null && error !== null) {
    const { module, isSyntax, isUnread } = record.error;
    if (module !== null && absent.includes(module))
      return ending(
        'infra_error',
        'MissingLibrary',
        `this host lacks ${module}, which a user has; install it with "evom solver-host --setup"`,
      );
    // Libraries differ in what they do when asked for a solution that does not exist: an error in one is a 0 in another.
    const hasNothing = isUnread && last !== null && withoutSolution.has(last.status);
    if (!hasNothing) return { status: statusOfError(error.type, isSyntax), error, wallLimited: false };
  }
  if (last === null) return { status: 'no_solve', error: null, wallLimited: false };
  if (last.isRefuted)
    return ending(
      'infra_error',
      'NotCertified',
      last.message ?? "the host's solver and the program's disagree, and the program's point is better",
    );
  // A linear or quadratic model is never taken at the library's word; that our solver is slower is not the program's fault.
  const library = record.solves.at(-1);
  if (library !== undefined && isClaimed(library) && !last.isResolved)
    return ending('infra_error', 'NotResolved', notResolved(last.message));
  if (last.status === 'error') return ending('runtime_error', 'SolverError', last.message ?? 'the solver refused the model');
  return { status: last.status, error, wallLimited: last.status === 'time_limit' };
}

const notResolved = (why: string | null): string =>
  `the host's own solver reached no verdict on the program's model within its budget${why === null ? '' : `: ${why}`}`;

function statusOfError(type: string, isSyntax: boolean): OutcomeStatus {
  if (isSyntax) return 'syntax_error';
  if (type === 'MemoryError') return 'memory';
  if (type === 'RecordTooLarge') return 'output_limit';
  return type === 'SolveLimit' ? 'deadline' : 'runtime_error';
}

/** One solve after the host looked at it. */
export interface Verdict {
  readonly status: SolveStatus;
  readonly objective: number | null;
  readonly solution: Outcome['solution'];
  readonly record: SolveRecord;
  /** A better point of the same model is known than the host's solvers find: their word is worth nothing. */
  readonly isRefuted: boolean;
  /** Whether the host's own solve stands behind the objective. */
  readonly isResolved: boolean;
  readonly message: string | null;
}

/** Whether the library claims to have reached the end of a model that the host can solve again: a linear or quadratic one. */
export const isClaimed = (solve: LibrarySolve): boolean =>
  (solve.model !== null || solve.quadratic !== undefined) && proven.has(solve.status);

const withoutSolution: ReadonlySet<SolveStatus> = new Set(['infeasible', 'unbounded', 'infeasible_or_unbounded']);
const proven: ReadonlySet<SolveStatus> = new Set(['optimal', ...withoutSolution]);

/**
 * Joins what the library said of a solve with what the host found for the same model.
 *
 * Of a model that the host solved to a proven end the host's status, objective and point stand, whatever the library says: a program can
 * change the library in its own process, never the host. A library that stopped early keeps its status, since the program saw no optimum.
 * What the host did not solve keeps the library's word, marked as not resolved.
 */
export function verdictOf(solve: LibrarySolve, resolved: Resolved | null): Verdict {
  const numbers = {
    modelHash: resolved?.modelHash ?? '',
    numVariables: solve.model?.variables.length ?? solve.size?.variables ?? Object.keys(solve.values ?? {}).length,
    numIntegers: solve.model?.variables.reduce((count, v) => count + (v.integer ? 1 : 0), 0) ?? solve.size?.integers ?? 0,
    numConstraints: solve.model?.constraints.length ?? solve.size?.constraints ?? 0,
    certificate: resolved?.solution.certificate ?? 'none',
    ms: solve.ms,
  };
  const isRefuted = resolved !== null && isRefutedBy(resolved.solution, solve);
  const make = (status: SolveStatus, objective: number | null, solution: Outcome['solution'], isResolved: boolean): Verdict => ({
    status,
    objective,
    solution,
    isResolved,
    isRefuted,
    record: { status, objective, ...numbers },
    message: solve.message ?? resolved?.solution.message ?? null,
  });
  if (resolved === null || !proven.has(resolved.solution.status)) {
    const point = libraryPoint(solve);
    return make(solve.status, point, point === null ? null : solve.values, false);
  }
  const { status, objective, values } = resolved.solution;
  const names = solve.model?.variables ?? [];
  const solution = values === null ? null : Object.fromEntries(names.map((variable, j) => [variable.name, values[j] ?? 0]));
  return make(status, objective, solution, true);
}

/** [variables] the library's own point of a linear model; null where it gave none. */
export const libraryValues = ({ model, values }: LibrarySolve): Float64Array | null =>
  model === null || values === null ? null : Float64Array.from(model.variables, ({ name }) => values[name] ?? Number.NaN);

/** Objective of the library's own point: of a linear model recomputed, and null where the point breaks the model. */
function libraryPoint(solve: LibrarySolve): number | null {
  const values = libraryValues(solve);
  if (solve.model === null || values === null) return solve.objective;
  const point = checkedPoint(solve.model, values);
  return 'fault' in point ? null : point.objective;
}

/**
 * Whether the library's point betters an optimum that no proof stands behind, or satisfies a model that is called infeasible. Against a
 * proof a better point is one of tolerances.
 */
function isRefutedBy({ status, objective, certificate, isRefuted }: Solution, solve: LibrarySolve): boolean {
  if (isRefuted === true) return true;
  if (solve.model === null || isProof(certificate ?? 'none')) return false;
  const point = exactPoint(solve.model, libraryValues(solve));
  if (point === null) return false;
  if (status === 'infeasible') return true;
  if (status !== 'optimal' || objective === null) return false;
  const gain = solve.model.sense === 'max' ? point - objective : objective - point;
  return gain > 1e-6 * Math.max(1, Math.abs(point), Math.abs(objective));
}

/**
 * Objective of a point that satisfies a model itself, and not only the tolerances of solvers: within those a program could write rows in
 * tiny numbers, name a point that breaks them, and escape its low reward.
 */
function exactPoint(model: LinearModel, values: Float64Array | null): number | null {
  const point = values === null ? { fault: 'none' } : checkedPoint(model, values);
  return 'fault' in point || !isExact(minForm(model), point.values) ? null : point.objective;
}
