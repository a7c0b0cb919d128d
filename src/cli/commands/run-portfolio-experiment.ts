/** The work behind `evom portfolio experiment`: the candidates of a problem set, ranked and judged, as a table, one JSON and one picture. */
import { createHash } from 'node:crypto';
import { join, resolve } from 'node:path';
import { findDataset } from '../../benchmarks/find-dataset.ts';
import { buildProblems } from '../../config/build/build-problems.ts';
import { buildSolve, type SolveSetup } from '../../config/build/build-solve.ts';
import { openSpeaker, type PolicySource } from '../../config/build/open-speaker.ts';
import { evalSet } from '../../config/schema/dataset-schema.ts';
import {
  type EvaluatorKind,
  type ExperimentParts,
  type ExperimentRequest,
  type JudgedLine,
  judgeCandidates,
} from '../../evaluate/portfolio-experiment.ts';
import { densityOf, type PortfolioSummary, type Ranking, summarizePortfolios } from '../../evaluate/portfolio-table.ts';
import { writeFileAtomically } from '../../lib/atomic-write.ts';
import { EvomError } from '../../lib/errors.ts';
import { type JsonlOutput, openJsonlOutput } from '../../lib/jsonl-output.ts';
import { lineChart } from '../../lib/line-chart.ts';
import type { JudgeRuleName } from '../../reward/judge-rules.ts';
import type { RunOptions } from '../run-options.ts';
import { createReporter } from '../view/terminal.ts';
import { textTable } from '../view/terminal-text.ts';
import { policyPrint } from './policy-print.ts';

/** Who judges with the label in view. */
export type JudgeChoice =
  | { readonly type: 'rule'; readonly rule: JudgeRuleName }
  | { readonly type: 'reference' }
  | { readonly type: 'policy'; readonly source: PolicySource };

type Asking = Pick<ExperimentRequest, 'samples' | 'sampling' | 'repeats' | 'judgeRepeats' | 'judgeTokens' | 'seed'>;

export interface RunPortfolioExperimentOptions extends RunOptions {
  /** Path or name. */
  readonly dataset: string;
  readonly dataDir: string | null;
  /** The first so many problems: 25 in the paper. */
  readonly limit: number;
  /** Null: all that the generator can be ranked by. */
  readonly evaluators: readonly EvaluatorKind[] | null;
  readonly judge: JudgeChoice;
  /** Who writes the evaluator's scores; null: the generator. */
  readonly evaluatorPolicy: PolicySource | null;
  readonly setup: Omit<SolveSetup, 'now'>;
  readonly asking: Asking;
  /** Ascending. */
  readonly sizes: readonly number[];
  readonly draws: number;
  /** Folder for the report, the picture and the log of finished problems; null for none. */
  readonly out: string | null;
}

