/** The work behind `evom portfolio build`: candidates of one problem, ranked, and the portfolio with what it guarantees. */
import { buildSolve, type SolveSetup, verifierOf } from '../../config/build/build-solve.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { Program } from '../../core/program.ts';
import { evaluatorOrder, generatorProbabilities, guaranteeOf, robustPortfolio } from '../../decode/portfolio.ts';
import { buildPrompt } from '../../dialects/prompt.ts';
import { dialectByName } from '../../dialects/registry.ts';
import { EvomError } from '../../lib/errors.ts';
import { type Candidate, candidatesOf, sampleTexts, verified } from '../../solve/candidates.ts';
import { executionScores, judgeScores } from '../../solve/evaluators.ts';
import type { SolveParts } from '../../solve/solve-parts.ts';
import type { RunOptions } from '../run-options.ts';
import { createReporter } from '../view/terminal.ts';
import { percent, textTable } from '../view/terminal-text.ts';
import { readCandidates } from './portfolio-candidates.ts';
import { readQuestion } from './run-solve.ts';

export type EvaluatorName = 'execution' | 'probability' | 'judge' | 'scores';

export interface RunPortfolioBuildOptions extends RunOptions {
  /** The problem: a path or `-`. */
  readonly file: string;
  /** JSONL file of candidates; null: sampled from the policy. */
  readonly candidates: string | null;
  readonly setup: Omit<SolveSetup, 'now'>;
  /** Folder of the judge's checkpoint; null without one. */
  readonly judge: string | null;
  /** Null: `judge` with a judge, `scores` where the file has them, else `execution`. */
  readonly evaluator: EvaluatorName | null;
  readonly alpha: number;
  readonly samples: number;
  readonly repeats: number;
  readonly temperature: number;
  readonly maxTokens: number | null;
  readonly seed: number;
}

/** One sampled or given program with its run and its log-probabilities. */
interface Ran {
  readonly program: Program | null;
  readonly outcome: Outcome;
  readonly logprobs: ArrayLike<number>;
  readonly scores: readonly number[] | null;
}

