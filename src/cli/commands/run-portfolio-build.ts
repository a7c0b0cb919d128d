/** The work behind `evom portfolio build`: candidates of one problem, ranked, and the portfolio with what it guarantees. */
import { buildSolve, type SolveSetup, verifierOf } from '../../config/build/build-solve.ts';
import { openSpeaker, type PolicySource } from '../../config/build/open-speaker.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { Program } from '../../core/program.ts';
import { evaluatorOrder, generatorProbabilities, guaranteeOf, robustPortfolio } from '../../decode/portfolio.ts';
import { buildPrompt, type PromptTemplate } from '../../dialects/prompt.ts';
import { dialectByName } from '../../dialects/registry.ts';
import { noProbabilities } from '../../evaluate/portfolio-experiment.ts';
import type { Following } from '../../lib/discover/address-watch.ts';
import { EvomError } from '../../lib/errors.ts';
import { askPrograms } from '../../solve/ask.ts';
import { type Candidate, candidatesOf, meanLogprobOf } from '../../solve/candidates.ts';
import { choose } from '../../solve/choose.ts';
import { executionScores, judgeScores } from '../../solve/evaluators.ts';
import type { SolveOptions, SolveParts } from '../../solve/solve-parts.ts';
import { createTokenMeter } from '../../solve/speaker.ts';
import { type Trust, trustOf } from '../../solve/trust.ts';
import type { RunOptions } from '../run-options.ts';
import { createReporter } from '../view/terminal.ts';
import { percent, textTable } from '../view/terminal-text.ts';
import { readCandidates } from './portfolio-candidates.ts';
import { generatorOnly, noTrustworthyAnswer, readQuestion } from './run-solve.ts';

export type EvaluatorName = 'execution' | 'probability' | 'judge' | 'scores';

export interface RunPortfolioBuildOptions extends RunOptions {
  /** The problem: a path or `-`. */
  readonly file: string;
  /** JSONL file of candidates; null: sampled from the policy. */
  readonly candidates: string | null;
  readonly setup: Omit<SolveSetup, 'now'>;
  /** Who scores the candidates; null without a judge. */
  readonly judge: PolicySource | null;
  /** Null: `judge` with a judge, `scores` where the file has them, else `execution`. */
  readonly evaluator: EvaluatorName | null;
  readonly alpha: number;
  readonly samples: number;
  readonly sampling: SolveOptions['sampling'];
  readonly repeats: number;
  /** Longest judgement, in tokens. */
  readonly judgeTokens: number;
  readonly seed: number;
}

/** Candidates, and how they were asked for. */
interface Asked {
  readonly ran: readonly Ran[];
  readonly template: PromptTemplate;
}

/** One sampled or given program with its run and its log-probabilities. */
interface Ran {
  readonly program: Program | null;
  readonly outcome: Outcome;
  readonly logprobs: ArrayLike<number>;
  readonly scores: readonly number[] | null;
}

/** @returns the exit code: 0 with a portfolio, 5 where the policy is out of its depth. */
export async function runPortfolioBuild(options: RunPortfolioBuildOptions): Promise<number> {
  const { file, candidates: given, io, json, quiet, signal } = options;
  const reporter = createReporter(io, { quiet });
  const question = await readQuestion(file, io.cwd);
  const { ran, template } = given === null ? await sampled(options, question) : await fromFile(options, given);
  const faults = ran.filter(({ outcome }) => outcome.status === 'infra_error');
  if (faults.length > 0)
    reporter.warn(
      `a fault of ours kept ${faults.length} of ${ran.length} programs from a verdict; they are left out: ${faults[0]?.outcome.error?.message}`,
    );
  reporter.close();
  if (faults.length > 0 && candidatesOf(ran).length === 0)
    throw new EvomError('E_SANDBOX', `none of ${ran.length} programs got a verdict: ${faults[0]?.outcome.error?.message}; run it again`);
  const trust = trustIn(question, template, ran);
  const ranking = await rankingOf(options, question, ran);
  signal.throwIfAborted();
  const report = { ...reportOf(options, ran, ranking), trust, template };
  io.stdout(json ? `${JSON.stringify(reportJson(report))}\n` : `${reportText(report)}\n`);
  return trust.isTrusted ? 0 : noTrustworthyAnswer;
}

