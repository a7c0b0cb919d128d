/** From a problem in words to an answer with its evidence: NEMO's pipeline (arXiv:2601.21372), each part of which can be left out. */
import type { LinearModel } from '../core/linear-model.ts';
import type { Outcome } from '../core/outcome.ts';
import type { Program } from '../core/program.ts';
import type { Extraction } from '../decode/extraction.ts';
import { type AnswerKind, modelHashOf } from '../decode/self-consistency.ts';
import { EvomError } from '../lib/errors.ts';
import { type ForeignNumbers, literalTrace } from '../reward/literals.ts';
import { type Attempt, askFirst, programMessages, recalled } from './ask.ts';
import { type Candidate, candidatesOf, countedSamples, type SampledProgram } from './candidates.ts';
import { type Choice, choose, type Doubts } from './choose.ts';
import type { ComponentName, Evidence } from './component-evidence.ts';
import { type Reading, readProblem } from './read-problem.ts';
import { adviceText, type Recommendation, recommendSolver, type SolverOffer } from './recommend.ts';
import { repairRound } from './repair.ts';
import { sayAgreement, sayBayesRisk, sayCrossSolve, saySelfConsistency, saySimulators, sayText } from './say-evidence.ts';
import { type SimulatorTest, testSimulator, usableSimulators } from './simulator-tests.ts';
import type { SolveOptions, SolveParts } from './solve-parts.ts';
import { sourceWeights } from './source-weights.ts';
import { createTokenMeter, type TokenCount } from './speaker.ts';
import { type Trust, trustOf } from './trust.ts';
import { isRefuted, type Validation, validateBySimulator } from './validate.ts';

export interface SolveResult {
  readonly kind: AnswerKind;
  /** Optimal value; null where there is none. Look at `trust` before it is told to anybody. */
  readonly answer: number | null;
  /** Whether the answer may be given as one, and why not. */
  readonly trust: Trust;
  readonly program: Program | null;
  readonly outcome: Outcome | null;
  readonly model: LinearModel | null;
  /** The record in the prompts; without one that of the captured model least unlike the others; null without either. */
  readonly extraction: Extraction | null;
  /** What the records were: those that passed the schema, and how many were asked for. */
  readonly reading: Reading;
  /** Made before the programs where there is a record, else from the captured model. */
  readonly recommendation: Recommendation | null;
  /** Share of the samples that give this answer, without those that a fault of ours kept from a verdict: of what was sampled, not of the truth. */
  readonly confidence: number;
  readonly evidence: readonly Evidence[];
  /** Figures of the text that stand nowhere in the model, and parts of the model with numbers that the text does not tell; null without a model. */
  readonly text: { readonly unused: readonly number[]; readonly foreign: readonly ForeignNumbers[] } | null;
  readonly candidates: readonly Candidate[];
  /** Programs that count: a repaired one in the place of the one that it repairs. */
  readonly samples: readonly SampledProgram[];
  /** The programs as they were first written. */
  readonly firstSamples: readonly SampledProgram[];
  /** The simulators that were written, and why those that were kept out were. */
  readonly simulators: readonly SimulatorTest[];
  readonly rounds: number;
  readonly tokens: TokenCount;
  readonly timesMs: Readonly<Record<string, number>>;
}

/**
 * Solves a problem in words.
 *
 * Records of the decision process are sampled and one is picked; programs are written from it, with a solver's recommendation, and simulators
 * without seeing a program. The answer is the consensus of the programs and of the record, solved. Programs that fail or have no solution
 * are told so and mended in turns; where the simulators that pass their tests contradict the answer, so is the program that gave it, and
 * the answer is then the one that most independent sources give (`sourceWeights`). What a policy cannot write is said in the evidence and
 * done without: one that is asked by bare prompts writes programs, and simulators where it was taught to.
 *
 * @throws {EvomError} `E_DATA` if the problem leaves no room for a program in the policy's context; faults of ours otherwise, a policy that
 *   cannot be reached among them. Nothing that a program does.
 */
