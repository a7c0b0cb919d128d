/** What solving a problem in words needs, and how it is asked for. */
import type { Prompt } from '../core/rollout.ts';
import type { Dialect } from '../dialects/dialect.ts';
import type { ChatMessage, PromptTemplate } from '../dialects/prompt.ts';
import type { SamplingParams } from '../policy/policy.ts';
import type { SolverBackend } from '../solvers/backend.ts';
import type { SampleParts } from './candidates.ts';

export interface SolveParts extends SampleParts {
  readonly encode: (messages: readonly ChatMessage[]) => Prompt;
  readonly template: PromptTemplate;
  readonly dialect: Dialect;
  /** What simulators are written in; null to ask for none. */
  readonly simulatorDialect: Dialect | null;
  /** Name of the backend behind `verify`. */
  readonly backend: string;
  /** Backends that solve a model again, in order of preference. */
  readonly backends: readonly SolverBackend[];
  /** Solved problems like this one, most useful first; called once. */
  readonly recall: ((question: string) => Promise<readonly { readonly question: string; readonly program: string }[]>) | null;
  /** Milliseconds. */
  readonly now: () => number;
}

/** Components that can be switched off, for ablations. */
export interface Components {
  readonly simulator: boolean;
  readonly memory: boolean;
  readonly bayesRisk: boolean;
  readonly selfConsistency: boolean;
}

export interface SolveOptions {
  readonly question: string;
  readonly samples: number;
  /** Simulators and extractions asked for, each. */
  readonly checks: number;
  /** Without `maxTokens`: 200 for bare prompts, whose programs are short, else 2048. */
  readonly sampling: Omit<SamplingParams, 'maxTokens'> & { readonly maxTokens: number | null };
  /** Repairs after a simulator's disagreement. */
  readonly rounds: number;
  readonly components: Components;
  readonly seed: string | number;
  readonly signal?: AbortSignal;
}