/** @throws {EvomError} `E_DATA` where no problem is left; `E_POLICY` for a server that is away, after which the log goes on. */
export async function runPortfolioExperiment(asked: RunPortfolioExperimentOptions): Promise<void> {
  const { dataset, dataDir, limit, judge, evaluatorPolicy, setup, out, io, quiet, signal } = asked;
  const reporter = createReporter(io, { quiet });
  const path = await findDataset(dataset, { cwd: io.cwd, dataDir });
  const { problems } = await buildProblems(evalSet.parse({ name: 'experiment', type: 'file', path, limit }));
  const closing: (() => Promise<void> | void)[] = [];
  try {
    const log = out === null ? null : await openJsonlOutput(join(resolve(io.cwd, out), 'problems.jsonl'));
    if (log !== null) closing.push(() => log.close());
    reporter.progress('opening the policies');
    const following = { onNotice: reporter.warn, signal };
    const { parts: generator, close } = await buildSolve({ ...setup, now: io.now, following });
    closing.push(close);
    const speakerOf = async (source: PolicySource) => {
      const { speaker, close: closeSpeaker } = await openSpeaker(source, null, following);
      closing.push(closeSpeaker);
      return speaker;
    };
    const evaluator = evaluatorPolicy === null ? generator : await speakerOf(evaluatorPolicy);
    const parts: ExperimentParts = {
      generator,
      evaluator,
      judge: judge.type !== 'policy' ? judge : { type: 'policy', speaker: await speakerOf(judge.source) },
    };
    const evaluators = asked.evaluators ?? usualEvaluators(parts, setup);
    const report = await experimentOf(asked, { parts, evaluators, problems, log }, (text) => reporter.progress(text));
    reporter.close();
    const { left_out: leftOut, faults } = report;
    if (leftOut.faulty.length > 0 || faults > 0)
      reporter.warn(`a fault of ours kept ${faults} programs from a verdict and left ${leftOut.faulty.length} problems out; run it again`);
    if (out !== null) {
      await writeFileAtomically(join(resolve(io.cwd, out), 'experiment.json'), `${JSON.stringify(report)}\n`);
      await writeFileAtomically(join(resolve(io.cwd, out), 'experiment.svg'), pictureOf(report));
    }
    io.stdout(asked.json ? `${JSON.stringify(report)}\n` : `${tableText(report)}\n`);
  } finally {
    reporter.close();
    for (const one of closing.reverse()) await one();
  }
}

/** A policy that writes programs and nothing else scores nothing, and a chat API tells no probabilities unless it is asked for them. */
function usualEvaluators({ generator, evaluator }: ExperimentParts, { policy }: Pick<SolveSetup, 'policy'>): EvaluatorKind[] {
  const isSilent = typeof policy !== 'string' && policy.policy.type === 'chat' && policy.policy.chat.body.logprobs !== true;
  return [
    ...(evaluator === generator && evaluator.template === 'bare' ? [] : (['scores'] as const)),
    ...(isSilent ? [] : (['probability'] as const)),
    'execution',
  ];
}

interface Opened {
  readonly parts: ExperimentParts;
  readonly evaluators: readonly EvaluatorKind[];
  readonly problems: ExperimentRequest['problems'];
  readonly log: JsonlOutput | null;
}

async function experimentOf(
  asked: RunPortfolioExperimentOptions,
  { parts, evaluators, problems, log }: Opened,
  progress: (text: string) => void,
) {
  const { dataset, judge, asking, sizes, draws, signal } = asked;
  let done = 0;
  progress(`sampling ${asking.samples} candidates of ${problems.length} problems`);
  const { lines, leftOut } = await judgeCandidates(parts, {
    ...asking,
    ...{ problems, evaluators, signal, setting: await settingOf(asked, evaluators), largestSize: sizes.at(-1) ?? 1 },
    kept: (log?.kept ?? []) as unknown as readonly JudgedLine[],
    onLine: async (line) => {
      await log?.append(line);
      progress(`judged ${++done} of ${problems.length} problems`);
    },
  });
  if (lines.length === 0) {
    const why = Object.entries(leftOut).flatMap(([name, ids]) => (ids.length === 0 ? [] : [`${name} ${ids.length}`]));
    throw new EvomError(leftOut.faulty.length > 0 ? 'E_SANDBOX' : 'E_DATA', `no problem of ${dataset} is left (${why.join(', ')})`);
  }
  const judged = lines.flatMap(({ candidates }) => candidates.map((candidate) => candidate.judged));
  return {
    dataset,
    generator: parts.generator.policy.modelId,
    evaluator: evaluators.includes('scores') ? parts.evaluator.policy.modelId : null,
    judge:
      judge.type === 'rule'
        ? `rule ${judge.rule}`
        : judge.type === 'reference'
          ? 'likeness to the reference model'
          : parts.judge.type === 'policy'
            ? parts.judge.speaker.policy.modelId
            : '',
    problems: lines.map(({ id }) => id),
    left_out: leftOut,
    samples: asking.samples,
    faults: lines.reduce((sum, line) => sum + line.faults, 0),
    mean_judged: judged.reduce((sum, value) => sum + value, 0) / judged.length,
    draws,
    portfolios: summarizePortfolios(lines, { evaluators, sizes, draws, seed: asking.seed }).map((one) => ({
      ...one,
      density: densityOf(one),
    })),
  };
}

