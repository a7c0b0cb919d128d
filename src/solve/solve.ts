/** From a problem in words to an answer with its evidence: NEMO's components (arXiv:2601.21372) joined, each of which can be left out. */
import { EvomError } from '../core/errors.ts';
import type { LinearModel } from '../core/linear-model.ts';
import type { Outcome } from '../core/outcome.ts';
import type { Program } from '../core/program.ts';
import type { Prompt } from '../core/rollout.ts';
import { type Extraction, extractionInstructions, extractionOfModel, modelOfExtraction, parseExtraction } from '../decode/extraction.ts';
import { minimumBayesRisk } from '../decode/minimum-bayes-risk.ts';
import { type AnswerKind, answerKindOf, modelHashOf, selfConsistent } from '../decode/self-consistency.ts';
import type { Dialect } from '../dialects/dialect.ts';
import { buildPrompt, type ChatMessage, type PromptTemplate } from '../dialects/prompt.ts';
import { identicalModels } from '../modeling/identical.ts';
import type { SamplingParams } from '../policy/policy.ts';
import type { SolverBackend } from '../solvers/backend.ts';
import {
  type Candidate,
  candidatesOf,
  countedSamples,
  type SampledProgram,
  type SampleParts,
  sampleTexts,
  verified,
} from './candidates.ts';
import { type Recommendation, recommendSolver } from './recommend.ts';
import { sampleAgreement } from './sample-agreement.ts';
import { textShare } from './text-share.ts';
import { feedbackOf, type Validation, validateBySimulator } from './validate.ts';

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

export type ComponentName =
  | 'memory'
  | 'extraction'
  | 'self_consistency'
  | 'minimum_bayes_risk'
  | 'simulator'
  | 'sample_agreement'
  | 'text'
  | 'cross_solve';

/** What one component says about the answer. */
export interface Evidence {
  readonly component: ComponentName;
  readonly verdict: 'supports' | 'contradicts' | 'silent';
  readonly text: string;
}

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
  if (outcome?.model) {
    const share = textShare(options.question, outcome);
    const percent = `${Math.round(100 * share)} %`;
    say('text', share === 1 ? 'supports' : 'silent', `the numbers of text and model go together by ${percent}`);
  }
  const model = outcome?.model ?? null;
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
    candidates: candidatesOf(samples),
    samples,
    rounds: round,
    timesMs,
  };
}

type Say = (component: ComponentName, verdict: Evidence['verdict'], text: string) => void;

async function recalled(parts: SolveParts, { question, components }: SolveOptions, say: Say) {
  if (!components.memory || parts.recall === null) return [];
  if (parts.template === 'bare') {
    say('memory', 'silent', 'left out: this policy is asked by bare prompts, which have no place for examples');
    return [];
  }
  const examples = await parts.recall(question);
  say('memory', 'silent', `${examples.length} solved problems shown as examples`);
  return examples;
}

interface Asked {
  readonly samples: readonly SampledProgram[];
  readonly simulators: readonly Program[];
  readonly extractions: readonly Extraction[];
  readonly numExtractions: number;
  readonly numSimulators: number;
}

