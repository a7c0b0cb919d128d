/** The names that a configuration may use for built-in parts. `build.ts` maps each to its class or function. */

import type { Aggregation } from '../core/training.ts';
import type { AdvantageEstimator } from '../rl/advantage.ts';
import type { Compat } from '../rl/conventions.ts';

export const estimators = [
  'grpo',
  'dapo',
  'dr_grpo',
  'rloo',
  'reinforce_pp',
  'reinforce_pp_baseline',
  'opo',
  'maxrl',
] as const satisfies AdvantageEstimator[];
export const compatPresets = ['exact', 'verl', 'trl', 'openrlhf'] as const satisfies Compat[];
export const aggregations = [
  'token_mean',
  'seq_mean_token_mean',
  'seq_mean_token_sum',
  'seq_mean_token_sum_norm',
] as const satisfies Aggregation[];
export const judgeRules = ['sirl', 'evom', 'evom-strict'] as const;
export const rewardPresets = ['evom', 'answer'] as const;

/** Dialects whose programs a built-in backend executes; the first is what `dialect: auto` means. */
export const dialectsOfBackend = { highs: ['highs-js', 'glpk-js'], glpk: ['glpk-js', 'highs-js'] } as const satisfies Record<
  string,
  readonly string[]
>;

/** Dialects whose programs check a solution; a policy is fine-tuned on them, no solver backend runs them. */
export const simulatorDialects = ['simulator-js'] as const;

export const backends = Object.keys(dialectsOfBackend) as (keyof typeof dialectsOfBackend)[];
export const dialects = dialectsOfBackend.highs;

export type Estimator = (typeof estimators)[number];
export type Dialect = (typeof dialects)[number];

/** Estimators whose baseline is the rest of the group: a group of one has no baseline. */
export const groupEstimators: ReadonlySet<Estimator> = new Set(estimators.filter((e) => e !== 'reinforce_pp'));

/** Whether a `type` or name is a user's own module rather than a built-in part. */
export const isModulePath = (name: string): boolean => /^(?:\.{0,2}\/|[A-Za-z]:[\\/])/.test(name) && /\.(?:m?js|ts)$/.test(name);
