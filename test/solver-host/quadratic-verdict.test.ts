/** What becomes of a quadratic model when library or solver lie: looks here are small scripted ones. */
import { describe, expect, it } from 'vitest';
import type { QuadraticModel } from '../../src/core/quadratic-model.ts';
import { defaultHostLimits } from '../../src/solver-host/host-limits.ts';
import type { LibrarySolve } from '../../src/solver-host/program-record.ts';
import { type Look, QuadraticSolver } from '../../src/solver-host/quadratic-look.ts';
import { verifyQuadratic } from '../../src/solver-host/quadratic-verdict.ts';
import { column, inf, model, row } from '../solvers/models.ts';

/** max x y with x + y <= 4: 4 at (2, 2). */
const area: QuadraticModel = {
  linear: model('max', [column('x', 0, 0, 9), column('y', 0, 0, 9)], [row('sum', -inf, [[0, 1], [1, 1]], 4)]), // biome-ignore format: one row
  products: [[0, 1, 1]],
  rows: [],
};

const solve = (given: Partial<LibrarySolve>): LibrarySolve & { readonly quadratic: QuadraticModel } => ({
  model: null, status: 'optimal', objective: 4, values: { x: 2, y: 2 }, size: null, message: null, ms: 1, fault: null, ...given, quadratic: area,
}); // biome-ignore format: one object

const optimum = (x: number, y: number): Look => ({
  status: 'optimal',
  values: [x, y],
  objective: x * y,
  violation: 0,
  message: null,
  ms: 5,
});
const none = (status: Look['status']): Look => ({ status, values: null, objective: null, violation: 0, message: null, ms: 5 });

async function verdict(given: Partial<LibrarySolve>, looks: readonly Look[], isSameSolver = false) {
  const asked: { isOther: boolean; start: readonly number[] | null }[] = [];
  const found = await verifyQuadratic(
    solve(given),
    async (_, { isOther, start }) => {
      asked.push({ isOther, start });
      return looks[asked.length - 1] as Look;
    },
    { timeLimitMs: 1000, isSameSolver },
  );
  return { found, asked };
}

describe('a quadratic verdict', () => {
  it('is certified by one look that agrees', async () => {
    const { found, asked } = await verdict({}, [optimum(2, 2)]);
    expect(found).toMatchObject({ type: 'certified', status: 'optimal', objective: 4, certificate: 'second_solver', ms: 5 });
    expect(asked).toEqual([{ isOther: false, start: null }]);
  });

  it('is a second look, on another way, where the library is SCIP itself', async () => {
    const { found, asked } = await verdict({}, [optimum(2, 2)], true);
    expect(found).toMatchObject({ certificate: 'second_look' });
    expect(asked).toEqual([{ isOther: true, start: null }]);
  });

  it('takes the better of two points of one optimum, if it is no less feasible', async () => {
    expect((await verdict({}, [optimum(2, 1.999999)])).found).toMatchObject({ objective: 4, values: [2, 2] });
    const beyond = { values: { x: 2.000001, y: 2.000001 }, objective: 4.000004 };
    expect((await verdict(beyond, [optimum(2, 2)])).found).toMatchObject({ objective: 4, values: [2, 2] });
  });

  it('is refuted by a better feasible point of the library, which the second look begins at', async () => {
    const { found, asked } = await verdict({}, [optimum(1, 1), optimum(1, 1)]);
    expect(found).toMatchObject({ type: 'refuted', message: "SCIP says optimal 1, but the library's feasible point is worth 4" });
    expect(asked[1]).toEqual({ isOther: true, start: [2, 2] });
    expect((await verdict({}, [none('infeasible'), none('infeasible')])).found.type).toBe('refuted');
    // A second look that sees what the library sees settles it.
    expect((await verdict({}, [optimum(1, 1), optimum(2, 2)])).found).toMatchObject({ type: 'certified', certificate: 'second_solver' });
  });

  it('is that of two looks where the library is wrong', async () => {
    const suboptimal = { values: { x: 1, y: 1 }, objective: 1 };
    expect((await verdict(suboptimal, [optimum(2, 2), optimum(2, 2)])).found).toMatchObject({ objective: 4, certificate: 'second_look' });
    expect((await verdict(suboptimal, [optimum(2, 2), optimum(3, 1)])).found).toMatchObject({ type: 'refuted' });
    const infeasible = { status: 'infeasible', values: null, objective: null } as const;
    expect((await verdict(infeasible, [optimum(2, 2), optimum(2, 2)])).found).toMatchObject({
      status: 'optimal',
      certificate: 'second_look',
    });
  });

  it('is none where the library and its own point differ', async () => {
    expect((await verdict({ objective: 400 }, [optimum(2, 2)])).found).toMatchObject({ type: 'refuted', message: /worth 4 .* 400/ });
  });

  it('is none where a look that disagrees stands alone, or none decides', async () => {
    expect((await verdict({}, [none('undecided'), none('undecided')])).found.type).toBe('unresolved');
    const wrong = { values: null, objective: 400 };
    expect((await verdict(wrong, [optimum(2, 2), none('undecided')])).found.type).toBe('unresolved');
    expect((await verdict({}, [none('undecided'), optimum(2, 2)])).found).toMatchObject({ certificate: 'second_solver' });
  });

  it('is a local optimum where the library says so and SCIP knows better', async () => {
    const local = { status: 'feasible', values: { x: 1, y: 1 }, objective: 1 } as const;
    expect((await verdict(local, [optimum(2, 2)])).found).toMatchObject({ type: 'local', objective: 1, values: [1, 1] });
    expect((await verdict({ status: 'feasible' }, [optimum(2, 2)])).found).toMatchObject({ type: 'certified', status: 'optimal' });
  });

  it('takes infeasible and unbounded from both sides only', async () => {
    const nothing = { status: 'infeasible', values: null, objective: null } as const;
    expect((await verdict(nothing, [none('infeasible')])).found).toMatchObject({ status: 'infeasible', certificate: 'second_solver' });
    expect((await verdict(nothing, [none('unbounded'), none('infeasible')])).found).toMatchObject({ status: 'infeasible' });
    expect((await verdict(nothing, [none('unbounded'), none('undecided')])).found.type).toBe('unresolved');
  });
});

describe('a quadratic solver', () => {
  const look = (given: QuadraticModel) =>
    new QuadraticSolver(() => Promise.reject(new Error('no SCIP here')), defaultHostLimits).look(given, {
      isOther: false,
      start: null,
      timeLimitMs: 1000,
    });

  it('fails loudly where SCIP does not start', () => expect(look(area)).rejects.toThrow('no SCIP here'));

  it('refuses what is no model, and sees crossed bounds, before it asks SCIP', async () => {
    expect(await look({ ...area, products: [[0, 7, 1]] })).toMatchObject({ status: 'undecided', message: /columns 0 and 7.* 2 variables/ });
    expect(await look({ ...area, products: [[0, 1, Number.NaN]] })).toMatchObject({ status: 'undecided', message: /NaN/ });
    expect(await look({ ...area, products: [[0, 1, 1e16]] })).toMatchObject({ status: 'undecided', message: /1e15/ });
    const crossed = { name: 'r', lower: 2, upper: 1, columns: [], coefficients: [], products: [[0, 0, 1]] } as const;
    expect(await look({ ...area, rows: [crossed] })).toMatchObject({ status: 'infeasible' });
    expect(await look({ ...area, rows: [{ ...crossed, upper: 3, products: [] }] })).toMatchObject({ status: 'infeasible' });
  });
});
