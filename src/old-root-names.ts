/** What the root offered before there were doors: old programs still run, and editors name the new place. Nothing new comes here. */

export {
  /** @deprecated Import it from `evom/benchmarks`. */
  findDataset,
  /** @deprecated Import it from `evom/benchmarks`. */
  findInputs,
  /** @deprecated Import it from `evom/benchmarks`. */
  type ImportFault,
  /** @deprecated Import it from `evom/benchmarks`. */
  type ImportInput,
  /** @deprecated Import it from `evom/benchmarks`. */
  type ImportItem,
  /** @deprecated Import it from `evom/benchmarks`. */
  type ImportOptions,
  /** @deprecated Import it from `evom/benchmarks`. */
  type ImportReport,
  /** @deprecated Import it from `evom/benchmarks`. */
  importInput,
  /** @deprecated Import it from `evom/benchmarks`. */
  importProblems,
  /** @deprecated Import it from `evom/benchmarks`. */
  type LabelVersion,
  /** @deprecated Import it from `evom/benchmarks`. */
  labelVersionNamed,
  /** @deprecated Import it from `evom/benchmarks`. */
  labelVersionOf,
  /** @deprecated Import it from `evom/benchmarks`. */
  labelVersions,
  /** @deprecated Import it from `evom/benchmarks`. */
  type Recordings,
  /** @deprecated Import it from `evom/benchmarks`. */
  readRecordings,
} from './benchmarks/index.ts';
export {
  /** @deprecated Import it from `evom/checkpoint`. */
  copyModelFiles,
  /** @deprecated Import it from `evom/checkpoint`. */
  type DecoderArchitecture,
  /** @deprecated Import it from `evom/checkpoint`. */
  type DecoderConfig,
  /** @deprecated Import it from `evom/checkpoint`. */
  decoderConfigJson,
  /** @deprecated Import it from `evom/checkpoint`. */
  decoderParameters,
  /** @deprecated Import it from `evom/checkpoint`. */
  initialWeights,
  /** @deprecated Import it from `evom/checkpoint`. */
  type ModelCard,
  /** @deprecated Import it from `evom/checkpoint`. */
  modelCard,
  /** @deprecated Import it from `evom/checkpoint`. */
  type ParameterShape,
  /** @deprecated Import it from `evom/checkpoint`. */
  type ParameterSpec,
  /** @deprecated Import it from `evom/checkpoint`. */
  parseDecoderConfig,
  /** @deprecated Import it from `evom/checkpoint`. */
  publishDirectory,
  /** @deprecated Import it from `evom/checkpoint`. */
  readModelConfig,
  /** @deprecated Import it from `evom/checkpoint`. */
  readWeights,
  /** @deprecated Import it from `evom/checkpoint`. */
  verifyDirectory,
  /** @deprecated Import it from `evom/checkpoint`. */
  weightsSha256,
  /** @deprecated Import it from `evom/checkpoint`. */
  writeModelFolder,
} from './checkpoint/index.ts';
export {
  /** @deprecated Import it from `evom/dialects`. */
  dialectNames,
  /** @deprecated Import it from `evom/dialects`. */
  type FoundProgram,
  /** @deprecated Import it from `evom/dialects`. */
  inferDialect,
  /** @deprecated Import it from `evom/dialects`. */
  maxExamples,
  /** @deprecated Import it from `evom/dialects`. */
  type NoProgramReason,
  /** @deprecated Import it from `evom/dialects`. */
  type PromptTemplate,
  /** @deprecated Import it from `evom/dialects`. */
  promptTemplates,
  /** @deprecated Import it from `evom/dialects`. */
  simulatorNames,
} from './dialects/index.ts';
export {
  /** @deprecated Import it from `evom/embedded`. */
  createOnnxExportPolicy,
  /** @deprecated Import it from `evom/embedded`. */
  createOnnxLearner,
  /** @deprecated Import it from `evom/embedded`. */
  createOnnxPolicy,
  /** @deprecated Import it from `evom/embedded`. */
  drawToken,
  /** @deprecated Import it from `evom/embedded`. */
  entropyOfRow,
  /** @deprecated Import it from `evom/embedded`. */
  keptTokens,
  /** @deprecated Import it from `evom/embedded`. */
  type OnnxExportPolicyOptions,
  /** @deprecated Import it from `evom/embedded`. */
  type OnnxLearnerOptions,
  /** @deprecated Import it from `evom/embedded`. */
  type OnnxPolicyOptions,
  /** @deprecated Import it from `evom/embedded`. */
  softmaxRow,
} from './embedded/index.ts';
export {
  /** @deprecated Import it from `evom/evaluate`. */
  type Comparison,
  /** @deprecated Import it from `evom/evaluate`. */
  clusteredWilson,
  /** @deprecated Import it from `evom/evaluate`. */
  compareEvaluations,
  /** @deprecated Import it from `evom/evaluate`. */
  type EvaluationRequest,
  /** @deprecated Import it from `evom/evaluate`. */
  type EvaluationSummary,
  /** @deprecated Import it from `evom/evaluate`. */
  type JudgedRate,
  /** @deprecated Import it from `evom/evaluate`. */
  type OutcomeMemory,
  /** @deprecated Import it from `evom/evaluate`. */
  type ProblemScore,
  /** @deprecated Import it from `evom/evaluate`. */
  type PublishedResult,
  /** @deprecated Import it from `evom/evaluate`. */
  type SampledOutcome,
  /** @deprecated Import it from `evom/evaluate`. */
  type TransferCell,
  /** @deprecated Import it from `evom/evaluate`. */
  type TransferComparison,
  /** @deprecated Import it from `evom/evaluate`. */
  type TransferReport,
  /** @deprecated Import it from `evom/evaluate`. */
  type TransferRow,
  /** @deprecated Import it from `evom/evaluate`. */
  type TransferTarget,
  /** @deprecated Import it from `evom/evaluate`. */
  transferMarkdown,
  /** @deprecated Import it from `evom/evaluate`. */
  transferPicture,
  /** @deprecated Import it from `evom/evaluate`. */
  transferReport,
} from './evaluate/index.ts';
export {
  /** @deprecated Import it from `evom/lib`. */
  bootstrapMeanInterval,
  /** @deprecated Import it from `evom/lib`. */
  csvRecords,
  /** @deprecated Import it from `evom/lib`. */
  type Interval,
  /** @deprecated Import it from `evom/lib`. */
  type JsonItem,
  /** @deprecated Import it from `evom/lib`. */
  type JsonlOutput,
  /** @deprecated Import it from `evom/lib`. */
  jsonObjects,
  /** @deprecated Import it from `evom/lib`. */
  mcnemarTest,
  /** @deprecated Import it from `evom/lib`. */
  numberWordsIn,
  /** @deprecated Import it from `evom/lib`. */
  openJsonlOutput,
  /** @deprecated Import it from `evom/lib`. */
  type PairedTest,
  /** @deprecated Import it from `evom/lib`. */
  pairedPermutationTest,
  /** @deprecated Import it from `evom/lib`. */
  type RandomStream,
  /** @deprecated Import it from `evom/lib`. */
  randomStream,
  /** @deprecated Import it from `evom/lib`. */
  readSafetensors,
  /** @deprecated Import it from `evom/lib`. */
  type StoredDtype,
  /** @deprecated Import it from `evom/lib`. */
  spokenNumber,
  /** @deprecated Import it from `evom/lib`. */
  type Tensor,
  /** @deprecated Import it from `evom/lib`. */
  wilsonInterval,
  /** @deprecated Import it from `evom/lib`. */
  writeSafetensors,
} from './lib/index.ts';
export {
  /** @deprecated Import it from `evom/modeling`. */
  type CanonicalColumn,
  /** @deprecated Import it from `evom/modeling`. */
  type CanonicalModel,
  /** @deprecated Import it from `evom/modeling`. */
  type CanonicalRow,
  /** @deprecated Import it from `evom/modeling`. */
  canonicalModel,
  /** @deprecated Import it from `evom/modeling`. */
  comparePerturbed,
  /** @deprecated Import it from `evom/modeling`. */
  countDifferences,
  /** @deprecated Import it from `evom/modeling`. */
  type Difference,
  /** @deprecated Import it from `evom/modeling`. */
  type DifferenceKind,
  /** @deprecated Import it from `evom/modeling`. */
  diagnoseModel,
  /** @deprecated Import it from `evom/modeling`. */
  differenceKinds,
  /** @deprecated Import it from `evom/modeling`. */
  type HintName,
  /** @deprecated Import it from `evom/modeling`. */
  hintNames,
  /** @deprecated Import it from `evom/modeling`. */
  identicalModels,
  /** @deprecated Import it from `evom/modeling`. */
  type ModelMatch,
  /** @deprecated Import it from `evom/modeling`. */
  matchModels,
  /** @deprecated Import it from `evom/modeling`. */
  modelHash,
  /** @deprecated Import it from `evom/modeling`. */
  type PerturbationOptions,
  /** @deprecated Import it from `evom/modeling`. */
  type PerturbedComparison,
  /** @deprecated Import it from `evom/modeling`. */
  type SolveModel,
  /** @deprecated Import it from `evom/modeling`. */
  solvesReference,
  /** @deprecated Import it from `evom/modeling`. */
  variantHints,
} from './modeling/index.ts';
export {
  /** @deprecated Import it from `evom/policy`. */
  type AdamWConfig,
  /** @deprecated Import it from `evom/policy`. */
  adamwDefaults,
  /** @deprecated Import it from `evom/policy`. */
  checkOptimizerConfig,
  /** @deprecated Import it from `evom/policy`. */
  createRecordedPolicy,
  /** @deprecated Import it from `evom/policy`. */
  createScriptedPolicy,
  /** @deprecated Import it from `evom/policy`. */
  type LearnerMetrics,
  /** @deprecated Import it from `evom/policy`. */
  type LearnerResult,
  /** @deprecated Import it from `evom/policy`. */
  type LearnerStepOptions,
  /** @deprecated Import it from `evom/policy`. */
  type MuonConfig,
  /** @deprecated Import it from `evom/policy`. */
  muonDefaults,
  /** @deprecated Import it from `evom/policy`. */
  type OptimizerConfig,
  /** @deprecated Import it from `evom/policy`. */
  type PolicyWeights,
  /** @deprecated Import it from `evom/policy`. */
  type Recall,
  /** @deprecated Import it from `evom/policy`. */
  type RecordedPolicyOptions,
  /** @deprecated Import it from `evom/policy`. */
  type SampleOptions,
  /** @deprecated Import it from `evom/policy`. */
  type SampleRequest,
  /** @deprecated Import it from `evom/policy`. */
  type SamplingParams,
  /** @deprecated Import it from `evom/policy`. */
  type ScoreRequest,
  /** @deprecated Import it from `evom/policy`. */
  type Script,
  /** @deprecated Import it from `evom/policy`. */
  type ScriptedPolicyOptions,
} from './policy/index.ts';
export {
  /** @deprecated Import it from `evom/problems`. */
  answerFromLabel,
  /** @deprecated Import it from `evom/problems`. */
  answerOf,
  /** @deprecated Import it from `evom/problems`. */
  auditLabels,
  /** @deprecated Import it from `evom/problems`. */
  auditReach,
  /** @deprecated Import it from `evom/problems`. */
  type CheckOptions,
  /** @deprecated Import it from `evom/problems`. */
  type CheckReport,
  /** @deprecated Import it from `evom/problems`. */
  type CursorState,
  /** @deprecated Import it from `evom/problems`. */
  checkProblems,
  /** @deprecated Import it from `evom/problems`. */
  type Difficulty,
  /** @deprecated Import it from `evom/problems`. */
  type Discrimination,
  /** @deprecated Import it from `evom/problems`. */
  type Draft,
  /** @deprecated Import it from `evom/problems`. */
  discriminate,
  /** @deprecated Import it from `evom/problems`. */
  type Exemptions,
  /** @deprecated Import it from `evom/problems`. */
  type Family,
  /** @deprecated Import it from `evom/problems`. */
  type FieldMap,
  /** @deprecated Import it from `evom/problems`. */
  families,
  /** @deprecated Import it from `evom/problems`. */
  familyNamed,
  /** @deprecated Import it from `evom/problems`. */
  type GenerateOptions,
  /** @deprecated Import it from `evom/problems`. */
  type GenerationCounts,
  /** @deprecated Import it from `evom/problems`. */
  type GramIndex,
  /** @deprecated Import it from `evom/problems`. */
  type GramLookup,
  /** @deprecated Import it from `evom/problems`. */
  type GramMatch,
  /** @deprecated Import it from `evom/problems`. */
  generatorSource,
  /** @deprecated Import it from `evom/problems`. */
  gramIndex,
  /** @deprecated Import it from `evom/problems`. */
  type KnownOutcome,
  /** @deprecated Import it from `evom/problems`. */
  kindOf,
  /** @deprecated Import it from `evom/problems`. */
  type Label,
  /** @deprecated Import it from `evom/problems`. */
  type LabelAudit,
  /** @deprecated Import it from `evom/problems`. */
  type LabelDifference,
  /** @deprecated Import it from `evom/problems`. */
  type LabelStyle,
  /** @deprecated Import it from `evom/problems`. */
  type Mutation,
  /** @deprecated Import it from `evom/problems`. */
  mutations,
  /** @deprecated Import it from `evom/problems`. */
  type NearDuplicate,
  /** @deprecated Import it from `evom/problems`. */
  type NumberForms,
  /** @deprecated Import it from `evom/problems`. */
  nearDuplicates,
  /** @deprecated Import it from `evom/problems`. */
  noCounts,
  /** @deprecated Import it from `evom/problems`. */
  normalizedText,
  /** @deprecated Import it from `evom/problems`. */
  numbersKeyOf,
  /** @deprecated Import it from `evom/problems`. */
  numberWriter,
  /** @deprecated Import it from `evom/problems`. */
  type OverlapPair,
  /** @deprecated Import it from `evom/problems`. */
  type OverlapReport,
  /** @deprecated Import it from `evom/problems`. */
  type OverlapText,
  /** @deprecated Import it from `evom/problems`. */
  overlapWith,
  /** @deprecated Import it from `evom/problems`. */
  type ProblemCursor,
  /** @deprecated Import it from `evom/problems`. */
  type ProblemSpec,
  /** @deprecated Import it from `evom/problems`. */
  plainLabels,
  /** @deprecated Import it from `evom/problems`. */
  problemCursor,
  /** @deprecated Import it from `evom/problems`. */
  problemToJson,
  /** @deprecated Import it from `evom/problems`. */
  type ReachAudit,
  /** @deprecated Import it from `evom/problems`. */
  type ReadFault,
  /** @deprecated Import it from `evom/problems`. */
  type ReadOptions,
  /** @deprecated Import it from `evom/problems`. */
  type Rejection,
  /** @deprecated Import it from `evom/problems`. */
  readLabel,
  /** @deprecated Import it from `evom/problems`. */
  readRecords,
  /** @deprecated Import it from `evom/problems`. */
  type Share,
  /** @deprecated Import it from `evom/problems`. */
  type SharedKey,
  /** @deprecated Import it from `evom/problems`. */
  type Solve,
  /** @deprecated Import it from `evom/problems`. */
  type Solvers,
  /** @deprecated Import it from `evom/problems`. */
  type SplitOptions,
  /** @deprecated Import it from `evom/problems`. */
  type SplitResult,
  /** @deprecated Import it from `evom/problems`. */
  splitOfNumbers,
  /** @deprecated Import it from `evom/problems`. */
  splitProblems,
  /** @deprecated Import it from `evom/problems`. */
  type VersionAudit,
  /** @deprecated Import it from `evom/problems`. */
  type VersionPair,
  /** @deprecated Import it from `evom/problems`. */
  type Wordings,
} from './problems/index.ts';
export {
  /** @deprecated Import it from `evom/reward`. */
  type ForeignNumbers,
  /** @deprecated Import it from `evom/reward`. */
  type HardFlag,
  /** @deprecated Import it from `evom/reward`. */
  hardFlagNames,
  /** @deprecated Import it from `evom/reward`. */
  hardFlags,
  /** @deprecated Import it from `evom/reward`. */
  type JudgeIdentity,
  /** @deprecated Import it from `evom/reward`. */
  type JudgeRule,
  /** @deprecated Import it from `evom/reward`. */
  type JudgeRuleName,
  /** @deprecated Import it from `evom/reward`. */
  judgeRule,
  /** @deprecated Import it from `evom/reward`. */
  judgeRuleNames,
  /** @deprecated Import it from `evom/reward`. */
  literalTrace,
  /** @deprecated Import it from `evom/reward`. */
  type NoSolutionRule,
  /** @deprecated Import it from `evom/reward`. */
  type OverlongConfig,
  /** @deprecated Import it from `evom/reward`. */
  overlongPenalty,
  /** @deprecated Import it from `evom/reward`. */
  type RewardWeights,
  /** @deprecated Import it from `evom/reward`. */
  type RuleScore,
  /** @deprecated Import it from `evom/reward`. */
  type ScoreInput,
  /** @deprecated Import it from `evom/reward`. */
  type SoftFlag,
  /** @deprecated Import it from `evom/reward`. */
  type StoredVerdict,
  /** @deprecated Import it from `evom/reward`. */
  scoreByRules,
  /** @deprecated Import it from `evom/reward`. */
  softFlagNames,
  /** @deprecated Import it from `evom/reward`. */
  softFlags,
} from './reward/index.ts';
export {
  /** @deprecated Import it from `evom/rl`. */
  type AccuracyWeights,
  /** @deprecated Import it from `evom/rl`. */
  type AdvantageConventions,
  /** @deprecated Import it from `evom/rl`. */
  type AdvantageEstimator,
  /** @deprecated Import it from `evom/rl`. */
  type BatchAdvantageOptions,
  /** @deprecated Import it from `evom/rl`. */
  type BatchEstimator,
  /** @deprecated Import it from `evom/rl`. */
  batchAdvantages,
  /** @deprecated Import it from `evom/rl`. */
  beginSamplingStep,
  /** @deprecated Import it from `evom/rl`. */
  type Compat,
  /** @deprecated Import it from `evom/rl`. */
  compatPresets,
  /** @deprecated Import it from `evom/rl`. */
  type DynamicSamplingConfig,
  /** @deprecated Import it from `evom/rl`. */
  type DynamicSamplingState,
  /** @deprecated Import it from `evom/rl`. */
  type GroupAdvantageOptions,
  /** @deprecated Import it from `evom/rl`. */
  type GroupEstimator,
  /** @deprecated Import it from `evom/rl`. */
  type GroupSummary,
  /** @deprecated Import it from `evom/rl`. */
  initialSamplingState,
  /** @deprecated Import it from `evom/rl`. */
  type KlEstimator,
  /** @deprecated Import it from `evom/rl`. */
  klTerm,
  /** @deprecated Import it from `evom/rl`. */
  type LossDenominators,
  /** @deprecated Import it from `evom/rl`. */
  type LossRow,
  /** @deprecated Import it from `evom/rl`. */
  learningRateFactor,
  /** @deprecated Import it from `evom/rl`. */
  lossDenominators,
  /** @deprecated Import it from `evom/rl`. */
  type MaskedRow,
  /** @deprecated Import it from `evom/rl`. */
  nextSamplingAction,
  /** @deprecated Import it from `evom/rl`. */
  offerGroups,
  /** @deprecated Import it from `evom/rl`. */
  passAtK,
  /** @deprecated Import it from `evom/rl`. */
  promptMeanWeights,
  /** @deprecated Import it from `evom/rl`. */
  type RewardedGroup,
  /** @deprecated Import it from `evom/rl`. */
  type SamplerCorrection,
  /** @deprecated Import it from `evom/rl`. */
  type SamplingCounts,
  /** @deprecated Import it from `evom/rl`. */
  type SamplingDecision,
  /** @deprecated Import it from `evom/rl`. */
  type ScheduleConfig,
  /** @deprecated Import it from `evom/rl`. */
  type SurrogateLoss,
  /** @deprecated Import it from `evom/rl`. */
  samplerWeights,
  /** @deprecated Import it from `evom/rl`. */
  sequenceRatio,
  /** @deprecated Import it from `evom/rl`. */
  summarizeGroup,
  /** @deprecated Import it from `evom/rl`. */
  surrogateLoss,
  /** @deprecated Import it from `evom/rl`. */
  tokenRatios,
  /** @deprecated Import it from `evom/rl`. */
  tokenWeights,
} from './rl/index.ts';
export {
  /** @deprecated Import it from `evom/run`. */
  type ConfigSource,
  /** @deprecated Import it from `evom/run`. */
  configJsonSchema,
  /** @deprecated Import it from `evom/run`. */
  type Finding,
  /** @deprecated Import it from `evom/run`. */
  type LoadedConfig,
  /** @deprecated Import it from `evom/run`. */
  type LoadOptions,
  /** @deprecated Import it from `evom/run`. */
  type MetricsLine,
  /** @deprecated Import it from `evom/run`. */
  OutcomeFile,
  /** @deprecated Import it from `evom/run`. */
  type OutcomeLine,
  /** @deprecated Import it from `evom/run`. */
  type Preflight,
  /** @deprecated Import it from `evom/run`. */
  type Report,
  /** @deprecated Import it from `evom/run`. */
  type RunConfig,
  /** @deprecated Import it from `evom/run`. */
  type RunFacts,
  /** @deprecated Import it from `evom/run`. */
  readMetrics,
  /** @deprecated Import it from `evom/run`. */
  replayableMetrics,
  /** @deprecated Import it from `evom/run`. */
  type StoredSample,
} from './run/index.ts';
export {
  /** @deprecated Import it from `evom/servers`. */
  type ExchangeManifest,
  /** @deprecated Import it from `evom/servers`. */
  type ExchangeResult,
  /** @deprecated Import it from `evom/servers`. */
  publishBatches,
  /** @deprecated Import it from `evom/servers`. */
  verifyPublished,
} from './servers/index.ts';
export {
  /** @deprecated Import it from `evom/solve`. */
  type AnswerKind,
  /** @deprecated Import it from `evom/solve`. */
  type Attribution,
  /** @deprecated Import it from `evom/solve`. */
  answerKinds,
  /** @deprecated Import it from `evom/solve`. */
  type BayesChoice,
  /** @deprecated Import it from `evom/solve`. */
  type Components,
  /** @deprecated Import it from `evom/solve`. */
  type ComponentWeights,
  /** @deprecated Import it from `evom/solve`. */
  type Consensus,
  /** @deprecated Import it from `evom/solve`. */
  type ConsistencyOptions,
  /** @deprecated Import it from `evom/solve`. */
  type ConsistencyRule,
  /** @deprecated Import it from `evom/solve`. */
  checkExtraction,
  /** @deprecated Import it from `evom/solve`. */
  consistencyRules,
  /** @deprecated Import it from `evom/solve`. */
  coverage,
  /** @deprecated Import it from `evom/solve`. */
  type Discrepancy,
  /** @deprecated Import it from `evom/solve`. */
  type Extraction,
  /** @deprecated Import it from `evom/solve`. */
  type ExtractionResult,
  /** @deprecated Import it from `evom/solve`. */
  embeddingSimilarity,
  /** @deprecated Import it from `evom/solve`. */
  evaluatorOf,
  /** @deprecated Import it from `evom/solve`. */
  evaluatorOrder,
  /** @deprecated Import it from `evom/solve`. */
  extractionOfModel,
  /** @deprecated Import it from `evom/solve`. */
  type Fault,
  /** @deprecated Import it from `evom/solve`. */
  feedbackOf,
  /** @deprecated Import it from `evom/solve`. */
  type GeneratorKind,
  /** @deprecated Import it from `evom/solve`. */
  type Guarantee,
  /** @deprecated Import it from `evom/solve`. */
  generatorKinds,
  /** @deprecated Import it from `evom/solve`. */
  generatorOf,
  /** @deprecated Import it from `evom/solve`. */
  generatorProbabilities,
  /** @deprecated Import it from `evom/solve`. */
  groupConsistency,
  /** @deprecated Import it from `evom/solve`. */
  guaranteeOf,
  /** @deprecated Import it from `evom/solve`. */
  isAligned,
  /** @deprecated Import it from `evom/solve`. */
  lexicalSimilarity,
  /** @deprecated Import it from `evom/solve`. */
  minimumBayesRisk,
  /** @deprecated Import it from `evom/solve`. */
  modelOfExtraction,
  /** @deprecated Import it from `evom/solve`. */
  type Point,
  /** @deprecated Import it from `evom/solve`. */
  type Portfolio,
  /** @deprecated Import it from `evom/solve`. */
  paperSettings,
  /** @deprecated Import it from `evom/solve`. */
  probePoints,
  /** @deprecated Import it from `evom/solve`. */
  type Recommendation,
  /** @deprecated Import it from `evom/solve`. */
  recommendSolver,
  /** @deprecated Import it from `evom/solve`. */
  retrieve,
  /** @deprecated Import it from `evom/solve`. */
  robustPortfolio,
  /** @deprecated Import it from `evom/solve`. */
  type SampleAgreement,
  /** @deprecated Import it from `evom/solve`. */
  type Similarity,
  /** @deprecated Import it from `evom/solve`. */
  type Simulation,
  /** @deprecated Import it from `evom/solve`. */
  type SimulationCurve,
  /** @deprecated Import it from `evom/solve`. */
  type SimulationOptions,
  /** @deprecated Import it from `evom/solve`. */
  type SimulationResult,
  /** @deprecated Import it from `evom/solve`. */
  type SimulatorRun,
  /** @deprecated Import it from `evom/solve`. */
  type SimulatorVotes,
  /** @deprecated Import it from `evom/solve`. */
  type SolveEvidence,
  /** @deprecated Import it from `evom/solve`. */
  type SolveOptions,
  /** @deprecated Import it from `evom/solve`. */
  type SolveParts,
  /** @deprecated Import it from `evom/solve`. */
  type SolverOffer,
  /** @deprecated Import it from `evom/solve`. */
  sampleAgreement,
  /** @deprecated Import it from `evom/solve`. */
  selfConsistent,
  /** @deprecated Import it from `evom/solve`. */
  simulate,
  /** @deprecated Import it from `evom/solve`. */
  simulatePortfolios,
  /** @deprecated Import it from `evom/solve`. */
  simulatorVotes,
  /** @deprecated Import it from `evom/solve`. */
  simulatorWeight,
  /** @deprecated Import it from `evom/solve`. */
  textShare,
  /** @deprecated Import it from `evom/solve`. */
  type Validation,
  /** @deprecated Import it from `evom/solve`. */
  type ValidationOptions,
  /** @deprecated Import it from `evom/solve`. */
  validateBySimulator,
} from './solve/index.ts';
export {
  /** @deprecated Import it from `evom/solver-host`. */
  createRemoteVerifier,
  /** @deprecated Import it from `evom/solver-host`. */
  type DialectHealth,
  /** @deprecated Import it from `evom/solver-host`. */
  type Health,
  /** @deprecated Import it from `evom/solver-host`. */
  hostDialects,
  /** @deprecated Import it from `evom/solver-host`. */
  type Isolation,
  /** @deprecated Import it from `evom/solver-host`. */
  type RemoteVerifierOptions,
  /** @deprecated Import it from `evom/solver-host`. */
  routeByDialect,
  /** @deprecated Import it from `evom/solver-host`. */
  type Service,
  /** @deprecated Import it from `evom/solver-host`. */
  type ServiceOptions,
  /** @deprecated Import it from `evom/solver-host`. */
  SolverHost,
  /** @deprecated Import it from `evom/solver-host`. */
  type SolverHostOptions,
  /** @deprecated Import it from `evom/solver-host`. */
  serveSolverHost,
} from './solver-host/index.ts';
export {
  /** @deprecated Import it from `evom/solvers`. */
  backendNames,
  /** @deprecated Import it from `evom/solvers`. */
  type Capabilities,
  /** @deprecated Import it from `evom/solvers`. */
  compileHighs,
  /** @deprecated Import it from `evom/solvers`. */
  createGlpk,
  /** @deprecated Import it from `evom/solvers`. */
  createHighs,
  /** @deprecated Import it from `evom/solvers`. */
  createSolvePool,
  /** @deprecated Import it from `evom/solvers`. */
  type Duals,
  /** @deprecated Import it from `evom/solvers`. */
  type HighsOptions,
  /** @deprecated Import it from `evom/solvers`. */
  type HighsReader,
  /** @deprecated Import it from `evom/solvers`. */
  type LpFlavor,
  /** @deprecated Import it from `evom/solvers`. */
  type LpFormatOptions,
  /** @deprecated Import it from `evom/solvers`. */
  type LpReadOptions,
  /** @deprecated Import it from `evom/solvers`. */
  type ModelAnswer,
  /** @deprecated Import it from `evom/solvers`. */
  type ModelFormat,
  /** @deprecated Import it from `evom/solvers`. */
  type ModelText,
  /** @deprecated Import it from `evom/solvers`. */
  type MpsReadOptions,
  /** @deprecated Import it from `evom/solvers`. */
  modelFault,
  /** @deprecated Import it from `evom/solvers`. */
  needsOf,
  /** @deprecated Import it from `evom/solvers`. */
  parseModel,
  /** @deprecated Import it from `evom/solvers`. */
  parseMps,
  /** @deprecated Import it from `evom/solvers`. */
  type Solution,
  /** @deprecated Import it from `evom/solvers`. */
  type SolveLimits,
  /** @deprecated Import it from `evom/solvers`. */
  type SolvePool,
  /** @deprecated Import it from `evom/solvers`. */
  type SolvePoolOptions,
  /** @deprecated Import it from `evom/solvers`. */
  solveText,
  /** @deprecated Import it from `evom/solvers`. */
  writeLp,
  /** @deprecated Import it from `evom/solvers`. */
  writeMps,
} from './solvers/index.ts';
export {
  /** @deprecated Import it from `evom/tokenizer`. */
  type BpeModel,
  /** @deprecated Import it from `evom/tokenizer`. */
  type BpeOptions,
  /** @deprecated Import it from `evom/tokenizer`. */
  byteTokenizer,
  /** @deprecated Import it from `evom/tokenizer`. */
  type ChatMessage,
  /** @deprecated Import it from `evom/tokenizer`. */
  type ChatTokenizer,
  /** @deprecated Import it from `evom/tokenizer`. */
  loadTokenizer,
  /** @deprecated Import it from `evom/tokenizer`. */
  trainBpe,
  /** @deprecated Import it from `evom/tokenizer`. */
  writeTokenizer,
} from './tokenizer/index.ts';
export {
  /** @deprecated Import it from `evom/train`. */
  type BatchSettings,
  /** @deprecated Import it from `evom/train`. */
  checkGuards,
  /** @deprecated Import it from `evom/train`. */
  type GatheredStep,
  /** @deprecated Import it from `evom/train`. */
  type GuardLimits,
  /** @deprecated Import it from `evom/train`. */
  type GuardReadings,
  /** @deprecated Import it from `evom/train`. */
  type GuardState,
  /** @deprecated Import it from `evom/train`. */
  type GuardVerdict,
  /** @deprecated Import it from `evom/train`. */
  initialGuardState,
  /** @deprecated Import it from `evom/train`. */
  initialTrainState,
  /** @deprecated Import it from `evom/train`. */
  type ProblemSource,
  /** @deprecated Import it from `evom/train`. */
  partialKlWeights,
  /** @deprecated Import it from `evom/train`. */
  type RolloutParts,
  /** @deprecated Import it from `evom/train`. */
  type RolloutRequest,
  /** @deprecated Import it from `evom/train`. */
  type RolloutResult,
  /** @deprecated Import it from `evom/train`. */
  type RolloutTimes,
  /** @deprecated Import it from `evom/train`. */
  type RowOptions,
  /** @deprecated Import it from `evom/train`. */
  type RunStore,
  /** @deprecated Import it from `evom/train`. */
  readBatch,
  /** @deprecated Import it from `evom/train`. */
  readRollouts,
  /** @deprecated Import it from `evom/train`. */
  rollOut,
  /** @deprecated Import it from `evom/train`. */
  type SamplingPosition,
  /** @deprecated Import it from `evom/train`. */
  type SftExample,
  /** @deprecated Import it from `evom/train`. */
  type SftParts,
  /** @deprecated Import it from `evom/train`. */
  type SftSettings,
  /** @deprecated Import it from `evom/train`. */
  type StepMetrics,
  /** @deprecated Import it from `evom/train`. */
  sftLoop,
  /** @deprecated Import it from `evom/train`. */
  sftRow,
  /** @deprecated Import it from `evom/train`. */
  type Task,
  /** @deprecated Import it from `evom/train`. */
  type TrainParts,
  /** @deprecated Import it from `evom/train`. */
  type TrainSettings,
  /** @deprecated Import it from `evom/train`. */
  type TrainState,
  /** @deprecated Import it from `evom/train`. */
  trainingBatches,
  /** @deprecated Import it from `evom/train`. */
  trainingRows,
  /** @deprecated Import it from `evom/train`. */
  trainLoop,
  /** @deprecated Import it from `evom/train`. */
  writeBatch,
  /** @deprecated Import it from `evom/train`. */
  writeRollouts,
} from './train/index.ts';
export {
  /** @deprecated Import it from `evom/verify`. */
  type AuditInput,
  /** @deprecated Import it from `evom/verify`. */
  type Auditor,
  /** @deprecated Import it from `evom/verify`. */
  type AuditorOptions,
  /** @deprecated Import it from `evom/verify`. */
  type AuditorStats,
  /** @deprecated Import it from `evom/verify`. */
  createAuditor,
  /** @deprecated Import it from `evom/verify`. */
  defaultLimits,
  /** @deprecated Import it from `evom/verify`. */
  noProgramOutcome,
  /** @deprecated Import it from `evom/verify`. */
  resolveLimits,
  /** @deprecated Import it from `evom/verify`. */
  type SandboxLimits,
  /** @deprecated Import it from `evom/verify`. */
  type VerifierOptions,
  /** @deprecated Import it from `evom/verify`. */
  type VerifierStats,
} from './verify/index.ts';
