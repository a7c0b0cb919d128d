import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isKeptStep, type KeepSteps, removeOldSteps } from '../../src/runs/kept-steps.ts';

const kept = (rule: KeepSteps, saved = 20): number[] =>
  Array.from({ length: saved }, (_, i) => i + 1).filter((step) => isKeptStep(step, saved, rule));

describe('isKeptStep', () => {
  it('keeps every k-th, or the last k, and always the first and the newest', () => {
    expect(kept({ every: 10 })).toEqual([1, 10, 20]);
    expect(kept({ every: 7 })).toEqual([1, 7, 14, 20]);
    expect(kept({ last: 3 })).toEqual([1, 18, 19, 20]);
    expect(kept('all')).toHaveLength(20);
  });

  it('never keeps a step at a later checkpoint that it did not keep before, nor drops one after the checkpoint', () => {
    const rule = fc.oneof(fc.record({ every: fc.integer({ min: 1, max: 9 }) }), fc.record({ last: fc.integer({ min: 1, max: 9 }) }));
    fc.assert(
      fc.property(rule, fc.integer({ min: 2, max: 40 }), fc.integer({ min: 1, max: 60 }), (one, saved, step) => {
        expect(isKeptStep(saved + step, saved, one)).toBe(true);
        if (step < saved && !isKeptStep(step, saved, one)) expect(isKeptStep(step, saved + 5, one)).toBe(false);
      }),
    );
  });
});

describe('removeOldSteps', () => {
  it('deletes whole folders of steps, and nothing else', async () => {
    const run = mkdtempSync(join(tmpdir(), 'evom-kept-'));
    for (let step = 1; step <= 6; step++) {
      mkdirSync(join(run, 'steps', `00000${step}`), { recursive: true });
      writeFileSync(join(run, 'steps', `00000${step}`, 'rollouts.arrow'), '');
    }
    mkdirSync(join(run, 'steps', 'notes'));
    await removeOldSteps(run, 5, { last: 2 });
    expect(readdirSync(join(run, 'steps')).sort()).toEqual(['000001', '000004', '000005', '000006', 'notes']);
    await removeOldSteps(join(run, 'nothing'), 5, { last: 2 });
    rmSync(run, { recursive: true });
  });
});
