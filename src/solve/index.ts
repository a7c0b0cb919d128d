/** `evom/solve`: one problem solved from many candidates, and its parts: votes, simulators, portfolios, recommendations. */

export {
  checkExtraction,
  type Extraction,
  type ExtractionResult,
  extractionOfModel,
  modelOfExtraction,
  parseExtraction,
} from '../decode/extraction.ts';
export { embeddingSimilarity, lexicalSimilarity, type RetrieveOptions, retrieve, type Similarity } from '../decode/memory.ts';
export { type BayesChoice, type BayesOptions, type ComponentWeights, minimumBayesRisk } from '../decode/minimum-bayes-risk.ts';
export {
  coverage,
  evaluatorOrder,
  type Guarantee,
  generatorProbabilities,
  guaranteeOf,
  isAligned,
  type Portfolio,
  robustPortfolio,
} from '../decode/portfolio.ts';
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
} from '../decode/portfolio-simulation.ts';
export { type AnswerKind, answerKinds, type Consensus, type ConsistencyOptions, selfConsistent } from '../decode/self-consistency.ts';
export { type AnsweredFault, type Attribution, attributeByAnswer, attributeFault, type Fault } from './attribution.ts';
export { type Candidate, candidatesOf, type SampledProgram, sampleTexts, verified } from './candidates.ts';
export { type Choice, choose } from './choose.ts';
export type { Evidence as SolveEvidence } from './component-evidence.ts';
export { executionScores, judgeMessages, judgeScores, scoreIn } from './evaluators.ts';
export { type ConsistencyRule, consistencyRules, groupConsistency } from './group-consistency.ts';
export { extremePoints, probePoints } from './probe-points.ts';
export type { Reading } from './read-problem.ts';
export { adviceText, type Recommendation, recommendSolver, type SolverOffer } from './recommend.ts';
export { sameNumbers } from './same-numbers.ts';
export { type SampleAgreement, sampleAgreement } from './sample-agreement.ts';
export { type Point, type Simulation, type SimulatorRun, simulate } from './simulate.ts';
export { simulatorConsistency } from './simulator-consistency.ts';
export { type SimulatorTest, testSimulator, usableSimulators } from './simulator-tests.ts';
export { type SimulatorVotes, simulatorVotes, simulatorWeight } from './simulator-votes.ts';
export { type SolveResult, solveProblem } from './solve.ts';
export type { Components, Example, SolveOptions, SolveParts } from './solve-parts.ts';
export { type Sources, sourceWeights } from './source-weights.ts';
export type { Speaker, TokenCount } from './speaker.ts';
export { textShare } from './text-share.ts';
export { type Judged, type Trust, trustOf } from './trust.ts';
export { type Discrepancy, feedbackOf, isRefuted, type Validation, type ValidationOptions, validateBySimulator } from './validate.ts';
