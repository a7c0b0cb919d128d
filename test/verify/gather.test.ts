import type { Solution, SolverBackend } from 'evom';
import { describe, expect, it } from 'vitest';
import { crossSolve, gatherEvidence } from '../../src/verify/evidence/gather.ts';
import { column, model, row } from '../solvers/models.ts';

const small = model('max', [column('x', 1)], [row('c', 0, [[0, 1]], 9)]);
const saying = (status: Solution['status'], objective: number | null): SolverBackend => ({
  name: 'other',
  version: '0',
  capabilities: { lp: true, milp: true },
  solve: () => ({ status, objective, values: null, message: null, wallLimited: false, ms: 0 }),
  close: () => undefined,
});
const optimal = { model: small, status: 'optimal', objective: 9 } as const;
const agrees = (task: Parameters<typeof crossSolve>[0], status: Solution['status'], objective: number | null = null) =>
  crossSolve(task, saying(status, objective)).agrees;

describe('crossSolve', () => {
  it('compares optima', () => {
    expect(agrees(optimal, 'optimal', 9 + 1e-7)).toBe(true);
    expect(agrees(optimal, 'optimal', 9.1)).toBe(false);
  });

  it('takes "infeasible or unbounded" for either of the two, and never for an optimum', () => {
    const undecided = { ...optimal, status: 'infeasible_or_unbounded', objective: null } as const;
    for (const status of ['infeasible', 'unbounded'] as const) {
      expect(agrees({ ...optimal, status, objective: null }, 'infeasible_or_unbounded')).toBe(true);
      expect(agrees(undecided, status)).toBe(true);
    }
    expect(agrees(undecided, 'optimal', 9)).toBe(false);
    expect(agrees(optimal, 'infeasible_or_unbounded')).toBe(false);
  });

  it('says nothing by a solver that reached no verdict', () => {
    for (const status of ['time_limit', 'feasible', 'error'] as const) expect(agrees(optimal, status)).toBeNull();
  });
});

describe('gatherEvidence', () => {
  const task = { ...optimal, certificate: 'dual', solution: { x: 9 }, reference: null, answer: 9 } as const;
  const solvers = { backend: saying('optimal', 0), second: saying('infeasible', null), small: saying('optimal', 0) };
  const shared = { perturbations: 0, sharesProofs: true };

  it('asks no second backend about a verdict with a proof, unless one was asked for by name', () => {
    expect(gatherEvidence(task, shared, solvers).crossSolve).toEqual({ backend: 'dual', status: 'optimal', objective: 9, agrees: true });
    expect(gatherEvidence(task, { ...shared, sharesProofs: false }, solvers).crossSolve).toMatchObject({ backend: 'other', agrees: false });
  });

  it('asks one about a verdict that is the word of solvers', () => {
    for (const certificate of ['second_look', 'second_solver', 'none'] as const)
      expect(gatherEvidence({ ...task, certificate }, shared, solvers).crossSolve).toMatchObject({ backend: 'other', agrees: false });
  });
});
