import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { evaluatePoint } from '../../src/core/evaluate.ts';
import type { LinearModel } from '../../src/core/linear-model.ts';
import { extremePoints, probePoints } from '../../src/solve/probe-points.ts';
import type { SolverBackend } from '../../src/solvers/backend.ts';
import { createHighs } from '../../src/solvers/highs.ts';

const model: LinearModel = {
  sense: 'max',
  offset: 0,
  variables: [
    { name: 'x', lower: 0, upper: Infinity, integer: true, cost: 3 },
    { name: 'y', lower: 0, upper: Infinity, integer: false, cost: 2 },
  ],
  constraints: [
    { name: 'a', lower: -Infinity, upper: 10, columns: [0, 1], coefficients: [2, 1] },
    { name: 'b', lower: 1, upper: 6, columns: [1], coefficients: [1] },
  ],
};

let highs: SolverBackend;
beforeAll(async () => {
  highs = await createHighs();
});
afterAll(() => highs.close());

describe('probePoints', () => {
  it('begins with the optimum and looks to both sides of feasibility', () => {
    const points = probePoints(model, [2, 6], 1);
    expect(points[0]).toEqual([2, 6]);
    const breaches = points.map((point) => evaluatePoint(model, point));
    expect(breaches.some(({ violation, fraction }) => violation === 0 && fraction === 0)).toBe(true);
    expect(breaches.some(({ violation }) => violation > 0)).toBe(true);
    expect(breaches.some(({ fraction }) => fraction === 0.5)).toBe(true);
  });

  it('keeps to its bound, in points and in values', () =>
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 4, max: 100 }), (size, most) => {
        const variables = Array.from({ length: size }, (_, j) => ({ name: `v${j}`, lower: 0, upper: 9, integer: false, cost: 1 }));
        const points = probePoints(
          { ...model, variables, constraints: [] },
          variables.map(() => 1),
          1,
          most,
        );
        expect(points.length).toBeLessThanOrEqual(Math.max(4, Math.min(most, Math.floor(6000 / size))));
        expect(new Set(points.map((point) => point.length))).toEqual(new Set([size]));
      }),
      { numRuns: 30 },
    ));

  it('draws the same points for the same seed', () => {
    expect(probePoints(model, [2, 6], 1)).toEqual(probePoints(model, [2, 6], 1));
    expect(probePoints(model, [2, 6], 1)).not.toEqual(probePoints(model, [2, 6], 2));
  });
});

describe('extremePoints', () => {
  it('gives for each side of a row a point where it is tight and one that breaks it alone', () => {
    const points = extremePoints(model, (m) => highs.solve(m, { timeLimitMs: 1000 }));
    const activities = points.map(([x = 0, y = 0]) => [2 * x + y, y]);
    expect(points).toHaveLength(6);
    expect(activities[0]?.[0]).toBeCloseTo(10, 6);
    expect(activities[1]?.[0]).toBeCloseTo(10.1, 6);
    expect(activities[2]?.[1]).toBeCloseTo(6, 6);
    expect(activities[3]?.[1]).toBeCloseTo(6.06, 6);
    expect(activities[4]?.[1]).toBeCloseTo(1, 6);
    expect(activities[5]?.[1]).toBeCloseTo(0.99, 6);
    for (const [x = 0] of points) expect(Number.isInteger(Math.round(x * 1e6) / 1e6)).toBe(true);
  });

  it('gives none for a side that the rest keeps out of reach', () => {
    const unreachable = {
      ...model,
      constraints: [...model.constraints, { name: 'c', lower: -Infinity, upper: 1000, columns: [1], coefficients: [1] }],
    };
    const points = extremePoints(unreachable, (m) => highs.solve(m, { timeLimitMs: 1000 }));
    expect(Math.max(...points.map(([, y = 0]) => y))).toBeLessThan(7);
  });
});
