/** `evom/evaluate`: policies scored on problem sets, and compared. */

export { type Comparison, compareEvaluations } from './compare.ts';
export { type Evaluation, type EvaluationRequest, type EvaluationSummary, evaluatePolicy, type ProblemScore } from './evaluate.ts';
export type { OutcomeMemory, SampledOutcome } from './sampled.ts';
export { type Ablation, ablations, type SolvedLine, type SolveSetRequest, solveSet, type Variant } from './solve-set.ts';
export { summarizeSolved, type VariantSummary } from './solve-table.ts';
export {
  type PairedDifference,
  type Pooled,
  type SweepComparison,
  type SweepReport,
  type SweepRow,
  type SweepRun,
  sweepReport,
} from './sweep.ts';
export { sweepMarkdown } from './sweep-text.ts';
export type { JudgedRate } from './tally.ts';
export {
  clusteredWilson,
  type TransferCell,
  type TransferComparison,
  type TransferReport,
  type TransferRow,
  type TransferTarget,
  transferReport,
} from './transfer.ts';
export { transferPicture } from './transfer-picture.ts';
export { type PublishedResult, transferMarkdown } from './transfer-text.ts';
