/** `evom`: the vocabulary, and what a first program needs. Each room has a door of its own with all that it offers: `evom/rl`, `evom/solvers`, ... */

export { loadConfig } from './config/load/load.ts';
export type { SftConfig, TrainConfig } from './config/schema/schema.ts';
export { evaluatePoint, type PointEvaluation } from './core/evaluate.ts';
export {
  type ConsistencyEvidence,
  type CrossSolve,
  type Evidence,
  type ModelComparison,
  noEvidence,
  type PeerEvidence,
} from './core/evidence.ts';
export {
  type Constraint,
  type LinearModel,
  type LinearModelJson,
  linearModelFromJson,
  linearModelToJson,
  type Variable,
} from './core/linear-model.ts';
export { type Certificate, emptyOutcome, type Outcome, type OutcomeStatus, type SolveRecord, type SolveStatus } from './core/outcome.ts';
export { type OutcomeJson, outcomeFromJson, outcomeToJson } from './core/outcome-json.ts';
export { type Answer, type Problem, type ProblemKind, type Split, taskKey } from './core/problem.ts';
export { type Program, programHash } from './core/program.ts';
export { evaluateQuadratic, type Product, type QuadraticConstraint, type QuadraticModel } from './core/quadratic-model.ts';
export type { Completion, Prompt, Reward, Rollout, RolloutGroup, Scorable, Turn } from './core/rollout.ts';
export type { Aggregation, BatchMetadata, GateTemperature, LossConfig, TrainingBatch, TrainingRow } from './core/training.ts';
export { parseExtraction } from './decode/extraction.ts';
export type { Dialect } from './dialects/dialect.ts';
export { extractCode, findProgram } from './dialects/extract.ts';
export { buildPrompt } from './dialects/prompt.ts';
export { dialectByName } from './dialects/registry.ts';
export { type Evaluation, evaluatePolicy } from './evaluate/evaluate.ts';
export { EvomError, type EvomErrorCode } from './lib/errors.ts';
export * from './old-root-names.ts';
export type { Learner } from './policy/learner.ts';
export type { Policy } from './policy/policy.ts';
export { generateProblem, generateProblems } from './problems/generator/generate.ts';
export { readProblems, writeProblems } from './problems/sets/jsonl.ts';
export { judgeOutcome, type Verdict } from './reward/judge.ts';
export { type RewardConfig, rewardPresets, scoreOutcome, type UserTerm } from './reward/reward.ts';
export { groupAdvantages } from './rl/advantage.ts';
export type { RunEvent } from './run/events.ts';
export { lookAhead, type OpenRunOptions, openRun } from './run/open-run.ts';
export type { Run, RunResult } from './run/run.ts';
export { attributeFault } from './solve/attribution.ts';
export { type SolveResult, solveProblem } from './solve/solve.ts';
export type { SolverBackend } from './solvers/backend.ts';
export { parseLp } from './solvers/lp-reader.ts';
export { createBackend } from './solvers/registry.ts';
export { createVerifier, type Verifier } from './verify/verifier.ts';
