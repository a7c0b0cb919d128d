import { describe, expect, it } from 'vitest';
import { cellOf } from '../../../src/config/build/outcome-memory.ts';
import { loadConfig } from '../../../src/config/load/load.ts';
import type { TrainConfig } from '../../../src/config/schema/schema.ts';

describe('cellOf', () => {
  const known = { fingerprint: 'weights', template: null };
  const config = (...set: string[]): TrainConfig =>
    loadConfig('quickstart.yaml', { cwd: '.', checkFiles: false, overrides: set }).config as TrainConfig;
  const two = config('dialect=[{name: highs-js}, {name: glpk-js}]');

  it('tells the dialects apart in which a set may be asked', () => {
    const cells = [undefined, 'highs-js', 'glpk-js'].map((dialect) => cellOf(two, known, { temperature: 1, dialect }));
    expect(new Set(cells).size).toBe(3);
    expect(cells[1]).toBe(cellOf(config('dialect=highs-js'), known, { temperature: 1 }));
  });

  it('tells the precisions of the sampler apart', () => {
    const set = { temperature: 0 };
    expect(cellOf(config('policy.precision=int8'), known, set)).not.toBe(cellOf(config(), known, set));
  });
});
