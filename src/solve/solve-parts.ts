/** What solving a problem in words needs, and how it is asked for. */
import type { Outcome } from '../core/outcome.ts';
import type { Program } from '../core/program.ts';
import type { Extraction } from '../decode/extraction.ts';
import type { Dialect } from '../dialects/dialect.ts';
import type { SamplingParams } from '../policy/policy.ts';
import type { SolverBackend } from '../solvers/backend.ts';
import type { Speaker } from './speaker.ts';

/** A solved problem to show as an example. */
export interface Example {
  readonly question: string;
  readonly program: string;
  /** Its decision record; without one it is no example to the extractor. */
  readonly record?: Extraction;
}

/** The policy of the programs and of the records, and all that is not a policy. */
export interface SolveParts extends Speaker {
  /** Who writes simulators; default the policy itself. */
  readonly simulators?: Speaker;
  /** Who picks between records; default the policy itself. */
  readonly judge?: Speaker;
  readonly verify: (program: Program) => Promise<Outcome>;
  readonly dialect: Dialect;
  /** What simulators are written in; null to ask for none. */
  readonly simulatorDialect: Dialect | null;
  /** Name of the backend behind `verify`. */
  readonly backend: string;
  /** Backends that solve a model again, in order of preference. */
  readonly backends: readonly SolverBackend[];
  /** Solved problems like this one, most useful first; called once. */
  readonly recall: ((question: string) => Promise<readonly Example[]>) | null;
  /** Milliseconds. */
  readonly now: () => number;
}

/** Components that can be switched off, for ablations. */
export interface Components {
  readonly simulator: boolean;
  readonly memory: boolean;
  readonly bayesRisk: boolean;
  readonly selfConsistency: boolean;
  /** The decision record: in the prompts, and solved as one more vote; default on. */
  readonly record?: boolean;
}

export interface SolveOptions {
  readonly question: string;
  readonly samples: number;
  /** Simulators and extractions asked for, each. */
  readonly checks: number;
  /** Without `maxTokens`: 200 for bare prompts, whose programs are short, else 2048. */
  readonly sampling: Omit<SamplingParams, 'maxTokens'> & { readonly maxTokens: number | null };
  /** Most turns of repair: after failures, models without a solution, and simulators that disagree. */
  readonly rounds: number;
  /** How much of the record simulators are told: `whole` (NEMO), or its `names` alone, so that its reading is not theirs; default whole. */
  readonly simulatorRecord?: 'whole' | 'names';
  readonly components: Components;
  readonly seed: string | number;
  readonly signal?: AbortSignal;
}
