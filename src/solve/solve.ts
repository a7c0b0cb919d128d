/** From a problem in words to an answer with its evidence: NEMO's components (arXiv:2601.21372) joined, each of which can be left out. */
import type { LinearModel } from '../core/linear-model.ts';
import type { Outcome } from '../core/outcome.ts';
import type { Program } from '../core/program.ts';
import type { Extraction } from '../decode/extraction.ts';
import type { AnswerKind } from '../decode/self-consistency.ts';
import { type ForeignNumbers, literalTrace } from '../reward/literals.ts';
import { recalled, sampleAll } from './ask.ts';
import { type Candidate, candidatesOf, countedSamples, type SampledProgram } from './candidates.ts';
import { choose, keyOf } from './choose.ts';
import type { ComponentName, Evidence } from './component-evidence.ts';
import { type Recommendation, recommendSolver } from './recommend.ts';
import { sayAgreement, sayBayesRisk, sayCrossSolve, saySelfConsistency, saySimulators, sayText } from './say-evidence.ts';
import type { SolveOptions, SolveParts } from './solve-parts.ts';
import { feedbackOf, isRefuted, type Validation, validateBySimulator } from './validate.ts';

export interface SolveResult {
  readonly kind: AnswerKind;
  /** Optimal value; null where there is none. */
  readonly answer: number | null;
  readonly program: Program | null;
  readonly outcome: Outcome | null;
  readonly model: LinearModel | null;
  /** The record that most extractions, or most captured models, agree on; null without one. */
  readonly extraction: Extraction | null;
  readonly recommendation: Recommendation | null;
  /** Share of the samples that give this answer, without those that a fault of ours kept from a verdict: of what was sampled, not of the truth. */
  readonly confidence: number;
  readonly evidence: readonly Evidence[];
  /** Figures of the text that stand nowhere in the model, and parts of the model with numbers that the text does not tell; null without a model. */
  readonly text: { readonly unused: readonly number[]; readonly foreign: readonly ForeignNumbers[] } | null;
  readonly candidates: readonly Candidate[];
  readonly samples: readonly SampledProgram[];
  readonly rounds: number;
  readonly timesMs: Readonly<Record<string, number>>;
}

/**
 * Solves a problem in words.
 *
 * Programs, simulators and extractions are sampled together and run while others are sampled. The answer is the consensus of the programs;
 * of those that give it, the one with the least Bayes risk is shown. Simulators that run then check it; where they disagree the program is
 * repaired with the discrepancy as feedback (a policy that is only asked by bare prompts is sampled anew), for a bounded number of rounds.
 * What a policy cannot write is said in the evidence and done without.
 *
 * @throws {EvomError} `E_DATA` if the problem leaves no room for a program in the policy's context; faults of ours otherwise. Nothing that a
 * program does.
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

  const examples = await timed('memory', () => recalled(parts, options, say));
  const asked = await timed('sampling', () => sampleAll(parts, options, examples, null, 0));
  let samples = asked.samples;
  const { simulators, extractions } = asked;
  const refuted = new Set<string>();
  let chosen = choose(samples, refuted, options);
  let validations: readonly Validation[] = [];
  let round = 0;
  if (options.components.simulator) {
    validations = await timed('validation', () => validateAll(parts, chosen?.sample ?? null, simulators, options));
    const first = { chosen, validations };
    while (round < options.rounds && isRefuted(validations) && chosen !== null) {
      round += 1;
      refuted.add(keyOf(chosen.sample));
      const feedback = validations.find((v) => v.type === 'inconsistent');
      const repair = parts.template === 'bare' || feedback === undefined ? null : { sample: chosen.sample, feedback: feedbackOf(feedback) };
      const more = await timed('sampling', () => sampleAll(parts, options, examples, repair, round));
      samples = [...samples, ...more.samples];
      const next = choose(samples, refuted, options);
      if (next === null) break; // nothing is left that is not refuted
      chosen = next;
      validations = await timed('validation', () => validateAll(parts, chosen?.sample ?? null, simulators, options));
    }
    // Every choice was refuted: the first, which most samples gave, stands contradicted.
    if (isRefuted(validations)) ({ chosen, validations } = first);
  }

  const consensusRecord = options.components.bayesRisk ? sayBayesRisk(samples, extractions, chosen, parts.template, say) : null;
  saySelfConsistency(chosen, samples, options, say);
  saySimulators(asked, validations, round, parts, options, say);
  const outcome = chosen?.sample.outcome ?? null;
  if (outcome !== null) sayAgreement(outcome, samples, options, say);
  const model = outcome?.model ?? null;
  const text = model === null ? null : literalTrace(model, options.question);
  if (outcome !== null && text !== null) sayText(outcome, text, options, say);
  const recommendation = outcome === null ? null : recommendSolver(model, parts.backends);
  if (outcome !== null && model !== null) await timed('cross_solve', async () => sayCrossSolve(parts, outcome, model, say));

  return {
    kind: chosen?.kind ?? 'error',
    answer: chosen?.value ?? null,
    program: chosen?.sample.program ?? null,
    outcome,
    model,
    extraction: consensusRecord,
    recommendation: model === null ? null : recommendation,
    confidence: chosen === null || chosen.kind === 'error' ? 0 : chosen.agreeing / Math.max(1, countedSamples(samples).length),
    evidence,
    text,
    candidates: candidatesOf(samples),
    samples,
    rounds: round,
    timesMs,
  };
}

async function validateAll(
  parts: SolveParts,
  sample: SampledProgram | null,
  simulators: readonly Program[],
  { seed }: SolveOptions,
): Promise<Validation[]> {
  if (sample === null) return [];
  const [backend] = parts.backends;
  const solve = backend && ((model: LinearModel) => backend.solve(model, { timeLimitMs: 1000 }));
  const options = { verify: parts.verify, seed, ...(solve ? { solve } : {}) };
  return Promise.all(simulators.map((simulator) => validateBySimulator(sample.outcome, simulator, options)));
}
