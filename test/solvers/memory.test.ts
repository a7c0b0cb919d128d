import { describe, expect, it } from 'vitest';
import type { LinearModel } from '../../src/core/linear-model.ts';
import { createGlpk } from '../../src/solvers/glpk.ts';
import { createHighs } from '../../src/solvers/highs.ts';

/** One row over many variables. */
const wide = (numVariables: number): LinearModel => ({
  sense: 'max',
  offset: 0,
  variables: Array.from({ length: numVariables }, (_, j) => ({ name: `x${j}`, lower: 0, upper: 9, integer: false, cost: 1 })),
  constraints: [
    {
      name: 'c',
      lower: -Infinity,
      upper: 5,
      columns: Array.from({ length: numVariables }, (_, j) => j),
      coefficients: new Array(numVariables).fill(1),
    },
  ],
});

describe.each([
  ['highs', createHighs],
  ['glpk', createGlpk],
] as const)('the memory of %s', (_, create) => {
  it('has a ceiling: a model that needs more is an error, and the next one is solved', async () => {
    const backend = await create({ memoryMb: 32 });
    expect(backend.solve(wide(20), { timeLimitMs: 10_000 })).toMatchObject({ status: 'optimal', objective: 5 });
    const tooLarge = backend.solve(wide(150_000), { timeLimitMs: 20_000 });
    expect(tooLarge).toMatchObject({ status: 'error', values: null });
    await backend.settled();
    expect(backend.solve(wide(20), { timeLimitMs: 10_000 })).toMatchObject({ status: 'optimal', objective: 5 });
    backend.close();
  });

  it('suffices for the same model under the usual ceiling', async () => {
    const backend = await create();
    expect(backend.solve(wide(20_000), { timeLimitMs: 60_000 })).toMatchObject({ status: 'optimal', objective: 5 });
    backend.close();
  });
});
