import { describe, expect, it } from 'vitest';
import type { OutcomeStatus, SolveStatus } from '../../src/core/outcome.ts';
import type { SolverBackend } from '../../src/solvers/backend.ts';
import { parseLp } from '../../src/solvers/lp-reader.ts';
import { crossSolve } from '../../src/verify/evidence/gather.ts';

const model = parseLp('max\n x\nst\n x <= 4\nend');
/** Whether a second backend that says this agrees with what the program's said. */
const agrees = (program: readonly [OutcomeStatus, number | null], second: readonly [SolveStatus, number | null]) => {
  const backend = { name: 'second', solve: () => ({ status: second[0], objective: second[1] }) } as unknown as SolverBackend;
  return crossSolve({ model, status: program[0], objective: program[1] }, backend).agrees;
};

describe('crossSolve', () => {
  it('compares optima to a millionth of their size', () => {
    expect(agrees(['optimal', 4], ['optimal', 4.000001])).toBe(true);
    expect(agrees(['optimal', 4], ['optimal', 4.00001])).toBe(false);
    expect(agrees(['optimal', 0], ['optimal', 1e-7])).toBe(true);
    expect(agrees(['optimal', 4], ['optimal', null])).toBe(false);
    expect(agrees(['infeasible', null], ['infeasible', null])).toBe(true);
  });

  it.each(['infeasible', 'unbounded'] as const)('takes "infeasible or unbounded" to be in accord with %s', (status) => {
    expect(agrees([status, null], ['infeasible_or_unbounded', null])).toBe(true);
    expect(agrees(['infeasible_or_unbounded', null], [status, null])).toBe(true);
  });

  it('takes it to be in accord with nothing that has a point, and two verdicts to differ', () => {
    expect(agrees(['optimal', 4], ['infeasible_or_unbounded', null])).toBe(false);
    expect(agrees(['infeasible_or_unbounded', null], ['optimal', 4])).toBe(false);
    expect(agrees(['infeasible', null], ['unbounded', null])).toBe(false);
    expect(agrees(['infeasible', null], ['optimal', 4])).toBe(false);
    expect(agrees(['optimal', 4], ['infeasible', null])).toBe(false);
  });

  it.each(['time_limit', 'feasible', 'error'] as const)('knows nothing where the second ends with %s', (status) => {
    expect(agrees(['optimal', 4], [status, 4])).toBeNull();
  });
});
