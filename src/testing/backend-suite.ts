/** What every solver backend must do. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { evaluatePoint } from '../core/evaluate.ts';
import type { Capabilities, Solution, SolverBackend } from '../solvers/backend.ts';
import { column, inf, marketSplit, model, nearTies, row } from './models.ts';

const limits = { timeLimitMs: 5000 };
const shown = ({ status, objective, values }: Solution) => ({ status, objective, values: values === null ? null : [...values] });
const nothing = (status: string) => ({ status, objective: null, values: null });

/** What every backend must do. A new backend's test is one call of this, with its skips and their reasons. */
export function describeBackend(
  name: string,
  create: () => Promise<SolverBackend>,
  { skip = [] }: { readonly skip?: readonly { readonly test: string; readonly reason: string }[] } = {},
): void {
  describe(`${name} backend`, () => {
    let backend: SolverBackend;
    beforeAll(async () => {
      backend = await create();
    });
    afterAll(() => backend.close());
    const run = (title: string, body: () => void | Promise<void>, needs?: keyof Capabilities) =>
      it(title, async (context) => {
        const skipped = skip.find((s) => s.test === title);
        if (skipped) return context.skip(skipped.reason);
        if (needs && !backend.capabilities[needs]) return context.skip(`${name} does not claim ${needs}`);
        await body();
      });
    const solve = (...args: Parameters<typeof model>): ReturnType<typeof shown> => shown(backend.solve(model(...args), limits));

    run(
      'solves an LP to optimality',
      () => {
        const solution = solve(
          'max',
          [column('x', 3), column('y', 2)],
          [
            row(
              'c',
              -inf,
              [
                [0, 1],
                [1, 1],
              ],
              4,
            ),
            row('d', -inf, [[0, 1]], 2.5),
          ],
        );
        expect(solution).toEqual({ status: 'optimal', objective: 10.5, values: [2.5, 1.5] });
      },
      'lp',
    );
    run(
      'solves a MIP to optimality',
      () => {
        const solution = solve(
          'max',
          [column('x', 3, 0, inf, true), column('y', 2)],
          [
            row(
              'c',
              -inf,
              [
                [0, 1],
                [1, 1],
              ],
              4,
            ),
            row('d', -inf, [[0, 1]], 2.5),
          ],
        );
        expect(solution).toEqual({ status: 'optimal', objective: 10, values: [2, 2] });
      },
      'milp',
    );
    run('adds the constant to the objective', () => {
      expect(solve('min', [column('x', 2, 1)], [], 5).objective).toBe(7);
    });
    run('minimises over free and negative variables', () => {
      expect(solve('min', [column('x', 1, -inf)], [row('c', -3, [[0, 1]], inf)])).toEqual({
        status: 'optimal',
        objective: -3,
        values: [-3],
      });
    });
    run(
      'gives duals that say how the optimum moves, if it gives any',
      () => {
        const sum = [
          [0, 1],
          [1, 1],
        ] as const;
        const largest = (d: number): Solution =>
          backend.solve(
            model('max', [column('x', 3), column('y', 2, 0, 1)], [row('c', -inf, sum, 4), row('d', -inf, [[0, 1]], d)]),
            limits,
          );
        const smallest = (c: number): Solution =>
          backend.solve(model('min', [column('x', 3), column('y', 2, 0, 2)], [row('c', c, sum, inf), row('d', 1, [[0, 1]], inf)]), limits);
        for (const [solve, side, rows, columns] of [
          [largest, 2.5, [0, 3], [0, 2]],
          [smallest, 4, [3, 0], [0, -1]],
        ] as const) {
          const { objective, duals } = solve(side);
          if (duals === undefined || duals === null) return;
          expect([[...duals.rows].map((v) => v + 0), [...duals.columns].map((v) => v + 0)]).toEqual([rows, columns]);
          expect(((solve(side + 0.25).objective ?? 0) - (objective ?? 0)) / 0.25).toBeCloseTo(3);
        }
      },
      'lp',
    );
    run('takes bounds of 1e30 as infinite', () => {
      expect(solve('max', [column('x', 1, -1e30, 1e30)], [row('c', -1e30, [[0, 2]], 6)]).objective).toBe(3);
    });
    run('solves a model without rows', () => {
      expect(solve('min', [column('x', 1, 0, 2), column('y', -1, 0, 5.5)])).toEqual({
        status: 'optimal',
        objective: -5.5,
        values: [0, 5.5],
      });
    });
    run('says infeasible of an LP', () => {
      expect(solve('min', [column('x', 1, 0, 1)], [row('c', 2, [[0, 1]], inf)])).toEqual(nothing('infeasible'));
    });
    run(
      'says infeasible of a MIP whose relaxation is feasible',
      () => {
        expect(solve('min', [column('x', 1, 0, 1, true)], [row('c', 1, [[0, 2]], 1)])).toEqual(nothing('infeasible'));
      },
      'milp',
    );
    run('says infeasible where bounds cross', () => {
      expect(solve('min', [column('x', 1, 3, 1)])).toEqual(nothing('infeasible'));
      expect(solve('min', [column('x', 1)], [row('c', 5, [[0, 1]], 1)])).toEqual(nothing('infeasible'));
    });
    run(
      'says infeasible where no whole number lies between the bounds',
      () => {
        expect(solve('min', [column('x', 1, 0.4, 0.6, true)])).toEqual(nothing('infeasible'));
      },
      'milp',
    );
    run(
      'says infeasible where no whole sum lies between the sides of a row',
      () => {
        const terms = [
          [0, 1],
          [1, 1],
        ] as const;
        expect(solve('min', [column('x', 1, 0, 9, true), column('y', 1, 0, 9, true)], [row('c', 0.2, terms, 0.8)])).toEqual(
          nothing('infeasible'),
        );
      },
      'milp',
    );
    run('says infeasible of a row without terms that asks for more than 0', () => {
      expect(solve('min', [column('x', 1)], [row('c', 1, [], 2)])).toEqual(nothing('infeasible'));
    });
    run('says unbounded of an LP', () => {
      expect(solve('max', [column('x', 1)], [row('c', 2, [[0, 1]], inf)])).toEqual(nothing('unbounded'));
      expect(solve('min', [column('x', 0, 0, 2), column('y', -1)])).toEqual(nothing('unbounded'));
    });
    run(
      'says unbounded of a MIP',
      () => {
        const columns = [column('x', 1, 0, inf, true), column('y', 1, 0, inf, true)];
        expect(
          solve('max', columns, [
            row(
              'c',
              0.5,
              [
                [0, 1],
                [1, -1],
              ],
              3,
            ),
          ]),
        ).toEqual(nothing('unbounded'));
      },
      'milp',
    );
    run(
      'says infeasible, not unbounded, of a MIP that only its relaxation makes unbounded',
      () => {
        const columns = [column('x', 1, 0, inf, true), column('y', 1, 0, inf, true)];
        expect(
          solve('max', columns, [
            row(
              'c',
              1,
              [
                [0, 2],
                [1, -2],
              ],
              1,
            ),
          ]),
        ).toEqual(nothing('infeasible'));
      },
      'milp',
    );
    run('says infeasible of a model with an improving ray', () => {
      expect(solve('max', [column('x', 1), column('y', 1, 0, 1)], [row('c', 2, [[1, 1]], 3)])).toEqual(nothing('infeasible'));
    });
    run(
      'rounds fractional bounds of an integer variable inwards',
      () => {
        expect(solve('max', [column('x', 1, 0.5, 3.7, true)])).toEqual({ status: 'optimal', objective: 3, values: [3] });
      },
      'milp',
    );
    run(
      'closes the gap of a large objective',
      () => {
        // Under a relative gap of 1e-4, its default, HiGHS calls a worse point of each of these optimal.
        for (const seed of [12, 28, 35]) {
          const { knapsack, best } = nearTies(seed);
          expect(backend.solve(knapsack, { timeLimitMs: 60_000 })).toMatchObject({ status: 'optimal', objective: best });
        }
      },
      'milp',
    );

    run('refuses what is no model, with a message', () => {
      const refused: [Parameters<typeof model>, RegExp][] = [
        [['min', []], /no variables/],
        [['min', [column('x', Number.NaN)]], /cost of variable "x" is NaN/],
        [['min', [column('x', Infinity)]], /cost of variable "x" is Infinity/],
        [['min', [column('x', 1)], [], Number.NaN], /constant is NaN/],
        [['min', [column('x', 1, Number.NaN)]], /"x" has a bound that is not a number/],
        [['min', [column('x', 1, Infinity)]], /lower bound Infinity/],
        [['min', [column('x', 1)], [row('c', Number.NaN, [[0, 1]], 2)]], /constraint "c" has a bound that is not a number/],
        [['min', [column('x', 1)], [row('c', 1, [[0, Number.NaN]], 2)]], /coefficient of "x" in constraint "c" is NaN/],
        [['min', [column('x', 1)], [row('c', 1, [[0, 1e16]], 2)]], /1e15/],
        [['min', [column('x', 1)], [row('c', 1, [[1, 1]], 2)]], /names column 1, but the model has 1 variable$/],
        [
          [
            'min',
            [column('x', 1)],
            [
              row(
                'c',
                1,
                [
                  [0, 1],
                  [0, 1],
                ],
                2,
              ),
            ],
          ],
          /names variable "x" twice/,
        ],
        [['min', [column('x', 1)], [{ ...row('c', 1, [[0, 1]], 2), coefficients: [] }]], /1 columns but 0 coefficients/],
      ];
      for (const [args, message] of refused) {
        const solution = backend.solve(model(...args), limits);
        expect(shown(solution)).toEqual(nothing('error'));
        expect(solution.message).toMatch(message);
      }
    });
    run('takes names that text formats cannot hold, also twice', () => {
      const names = ['__proto__', 'end', '', 'x'.repeat(300), 'a b\n', '__proto__'];
      const columns = names.map((n, j) => column(n, j + 1, 1));
      expect(solve('min', columns, [row('end', 0, [[0, 1]], inf), row('end', 0, [[1, 1]], inf)])).toEqual({
        status: 'optimal',
        objective: 21,
        values: [1, 1, 1, 1, 1, 1],
      });
    });
    run(
      'gives a point that satisfies the model and the objective of that point',
      () => {
        const split = marketSplit(12, 2);
        const solution = backend.solve(split, limits);
        expect(solution.status).toBe('optimal');
        const { objective, violation, fraction } = evaluatePoint(split, solution.values ?? []);
        expect(solution.objective).toBe(objective);
        expect(violation).toBeLessThan(1e-6);
        expect(fraction).toBe(0);
      },
      'milp',
    );
    run(
      'gives the same bits for the same model, whatever it solved between',
      () => {
        const split = marketSplit(12, 2);
        const first = shown(backend.solve(split, limits));
        backend.solve(model('max', [column('x', 1)]), limits);
        backend.solve(model('min', [column('x', Number.NaN)]), limits);
        expect(shown(backend.solve(split, limits))).toEqual(first);
      },
      'milp',
    );
    run(
      'stops at the time limit and says that the clock decided',
      () => {
        const solution = backend.solve(marketSplit(), { timeLimitMs: 200 });
        expect(solution.status).toBe('time_limit');
        expect(solution.wallLimited).toBe(true);
        expect(solution.objective === null).toBe(solution.values === null);
      },
      'milp',
    );
    run('does not touch the model', () => {
      const frozen = JSON.stringify(marketSplit(5, 1));
      const split = marketSplit(5, 1);
      backend.solve(split, limits);
      expect(JSON.stringify(split)).toBe(frozen);
    });
  });
}
