/** The names that a configuration may use for built-in parts. `build.ts` maps each to its class or function. */

import type { Aggregation } from '../../core/training.ts';
import type { JudgeRuleName } from '../../reward/judge-rules.ts';
import type { AdvantageEstimator } from '../../rl/advantage.ts';
import type { Compat } from '../../rl/conventions.ts';

export const estimators = [
  'grpo',
  'dapo',
  'dr_grpo',
  'rloo',
  'reinforce_pp',
  'reinforce_pp_baseline',
  'opo',
  'maxrl',
  'grpo_passk',
  'grpo_batch',
  'gpg',
  'gdpo',
] as const satisfies AdvantageEstimator[];
export const compatPresets = ['exact', 'verl', 'trl', 'openrlhf'] as const satisfies Compat[];
export const aggregations = [
  'token_mean',
  'seq_mean_token_mean',
  'seq_mean_token_sum',
  'seq_mean_token_sum_norm',
  'prompt_mean',
] as const satisfies (Aggregation | 'prompt_mean')[];
export const judgeRules = [
  'sirl',
  'evom',
  'evom-strict',
  'evom-train',
  'orlm',
  'evostep',
  'mamo',
  'agent',
  'optibench',
  'exact',
  'indusopt',
] as const satisfies JudgeRuleName[];
export const rewardPresets = ['evom', 'evom_paper', 'answer', 'sirl_stage1', 'sirl_stage2'] as const;

/**
 * Dialects whose programs a built-in backend executes; the first is what `dialect: auto` means. A JavaScript program only hands its model
 * over, so either solver takes it; a Python program brings its own solver, on a solver host.
 */
export const dialectsOfBackend = {
  highs: ['highs-js', 'glpk-js'],
  glpk: ['glpk-js', 'highs-js'],
  gurobi: ['gurobipy'],
  copt: ['coptpy'],
  ortools: ['ortools'],
  highspy: ['highspy'],
  scip: ['pyscipopt'],
  pulp: ['pulp'],
} as const satisfies Record<string, readonly [string, ...string[]]>;

/** Dialects whose programs check a solution; a policy is fine-tuned on them, no solver backend runs them. */
export const simulatorDialects = ['simulator-js', 'simulator-python'] as const;

type Backend = keyof typeof dialectsOfBackend;
export const backends = Object.keys(dialectsOfBackend) as [Backend, ...Backend[]];
export const dialects: readonly string[] = [...new Set<string>(Object.values(dialectsOfBackend).flat())];
/** Dialects whose programs solve on solver hosts. */
export const hostedDialects: readonly string[] = dialects.filter((name) => !(dialectsOfBackend.highs as readonly string[]).includes(name));
/** Whether a dialect's programs, solving or simulating, run on solver hosts. */
export const isHosted = (dialect: string): boolean => hostedDialects.includes(dialect) || dialect === 'simulator-python';

/** The backend that executes a dialect's programs when `backend` is the configured one. */
export function backendOfDialect(dialect: string, backend: string): string {
  const own = backends.find((name) => (dialectsOfBackend[name] as readonly string[]).includes(dialect));
  return hostedDialects.includes(dialect) && own !== undefined ? own : backend;
}

export type Estimator = (typeof estimators)[number];

/** Estimators whose baseline is the rest of the group: a group of one has no baseline. */
export const groupEstimators: ReadonlySet<Estimator> = new Set(estimators.filter((e) => e !== 'reinforce_pp'));

/** Whether a `type` or name is a user's own module rather than a built-in part. */
/** Where solver hosts are asked when nothing is said. */
export const defaultSolverHosts: readonly string[] = ['http://127.0.0.1:8650'];

export const isModulePath = (name: string): boolean => /^(?:\.{0,2}\/|[A-Za-z]:[\\/])/.test(name) && /\.(?:m?js|ts)$/.test(name);