export async function runPortfolioBuild(options: RunPortfolioBuildOptions): Promise<void> {
  const { file, candidates: given, alpha, seed, io, json, quiet, signal } = options;
  const reporter = createReporter(io, { quiet });
  const question = await readQuestion(file, io.cwd);
  const ran = given === null ? await sampled(options, question) : await fromFile(options, given);
  const faults = ran.filter(({ outcome }) => outcome.status === 'infra_error');
  if (faults.length > 0)
    reporter.warn(
      `a fault of ours kept ${faults.length} of ${ran.length} programs from a verdict; they are left out: ${faults[0]?.outcome.error?.message}`,
    );
  reporter.close();
  const candidates = candidatesOf(ran);
  if (candidates.length === 0 && faults.length > 0)
    throw new EvomError('E_SANDBOX', `none of ${ran.length} programs got a verdict: ${faults[0]?.outcome.error?.message}; run it again`);
  if (candidates.length === 0)
    throw new EvomError('E_DATA', `none of ${ran.length} samples holds a program; raise --samples or --max-tokens`);
  const kept = candidates.flatMap(({ samples }) => samples);
  // Candidates without a program are none; probabilities are normalised over those that are, and summed over equal ones.
  const p = generatorProbabilities(kept.map((i) => ran[i]?.logprobs ?? []));
  const probabilities = candidates.map(({ samples }) => samples.reduce((sum, i) => sum + (p[kept.indexOf(i)] ?? 0), 0));
  const evaluator =
    options.evaluator ?? (options.judge !== null ? 'judge' : ran.every(({ scores }) => scores !== null) ? 'scores' : 'execution');
  const scores = await scoresOf(evaluator, options, question, ran, candidates, probabilities);
  const order = evaluatorOrder(scores, seed);
  const portfolio = robustPortfolio(order, probabilities, alpha);
  const { alignedGenerator } = guaranteeOf(portfolio);
  const rows = order.map((i, rank) => ({
    rank: rank + 1,
    kept: rank < portfolio.members.length,
    probability: probabilities[i] ?? 0,
    score: mean(scores[i] ?? []),
    samples: candidates[i]?.samples.length ?? 0,
    status: firstOf(ran, candidates[i])?.outcome.status ?? 'no_program',
    objective: firstOf(ran, candidates[i])?.outcome.objective ?? null,
    program: firstOf(ran, candidates[i])?.program ?? null,
  }));
  signal.throwIfAborted();
  const report = {
    alpha,
    evaluator,
    samples: ran.length,
    candidates: rows,
    portfolio: {
      size: portfolio.members.length,
      mass: portfolio.mass,
      guarantee: { aligned_evaluator: 1, aligned_generator: alignedGenerator },
    },
  };
  io.stdout(json ? `${JSON.stringify(report)}\n` : `${reportText(report)}\n`);
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const firstOf = (ran: readonly Ran[], candidate: Candidate | undefined): Ran | undefined => ran[candidate?.samples[0] ?? -1];

async function sampled(options: RunPortfolioBuildOptions, question: string): Promise<Ran[]> {
  const { parts, close } = await buildSolve({ ...options.setup, now: options.io.now });
  try {
    return await sampleRan(parts, options, question);
  } finally {
    await close();
  }
}

async function sampleRan(parts: SolveParts, options: RunPortfolioBuildOptions, question: string): Promise<Ran[]> {
  const prompt = parts.encode(buildPrompt(parts.template, question, parts.dialect));
  const room = parts.policy.maxLength - prompt.tokenIds.length;
  if (room < 16)
    throw new EvomError(
      'E_DATA',
      `the problem leaves ${Math.max(0, room)} of the ${parts.policy.maxLength} tokens of ${parts.policy.modelId}; shorten it`,
    );
  const maxTokens = Math.min(options.maxTokens ?? (parts.template === 'bare' ? 200 : 2048), room);
  const seeds = Array.from({ length: options.samples }, (_, k) => `${options.seed}/portfolio/${k}`);
  const running: Promise<Ran>[] = [];
  await sampleTexts(
    parts,
    [{ prompt, seeds }],
    { temperature: options.temperature, topK: 0, topP: 1, maxTokens },
    {
      signal: options.signal,
      onText: (_, k, text, completion) => {
        const run = verified(parts, parts.dialect, parts.backend, text, completion).then(({ program, outcome }) => ({
          program,
          outcome,
          logprobs: completion.logprobs,
          scores: null,
        }));
        run.catch(() => undefined); // heard below, after the last text
        running[k] = run;
      },
    },
  );
  return Promise.all(running);
}

async function fromFile({ setup, io }: RunPortfolioBuildOptions, file: string): Promise<Ran[]> {
  const given = await readCandidates(file, io.cwd);
  const programs = given.map(
    ({ program, dialect }): Program => ({ code: program, dialect: dialectByName(dialect ?? setup.dialect ?? 'highs-js').name }),
  );
  const verifier = await verifierOf({ ...setup, samples: programs.length }, [...new Set(programs.map(({ dialect }) => dialect))]);
  try {
    return await Promise.all(
      given.map(async ({ logprobs, scores }, i) => {
        const program = programs[i] as Program;
        return { program, outcome: await verifier.verify(program), logprobs, scores };
      }),
    );
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
      if (options.judge === null) throw new EvomError('E_USAGE', '--evaluator judge needs --judge DIR, the folder of a policy');
      const { parts, close } = await buildSolve({ ...options.setup, policy: options.judge, now: options.io.now });
      try {
        const { repeats, seed, signal } = options;
        return await judgeScores(parts, question, ran, candidates, { repeats, seed, maxTokens: options.maxTokens ?? 1024, signal });
      } finally {
        await close();
      }
    }
    default:
      return evaluator satisfies never;
  }
}

interface Report {
  readonly alpha: number;
  readonly evaluator: EvaluatorName;
  readonly samples: number;
  readonly candidates: readonly {
    readonly rank: number;
    readonly kept: boolean;
    readonly probability: number;
    readonly score: number;
    readonly samples: number;
    readonly status: string;
    readonly objective: number | null;
    readonly program: Program | null;
  }[];
  readonly portfolio: { readonly size: number; readonly mass: number; readonly guarantee: { readonly aligned_generator: number | null } };
}

function reportText({ alpha, evaluator, samples, candidates, portfolio }: Report): string {
  const { size, mass, guarantee } = portfolio;
  const bound = guarantee.aligned_generator;
  return [
    `${size} of ${candidates.length} candidates (${samples} samples), alpha ${alpha}, ranked by ${evaluator}`,
    ...textTable([
      ['', 'rank', 'probability', 'score', 'samples', 'status', 'objective'],
      ...candidates.map((c) => [
        c.kept ? '*' : ' ',
        `${c.rank}`,
        c.probability.toFixed(4),
        c.score.toFixed(evaluator === 'probability' ? 4 : 1),
        `${c.samples}`,
        c.status,
        c.objective === null ? '-' : String(Number(c.objective.toPrecision(8))),
      ]),
    ]),
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