type Report = Awaited<ReturnType<typeof experimentOf>>;

/** A name for everything that decides a line but the problem. */
async function settingOf(
  { setup, judge, evaluatorPolicy, asking }: RunPortfolioExperimentOptions,
  evaluators: readonly EvaluatorKind[],
): Promise<string> {
  const { policy, running, backend, dialect, template } = setup;
  const what = {
    policy: await policyPrint(policy),
    evaluator: await policyPrint(evaluatorPolicy),
    judge: judge.type === 'policy' ? await policyPrint(judge.source) : judge.type === 'rule' ? judge.rule : judge.type,
    limits: running?.sandbox.limits ?? null,
    ...{ backend, dialect, template, asking, evaluators },
  };
  return createHash('sha256').update(JSON.stringify(what)).digest('hex').slice(0, 16);
}

const rankingTitles: Readonly<Record<Ranking, string>> = {
  scores: "evaluator's scores",
  probability: "generator's probability",
  execution: 'execution',
  random: 'random',
};

/** The paper's figure: the density of the lowest judged score in a portfolio, a panel a size. */
function pictureOf({ portfolios }: Report): string {
  const sizes = [...new Set(portfolios.map(({ size }) => size))];
  const panels = sizes.map((size) => ({
    title: `portfolio size ${size}`,
    series: portfolios
      .filter((one) => one.size === size)
      .map(({ ranked_by: ranking, density }) => ({ label: rankingTitles[ranking], points: density })),
  }));
  return lineChart(panels, { xLabel: 'minimum score', yLabel: 'density', columns: Math.min(2, sizes.length) });
}

function tableText({
  dataset,
  generator,
  judge,
  problems,
  left_out: leftOut,
  samples,
  draws,
  mean_judged: all,
  portfolios,
}: Report): string {
  const sizes = [...new Set(portfolios.map(({ size }) => size))];
  const rankings = [...new Set(portfolios.map(({ ranked_by: ranking }) => ranking))];
  const at = (ranking: Ranking, size: number): PortfolioSummary | undefined =>
    portfolios.find((one) => one.size === size && one.ranked_by === ranking);
  const cell = (one: PortfolioSummary | undefined): string => {
    if (one === undefined) return '';
    const p = one.p === null ? '' : `, p ${one.p < 0.0001 ? '<0.0001' : one.p.toFixed(4)}`;
    return `${one.mean_minimum.toFixed(1)} [${one.ci95[0].toFixed(1)}, ${one.ci95[1].toFixed(1)}]${p}`;
  };
  const out = Object.entries(leftOut).flatMap(([name, ids]) => (ids.length === 0 ? [] : [`${name} ${ids.length}`]));
  const masses = rankings.flatMap((ranking) => {
    const known = sizes.map((size) => at(ranking, size)?.one_minus_alpha ?? null);
    return known.includes(null) ? [] : [[`1 - alpha, ${rankingTitles[ranking]}`, ...known.map((mass) => (mass ?? 0).toFixed(3))]];
  });
  return [
    `${dataset}: ${problems.length} problems x ${samples} candidates of ${generator}, judged by ${judge} (mean ${all.toFixed(1)} of 1 to 100)`,
    ...(out.length === 0 ? [] : [`left out: ${out.join(', ')}`]),
    `mean lowest score in a portfolio, 95 % interval over problems, p against ${draws} random portfolios`,
    ...textTable([
      ['ranked by', ...sizes.map((size) => `${size} candidates`)],
      ...rankings.map((ranking) => [rankingTitles[ranking], ...sizes.map((size) => cell(at(ranking, size)))]),
      ...masses,
    ]),
  ].join('\n');
}
