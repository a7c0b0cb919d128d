import { describe, expect, it } from 'vitest';
import { learningRateFactor, type ScheduleConfig } from '../../src/rl/schedule.ts';

const factors = (schedule: ScheduleConfig, steps: number) => Array.from({ length: steps }, (_, step) => learningRateFactor(schedule, step));

describe('learningRateFactor', () => {
  it('rises linearly over the warm-up, from a step that is not 0 to 1', () => {
    expect(factors({ type: 'constant', warmupSteps: 3 }, 5)).toEqual([0.25, 0.5, 0.75, 1, 1]);
    expect(factors({ type: 'constant', warmupSteps: 0 }, 2)).toEqual([1, 1]);
  });

  it('falls on a line from the end of the warm-up to the last step, and stays there', () => {
    expect(factors({ type: 'linear', warmupSteps: 1, totalSteps: 5 }, 7)).toEqual([0.5, 1, 0.75, 0.5, 0.25, 0, 0]);
    expect(factors({ type: 'linear', warmupSteps: 0, totalSteps: 2, minFactor: 0.5 }, 4)).toEqual([1, 0.75, 0.5, 0.5]);
  });

  it('falls as half a cosine', () => {
    const values = factors({ type: 'cosine', warmupSteps: 0, totalSteps: 4, minFactor: 0.2 }, 6);
    const at = (share: number) => 0.2 + (0.8 * (1 + Math.cos(Math.PI * share))) / 2;
    for (const [step, share] of [0, 0.25, 0.5, 0.75, 1, 1].entries()) expect(values[step]).toBeCloseTo(at(share), 12);
  });

  it('stays at 1 until the decay of wsd begins, and falls over its steps alone', () => {
    expect(factors({ type: 'wsd', warmupSteps: 1, totalSteps: 8, decaySteps: 4 }, 10)).toEqual([0.5, 1, 1, 1, 1, 0.75, 0.5, 0.25, 0, 0]);
    // A decay longer than what the warm-up leaves begins after it.
    expect(factors({ type: 'wsd', warmupSteps: 2, totalSteps: 4, decaySteps: 100 }, 6)).toEqual([1 / 3, 2 / 3, 1, 0.5, 0, 0]);
  });

  it('is at its end after a way without length', () => {
    expect(factors({ type: 'linear', warmupSteps: 2, totalSteps: 2 }, 4)).toEqual([1 / 3, 2 / 3, 0, 0]);
    expect(factors({ type: 'linear', warmupSteps: 1, totalSteps: 3 }, 2)[1]).toBe(1);
    expect(factors({ type: 'wsd', warmupSteps: 0, totalSteps: 3, decaySteps: 0 }, 5)).toEqual([1, 1, 1, 0, 0]);
    // The last step of the warm-up may lie behind the last step of training.
    expect(learningRateFactor({ type: 'linear', warmupSteps: 5, totalSteps: 2 }, 5)).toBe(0);
  });

  it.each([-1, Number.NaN])('refuses step %d', (step) => {
    expect(() => learningRateFactor({ type: 'constant', warmupSteps: 0 }, step)).toThrow(RangeError);
  });
});
