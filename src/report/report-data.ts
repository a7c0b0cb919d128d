/** Runs as the page draws them: columns of figures, evaluations, comparisons, differences of configuration. Pure. */
import { type Answer, betweenAnswers, runAnswers } from './answers.ts';
import { type BeforeAfter, type BetweenRuns, beforeAfter, betweenRuns, type SetData, setData } from './comparisons.ts';
import type { RunView } from './run-view.ts';
import type { StepPack } from './step-pack.ts';

export interface ReportData {
  /** UTC. */
  readonly made: string;
  /** Whether a server behind the page tells of new steps. */
  readonly live: boolean;
  readonly runs: readonly RunData[];
  /** Whether each run beats the first. */
  readonly answers: readonly Answer[];
  /** Last evaluation of each run against that of the first, by set. */
  readonly between: readonly BetweenRuns[];
  /** Keys whose values are not the same in all runs; null where a run has no such key. */
  readonly differences: readonly { readonly key: string; readonly values: readonly (string | null)[] }[];
}

export interface RunData {
  readonly name: string;
  readonly state: string;
  readonly steps: number | null;
  readonly answers: readonly Answer[];
  /** Runs that differ in seed and name alone have the same number: one curve with a band. */
  readonly family: number;
  readonly x: readonly number[];
  /** One value a step by name; null where the step has none. */
  readonly columns: Readonly<Record<string, readonly (number | null)[]>>;
  readonly evaluations: readonly EvaluationData[];
  readonly beforeAfter: readonly BeforeAfter[];
  /** Steps whose samples the page can show. `problems` are places in `problemIds`; null where nobody has looked. */
  readonly sampled: readonly { readonly step: number; readonly problems: readonly number[] | null }[];
  readonly problemIds: readonly string[];
  readonly slowest: readonly SlowProgram[];
  readonly facts: readonly (readonly [name: string, value: string])[];
}

export interface EvaluationData {
  readonly step: number;
  readonly sets: readonly SetData[];
}

/** A program that took long to verify, of the three slowest of its step. */
export interface SlowProgram {
  readonly step: number;
  readonly problem: string;
  readonly sample: number;
  readonly seconds: number;
}

/** What sets runs of one experiment apart without making it another. */
const ofOneExperiment = new Set(['run.seed', 'run.name', 'run.dir']);
const mostSlow = 12;

/**
 * @param packs of each run; null where samples are looked up when they are asked for.
 * @param sampled steps on disk of each run.
 */
export function reportData(
  runs: readonly { readonly view: RunView; readonly packs: readonly StepPack[] | null; readonly sampled: readonly number[] }[],
  { now, live }: { readonly now: Date; readonly live: boolean },
): ReportData {
  const views = runs.map(({ view }) => view);
  const families = [...new Set(views.map(familyKey))];
  const between = betweenRuns(views);
  return {
    made: now.toISOString(),
    live,
    runs: runs.map(({ view, packs, sampled }) => ({ ...runData(view, packs, sampled), family: families.indexOf(familyKey(view)) })),
    answers: betweenAnswers(views, between),
    between,
    differences: configDifferences(views),
  };
}

const familyKey = ({ config }: RunView): string =>
  JSON.stringify(
    Object.entries(config)
      .filter(([key]) => !ofOneExperiment.has(key))
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );

function runData(view: RunView, packs: readonly StepPack[] | null, sampled: readonly number[]): Omit<RunData, 'family'> {
  const figures = new Map((packs ?? []).map((pack) => [pack.step, pack.figures]));
  const lines = view.metrics.map((line): Record<string, unknown> => ({ ...figures.get(line.step), ...line }));
  const names = [...new Set(lines.flatMap((line) => Object.keys(line)))].filter(
    (name) => lines.some((line) => typeof line[name] === 'number') && name !== 'step',
  );
  const problemIds = [...new Set((packs ?? []).flatMap(({ problems }) => problems))].sort();
  const place = new Map(problemIds.map((id, i) => [id, i]));
  const shown =
    packs === null
      ? sampled.map((step) => ({ step, problems: null }))
      : packs.map(({ step, problems }) => ({ step, problems: problems.map((id) => place.get(id) ?? 0) }));
  const changes = beforeAfter(view);
  return {
    name: view.name,
    answers: runAnswers(view, changes),
    state: view.state,
    steps: view.config['run.steps'] === undefined ? null : Number(view.config['run.steps']),
    x: view.metrics.map(({ step }) => step),
    columns: Object.fromEntries(names.map((name) => [name, lines.map((line) => short(line[name]))])),
    evaluations: view.evaluations.map(({ step, sets }) => ({ step, sets: sets.map(setData) })),
    beforeAfter: changes,
    sampled: shown,
    problemIds,
    slowest: slowestOf(view),
    facts: factsOf(view),
  };
}

function slowestOf({ metrics }: RunView): SlowProgram[] {
  const named = metrics.flatMap((line) =>
    [1, 2, 3].flatMap((place): SlowProgram[] => {
      const [name, seconds] = [line[`time/verify_slowest_${place}`], line[`time/verify_slowest_${place}_s`]];
      const [, problem, sample] = /^(.*)#(\d+)$/s.exec(String(name)) ?? [];
      return problem === undefined || typeof seconds !== 'number' ? [] : [{ step: line.step, problem, sample: Number(sample), seconds }];
    }),
  );
  return named.sort((a, b) => b.seconds - a.seconds).slice(0, mostSlow);
}

/** Six digits draw any curve; the file is half as large. */
const short = (value: unknown): number | null =>
  typeof value === 'number' && Number.isFinite(value) ? Number(value.toPrecision(6)) : null;

function configDifferences(views: readonly RunView[]): ReportData['differences'] {
  const keys = [...new Set(views.flatMap(({ config }) => Object.keys(config)))];
  return keys
    .map((key) => ({ key, values: views.map(({ config }) => config[key] ?? null) }))
    .filter(({ values }) => values.some((value) => value !== values[0]));
}

function factsOf({ config, environment, directory }: RunView): [string, string][] {
  const git = environment.git as { commit?: string; dirty?: boolean } | null | undefined;
  const from = (name: string, key: string): [string, string][] => (config[key] === undefined ? [] : [[name, config[key]]]);
  return [
    ['directory', directory],
    ...from('checkpoint', 'policy.checkpoint'),
    ...from('backend', 'backend'),
    ...from('dialect', 'dialect.0.name'),
    ...from('judge', 'judge.rule'),
    ...from('estimator', 'algorithm.estimator'),
    ...from('learning rate', 'optimizer.lr'),
    ...from('problems a step', 'algorithm.groups_per_step'),
    ...from('samples a problem', 'sampling.group_size'),
    ...from('seed', 'run.seed'),
    ['node', String(environment.node ?? '-')],
    ['commit', git?.commit === undefined ? '-' : `${git.commit.slice(0, 10)}${git.dirty ? ' with changes' : ''}`],
  ];
}