/** Programs, and in the first round simulators and extractions, all in one call of the policy so that they are sampled side by side. */
async function sampleAll(
  parts: SolveParts,
  options: SolveOptions,
  examples: readonly { readonly question: string; readonly program: string }[],
  repair: { readonly sample: SampledProgram; readonly feedback: string } | null,
  round: number,
): Promise<Asked> {
  const { question, components, seed } = options;
  const seeds = (what: string, count: number): string[] => Array.from({ length: count }, (_, k) => `${seed}/solve/${what}/${round}/${k}`);
  const prompts = programPrompt(parts, question, examples, repair);
  const asks: { kind: 'program' | 'simulator' | 'extraction'; prompt: Prompt; seeds: string[] }[] = [
    { kind: 'program', prompt: parts.encode(prompts), seeds: seeds('program', options.samples) },
  ];
  if (round === 0 && components.simulator && parts.simulatorDialect !== null && options.checks > 0) {
    const prompt = parts.encode(buildPrompt(parts.template, question, parts.simulatorDialect));
    asks.push({ kind: 'simulator', prompt, seeds: seeds('simulator', options.checks) });
  }
  if (round === 0 && components.bayesRisk && parts.template === 'instruct' && options.checks > 0) {
    const prompt = parts.encode([
      { role: 'system', content: `You are an expert in operations research. ${extractionInstructions}` },
      { role: 'user', content: question.trim() },
    ]);
    asks.push({ kind: 'extraction', prompt, seeds: seeds('extraction', options.checks) });
  }
  const room = parts.policy.maxLength - Math.max(...asks.map(({ prompt }) => prompt.tokenIds.length));
  if (room < 16)
    throw new EvomError(
      'E_DATA',
      `the problem and its prompt leave ${Math.max(0, room)} of the ${parts.policy.maxLength} tokens of ${parts.policy.modelId}; shorten the problem`,
    );
  const samples: Promise<SampledProgram>[] = [];
  const faults: unknown[] = [];
  const simulators: Program[] = [];
  const extractions: Extraction[] = [];
  await sampleTexts(
    parts,
    asks,
    { ...options.sampling, maxTokens: Math.min(options.sampling.maxTokens ?? (parts.template === 'bare' ? 200 : 2048), room) },
    {
      signal: options.signal,
      onText: (ask, sample, text, completion) => {
        const kind = asks[ask]?.kind;
        if (kind === 'simulator') {
          const program = parts.simulatorDialect?.extract(text) ?? null;
          if (program !== null) simulators.push(program);
        } else if (kind === 'extraction') {
          const result = parseExtraction(text);
          if ('extraction' in result) extractions.push(result.extraction);
        } else {
          const running = verified(parts, parts.dialect, parts.backend, text, completion);
          running.catch((error: unknown) => faults.push(error)); // awaited below
          samples[sample] = running;
        }
      },
    },
  );
  if (faults.length > 0) throw faults[0];
  const count = (kind: string): number => asks.find((ask) => ask.kind === kind)?.seeds.length ?? 0;
  return {
    samples: await Promise.all(samples),
    simulators,
    extractions,
    numExtractions: count('extraction'),
    numSimulators: count('simulator'),
  };
}

/** The messages that ask for a program: examples as earlier turns, a repair as the turn after the program that failed. */
function programPrompt(
  { template, dialect }: SolveParts,
  question: string,
  examples: readonly { readonly question: string; readonly program: string }[],
  repair: { readonly sample: SampledProgram; readonly feedback: string } | null,
): ChatMessage[] {
  const base = buildPrompt(template, question, dialect);
  const fence = dialect.language === 'python' ? 'python' : 'js';
  const shown = examples.flatMap((example): ChatMessage[] => [
    ...buildPrompt(template, example.question, dialect).filter(({ role }) => role === 'user'),
    { role: 'assistant', content: `\`\`\`${fence}\n${example.program}\n\`\`\`` },
  ]);
  return [
    ...base.filter(({ role }) => role === 'system'),
    ...shown,
    ...base.filter(({ role }) => role !== 'system'),
    ...(repair === null
      ? []
      : [
          { role: 'assistant' as const, content: `\`\`\`${fence}\n${repair.sample.program?.code ?? ''}\n\`\`\`` },
          { role: 'user' as const, content: repair.feedback },
        ]),
  ];
}

interface Choice {
  readonly kind: AnswerKind;
  readonly value: number | null;
  readonly sample: SampledProgram;
  /** Samples that give this answer. */
  readonly agreeing: number;
}

const keyOf = ({ outcome, program }: SampledProgram): string => modelHashOf(outcome) ?? program?.code ?? '';

/**
 * The answer and the program to show for it: the consensus of the samples that no simulator refuted; of the samples with that answer the one of
 * least Bayes risk. Without self-consistency the least risky sample of all; without both, the first.
 */
