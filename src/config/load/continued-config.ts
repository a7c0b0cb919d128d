/** The configuration with which a run goes on: its own, or its own with more steps. */
import { parse } from 'yaml';
import { learningRateFactor } from '../../rl/schedule.ts';
import { scheduleOf } from '../build/build.ts';
import type { ScheduleConfig, SftConfig, TrainConfig } from '../schema/schema.ts';
import { resolvedYaml } from './load.ts';

export interface Continued<Config> {
  readonly config: Config;
  /**
   * How far `run.steps` was raised; null where it was not. `sameSchedule`: every step taken so far had the learning rate that a run
   * configured with so many steps from its start would have had.
   */
  readonly raised: { readonly from: number; readonly to: number; readonly sameSchedule: boolean } | null;
}

/**
 * What a run goes on with, given what the command line asks for now.
 *
 * All keys but `run.steps` must be the run's own. With more steps, a schedule that ended with the old ones ends with the new ones where the
 * steps taken so far are the same under both (a constant rate, or a decay that has not begun); else the run keeps the schedule that it
 * began with, as if `schedule.total` had been written down, and the new steps train at its last factor.
 *
 * @param stored the run's `config.resolved.yaml`.
 * @param doneSteps steps taken, up to the checkpoint that the run goes on from.
 * @returns null where the configuration is another.
 */
export function continuedConfig<Config extends TrainConfig | SftConfig>(
  stored: string,
  given: Config,
  doneSteps: number,
): Continued<Config> | null {
  if (resolvedYaml(given) === stored) return { config: given, raised: null };
  const own = parse(stored) as { readonly run?: { readonly steps?: unknown }; readonly schedule?: ScheduleConfig } | null;
  const steps = own?.run?.steps;
  const schedule = own?.schedule;
  if (typeof steps !== 'number' || schedule === undefined || given.run.steps <= steps) return null;
  const { total, warmup_steps } = schedule; // what depends on the number of steps
  const asBefore = { ...given, run: { ...given.run, steps }, schedule: { ...given.schedule, total, warmup_steps } };
  if (resolvedYaml(asBefore) !== stored) return null;
  const follows = schedule.total === steps; // and was not written down, as far as can be told
  const isOwn = given.schedule.total === schedule.total && given.schedule.warmup_steps === schedule.warmup_steps;
  const wanted: ScheduleConfig = isOwn && follows ? { ...given.schedule, total: given.run.steps } : given.schedule;
  const sameSchedule = agree(schedule, wanted, doneSteps);
  // Somebody who writes down another schedule is not to be given the old one.
  if (!sameSchedule && !isOwn && wanted.total !== given.run.steps) return null;
  return {
    config: { ...given, schedule: sameSchedule ? wanted : schedule },
    raised: { from: steps, to: given.run.steps, sameSchedule },
  };
}

/** Whether two schedules give the first steps the same learning rates. */
function agree(a: ScheduleConfig, b: ScheduleConfig, steps: number): boolean {
  if (a.type !== b.type) return false;
  const [before, after] = [scheduleOf(a), scheduleOf(b)];
  return Array.from({ length: steps }, (_, step) => step).every(
    (step) => learningRateFactor(before, step) === learningRateFactor(after, step),
  );
}
