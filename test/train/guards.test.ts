import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkGuards, type GuardLimits, type GuardReadings, type GuardVerdict, initialGuardState } from '../../src/train/guards.ts';
import { guardsOff } from './fixtures.ts';

const off = guardsOff;
const healthy: GuardReadings = {
  entropy: 0.3,
  mixedGroups: 4,
  approxKl: 0.01,
  infraRate: 0,
  flagRate: 0.1,
  reward: 0.5,
  identical: 0.3,
  onlyFormatTells: false,
  notFinite: [],
};
const check = (readings: Partial<GuardReadings>, limits: Partial<GuardLimits>, stepsWithoutSignal = 0) =>
  checkGuards({ ...initialGuardState, stepsWithoutSignal }, { ...healthy, ...readings }, { ...off, ...limits });

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
    expect(first).toEqual({ state: { ...initialGuardState, stepsWithoutSignal: 1 }, alarms: [], stop: null });
    const second = checkGuards(first.state, dry, limits);
    expect(second.alarms).toEqual([expect.stringContaining('for 2 steps')]);
    expect(checkGuards(second.state, healthy, limits)).toEqual({ state: initialGuardState, alarms: [], stop: null });
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
    const limits = { ...off, entropyMin: 1, noSignalSteps: 1, klMax: 0, infraRateMax: 0, flagRateMax: 0 };
    expect(check({ mixedGroups: 0, infraRate: 1 }, limits).alarms).toHaveLength(5);
  });

  it('never fires when it is off', () => {
    const number = fc.double({ min: 0, max: 1e6, noNaN: true });
    const readings = fc.record({ entropy: number, mixedGroups: fc.nat(), approxKl: number, infraRate: number, flagRate: number });
    fc.assert(
      fc.property(
        readings,
        fc.nat(),
        (one, steps) => checkGuards({ ...initialGuardState, stepsWithoutSignal: steps }, { ...healthy, ...one }, off).alarms.length === 0,
      ),
    );
  });

  /** Verdicts of steps in a row, from a fresh start. */
  const watch = (steps: readonly Partial<GuardReadings>[], limits: Partial<GuardLimits>): GuardVerdict[] => {
    let state = initialGuardState;
    return steps.map((readings) => {
      const verdict = checkGuards(state, { ...healthy, ...readings }, { ...off, ...limits });
      state = verdict.state;
      return verdict;
    });
  };

  it('stops at the third step in a row that loses too many rollouts to our faults, and starts over at a good one', () => {
    const out = { infraRate: 0.5 };
    const limits = { infraRateMax: 0.05, infraStopSteps: 3 };
    const stops = watch([out, out, {}, out, out, out], limits).map(({ stop }) => stop);
    expect(stops.slice(0, 5)).toEqual([null, null, null, null, null]);
    expect(stops[5]).toMatch(/3 steps in a row .*--resume/);
    expect(watch([out, out, out], { infraRateMax: 0.05 }).every(({ stop }) => stop === null)).toBe(true);
  });

  /** A reward that rises, with noise, and `identical` as given. */
  const rising = (identical: (i: number) => number | null) =>
    Array.from({ length: 40 }, (_, i) => ({ reward: 0.2 + 0.01 * i + (i % 2 === 0 ? 0.01 : -0.01), identical: identical(i) }));
  const driftAlarms = (steps: readonly Partial<GuardReadings>[]): string[] =>
    watch(steps, { driftSteps: 40 }).flatMap(({ alarms }) => alarms);

  it('warns once when the reward rises and identical is flat', () => {
    const steps = rising((i) => (i % 3 === 0 ? 0.11 : 0.1));
    expect(driftAlarms([...steps, ...steps.slice(0, 10)])).toEqual([
      expect.stringMatching(/reward rose by 0\.200 over 40 steps while identical/),
    ]);
  });

  it('is silent when identical rises too, when nothing rises, and where problems have no reference', () => {
    expect(driftAlarms(rising((i) => 0.1 + 0.008 * i))).toEqual([]);
    expect(driftAlarms(rising(() => null))).toEqual([]);
    const noise = Array.from({ length: 200 }, (_, i) => ({ reward: 0.5 + 0.1 * Math.sin(i * 12.9898), identical: 0.1 }));
    expect(driftAlarms(noise)).toEqual([]);
  });

  it('notes when only the format reward told samples apart, every so many steps', () => {
    const alarms = watch(Array(7).fill({ onlyFormatTells: true }), { formatOnlySteps: 3 }).map((one) => one.alarms.length);
    expect(alarms).toEqual([0, 0, 1, 0, 0, 1, 0]);
  });

  it('names figures of the learner that are not finite, whatever the limits', () => {
    expect(check({ notFinite: ['learner/loss'] }, {}).alarms).toEqual([expect.stringMatching(/^learner\/loss is not a finite number/)]);
  });
});
