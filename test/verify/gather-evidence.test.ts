/** What evidence an outcome gets, and which solver is asked for it. */
import { noEvidence } from 'evom';
import { describe, expect, it } from 'vitest';
import type { LinearModel } from '../../src/core/linear-model.ts';
import type { Solution, SolverBackend } from '../../src/solvers/backend.ts';
import { type AuditTask, entriesOf, gatherEvidence, largestAudited } from '../../src/verify/evidence/gather.ts';
import { column, inf, model, row } from '../solvers/models.ts';

/** A backend that notes what it is asked. */
function listening(answer: (model: LinearModel) => { status: Solution['status']; objective: number | null }) {
  const asked: LinearModel[] = [];
  const backend: SolverBackend = {
    name: 'listening',
    version: '0',
    capabilities: { lp: true, milp: true },
    solve: (candidate) => {
      asked.push(candidate);
      return { ...answer(candidate), values: null, message: null, wallLimited: false, ms: 0 };
    },
    close: () => undefined,
  };
  return { asked, backend };
}

const linear = model(
  'max',
  [column('x', 3), column('y', 2)],
  [
    row(
      'c',
      -inf,
      [
        [0, 1],
        [1, 2],
      ],
      4,
    ),
  ],
);
const whole: LinearModel = { ...linear, variables: linear.variables.map((variable) => ({ ...variable, integer: true })) };
const settings = { perturbations: 0, sharesProofs: true };
const task = (over: Partial<AuditTask>): AuditTask => ({
  model: linear,
  status: 'optimal',
  objective: 12,
  certificate: 'dual',
  solution: { x: 4, y: 0 },
  reference: null,
  answer: 12,
  ...over,
});

/** The evidence, and what each solver was asked. */
function gathered(
  over: Partial<AuditTask>,
  answer: Parameters<typeof listening>[0] = () => ({ status: 'optimal', objective: 0 }),
  perturbations = 0,
) {
  const [large, small] = [listening(answer), listening(answer)];
  const evidence = gatherEvidence(
    task(over),
    { ...settings, perturbations },
    { backend: large.backend, small: small.backend, second: null },
  );
  return { ...evidence, large: large.asked, small: small.asked };
}

/** A model of so many variables and matrix entries. */
const ofEntries = (entries: number): LinearModel => {
  const numRows = Math.floor((entries - 2) / 2);
  const columns = Array.from({ length: entries - 2 * numRows }, (_, j) => column(`x${j}`, 1));
  return model(
    'max',
    columns,
    Array.from({ length: numRows }, (_, i) =>
      row(
        '',
        -inf,
        [
          [0, 1],
          [1, i + 2],
        ],
        4,
      ),
    ),
  );
};

describe('the range of the objective', () => {
  it('of a linear program is its optimum at one end, and is solved for at the other', () => {
    const most = gathered({}, () => ({ status: 'optimal', objective: 1 }));
    expect(most.objectiveRange).toEqual([1, 12]);
    expect(most.small.map(({ sense }) => sense)).toEqual(['min']);
    const least = gathered({ model: { ...linear, sense: 'min' }, objective: 1 }, () => ({ status: 'optimal', objective: 12 }));
    expect(least.objectiveRange).toEqual([1, 12]);
    expect(least.small.map(({ sense }) => sense)).toEqual(['max']);
  });

  it('of integers is that of the relaxation, solved for at both ends', () => {
    const { objectiveRange, small } = gathered({ model: whole }, ({ sense }) => ({
      status: 'optimal',
      objective: sense === 'min' ? -1 : 13,
    }));
    expect(objectiveRange).toEqual([-1, 13]);
    expect(small.flatMap(({ variables }) => variables.map(({ integer }) => integer))).toEqual([false, false, false, false]);
  });

  it('is open where the relaxation has no end, and unknown without a verdict', () => {
    expect(gathered({ model: whole }, () => ({ status: 'unbounded', objective: null })).objectiveRange).toEqual([-inf, inf]);
    expect(gathered({}, () => ({ status: 'unbounded', objective: null })).objectiveRange).toEqual([-inf, 12]);
    for (const status of ['time_limit', 'infeasible', 'error'] as const)
      expect(gathered({}, () => ({ status, objective: 5 })).objectiveRange).toBeNull();
  });

  it('is asked for neither without an optimum nor of the reference itself', () => {
    expect(gathered({ status: 'infeasible', objective: null })).toMatchObject({ objectiveRange: null, small: [], large: [] });
    expect(gathered({ reference: linear })).toMatchObject({ comparison: 'identical', objectiveRange: null, small: [], large: [] });
  });

  it('is found by the small solver up to 1000 entries, by the other above', () => {
    expect([entriesOf(linear), entriesOf(ofEntries(1000)), entriesOf(ofEntries(1001))]).toEqual([4, 1000, 1001]);
    const asked = (entries: number) => {
      const { small, large } = gathered({ model: ofEntries(entries) });
      return [small.length, large.length];
    };
    expect(asked(1000)).toEqual([1, 0]);
    expect(asked(1001)).toEqual([0, 1]);
  });
});

describe('the comparison with the reference', () => {
  const other: LinearModel = { ...linear, variables: [column('x', 3), column('y', 2.5)] };

  it('is whether they are identical, without perturbations', () => {
    expect(gathered({}).comparison).toBeNull();
    expect(gathered({ reference: linear }).comparison).toBe('identical');
    expect(gathered({ reference: other })).toMatchObject({ comparison: 'different', large: [] });
  });

  it('asks the solver for perturbed models otherwise', () => {
    const { comparison, large } = gathered({ reference: other }, () => ({ status: 'optimal', objective: 7 }), 3);
    expect(comparison).toBe('equivalent');
    expect(large.length).toBeGreaterThanOrEqual(2 * 3);
  });

  it('says whether the point solves the reference, where its answer is a number', () => {
    expect(gathered({ reference: linear }).solvesReference).toBe(true);
    expect(gathered({ reference: linear, solution: { x: 3, y: 0 } }).solvesReference).toBe(false);
    expect(gathered({ reference: linear, answer: 'infeasible' }).solvesReference).toBeNull();
    expect(gathered({}).solvesReference).toBeNull();
  });

  it('is given up, and nothing is solved, where either model is larger than an audit may be', () => {
    const [fits, large] = [ofEntries(largestAudited), ofEntries(largestAudited + 1)];
    const nothing = { ...noEvidence, large: [], small: [] };
    expect(gathered({ model: large })).toEqual(nothing);
    expect(gathered({ model: large, reference: linear })).toEqual({ ...nothing, comparison: 'unmatched' });
    expect(gathered({ reference: large })).toEqual({ ...nothing, comparison: 'unmatched' });
    expect(gathered({ model: fits }).objectiveRange).toEqual([0, 12]);
  });
});
