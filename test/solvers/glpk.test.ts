import { createGlpk } from 'evom';
import { describe, expect, it } from 'vitest';
import { describeBackend } from '../../src/testing/backend-suite.ts';
import { column, inf, model, row } from './models.ts';

describeBackend('glpk', () => createGlpk(), {
  skip: [
    {
      test: 'says infeasible, not unbounded, of a MIP that only its relaxation makes unbounded',
      reason: 'GLPK branches without end on integer variables without bounds; below it says infeasible_or_unbounded at the time limit',
    },
  ],
});

describe('createGlpk', () => {
  it('prints nothing and gives console back', async () => {
    const { log, error } = console;
    const { write } = process.stdout;
    const written: unknown[] = [];
    process.stdout.write = (text) => {
      written.push(text);
      return true;
    };
    try {
      const glpk = await createGlpk();
      glpk.solve(model('min', [column('x', 1, 0, 1)], [row('c', 2, [[0, 1]], inf)]), { timeLimitMs: 1000 });
      glpk.close();
    } finally {
      process.stdout.write = write;
    }
    expect(console.log).toBe(log);
    expect(console.error).toBe(error);
    expect(written).toEqual([]);
  });

  it('owns that it cannot tell infeasible from unbounded where it branches without end', async () => {
    const glpk = await createGlpk();
    const columns = [column('x', 1, 0, inf, true), column('y', 1, 0, inf, true)];
    const parity = model('max', columns, [
      row(
        'c',
        1,
        [
          [0, 2],
          [1, -2],
        ],
        1,
      ),
    ]);
    expect(glpk.solve(parity, { timeLimitMs: 300 })).toMatchObject({
      status: 'infeasible_or_unbounded',
      objective: null,
      wallLimited: true,
    });
    glpk.close();
  });

  it('finds no optimum that only its integer tolerance allows', async () => {
    const glpk = await createGlpk();
    // y > x, written as y >= x + 1e-5: GLPK alone takes y = x + 1e-5 for whole.
    const link = row(
      'link',
      1e-5,
      [
        [0, -1],
        [1, 1],
      ],
      inf,
    );
    const strictly = model('min', [column('x', 1, 2, 9, true), column('y', 1, 0, 9, true)], [link]);
    expect(glpk.solve(strictly, { timeLimitMs: 1000 })).toMatchObject({ status: 'optimal', objective: 5 });
    const none = model('min', [column('x', 1, 9, 9, true), column('y', 1, 0, 9, true)], [link]);
    expect(glpk.solve(none, { timeLimitMs: 1000 }).status).toBe('infeasible');
    glpk.close();
  });

  it('does not call optimal what moving one variable betters', async () => {
    const glpk = await createGlpk();
    // x is free below and worth 0.01 beside a coefficient of 10000, which GLPK's presolver takes for nothing: it leaves x at 0.
    const columns = [column('x', 0.01, -inf, inf, true), column('y', 1000, -5, 7.5)];
    const cap = row(
      'cap',
      -inf,
      [
        [0, 10_000],
        [1, 0.0001],
      ],
      0.7,
    );
    expect(glpk.solve(model('min', columns, [cap]), { timeLimitMs: 1000 })).toMatchObject({ status: 'feasible', objective: -5000 });
    glpk.close();
  });

  it('takes a time limit longer than GLPK can count', async () => {
    const glpk = await createGlpk();
    expect(glpk.solve(model('max', [column('x', 1, 0, 3)]), { timeLimitMs: 1e12 }).objective).toBe(3);
    glpk.close();
  });
});