export async function solveProblem(parts: SolveParts, options: SolveOptions): Promise<SolveResult> {
  const evidence: Evidence[] = [];
  const say = (component: ComponentName, verdict: Evidence['verdict'], text: string): void => {
    evidence.push({ component, verdict, text });
  };
  const timesMs: Record<string, number> = {};
  const timed = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const began = parts.now();
    try {
      return await work();
    } finally {
      timesMs[name] = (timesMs[name] ?? 0) + parts.now() - began;
    }
  };
  const meter = createTokenMeter();
  const about = { sampling: options.sampling, signal: options.signal, meter };

  const examples = await timed('memory', () => recalled(parts, options, say));
  const reading = await timed('extraction', () => readProblem(parts, options, examples, about, say));
  const offers = offersOf(parts);
  const advised = reading.winner === null ? null : recommendSolver(reading.model, offers);
  const advice = advised === null ? null : adviceText(advised);
  const base = programMessages(parts, options.question, examples, { record: reading.winner, advice });
  const [first, record] = await Promise.all([
    timed('sampling', () => askFirst(parts, options, base, reading, about)),
    recordVote(parts, reading.model),
  ]);
  failIfAllOurs(first.samples);
  const tests = await timed('validation', () =>
    Promise.all(first.simulators.map((simulator) => testSimulator(simulator, reading.model, { verify: parts.verify, seed: options.seed }))),
  );
  const simulators = usableSimulators(tests);

  let samples: readonly Attempt[] = first.samples;
  let chosen = choose({ samples, record, doubts: null }, options);
  let validations = await timed('validation', () => validateAll(parts, chosen, simulators, options));
  let isDoubted = false;
  let round = 0;
  while (round < options.rounds) {
    isDoubted ||= isRefuted(validations);
    const next = await timed('repair', () => repairRound(parts, options, { base, samples, chosen, validations }, round + 1, about));
    if (next === null) break;
    round += 1;
    samples = next;
    const doubts = isDoubted ? await timed('validation', () => doubtsOf(parts, { samples, record }, simulators, options)) : null;
    chosen = choose({ samples, record, doubts }, options);
    validations = await timed('validation', () => validateAll(parts, chosen, simulators, options));
  }

  const extraction =
    options.components.bayesRisk || reading.winner !== null ? sayBayesRisk(samples, reading, record, chosen, options, say) : null;
  saySelfConsistency(chosen, samples, options, say);
  saySimulators({ numAsked: first.numSimulators, numWritten: first.simulators.length, tests, validations, round }, say);
  const outcome = chosen?.sample.outcome ?? null;
  if (outcome !== null) sayAgreement(outcome, samples, options, say);
  const model = outcome?.model ?? null;
  const text = model === null ? null : literalTrace(model, options.question);
  if (outcome !== null && text !== null) sayText(outcome, text, options, say);
  if (outcome !== null && model !== null) await timed('cross_solve', async () => sayCrossSolve(parts, outcome, model, say));
  const isAnswer = chosen !== null && chosen.kind !== 'error';

  return {
    kind: chosen?.kind ?? 'error',
    answer: chosen?.value ?? null,
    trust: trustOf({ question: options.question, template: parts.template, samples, chosen, validations, record }),
    program: chosen?.sample.program ?? null,
    outcome,
    model,
    extraction,
    reading,
    recommendation: advised ?? (model === null && outcome?.quadratic === undefined ? null : recommendSolver(model, offers)),
    confidence: chosen !== null && isAnswer ? chosen.agreeing / Math.max(1, countedSamples(samples).length) : 0,
    evidence,
    text,
    candidates: candidatesOf(samples),
    samples,
    firstSamples: first.samples,
    simulators: tests,
    rounds: round,
    tokens: meter.count(),
    timesMs,
  };
}

/** @throws {EvomError} `E_SANDBOX` where a fault of ours kept every program from a verdict: then nothing is known of the problem. */
function failIfAllOurs(samples: readonly SampledProgram[]): void {
  const [first] = samples;
  if (first === undefined || countedSamples(samples).length > 0) return;
  const why = first.outcome.error?.message ?? 'no reason given';
  throw new EvomError('E_SANDBOX', `a fault of ours kept all ${samples.length} programs from a verdict: ${why}; run it again`);
}

/** The backends that solve here, the one of the programs first: on a solver host it takes what its library takes. */
function offersOf({ backend, backends }: SolveParts): SolverOffer[] {
  const here = backends.some(({ name }) => name === backend);
  return [...(here ? [] : [{ name: backend, capabilities: { lp: true, milp: true } }]), ...backends];
}

/** The record as a program of its own, run: one more vote. */
async function recordVote({ dialect, verify }: SolveParts, model: LinearModel | null): Promise<SampledProgram | null> {
  if (model === null) return null;
  const program: Program = { dialect: dialect.name, code: dialect.render(model) };
  const completion = {
    tokenIds: new Int32Array(0),
    logprobs: new Float32Array(0),
    entropy: null,
    finishReason: 'stop',
    policyVersion: 0,
  } as const;
  const outcome = await verify(program);
  return outcome.status === 'infra_error' ? null : { completion, text: '', program, outcome };
}

function validateAll(
  parts: SolveParts,
  chosen: Choice | null,
  simulators: readonly Program[],
  { seed }: SolveOptions,
): Promise<Validation[]> {
  if (chosen === null) return Promise.resolve([]);
  const options = validationOptions(parts, seed);
  return Promise.all(simulators.map((simulator) => validateBySimulator(chosen.sample.outcome, simulator, options)));
}

function validationOptions({ backends: [backend], verify }: SolveParts, seed: string | number) {
  const solve = backend && ((model: LinearModel) => backend.solve(model, { timeLimitMs: 1000 }));
  return { verify, seed, ...(solve ? { solve } : {}) };
}

/** What each vote weighs where simulators contradicted the answer: equal models are compared with each simulator once. */
async function doubtsOf(
  parts: SolveParts,
  { samples, record }: { readonly samples: readonly Attempt[]; readonly record: SampledProgram | null },
  simulators: readonly Program[],
  { seed }: SolveOptions,
): Promise<Doubts> {
  const votes: readonly SampledProgram[] = record === null ? samples : [...samples, record];
  const options = validationOptions(parts, seed);
  const borneOut = await Promise.all(
    simulators.map(async (simulator) => {
      const known = new Map<string, Promise<boolean>>();
      const bearsOut = ({ outcome }: SampledProgram): Promise<boolean> => {
        // A model's hash is one of numbers alone, and a simulator looks at which name has which.
        const key = JSON.stringify([modelHashOf(outcome), outcome.model, outcome.solution]);
        const said = known.get(key) ?? validateBySimulator(outcome, simulator, options).then(({ type }) => type === 'consistent');
        known.set(key, said);
        return said;
      };
      return Promise.all(votes.map(bearsOut));
    }),
  );
  const rounds = votes.map((vote) => (vote === record ? null : (vote as Attempt).round));
  const numBorneOut = votes.map((_, i) => borneOut.filter((of) => of[i]).length);
  return { weights: sourceWeights({ rounds, borneOut }), numBorneOut };
}