function choose(samples: readonly SampledProgram[], refuted: ReadonlySet<string>, { components }: SolveOptions): Choice | null {
  const left = countedSamples(samples).filter((sample) => !refuted.has(keyOf(sample)));
  const consensus = selfConsistent(left.map(({ outcome }) => outcome));
  if (consensus === null) return null;
  if (components.selfConsistency) {
    const members = consensus.members.flatMap((i) => left[i] ?? []);
    const shown = (components.bayesRisk ? leastRisky(members) : null) ?? left[consensus.representative];
    return shown === undefined ? null : { kind: consensus.kind, value: consensus.value, sample: shown, agreeing: members.length };
  }
  const sample = (components.bayesRisk ? leastRisky(left) : null) ?? left[0];
  if (sample === undefined) return null;
  const { objective, status } = sample.outcome;
  const kind = answerKindOf(status) ?? 'error';
  const agreeing = left.filter(({ outcome }) => answerKindOf(outcome.status) === kind && isClose(outcome.objective, objective)).length;
  return { kind, value: objective, sample, agreeing };
}

const isClose = (a: number | null, b: number | null): boolean =>
  a === null || b === null ? a === b : Math.abs(a - b) <= 1e-6 + 1e-6 * Math.abs(b);

/** The sample whose captured model the others' are least unlike; null where no model was captured. */
function leastRisky(samples: readonly SampledProgram[]): SampledProgram | null {
  const solved = samples.flatMap((sample) => (sample.outcome.model === null ? [] : [{ sample, model: sample.outcome.model }]));
  const risks = minimumBayesRisk(solved.map(({ model }) => extractionOfModel(model)))?.risks;
  if (risks === undefined) return null;
  const best = risks.reduce((b, risk, i) => (risk < (risks[b] ?? 0) - 1e-12 ? i : b), 0);
  return solved[best]?.sample ?? null;
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

/** More simulators disagree than agree. */
const isRefuted = (validations: readonly Validation[]): boolean => {
  const count = (type: Validation['type']): number => validations.filter((v) => v.type === type).length;
  return count('inconsistent') > count('consistent');
};

function saySelfConsistency(chosen: Choice | null, samples: readonly SampledProgram[], { components }: SolveOptions, say: Say): void {
  if (!components.selfConsistency) return;
  if (chosen === null || chosen.kind === 'error') {
    const statuses = new Map<string, number>();
    for (const { outcome } of samples) statuses.set(outcome.status, (statuses.get(outcome.status) ?? 0) + 1);
    say('self_consistency', 'contradicts', `no sample reached an answer: ${[...statuses].map(([name, n]) => `${name} ${n}`).join(', ')}`);
    return;
  }
  const numCounted = countedSamples(samples).length;
  const majority = 2 * chosen.agreeing > numCounted;
  const same = samples.filter(
    ({ outcome }) => answerKindOf(outcome.status) === chosen.kind && (chosen.value === null || isClose(outcome.objective, chosen.value)),
  );
  const models = new Set(same.map(keyOf)).size;
  say(
    'self_consistency',
    majority ? 'supports' : 'silent',
    `${chosen.agreeing} of ${numCounted} samples give this answer, by ${models === 1 ? 'one model up to names' : `${models} models that differ by more than names`}`,
  );
}

/** @returns the record of least risk: of the extractions where the policy writes them, else of the captured models. */
function sayBayesRisk(
  samples: readonly SampledProgram[],
  extractions: readonly Extraction[],
  chosen: Choice | null,
  template: PromptTemplate,
  say: Say,
): Extraction | null {
  const models = samples.flatMap(({ outcome }) => (outcome.model === null ? [] : [outcome.model]));
  if (template === 'bare')
    say('extraction', 'silent', 'left out: this policy writes programs only; records are read off the captured models');
  else if (extractions.length === 0)
    say('extraction', 'silent', 'none of the sampled records passed the schema; records are read off the captured models');
  const records = extractions.length > 0 ? extractions : models.map(extractionOfModel);
  const choice = minimumBayesRisk(records);
  if (choice === null || chosen === null) return null;
  const consensus = modelOfExtraction(choice.extraction);
  const model = chosen.sample.outcome.model;
  if (consensus === null || model === null) return choice.extraction;
  const source = extractions.length > 0 ? `${extractions.length} records` : `${models.length} captured models`;
  const how = choice.isWhole ? 'one of them' : 'put together from several';
  if (identicalModels(consensus, model)) say('minimum_bayes_risk', 'supports', `the consensus of ${source} (${how}) is this model`);
  else say('minimum_bayes_risk', 'contradicts', `the consensus of ${source} (${how}) is another model than this one`);
  return choice.extraction;
}

function saySimulators(
  { simulators, numSimulators }: Asked,
  validations: readonly Validation[],
  round: number,
  parts: SolveParts,
  { components }: SolveOptions,
  say: Say,
): void {
  if (!components.simulator || parts.simulatorDialect === null || numSimulators === 0) return;
  const of = (type: Validation['type']) => validations.filter((v) => v.type === type);
  const [agree, differ, unchecked] = [of('consistent'), of('inconsistent'), of('unchecked')];
  const repairs = round > 0 ? ` after ${round} repair${round > 1 ? 's' : ''}` : '';
  if (agree.length + differ.length === 0) {
    const [first] = unchecked;
    const why = simulators.length === 0 ? 'it wrote none' : first?.type === 'unchecked' ? first.reason : 'none ran';
    say('simulator', 'silent', `asked for ${numSimulators}, none could check the answer: ${why}`);
    return;
  }
  const counts = `${agree.length} of ${agree.length + differ.length} simulators that run agree${repairs}`;
  const [first] = differ;
  if (first?.type === 'inconsistent' && isRefuted(validations))
    say('simulator', 'contradicts', `${counts}; ${first.discrepancies[0]?.message ?? ''}`);
  else say('simulator', agree.length > differ.length ? 'supports' : 'silent', counts); // a tie says nothing
}

function sayAgreement({ model, solution }: Outcome, samples: readonly SampledProgram[], { seed }: SolveOptions, say: Say): void {
  if (model === null || solution === null) return;
  const own = samples.find(({ outcome }) => outcome.model === model);
  const others = new Map<string, LinearModel>();
  for (const sample of samples)
    if (sample.outcome.model !== null && own !== undefined && keyOf(sample) !== keyOf(own)) others.set(keyOf(sample), sample.outcome.model);
  if (others.size === 0) {
    say('sample_agreement', 'silent', 'no sample has another model to compare with');
    return;
  }
  const { numModels, agreeAtOptimum, agreeEverywhere } = sampleAgreement(model, solution, [...others.values()], seed);
  if (numModels === 0) say('sample_agreement', 'silent', `none of ${others.size} other models has the same variables`);
  else
    say(
      'sample_agreement',
      2 * agreeEverywhere > numModels ? 'supports' : 'silent',
      `of ${numModels} other models of the same variables, ${agreeAtOptimum} value the solution the same and allow it, ${agreeEverywhere} also all points around it`,
    );
}

function sayCrossSolve(parts: SolveParts, outcome: Outcome, model: LinearModel, say: Say): void {
  const other = parts.backends.find(({ name }) => name !== parts.backend);
  if (other === undefined) return;
  const solution = other.solve(model, { timeLimitMs: 4000 });
  if (solution.status === outcome.status && isClose(solution.objective, outcome.objective))
    say('cross_solve', 'supports', `${other.name} finds the same optimum of this model`);
  else if (solution.status === 'time_limit' || solution.status === 'error')
    say('cross_solve', 'silent', `${other.name} gave no verdict: ${solution.message ?? solution.status}`);
  else
    say(
      'cross_solve',
      'contradicts',
      `${other.name} says ${solution.status} ${solution.objective ?? ''}, ${outcome.backend} says ${outcome.status} ${outcome.objective ?? ''}`,
    );
}
