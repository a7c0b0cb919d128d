import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planSampling } from '../../../src/embedded/sampler/work-plan.ts';

const request = (group: number) => ({ promptIds: Int32Array.of(2), seeds: Array.from({ length: group }, (_, g) => `${g}`) });
const rows = (units: readonly { samples: readonly unknown[] }[]) => units.reduce((sum, unit) => sum + unit.samples.length, 0);

describe('planSampling', () => {
  it('gives whole requests to workers in turn, and cuts the one left over', () => {
    const plan = planSampling([request(4), request(4), request(4)], 2, 64);
    expect(plan.map((units) => units.map((unit) => [unit.requestIndex, unit.samples.map((sample) => sample.index)]))).toEqual([
      [
        [0, [0, 1, 2, 3]],
        [2, [0, 1]],
      ],
      [
        [1, [0, 1, 2, 3]],
        [2, [2, 3]],
      ],
    ]);
  });

  it('places every sample once, in units that fit a batch', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(40), { maxLength: 9 }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 20 }),
        (groups, workers, batchRows) => {
          const plan = planSampling(groups.map(request), workers, batchRows);
          expect(plan.length).toBe(workers);
          const placed = plan.flat().flatMap((unit) => unit.samples.map((sample) => `${unit.requestIndex}/${sample.index}`));
          expect(placed.sort()).toEqual(groups.flatMap((group, i) => Array.from({ length: group }, (_, g) => `${i}/${g}`)).sort());
          for (const unit of plan.flat()) {
            expect(unit.samples.length).toBeLessThanOrEqual(batchRows);
            expect(unit.samples.length).toBeGreaterThan(0);
          }
        },
      ),
    );
  });

  it('spreads equal groups so that no worker has many more rows than another', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 30 }),
        fc.integer({ min: 1, max: 16 }),
        fc.integer({ min: 1, max: 4 }),
        (count, group, workers) => {
          const loads = planSampling(
            Array.from({ length: count }, () => request(group)),
            workers,
            64,
          ).map(rows);
          // Each request left over adds at most one row of difference.
          expect(Math.max(...loads) - Math.min(...loads)).toBeLessThanOrEqual(workers);
        },
      ),
    );
  });
});
