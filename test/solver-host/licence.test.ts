/** What a licence refuses is a fault of ours, also where the program catches the library's exception. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SolverHost } from '../../src/solver-host/solver-host.ts';
import { skipReason, startHost } from './environment.ts';

describe.skipIf(skipReason !== null)('a size-limited licence', () => {
  let host: SolverHost;
  beforeAll(async () => {
    host = await startHost(['gurobipy', 'coptpy']);
  });
  afterAll(() => host?.close());

  it.each([
    [
      'gurobipy',
      'import gurobipy as gp\nm = gp.Model()\nx = m.addVars(2500)\nm.addConstr(x.sum() >= 1)\ntry:\n    m.optimize()\nexcept gp.GurobiError:\n    print("no solution")',
    ],
    [
      'coptpy',
      'import coptpy as cp\nm = cp.Envr().createModel()\nx = m.addVars(12000, vtype=cp.COPT.BINARY)\nfor i in range(11000):\n    m.addConstr(x[i] + x[i + 1] <= 1)\nm.setObjective(cp.quicksum((i % 7 + 1) * x[i] for i in range(12000)), cp.COPT.MAXIMIZE)\nm.solve()',
    ],
  ])('of %s never makes a program wrong', async (dialect, code) => {
    const { licence } = host.health().dialects.find((one) => one.dialect === dialect) ?? {};
    const outcome = await host.execute({ dialect, code });
    if (licence?.startsWith('size-limited')) expect(outcome).toMatchObject({ status: 'infra_error', error: { type: 'LicenceRefused' } });
    else expect(outcome.status).toBe('optimal');
  });
});
