/** The public API: re-exports by folder, nothing else. Importing it loads no solver, no runtime and no file format. */

export { readBatch, writeBatch } from './batch/arrow.ts';
export { readRollouts, writeRollouts } from './batch/rollouts.ts';
export { type RowOptions, trainingRows } from './batch/rows.ts';
export { findDataset } from './benchmarks/find-dataset.ts';
export {
  type ImportFault,
  type ImportItem,
  type ImportOptions,
  type ImportReport,
  importInput,
  importProblems,
} from './benchmarks/import-problems.ts';
export { findInputs, type ImportInput } from './benchmarks/inputs.ts';
export { type LabelVersion, labelVersionNamed, labelVersionOf, labelVersions } from './benchmarks/label-versions.ts';
export { type Recordings, readRecordings } from './benchmarks/recordings.ts';
export {
  type DecoderArchitecture,
  type DecoderConfig,
  decoderConfigJson,
  decoderParameters,
  type ParameterSpec,
  parseDecoderConfig,
} from './checkpoint/decoder-config.ts';
export { copyModelFiles, readModelConfig, readWeights, weightsSha256, writeModelFolder } from './checkpoint/hf-layout.ts';
export { initialWeights, type ParameterShape } from './checkpoint/init.ts';
export { type ModelCard, modelCard } from './checkpoint/model-card.ts';
export { publishDirectory, verifyDirectory } from './checkpoint/publish.ts';
export { type ConfigSource, type LoadedConfig, type LoadOptions, loadConfig } from './config/load/load.ts';
export { configJsonSchema, type SftConfig, type TrainConfig } from './config/schema/schema.ts';
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
export type { Completion, Prompt, Reward, Rollout, RolloutGroup } from './core/rollout.ts';
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
export { extractCode, type FoundProgram, findProgram, type NoProgramReason } from './dialects/extract.ts';
export { inferDialect } from './dialects/infer.ts';
export { buildPrompt, maxExamples, type PromptTemplate, promptTemplates } from './dialects/prompt.ts';
export { dialectByName, dialectNames, simulatorNames } from './dialects/registry.ts';
export { createOnnxLearner, type OnnxLearnerOptions } from './embedded/learner/onnx-learner.ts';
export { createOnnxExportPolicy, type OnnxExportPolicyOptions } from './embedded/sampler/onnx-export-policy.ts';
export { createOnnxPolicy, type OnnxPolicyOptions } from './embedded/sampler/onnx-policy.ts';
export { drawToken, entropyOfRow, keptTokens, softmaxRow } from './embedded/sampler/sampling.ts';
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
export { csvRecords } from './lib/csv-records.ts';
export { EvomError, type EvomErrorCode } from './lib/errors.ts';
export type { Service, ServiceOptions } from './lib/http-server.ts';
export { type JsonItem, jsonObjects } from './lib/json-stream.ts';
export { type JsonlOutput, openJsonlOutput } from './lib/jsonl-output.ts';
export { type RandomStream, randomStream } from './lib/random.ts';
export { readSafetensors, type StoredDtype, type Tensor, writeSafetensors } from './lib/safetensors.ts';
export { numberWordsIn, spokenNumber } from './lib/spoken-number.ts';
export {
  bootstrapMeanInterval,
  type Interval,
  mcnemarTest,
  type PairedTest,
  pairedPermutationTest,
  wilsonInterval,
} from './lib/statistics.ts';
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
export type { Learner, LearnerMetrics, LearnerResult, LearnerStepOptions } from './policy/learner.ts';
export {
  type AdamWConfig,
  adamwDefaults,
  checkOptimizerConfig,
  type MuonConfig,
  muonDefaults,
  type OptimizerConfig,
} from './policy/optimizer-config.ts';
export type { Policy, PolicyWeights, SampleOptions, SampleRequest, SamplingParams, ScoreRequest } from './policy/policy.ts';
export { createRecordedPolicy, type Recall, type RecordedPolicyOptions } from './policy/recorded-policy.ts';
export { createScriptedPolicy, type Script, type ScriptedPolicyOptions } from './policy/scripted-policy.ts';
export { families, familyNamed } from './problems/families/index.ts';
export { type Discrimination, discriminate, type Mutation, mutations, type Solve } from './problems/generator/discriminate.ts';
export { type Difficulty, type Draft, type Exemptions, type Family, kindOf } from './problems/generator/family.ts';
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
} from './problems/generator/generate.ts';
export { type NumberForms, numberWriter, type Share } from './problems/generator/number-text.ts';
export { numbersKeyOf, splitOfNumbers } from './problems/generator/split.ts';
export type { Wordings } from './problems/generator/tell.ts';
export { type CheckOptions, type CheckReport, checkProblems, type SharedKey } from './problems/sets/check.ts';
export { type CursorState, type ProblemCursor, problemCursor } from './problems/sets/cursor.ts';
export { type GramIndex, type GramLookup, type GramMatch, gramIndex } from './problems/sets/gram-index.ts';
export { problemToJson, type ReadFault, type ReadOptions, readProblems, readRecords, writeProblems } from './problems/sets/jsonl.ts';
export {
  auditLabels,
  type LabelAudit,
  type LabelDifference,
  normalizedText,
  type VersionAudit,
  type VersionPair,
} from './problems/sets/label-audit.ts';
export { answerFromLabel, type Label, type LabelStyle, plainLabels, readLabel } from './problems/sets/labels.ts';
export { type NearDuplicate, nearDuplicates } from './problems/sets/near-duplicates.ts';
export { type OverlapPair, type OverlapReport, type OverlapText, overlapWith } from './problems/sets/overlap.ts';
export { auditReach, type KnownOutcome, type ReachAudit } from './problems/sets/reach-audit.ts';
export type { FieldMap } from './problems/sets/record.ts';
export { type SplitOptions, type SplitResult, splitProblems } from './problems/sets/split-file.ts';
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
  type AccuracyWeights,
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
export { type LossRow, type SurrogateLoss, surrogateLoss } from './rl/surrogate.ts';
export { type RolloutParts, type RolloutRequest, type RolloutResult, type RolloutTimes, rollOut, type Task } from './rollout/engine.ts';
export type { Report, RunEvent, RunFacts } from './run/events.ts';
export type { Finding } from './run/finding.ts';
export { lookAhead, type OpenRunOptions, openRun } from './run/open-run.ts';
export type { Preflight } from './run/preflight.ts';
export type { Run, RunResult } from './run/run.ts';
export type { RunConfig } from './run/session.ts';
export { type MetricsLine, readMetrics, replayableMetrics } from './runs/metrics.ts';
export { OutcomeFile, type OutcomeLine, type StoredSample } from './runs/outcome-file.ts';
export { defaultLimits, resolveLimits, type SandboxLimits } from './sandbox/limits.ts';
export {
  type ExchangeManifest,
  type ExchangeResult,
  publishBatches,
  readBatches,
  verifyPublished,
  waitForResult,
  writeResult,
} from './servers/exchange.ts';
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
export { serveSolverHost } from './solver-host/http-service.ts';
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
export { noProgramOutcome } from './verify/completion-outcome.ts';
export { type AuditInput, type Auditor, type AuditorOptions, type AuditorStats, createAuditor } from './verify/evidence/auditor.ts';
export { createVerifier, type Verifier, type VerifierOptions, type VerifierStats } from './verify/verifier.ts';
