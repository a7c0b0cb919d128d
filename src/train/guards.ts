/** Guards: signs that a run has gone wrong, watched every step; each warns or stops the run. */

export interface GuardLimits {
  /** Mean entropy (nats a token) below which sampling has collapsed; null switches the guard off. */
  readonly entropyMin: number | null;
  /** Steps in a row without a single group that carries a signal. */
  readonly noSignalSteps: number | null;
  /** Approximate KL (nats a token) between the sampling policy and the updated one. */
  readonly klMax: number | null;
  /** Share of rollouts lost to faults of ours. */
  readonly infraRateMax: number | null;
  /** Share of rollouts with an audit flag. */
  readonly flagRateMax: number | null;
}

/** What the guards look at after a step. */
export interface GuardReadings {
  readonly entropy: number;
  readonly mixedGroups: number;
  readonly approxKl: number;
  readonly infraRate: number;
  readonly flagRate: number;
}

/** Carried from step to step and saved in checkpoints. */
export interface GuardState {
  readonly stepsWithoutSignal: number;
}

export interface GuardVerdict {
  readonly state: GuardState;
  /** One sentence for each guard that fired, with the reading, the limit and what to try. */
  readonly alarms: readonly string[];
}

export const initialGuardState: GuardState = { stepsWithoutSignal: 0 };

/**
 * Checks one step's readings against the limits.
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { checkGuards, initialGuardState } from 'evom/train';
 * const limits = { entropyMin: 0.01, noSignalSteps: 2, klMax: null, infraRateMax: 0.2, flagRateMax: null };
 * const healthy = { entropy: 0.3, mixedGroups: 4, approxKl: 0.001, infraRate: 0, flagRate: 0 };
 * assert.deepEqual(checkGuards(initialGuardState, healthy, limits).alarms, []);
 * assert.match(checkGuards(initialGuardState, { ...healthy, entropy: 0.001 }, limits).alarms[0], /entropy/);
 * ```
 */
export function checkGuards(state: GuardState, readings: GuardReadings, limits: GuardLimits): GuardVerdict {
  const stepsWithoutSignal = readings.mixedGroups === 0 ? state.stepsWithoutSignal + 1 : 0;
  const alarms: string[] = [];
  // Asked in this way, a reading that is not a number fires: it is beyond every limit.
  const over = (reading: number, limit: number | null): limit is number => limit !== null && !(reading <= limit);
  if (limits.entropyMin !== null && !(readings.entropy >= limits.entropyMin)) {
    alarms.push(
      `entropy ${readings.entropy.toFixed(4)} nats a token is below guards.entropy_min ${limits.entropyMin}: sampling has collapsed; raise sampling.temperature or lower the learning rate`,
    );
  }
  if (limits.noSignalSteps !== null && stepsWithoutSignal >= limits.noSignalSteps) {
    alarms.push(
      `no group carried a signal for ${stepsWithoutSignal} steps (guards.no_signal_steps ${limits.noSignalSteps}): problems are all solved or all failed; change dataset.train.difficulties or raise sampling.group_size`,
    );
  }
  if (over(readings.approxKl, limits.klMax)) {
    alarms.push(
      `KL ${readings.approxKl.toFixed(4)} nats a token from sampler to learner exceeds guards.kl_max ${limits.klMax}: lower the learning rate, optimizer.max_grad_norm or async.steps_ahead`,
    );
  }
  if (over(readings.infraRate, limits.infraRateMax)) {
    alarms.push(
      `${(100 * readings.infraRate).toFixed(1)} % of the rollouts were lost to sandbox faults (guards.infra_rate_max ${limits.infraRateMax}): run \`evom doctor\``,
    );
  }
  if (over(readings.flagRate, limits.flagRateMax)) {
    alarms.push(
      `${(100 * readings.flagRate).toFixed(1)} % of the rollouts carry an audit flag (guards.flag_rate_max ${limits.flagRateMax}): the policy may be gaming the reward; look at steps/*/rollouts.arrow`,
    );
  }
  return { state: { stepsWithoutSignal }, alarms };
}
