import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { emptyOutcome, type Outcome, type OutcomeStatus } from '../../src/core/outcome.ts';
import { selfConsistent } from '../../src/decode/self-consistency.ts';

const about = { dialect: 'highs-js', backend: 'highs' };
const ended = (status: OutcomeStatus): Outcome => emptyOutcome(status, about);
const optimal = (objective: number, modelHash = `m${objective}`): Outcome => ({
  ...ended('optimal'),
  objective,
  solves: [{ status: 'optimal', objective, certificate: 'dual', modelHash, numVariables: 1, numIntegers: 0, numConstraints: 1, ms: 0 }],
});

describe('selfConsistent', () => {
  it('takes the median of the largest cluster of optimal values', () => {
    const consensus = selfConsistent([optimal(10), optimal(7), optimal(7.000001), optimal(6.999999), ended('runtime_error')]);
    expect(consensus).toEqual({ kind: 'optimal', value: 7, members: [1, 2, 3], representative: 1, numOutcomes: 5 });
  });

  it.each([
    [['infeasible', 'infeasible', 'infeasible', 'optimal'], 'infeasible'],
    [['optimal', 'optimal', 'infeasible', 'runtime_error'], 'optimal'],
    [['unbounded', 'infeasible', 'unbounded'], 'unbounded'],
    [['syntax_error', 'no_program', 'optimal'], 'error'],
    // Ties go by priority.
    [['infeasible', 'infeasible', 'optimal', 'optimal'], 'optimal'],
    [['infeasible', 'time_limit'], 'time_limit'],
    [['unbounded', 'infeasible'], 'infeasible'],
    [['runtime_error', 'infeasible_or_unbounded'], 'unbounded'],
    [['syntax_error', 'no_program', 'no_solve'], 'error'],
  ] as const)('of %s takes %s: the status of most, of as many the better', (statuses, kind) =>
    expect(selfConsistent(statuses.map((status) => (status === 'optimal' ? optimal(1) : ended(status))))?.kind).toBe(kind),
  );

  it('leaves out faults of ours, and says nothing when there is nothing else', () => {
    expect(selfConsistent([ended('infra_error'), optimal(3)])).toMatchObject({ value: 3, members: [1], numOutcomes: 1 });
    expect(selfConsistent([ended('infra_error')])).toBeNull();
    expect(selfConsistent([])).toBeNull();
  });

  it('of two clusters as large takes that whose programs share a model, then the earlier', () => {
    expect(selfConsistent([optimal(1, 'a'), optimal(2, 'c'), optimal(1, 'b'), optimal(2, 'c')])?.value).toBe(2);
    expect(selfConsistent([optimal(2, 'a'), optimal(1, 'b')])?.value).toBe(2);
  });

  it('shows the member whose model most others have', () =>
    expect(selfConsistent([optimal(5, 'odd'), optimal(5, 'same'), optimal(5, 'same')])?.representative).toBe(1));

  it('counts votes by weight where there are weights', () => {
    const outcomes = [optimal(0), optimal(0), optimal(7)];
    expect(selfConsistent(outcomes)?.value).toBe(0);
    expect(selfConsistent(outcomes, { weights: [0.1, 0.1, 0.9] })).toMatchObject({ value: 7, members: [2] });
    expect(selfConsistent(outcomes, { weights: [0, 0, 0] })?.value).toBe(0); // no weight at all: the earlier
  });

  it('widens clusters with the tolerance', () => {
    const outcomes = [optimal(100), optimal(101), optimal(50)];
    expect(selfConsistent(outcomes)?.members).toHaveLength(1);
    expect(selfConsistent(outcomes, { relative: 0.05 })?.members).toEqual([0, 1]);
  });

  it('gives a value that some member has, whatever the order of the samples', () =>
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 20 }), fc.nat(), (values, turn) => {
        const turned = values.map((_, i) => values[(i + turn) % values.length] ?? 0);
        const [a, b] = [selfConsistent(values.map((v) => optimal(v))), selfConsistent(turned.map((v) => optimal(v)))];
        expect(a?.members.map((i) => values[i])).toEqual(a?.members.map(() => a.value));
        expect(a?.members.length).toBe(b?.members.length);
        expect(a?.members.length).toBe(Math.max(...values.map((v) => values.filter((w) => w === v).length)));
      }),
    ));
});
