/** Learning-rate factor by training step. */

/** Shape after the warm-up; `minFactor` is where a decay ends (default 0). */
export type ScheduleConfig = { readonly warmupSteps: number } & (
  | { readonly type: 'constant' }
  | { readonly type: 'linear' | 'cosine'; readonly totalSteps: number; readonly minFactor?: number }
  /** Warm-up, stable, decay: linear to `minFactor` over the last `decaySteps` of `totalSteps`. */
  | { readonly type: 'wsd'; readonly totalSteps: number; readonly decaySteps: number; readonly minFactor?: number }
);

/**
 * Factor that multiplies the learning rates of one step.
 *
 * The warm-up rises linearly to 1 and never is 0: step 0 has `1 / (warmupSteps + 1)`. After `totalSteps` a decayed
 * schedule stays at `minFactor`.
 *
 * @param step training step, from 0.
 * @returns a number in [0, 1].
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { learningRateFactor } from 'evom/rl';
 * const cosine = { type: 'cosine', warmupSteps: 1, totalSteps: 5 } as const;
 * assert.deepEqual([0, 1, 3, 5].map((step) => Number(learningRateFactor(cosine, step).toFixed(6))), [0.5, 1, 0.5, 0]);
 * ```
 */
export function learningRateFactor(schedule: ScheduleConfig, step: number): number {
  if (!(step >= 0)) throw new RangeError(`a training step is at least 0, got ${step}`);
  const { warmupSteps } = schedule;
  if (step < warmupSteps) return (step + 1) / (warmupSteps + 1);
  switch (schedule.type) {
    case 'constant':
      return 1;
    case 'linear':
      return decayed(schedule.minFactor, 1 - progress(step, warmupSteps, schedule.totalSteps));
    case 'cosine':
      return decayed(schedule.minFactor, (1 + Math.cos(Math.PI * progress(step, warmupSteps, schedule.totalSteps))) / 2);
    case 'wsd': {
      const start = Math.max(warmupSteps, schedule.totalSteps - schedule.decaySteps);
      return decayed(schedule.minFactor, 1 - progress(step, start, schedule.totalSteps));
    }
    default:
      return schedule satisfies never;
  }
}

/** Share of the way from `start` to `end`, in [0, 1]; an empty way is walked. */
function progress(step: number, start: number, end: number): number {
  if (end <= start) return step >= end ? 1 : 0;
  return Math.min(1, Math.max(0, (step - start) / (end - start)));
}

function decayed(minFactor = 0, remaining: number): number {
  return minFactor + (1 - minFactor) * remaining;
}
