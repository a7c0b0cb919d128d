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
  /** Steps in a row over `infraRateMax` that stop the run, whatever `guards.action` says. */
  readonly infraStopSteps: number | null;
  /** Steps in which the reward has risen clearly and `identical` has not. */
  readonly driftSteps: number | null;
  /** Steps in a row in which the format term alone told rewards apart. */
  readonly formatOnlySteps: number | null;
}

/** What the guards look at after a step. */
export interface GuardReadings {
  readonly entropy: number;
  readonly mixedGroups: number;
  readonly approxKl: number;
  readonly infraRate: number;
  readonly flagRate: number;
  /** Mean reward of what the step sampled. */
  readonly reward: number;
  /** Share of samples with the reference's model; null where problems have none. */
  readonly identical: number | null;
  readonly onlyFormatTells: boolean;
  /** Figures of the learner that are not finite, by name. */
  readonly notFinite: readonly string[];
}

/** Carried from step to step and saved in checkpoints. */
export interface GuardState {
  readonly stepsWithoutSignal: number;
  readonly stepsOverInfra: number;
  readonly formatOnlySteps: number;
  /** Reward and `identical` of the last `driftSteps` steps; begun anew after an alarm. */
  readonly history: readonly (readonly [reward: number, identical: number])[];
}

export interface GuardVerdict {
  readonly state: GuardState;
  /** One sentence for each guard that fired, with the reading, the limit and what to try. */
  readonly alarms: readonly string[];
  /** The alarm that ends the run even where `guards.action` is warn; null for none. */
  readonly stop: string | null;
}

export const initialGuardState: GuardState = { stepsWithoutSignal: 0, stepsOverInfra: 0, formatOnlySteps: 0, history: [] };

/**
 * Checks one step's readings against the limits.
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { checkGuards, initialGuardState } from 'evom/train';
 * const off = { noSignalSteps: null, klMax: null, infraRateMax: null, flagRateMax: null, infraStopSteps: null, driftSteps: null, formatOnlySteps: null };
 * const limits = { ...off, entropyMin: 0.01 };
 * const fine = { mixedGroups: 4, approxKl: 0.001, infraRate: 0, flagRate: 0, reward: 0.5, identical: 0.4, onlyFormatTells: false, notFinite: [] };
 * const healthy = { ...fine, entropy: 0.3 };
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
  if (readings.notFinite.length > 0) {
    alarms.push(
      `${readings.notFinite.join(', ')} ${readings.notFinite.length === 1 ? 'is' : 'are'} not a finite number: the step was not taken; lower the learning rate if it happens again`,
    );
  }
  const formatOnlySteps = readings.onlyFormatTells ? state.formatOnlySteps + 1 : 0;
  if (limits.formatOnlySteps !== null && formatOnlySteps > 0 && formatOnlySteps % limits.formatOnlySteps === 0) {
    alarms.push(
      `the only signal of ${formatOnlySteps} steps was the format reward (guards.format_only_steps ${limits.formatOnlySteps}): no answer told samples apart; take easier problems (dataset.train.difficulties) or more samples (sampling.group_size)`,
    );
  }
  const drift = withDrift(state.history, readings, limits.driftSteps);
  if (drift.alarm !== null) alarms.push(drift.alarm);
  const stepsOverInfra = over(readings.infraRate, limits.infraRateMax) ? state.stepsOverInfra + 1 : 0;
  const isOut = limits.infraStopSteps !== null && stepsOverInfra >= limits.infraStopSteps;
  const stop = isOut
    ? `more than guards.infra_rate_max ${limits.infraRateMax} of the rollouts were lost to faults of ours in ${stepsOverInfra} steps in a row (guards.infra_stop_steps ${limits.infraStopSteps}): the sandbox or the solver hosts are down; mend them, see \`evom doctor\`, and continue with --resume`
    : null;
  return { state: { stepsWithoutSignal, stepsOverInfra, formatOnlySteps, history: drift.history }, alarms, stop };
}

/** A rise that chance does not explain: so many standard errors of the difference between the halves of the window. */
const clearRise = 3;
/** `identical` counts as flat where it rises by less than this share of the reward's rise. */
const flatShare = 0.2;

/** Compares the older half of the last steps with the newer one. */
function withDrift(
  before: GuardState['history'],
  { reward, identical }: GuardReadings,
  driftSteps: number | null,
): { readonly history: GuardState['history']; readonly alarm: string | null } {
  if (driftSteps === null || identical === null || !Number.isFinite(reward)) return { history: before, alarm: null };
  const history = [...before, [reward, identical] as const].slice(-driftSteps);
  if (history.length < driftSteps) return { history, alarm: null };
  const half = Math.floor(driftSteps / 2);
  const rise = (at: 0 | 1): { readonly by: number; readonly error: number } => {
    const [older, newer] = [history.slice(0, half), history.slice(-half)].map((some) => momentsOf(some.map((one) => one[at])));
    return older === undefined || newer === undefined
      ? { by: 0, error: 0 }
      : { by: newer.mean - older.mean, error: Math.sqrt((older.variance + newer.variance) / half) };
  };
  const [rewards, models] = [rise(0), rise(1)];
  const isDrift = rewards.by > 0.01 && rewards.by > clearRise * rewards.error && models.by < flatShare * rewards.by;
  if (!isDrift) return { history, alarm: null };
  return {
    history: [],
    alarm: `the reward rose by ${rewards.by.toFixed(3)} over ${driftSteps} steps while identical moved by ${models.by.toFixed(3)} (guards.drift_steps ${driftSteps}): what is learnt is not the model of the problem; look at the flags and at \`evom show RUN --best 5\``,
  };
}

function momentsOf(values: readonly number[]): { readonly mean: number; readonly variance: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return { mean, variance: values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, values.length - 1) };
}
