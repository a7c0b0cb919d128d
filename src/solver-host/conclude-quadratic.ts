/** From what a library said of a quadratic model and what the host found for it to one solve's verdict. */
import type { SolveStatus } from '../core/outcome.ts';
import type { QuadraticModel } from '../core/quadratic-model.ts';
import type { Verdict } from './conclude.ts';
import type { LibrarySolve } from './program-record.ts';
import { libraryPoint, type QuadraticVerdict } from './quadratic-verdict.ts';

/** @param found null where the host did not look: the library's word then stands, marked as not resolved. */
export function quadraticVerdictOf(solve: LibrarySolve & { readonly quadratic: QuadraticModel }, found: QuadraticVerdict | null): Verdict {
  const { linear, rows } = solve.quadratic;
  const make = (status: SolveStatus, point: { readonly values: readonly number[] | null; readonly objective: number | null } | null) => {
    const certificate = found?.type === 'certified' ? found.certificate : 'none';
    const { values = null, objective = null } = point ?? {};
    return {
      status,
      objective,
      solution: values === null ? null : Object.fromEntries(linear.variables.map(({ name }, j) => [name, values[j] ?? 0])),
      record: {
        status,
        objective,
        modelHash: '', // canonical forms are of linear models
        numVariables: linear.variables.length,
        numIntegers: linear.variables.filter(({ integer }) => integer).length,
        numConstraints: linear.constraints.length + rows.length,
        ms: solve.ms,
        certificate,
      },
      isRefuted: false,
      message: solve.message,
    } as const;
  };
  switch (found?.type) {
    case 'certified':
      return { ...make(found.status, found), isResolved: true };
    case 'local':
      return { ...make('feasible', found), isResolved: true };
    case 'refuted':
      return { ...make(solve.status, libraryPoint(solve)), isResolved: false, isRefuted: true, message: found.message };
    case 'unresolved':
      return { ...make(solve.status, libraryPoint(solve)), isResolved: false, message: found.message };
    case undefined:
      return { ...make(solve.status, libraryPoint(solve)), isResolved: false };
    default:
      return found satisfies never;
  }
}
