import { emptyOutcome, type Outcome } from 'evom';
import { describe, expect, it } from 'vitest';
import { withoutRefuted } from '../../src/verify/refuted-by-peers.ts';
import { column, model, row } from '../solvers/models.ts';

const about = { dialect: 'highs-js', backend: 'highs' };
const outcome = (status: 'optimal' | 'infeasible', objective: number | null, more: Partial<Outcome> & { hash?: string } = {}): Outcome => {
  const { hash = 'same', certificate = 'none', ...rest } = more;
  const sizes = { numVariables: 1, numIntegers: 0, numConstraints: 1, ms: 0 };
  return {
    ...emptyOutcome(status, about),
    objective,
    certificate,
    solution: objective === null ? null : { x: Math.abs(objective) },
    model: model('max', [column('x', 1)], [row('c', 0, [[0, 1]], 9)]),
    solves: [{ status, objective, certificate, modelHash: hash, ...sizes }],
    ...rest,
  };
};
const notCertified = { status: 'infra_error', error: { type: 'NotCertified' } };

describe('withoutRefuted', () => {
  it('takes back an optimum that another program of the same model betters', () => {
    const [worse, better] = withoutRefuted([outcome('optimal', 7), outcome('optimal', 9)]);
    expect(worse).toMatchObject(notCertified);
    expect(better).toMatchObject({ status: 'optimal', objective: 9 });
  });

  it('compares a maximum with the minimum that is its negative', () => {
    const minimum = model('min', [column('x', -1)], [row('c', 0, [[0, 1]], 9)]);
    const [max, min] = withoutRefuted([outcome('optimal', 9), outcome('optimal', -7, { model: minimum })]);
    expect(max?.status).toBe('optimal');
    expect(min).toMatchObject(notCertified);
  });

  it('takes back an infeasibility where another program has a point', () => {
    expect(withoutRefuted([outcome('infeasible', null), outcome('optimal', 9)])[0]).toMatchObject(notCertified);
  });

  it('hears no witness whose point only tolerances let pass: rows may be written as small as one likes', () => {
    // x <= 9 in millionths of a tenth: 12 misses it by 3e-7.
    const small = model('max', [column('x', 1)], [row('c', 0, [[0, 1e-7]], 9e-7)]);
    const [honest, empty] = [outcome('optimal', 9), outcome('infeasible', null)];
    expect(withoutRefuted([honest, outcome('optimal', 12, { model: small })])[0]).toBe(honest);
    expect(withoutRefuted([empty, outcome('optimal', 12, { model: small })])[0]).toBe(empty);
    expect(withoutRefuted([outcome('optimal', 7), outcome('optimal', 9, { model: small })])[0]).toMatchObject(notCertified);
  });

  it('leaves what a proof stands behind, other models, and what differs by rounding', () => {
    const group = [
      outcome('optimal', 9),
      outcome('optimal', 7, { certificate: 'dual' }),
      outcome('optimal', 5, { hash: 'other' }),
      outcome('infeasible', null, { hash: 'third' }),
      outcome('optimal', 9 - 1e-7),
      outcome('optimal', 1, { hash: '' }),
    ];
    expect(withoutRefuted(group)).toEqual(group);
  });
});
