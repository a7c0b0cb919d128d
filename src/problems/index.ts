/** `evom/problems`: problem sets: generated, read, checked, split and compared. */

export { families, familyNamed } from './families/index.ts';
export { type Discrimination, discriminate, type Mutation, mutations, type Solve } from './generator/discriminate.ts';
export { type Difficulty, type Draft, type Exemptions, type Family, kindOf } from './generator/family.ts';
export {
  answerOf,
  type GenerateOptions,
  type GenerationCounts,
  generateProblem,
  generateProblems,
  generatorSource,
  noCounts,
  type ProblemSpec,
  type Rejection,
  type Solvers,
} from './generator/generate.ts';
export { type NumberForms, numberWriter, type Share } from './generator/number-text.ts';
export { numbersKeyOf, splitOfNumbers } from './generator/split.ts';
export type { Wordings } from './generator/tell.ts';
export { type CheckOptions, type CheckReport, checkProblems, type SharedKey } from './sets/check.ts';
export { type CursorState, type ProblemCursor, problemCursor } from './sets/cursor.ts';
export { type GramIndex, type GramLookup, type GramMatch, gramIndex } from './sets/gram-index.ts';
export { problemToJson, type ReadFault, type ReadOptions, readProblems, readRecords, writeProblems } from './sets/jsonl.ts';
export {
  auditLabels,
  type LabelAudit,
  type LabelDifference,
  normalizedText,
  type VersionAudit,
  type VersionPair,
} from './sets/label-audit.ts';
export { answerFromLabel, type Label, type LabelStyle, plainLabels, readLabel } from './sets/labels.ts';
export { type NearDuplicate, nearDuplicates } from './sets/near-duplicates.ts';
export { type OverlapPair, type OverlapReport, type OverlapText, overlapWith } from './sets/overlap.ts';
export { auditReach, type KnownOutcome, type ReachAudit } from './sets/reach-audit.ts';
export type { FieldMap } from './sets/record.ts';
export { type SplitOptions, type SplitResult, splitProblems } from './sets/split-file.ts';
