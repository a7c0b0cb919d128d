/** Why tests were skipped, in causes that a person can do something about. */

/** One skipped test. */
export interface Skip {
  /** From the repository's root. */
  readonly file: string;
  /** Titles from the outermost suite to the test. */
  readonly titles: readonly string[];
  /** What the test gave to `context.skip`. */
  readonly note: string | null;
  /** The outermost suite that is skipped as a whole; null for a test that is skipped alone. */
  readonly suite: string | null;
}

export type Cause =
  | 'solver environment'
  | 'clients'
  | 'trackers'
  | 'browser'
  | 'torch'
  | 'manifests'
  | 'ray'
  | 'datasets'
  | 'shared data'
  | 'by design'
  | 'other';

const told: Readonly<Record<Cause, string>> = {
  'solver environment': 'no solver environment (evom solver-host --setup .venv-solvers)',
  clients: 'no Python with the clients of evom serve (scripts/setup-clients.sh, EVOM_CLIENTS)',
  trackers: 'no Python with trackio, mlflow and wandb (scripts/setup-trackers.sh, EVOM_TRACKERS)',
  browser: 'no Chromium (apt-get install chromium, EVOM_CHROMIUM)',
  torch: 'no Python with torch (scripts/setup-torch.sh, EVOM_PYTHON)',
  manifests: 'no Python with kubernetes-validate (scripts/setup-manifests.sh, EVOM_MANIFESTS)',
  ray: 'no Python with Ray (scripts/setup-ray.sh, EVOM_RAY)',
  datasets: 'no Python with pyarrow and datasets (EVOM_PYTHON)',
  'shared data': 'no shared data (../shared, EVOM_SHARED)',
  'by design': 'what the part under test does not claim to do',
  other: 'other reasons',
};

/** Names the cause by what the test says, else by where it is: suites of hosts need the environment. */
export function causeOf({ file, titles, note }: Pick<Skip, 'file' | 'titles' | 'note'>): Cause {
  const said = [...titles, note ?? ''].join('\n');
  if (/\.\.\/shared|EVOM_SHARED/.test(said)) return 'shared data';
  if (/EVOM_CLIENTS/.test(said)) return 'clients';
  if (/EVOM_TRACKERS/.test(said)) return 'trackers';
  if (/EVOM_CHROMIUM/.test(said)) return 'browser';
  if (/EVOM_MANIFESTS/.test(said)) return 'manifests';
  if (/pyarrow and datasets/.test(said)) return 'datasets';
  if (/EVOM_RAY/.test(said)) return 'ray';
  if (/EVOM_PYTHON|torch/.test(said)) return 'torch';
  if (/solver environment|--setup/.test(said)) return 'solver environment';
  if (/(?:^|\/)test\/solver-host\//.test(file) && note === null) return 'solver environment';
  if (/published-table|false-alarms|import-shared/.test(file)) return 'shared data';
  return /does not claim|do not score|shared code/.test(said) ? 'by design' : 'other';
}

export interface SkipCounts {
  readonly suites: number;
  readonly tests: number;
}

/** Skipped suites and tests by cause; a test within a skipped suite counts in both. */
export function countSkips(skips: readonly Skip[]): Partial<Record<Cause, SkipCounts>> {
  const counts: Partial<Record<Cause, { suites: Set<string>; tests: number }>> = {};
  for (const skip of skips) {
    const cause = causeOf(skip);
    counts[cause] ??= { suites: new Set(), tests: 0 };
    counts[cause].tests += 1;
    if (skip.suite !== null) counts[cause].suites.add(`${skip.file} > ${skip.suite}`);
  }
  return Object.fromEntries(Object.entries(counts).map(([cause, { suites, tests }]) => [cause, { suites: suites.size, tests }]));
}

const numbered = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
const counted = ({ suites, tests }: SkipCounts): string =>
  [...(suites > 0 ? [numbered(suites, 'suite')] : []), numbered(tests, 'test')].join(', ');

/** The last line of `npm test`; null when nothing was skipped. */
export function skipLine(skips: readonly Skip[]): string | null {
  if (skips.length === 0) return null;
  const causes = Object.entries(countSkips(skips)) as [Cause, SkipCounts][];
  const all = causes.reduce((sum, [, { suites, tests }]) => ({ suites: sum.suites + suites, tests: sum.tests + tests }), {
    suites: 0,
    tests: 0,
  });
  return `skipped: ${counted(all)}: ${causes.map(([cause, counts]) => `${told[cause]}: ${counted(counts)}`).join('; ')}`;
}