/** The same rule as for the answer of `evom solve`, of the answer that most candidates give. */
function trustIn(question: string, template: PromptTemplate, samples: readonly Ran[]): Trust {
  const components = { simulator: false, memory: false, bayesRisk: false, selfConsistency: true };
  const chosen = choose({ samples, record: null, doubts: null }, { components });
  return trustOf({ question, template, samples, chosen, validations: [], record: null });
}

interface Ranking {
  readonly evaluator: EvaluatorName;
  readonly candidates: readonly Candidate[];
  readonly probabilities: readonly number[];
  readonly scores: readonly (readonly number[])[];
  /** Best first. */
  readonly order: readonly number[];
}

async function rankingOf(options: RunPortfolioBuildOptions, question: string, ran: readonly Ran[]): Promise<Ranking> {
  const candidates = candidatesOf(ran);
  const kept = candidates.flatMap(({ samples }) => samples);
  const isScored = ran.every(({ scores }) => scores !== null);
  const evaluator = options.evaluator ?? (options.judge !== null ? 'judge' : isScored ? 'scores' : 'execution');
  if (candidates.length === 0) return { evaluator, candidates, probabilities: [], scores: [], order: [] };
  // Candidates without a program are none; probabilities are normalised over those that are, and summed over equal ones.
  const p = generatorProbabilities(kept.map((i) => ran[i]?.logprobs ?? []));
  const probabilities = candidates.map(({ samples }) => samples.reduce((sum, i) => sum + (p[kept.indexOf(i)] ?? 0), 0));
  const scores = await scoresOf(evaluator, options, question, ran, candidates, probabilities);
  return { evaluator, candidates, probabilities, scores, order: evaluatorOrder(scores, options.seed) };
}

function reportOf({ alpha }: RunPortfolioBuildOptions, ran: readonly Ran[], ranking: Ranking) {
  const { evaluator, candidates, probabilities, scores, order } = ranking;
  const portfolio = order.length === 0 ? null : robustPortfolio(order, probabilities, alpha);
  const rows = order.map((i, rank) => ({
    rank: rank + 1,
    kept: portfolio !== null && rank < portfolio.members.length,
    probability: probabilities[i] ?? 0,
    score: mean(scores[i] ?? []),
    samples: candidates[i]?.samples.length ?? 0,
    status: firstOf(ran, candidates[i])?.outcome.status ?? 'no_program',
    objective: firstOf(ran, candidates[i])?.outcome.objective ?? null,
    program: firstOf(ran, candidates[i])?.program ?? null,
  }));
  return {
    alpha,
    evaluator,
    samples: ran.length,
    candidates: rows,
    portfolio:
      portfolio === null
        ? null
        : {
            size: portfolio.members.length,
            mass: portfolio.mass,
            guarantee: { aligned_evaluator: 1, aligned_generator: guaranteeOf(portfolio).alignedGenerator },
          },
  };
}

type Report = ReturnType<typeof reportOf> & { readonly trust: Trust; readonly template: PromptTemplate };

