/** The public API: re-exports by folder, nothing else. Importing it loads no solver, no runtime and no file format. */

export { readBatch, writeBatch } from './batch/arrow.ts';
export {
  type ExchangeManifest,
  type ExchangeResult,
  publishBatches,
  readBatches,
  verifyPublished,
  waitForResult,
  writeResult,
} from './batch/exchange.ts';
export { readRollouts, writeRollouts } from './batch/rollouts.ts';
export { type RowOptions, trainingRows } from './batch/rows.ts';
export { copyModelFiles, readModelConfig, readWeights, weightsSha256, writeModelFolder } from './checkpoint/hf-layout.ts';
export { initialWeights, type ParameterShape } from './checkpoint/init.ts';
export { type ModelCard, modelCard } from './checkpoint/model-card.ts';
export { publishDirectory, verifyDirectory } from './checkpoint/publish.ts';
export { readSafetensors, type StoredDtype, type Tensor, writeSafetensors } from './checkpoint/safetensors.ts';
export { type ConfigSource, type LoadedConfig, type LoadOptions, loadConfig } from './config/load.ts';
export { configJsonSchema, type SftConfig, type TrainConfig } from './config/schema.ts';
export { EvomError, type EvomErrorCode } from './core/errors.ts';
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
export { type RandomStream, randomStream } from './core/random.ts';
export type { Completion, Prompt, Reward, Rollout, RolloutGroup } from './core/rollout.ts';
export { numberWordsIn, spokenNumber } from './core/spoken-number.ts';
export type { Aggregation, BatchMetadata, GateTemperature, LossConfig, TrainingBatch, TrainingRow } from './core/training.ts';
export {
  checkExtraction,
  type Extraction,
  type ExtractionResult,
  extractionOfModel,
  modelOfExtraction,
  parseExtraction,
} from './decode/extraction.ts';
export { embeddingSimilarity, lexicalSimilarity, retrieve, type Similarity } from './decode/memory.ts';
export { type BayesChoice, type ComponentWeights, minimumBayesRisk } from './decode/minimum-bayes-risk.ts';
export {
  brokenGuarantee,
  coverage,
  evaluatorOrder,
  type Guarantee,
  generatorProbabilities,
  guaranteeOf,
  isAligned,
  type Portfolio,
  robustPortfolio,
} from './decode/portfolio.ts';
export {
  evaluatorOf,
  type GeneratorKind,
  generatorKinds,
  generatorOf,
  paperSettings,
  type SimulationCurve,
  type SimulationOptions,
  type SimulationResult,
  simulatePortfolios,
} from './decode/portfolio-simulation.ts';
export { type AnswerKind, answerKinds, type Consensus, type ConsistencyOptions, selfConsistent } from './decode/self-consistency.ts';
export type { Dialect } from './dialects/dialect.ts';
export { extractCode } from './dialects/extract.ts';
export { inferDialect } from './dialects/infer.ts';
export { buildPrompt, maxExamples, type PromptTemplate, promptTemplates } from './dialects/prompt.ts';
export { dialectByName, dialectNames, simulatorNames } from './dialects/registry.ts';
export { type Comparison, compareEvaluations } from './evaluate/compare.ts';
export { type Evaluation, type EvaluationRequest, type EvaluationSummary, evaluatePolicy, type ProblemScore } from './evaluate/evaluate.ts';
export type { OutcomeMemory, SampledOutcome } from './evaluate/sampled.ts';
export type { JudgedRate } from './evaluate/tally.ts';
export {
  clusteredWilson,
  type TransferCell,
  type TransferComparison,
  type TransferReport,
  type TransferRow,
  type TransferTarget,
  transferReport,
} from './evaluate/transfer.ts';
export { transferPicture } from './evaluate/transfer-picture.ts';
export { type PublishedResult, transferMarkdown } from './evaluate/transfer-text.ts';
export type { Learner, LearnerMetrics, LearnerResult, LearnerStepOptions } from './learner/learner.ts';
export { createOnnxLearner, type OnnxLearnerOptions } from './learner/onnx-learner.ts';
export {
  type AdamWConfig,
  adamwDefaults,
  checkOptimizerConfig,
  type MuonConfig,
  muonDefaults,
  type OptimizerConfig,
} from './learner/optimizer-config.ts';
export { type CanonicalColumn, type CanonicalModel, type CanonicalRow, canonicalModel } from './modeling/canonical.ts';
export {
  countDifferences,
  type Difference,
  type DifferenceKind,
  diagnoseModel,
  differenceKinds,
} from './modeling/diagnose.ts';
export { identicalModels, modelHash } from './modeling/identical.ts';
export { type ModelMatch, matchModels } from './modeling/match.ts';
export { solvesReference } from './modeling/reference-point.ts';
export { comparePerturbed, type PerturbationOptions, type PerturbedComparison, type SolveModel } from './modeling/robustness.ts';
export { type HintName, hintNames, variantHints } from './modeling/variants.ts';
export {
  type DecoderArchitecture,
  type DecoderConfig,
  decoderConfigJson,
  decoderParameters,
  type ParameterSpec,
  parseDecoderConfig,
} from './nn/decoder-config.ts';
export { createOnnxExportPolicy, type OnnxExportPolicyOptions } from './policy/onnx-export-policy.ts';
export { createOnnxPolicy, type OnnxPolicyOptions } from './policy/onnx-policy.ts';
export type { Policy, PolicyWeights, SampleOptions, SampleRequest, SamplingParams, ScoreRequest } from './policy/policy.ts';
export { createRecordedPolicy, type Recall, type RecordedPolicyOptions } from './policy/recorded-policy.ts';
export { drawToken, entropyOfRow, keptTokens, softmaxRow } from './policy/sampling.ts';
export { createScriptedPolicy, type Script, type ScriptedPolicyOptions } from './policy/scripted-policy.ts';
export { type CheckOptions, type CheckReport, checkProblems, type SharedKey } from './problems/check.ts';
export { type CursorState, type ProblemCursor, problemCursor } from './problems/cursor.ts';
export { type Discrimination, discriminate, type Mutation, mutations, type Solve } from './problems/discriminate.ts';
export { families, familyNamed } from './problems/families/index.ts';
export { type Difficulty, type Draft, type Exemptions, type Family, kindOf } from './problems/family.ts';
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
} from './problems/generate.ts';
export { type GramIndex, type GramLookup, type GramMatch, gramIndex } from './problems/gram-index.ts';
export { csvRecords } from './problems/import/csv-records.ts';
export { findDataset } from './problems/import/find-dataset.ts';
export {
  type ImportFault,
  type ImportItem,
  type ImportOptions,
  type ImportReport,
  importInput,
  importProblems,
} from './problems/import/import-problems.ts';
export { findInputs, type ImportInput } from './problems/import/inputs.ts';
export { type LabelVersion, labelVersionNamed, labelVersionOf, labelVersions } from './problems/import/label-versions.ts';
export { type Label, type LabelStyle, plainLabels, readLabel } from './problems/import/labels.ts';
export { type Recordings, readRecordings } from './problems/import/recordings.ts';
export { type JsonItem, jsonObjects } from './problems/json-stream.ts';
export { problemToJson, type ReadFault, type ReadOptions, readProblems, readRecords, writeProblems } from './problems/jsonl.ts';
export {
  auditLabels,
  type LabelAudit,
  type LabelDifference,
  normalizedText,
  type VersionAudit,
  type VersionPair,
} from './problems/label-audit.ts';
export { type NearDuplicate, nearDuplicates } from './problems/near-duplicates.ts';
export { type NumberForms, numberWriter, type Share } from './problems/number-text.ts';
export { type OverlapPair, type OverlapReport, type OverlapText, overlapWith } from './problems/overlap.ts';
export { answerFromLabel, type FieldMap } from './problems/record.ts';
export { numbersKeyOf, splitOfNumbers } from './problems/split.ts';
export { type SplitOptions, type SplitResult, splitProblems } from './problems/split-file.ts';
export type { Wordings } from './problems/tell.ts';
export { type HardFlag, hardFlagNames, hardFlags, type SoftFlag, softFlagNames, softFlags } from './reward/audit.ts';
export { type JudgeIdentity, judgeOutcome, judgeTitle, type Verdict } from './reward/judge.ts';
export { type JudgeRule, type JudgeRuleName, judgeRule, judgeRuleNames, type NoSolutionRule } from './reward/judge-rules.ts';
export { type ForeignNumbers, literalTrace } from './reward/literals.ts';
export { type OverlongConfig, overlongPenalty } from './reward/overlong.ts';
export { type RewardConfig, type RewardWeights, rewardPresets, type ScoreInput, scoreOutcome, type UserTerm } from './reward/reward.ts';
export { type RuleScore, type StoredVerdict, scoreByRules } from './reward/score-by-rules.ts';
export {
  type AdvantageEstimator,
  type BatchEstimator,
  type GroupAdvantageOptions,
  type GroupEstimator,
  groupAdvantages,
} from './rl/advantage.ts';
export { type LossDenominators, lossDenominators, type MaskedRow, promptMeanWeights, tokenWeights } from './rl/aggregate.ts';
export { type BatchAdvantageOptions, batchAdvantages, type RewardedGroup } from './rl/batch-advantage.ts';
export { type AdvantageConventions, type Compat, compatPresets } from './rl/conventions.ts';
export {
  beginSamplingStep,
  type DynamicSamplingConfig,
  type DynamicSamplingState,
  type GroupSummary,
  initialSamplingState,
  nextSamplingAction,
  offerGroups,
  type SamplingCounts,
  type SamplingDecision,
  summarizeGroup,
} from './rl/dynamic-sampling.ts';
export { normalizedWeights, type SamplerCorrection, samplerWeights, sequenceRatio, tokenRatios } from './rl/importance-ratio.ts';
export { adaptedKlCoefficient, type KlEstimator, klTerm } from './rl/kl.ts';
export { meanPassAtK, type PassCount, passAtK } from './rl/pass-at-k.ts';
export { learningRateFactor, type ScheduleConfig } from './rl/schedule.ts';
export {
  bootstrapMeanInterval,
  type Interval,
  mcnemarTest,
  type PairedTest,
  pairedPermutationTest,
  wilsonInterval,
} from './rl/statistics.ts';
export { type LossRow, type SurrogateLoss, surrogateLoss } from './rl/surrogate.ts';
export { type RolloutParts, type RolloutRequest, type RolloutResult, type RolloutTimes, rollOut, type Task } from './rollout/engine.ts';
export { type JsonlOutput, openJsonlOutput } from './runs/jsonl-output.ts';
export { type MetricsLine, readMetrics, replayableMetrics } from './runs/metrics.ts';
export { OutcomeFile, type OutcomeLine, type StoredSample } from './runs/outcome-file.ts';
export { defaultLimits, resolveLimits, type SandboxLimits } from './sandbox/limits.ts';
export { type Attribution, attributeFault, type Fault } from './solve/attribution.ts';
export type { Evidence as SolveEvidence } from './solve/component-evidence.ts';
export { type ConsistencyRule, consistencyRules, groupConsistency } from './solve/group-consistency.ts';
export { probePoints } from './solve/probe-points.ts';
export { type Recommendation, recommendSolver, type SolverOffer } from './solve/recommend.ts';
export { type SampleAgreement, sampleAgreement } from './solve/sample-agreement.ts';
export { type Point, type Simulation, type SimulatorRun, simulate } from './solve/simulate.ts';
export { type SimulatorVotes, simulatorVotes, simulatorWeight } from './solve/simulator-votes.ts';
export { type SolveResult, solveProblem } from './solve/solve.ts';
export type { Components, SolveOptions, SolveParts } from './solve/solve-parts.ts';
export { textShare } from './solve/text-share.ts';
export { type Discrepancy, feedbackOf, type Validation, type ValidationOptions, validateBySimulator } from './solve/validate.ts';
export { type Service, type ServiceOptions, serveSolverHost } from './solver-host/http-service.ts';
export { createRemoteVerifier, type RemoteVerifierOptions } from './solver-host/remote-verifier.ts';
export { hostDialects, SolverHost, type SolverHostOptions } from './solver-host/solver-host.ts';
export { routeByDialect } from './solver-host/verifier-router.ts';
export type { DialectHealth, Health, Isolation } from './solver-host/wire.ts';
export type { Capabilities, Duals, Solution, SolveLimits, SolverBackend } from './solvers/backend.ts';
export { createGlpk } from './solvers/glpk.ts';
export { compileHighs, createHighs, type HighsOptions, type HighsReader } from './solvers/highs.ts';
export { type LpFormatOptions, writeLp } from './solvers/lp-format.ts';
export { type LpReadOptions, parseLp } from './solvers/lp-reader.ts';
export type { LpFlavor } from './solvers/lp-tokens.ts';
export { writeMps } from './solvers/mps-format.ts';
export { type MpsReadOptions, parseMps } from './solvers/mps-reader.ts';
export { backendNames, createBackend } from './solvers/registry.ts';
export { createSolvePool, type SolvePool, type SolvePoolOptions } from './solvers/solve-pool.ts';
export { type ModelAnswer, type ModelFormat, type ModelText, needsOf, parseModel, solveText } from './solvers/solve-text.ts';
export { modelFault } from './solvers/validate.ts';
export { type BpeModel, type BpeOptions, trainBpe, writeTokenizer } from './tokenizer/bpe-trainer.ts';
export { byteTokenizer } from './tokenizer/byte-tokenizer.ts';
export { type ChatMessage, type ChatTokenizer, loadTokenizer } from './tokenizer/chat-tokenizer.ts';
export { type BatchSettings, trainingBatches } from './train/batches.ts';
export type { GatheredStep, ProblemSource, SamplingPosition } from './train/gather.ts';
export {
  checkGuards,
  type GuardLimits,
  type GuardReadings,
  type GuardState,
  type GuardVerdict,
  initialGuardState,
} from './train/guards.ts';
export { type RunStore, type TrainParts, type TrainSettings, type TrainState, trainLoop } from './train/loop.ts';
export { partialKlWeights } from './train/partial-kl.ts';
export { initialTrainState, type SftParts, type SftSettings, sftLoop } from './train/sft.ts';
export { type SftExample, sftRow } from './train/sft-rows.ts';
export type { StepMetrics } from './train/step-metrics.ts';
export { type AuditInput, type Auditor, type AuditorOptions, type AuditorStats, createAuditor } from './verify/evidence/auditor.ts';
export { createVerifier, noProgramOutcome, type Verifier, type VerifierOptions, type VerifierStats } from './verify/verifier.ts';
