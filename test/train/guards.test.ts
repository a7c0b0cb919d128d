import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkGuards, type GuardLimits, type GuardReadings, initialGuardState } from '../../src/train/guards.ts';

const off: GuardLimits = { entropyMin: null, noSignalSteps: null, klMax: null, infraRateMax: null, flagRateMax: null };
const healthy: GuardReadings = { entropy: 0.3, mixedGroups: 4, approxKl: 0.01, infraRate: 0, flagRate: 0.1 };
const check = (readings: Partial<GuardReadings>, limits: Partial<GuardLimits>, stepsWithoutSignal = 0) =>
  checkGuards({ stepsWithoutSignal }, { ...healthy, ...readings }, { ...off, ...limits });

describe('checkGuards', () => {
  it('says what was read, what the limit is and what to try', () => {
    const { alarms } = check({ approxKl: 0.3 }, { klMax: 0.2 });
    expect(alarms).toEqual([
      'KL 0.3000 nats a token from sampler to learner exceeds guards.kl_max 0.2: lower the learning rate, optimizer.max_grad_norm or async.steps_ahead',
    ]);
  });

  it.each([
    ['entropyMin', { entropy: 0.099 }, { entropy: 0.1 }, 0.1, /entropy/],
    ['klMax', { approxKl: 0.11 }, { approxKl: 0.1 }, 0.1, /KL/],
    ['infraRateMax', { infraRate: 0.11 }, { infraRate: 0.1 }, 0.1, /11\.0 % of the rollouts were lost/],
    ['flagRateMax', { flagRate: 0.11 }, { flagRate: 0.1 }, 0.1, /audit flag/],
  ] as const)('%s fires beyond its limit and not at it', (limit, beyond, at, value, text) => {
    expect(check(beyond, { [limit]: value }).alarms).toEqual([expect.stringMatching(text)]);
    expect(check(at, { [limit]: value }).alarms).toEqual([]);
    expect(check(beyond, {}).alarms).toEqual([]);
  });

  it('counts steps without a signal in a row, and starts over at the first with one', () => {
    const limits = { ...off, noSignalSteps: 2 };
    const dry = { ...healthy, mixedGroups: 0 };
    const first = checkGuards(initialGuardState, dry, limits);
    expect(first).toEqual({ state: { stepsWithoutSignal: 1 }, alarms: [] });
    const second = checkGuards(first.state, dry, limits);
    expect(second).toEqual({ state: { stepsWithoutSignal: 2 }, alarms: [expect.stringContaining('for 2 steps')] });
    expect(checkGuards(second.state, healthy, limits)).toEqual({ state: { stepsWithoutSignal: 0 }, alarms: [] });
  });

  it.each([
    ['entropyMin', 'entropy', 0.1, /entropy NaN nats/],
    ['klMax', 'approxKl', 0.1, /KL NaN nats/],
    ['infraRateMax', 'infraRate', 0.1, /NaN % of the rollouts were lost/],
    ['flagRateMax', 'flagRate', 0.1, /NaN % of the rollouts carry/],
  ] as const)('%s fires on a reading that is not a number, and not when it is off', (limit, reading, value, text) => {
    expect(check({ [reading]: Number.NaN }, { [limit]: value }).alarms).toEqual([expect.stringMatching(text)]);
    expect(check({ [reading]: Number.NaN }, {}).alarms).toEqual([]);
  });

  it('fires on an infinite reading', () => {
    expect(check({ approxKl: Number.POSITIVE_INFINITY }, { klMax: 1e9 }).alarms).toEqual([expect.stringContaining('KL Infinity')]);
  });

  it('lets a limit of 0 mean none at all', () => {
    expect(check({ infraRate: 0.001 }, { infraRateMax: 0 }).alarms).toHaveLength(1);
    expect(check({ infraRate: 0 }, { infraRateMax: 0 }).alarms).toHaveLength(0);
  });

  it('reports every guard that fires', () => {
    const limits = { entropyMin: 1, noSignalSteps: 1, klMax: 0, infraRateMax: 0, flagRateMax: 0 };
    expect(check({ mixedGroups: 0, infraRate: 1 }, limits).alarms).toHaveLength(5);
  });

  it('never fires when it is off', () => {
    const number = fc.double({ min: 0, max: 1e6, noNaN: true });
    const readings = fc.record({ entropy: number, mixedGroups: fc.nat(), approxKl: number, infraRate: number, flagRate: number });
    fc.assert(fc.property(readings, fc.nat(), (one, steps) => checkGuards({ stepsWithoutSignal: steps }, one, off).alarms.length === 0));
  });
});