/** Without trust there is no portfolio: what it would be stands apart, as with the answer of `evom solve`. */
function reportJson({ trust, template: _, candidates, portfolio, ...rest }: Report) {
  const isTrusted = trust.isTrusted && portfolio !== null;
  return {
    status: isTrusted ? 'portfolio' : 'no_trustworthy_answer',
    reasons: trust.reasons,
    ...rest,
    candidates: candidates.map((one) => ({ ...one, kept: isTrusted && one.kept })),
    portfolio: isTrusted ? portfolio : null,
    ...(isTrusted ? {} : { untrusted: { portfolio } }),
  };
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const firstOf = (ran: readonly Ran[], candidate: Candidate | undefined): Ran | undefined => ran[candidate?.samples[0] ?? -1];

const followingOf = ({ io, signal }: RunPortfolioBuildOptions): Following => ({ onNotice: (text) => io.stderr(`${text}\n`), signal });

async function sampled(options: RunPortfolioBuildOptions, question: string): Promise<Asked> {
  const { setup, io } = options;
  const { parts, close } = await buildSolve({ ...setup, now: io.now, following: followingOf(options) });
  try {
    return { ran: await sampleRan(parts, options, question), template: parts.template };
  } finally {
    await close();
  }
}

/** @throws {EvomError} `E_POLICY` for a policy that tells no log-probabilities. */
async function sampleRan(
  parts: SolveParts,
  { samples, seed, sampling, signal }: RunPortfolioBuildOptions,
  question: string,
): Promise<Ran[]> {
  const ask = {
    messages: buildPrompt(parts.template, question, parts.dialect),
    turns: [],
    seeds: Array.from({ length: samples }, (_, k) => `${seed}/portfolio/${k}`),
  };
  const [attempts = []] = await askPrograms(parts, [ask], 0, { sampling, signal, meter: createTokenMeter() });
  return attempts.map(({ program, outcome, completion }) => {
    const logprob = meanLogprobOf(completion);
    if (logprob === null && program !== null) throw noProbabilities(parts.policy.modelId);
    return { program, outcome, logprobs: logprob === null ? [] : [logprob], scores: null };
  });
}

async function fromFile(options: RunPortfolioBuildOptions, file: string): Promise<Asked> {
  const { setup, io } = options;
  const given = await readCandidates(file, io.cwd);
  const programs = given.map(
    ({ program, dialect }): Program => ({ code: program, dialect: dialectByName(dialect ?? setup.dialect ?? 'highs-js').name }),
  );
  const dialects = [...new Set(programs.map(({ dialect }) => dialect))];
  const verifier = await verifierOf({ ...setup, samples: programs.length, following: followingOf(options) }, dialects);
  try {
    const ran = await Promise.all(
      given.map(async ({ logprobs, scores }, i) => {
        const program = programs[i] as Program;
        return { program, outcome: await verifier.verify(program), logprobs, scores };
      }),
    );
    return { ran, template: setup.template ?? 'instruct' };
  } finally {
    await verifier.close();
  }
}

async function scoresOf(
  evaluator: EvaluatorName,
  options: RunPortfolioBuildOptions,
  question: string,
  ran: readonly Ran[],
  candidates: readonly Candidate[],
  probabilities: readonly number[],
): Promise<(readonly number[])[]> {
  switch (evaluator) {
    case 'probability':
      return probabilities.map((p) => [p]);
    case 'execution':
      return executionScores(ran, candidates, options.seed).map((score) => [score]);
    case 'scores':
      return candidates.map(({ samples }) => {
        const all = samples.flatMap((i) => ran[i]?.scores ?? []);
        if (all.length === 0) throw new EvomError('E_USAGE', '--evaluator scores needs a file of candidates with scores');
        return all;
      });
    case 'judge': {
      if (options.judge === null) throw new EvomError('E_USAGE', '--evaluator judge needs --judge, a policy');
      const { speaker, close } = await openSpeaker(options.judge, null, followingOf(options));
      try {
        const { repeats, seed, judgeTokens, signal } = options;
        return await judgeScores(speaker, question, ran, candidates, { repeats, seed, maxTokens: judgeTokens, signal });
      } finally {
        await close();
      }
    }
    default:
      return evaluator satisfies never;
  }
}

function reportText({ alpha, evaluator, samples, candidates, portfolio, trust, template }: Report): string {
  const table = textTable([
    ['', 'rank', 'probability', 'score', 'samples', 'status', 'objective'],
    ...candidates.map((c) => [
      c.kept && trust.isTrusted ? '*' : ' ',
      `${c.rank}`,
      c.probability.toFixed(4),
      c.score.toFixed(evaluator === 'probability' ? 4 : 1),
      `${c.samples}`,
      c.status,
      c.objective === null ? '-' : String(Number(c.objective.toPrecision(8))),
    ]),
  ]);
  if (!trust.isTrusted || portfolio === null)
    return [
      'no trustworthy answer',
      '',
      'why',
      ...trust.reasons.map((reason) => `  ${reason}`),
      ...(template === 'bare' ? ['', generatorOnly] : []),
      ...(candidates.length === 0 ? [] : ['', `the candidates all the same (${samples} samples), ranked by ${evaluator}`, ...table]),
    ].join('\n');
  const { size, mass, guarantee } = portfolio;
  const bound = guarantee.aligned_generator;
  return [
    `${size} of ${candidates.length} candidates (${samples} samples), alpha ${alpha}, ranked by ${evaluator}`,
    ...table,
    '',
    `probability of the portfolio ${percent(mass)}, at least ${percent(1 - alpha)}`,
    `if the evaluator ranks rightly, it holds the ${size} best candidates (coverage 1)`,
    bound === null
      ? 'whatever the evaluator: nothing from alpha 1/2 on'
      : `whatever the evaluator, if a better candidate is never less probable: coverage above ${percent(bound)}, so at least one of the ${size} best`,
    ...candidates
      .filter((c) => c.kept)
      .flatMap((c) => ['', `--- ${c.rank}: ${c.status} ${c.objective ?? ''}`.trimEnd(), c.program?.code ?? '']),
  ].join('\n');
}
