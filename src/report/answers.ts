/** What a run's files answer, a sentence each: did it learn, did its entropy collapse, what was alarming, did one run beat another. Pure. */
import type { Comparison } from '../evaluate/compare.ts';
import type { BeforeAfter, BetweenRuns, SetData } from './comparisons.ts';
import type { RunView } from './run-view.ts';

export interface Answer {
  readonly question: string;
  readonly answer: string;
  /** Whether it is good news for the run, or for the second of two. */
  readonly tone: 'good' | 'bad' | 'plain';
}

/** Questions that one run answers. */
export function runAnswers(view: RunView, beforeAfter: readonly BeforeAfter[]): Answer[] {
  return [...beforeAfter.map((one) => learnt(one, view)), ...entropyAnswer(view), ...alarmAnswer(view)];
}

function learnt(one: BeforeAfter, { evaluations }: RunView): Answer {
  const { text, tone, word } = verdict(one, one.after, `${rate(one.before)} to ${rate(one.after)}`);
  const steps = `step ${evaluations[0]?.step ?? 0} to ${evaluations.at(-1)?.step ?? '?'}`;
  return { question: 'Did it learn?', answer: `${saidOf[word]} on ${one.set}: ${text}, ${steps}`, tone };
}

/** Whether each run beats the first, by the last evaluation of each set that both have. */
export function betweenAnswers(views: readonly RunView[], between: readonly BetweenRuns[]): Answer[] {
  const [first, ...others] = views;
  if (first === undefined) return [];
  return others.flatMap((view, i): Answer[] => {
    const sets = between.filter(({ second }) => second === i + 1);
    if (sets.length > 0) return sets.map((one) => beaten(one, first, view));
    const mean = (run: RunView): string => meanReward(run)?.toFixed(3) ?? 'none';
    return [
      {
        question: `Did ${view.name} beat ${first.name}?`,
        answer: `not known: no set was evaluated by both; reward of the last 20 steps, each on problems of its own: ${mean(view)} against ${mean(first)}`,
        tone: 'plain',
      },
    ];
  });
}

function beaten({ set, before, after, comparison }: BetweenRuns, first: RunView, second: RunView): Answer {
  const question = `Did ${second.name} beat ${first.name}?`;
  const rates = `${rate(after)} against ${rate(before)}`;
  const at = `at step ${second.evaluations.at(-1)?.step ?? '?'} against step ${first.evaluations.at(-1)?.step ?? '?'}`;
  if (comparison === null)
    return {
      question,
      answer: `not known on ${set}: they were evaluated on different problems; pass@1 ${rates}, ${at}`,
      tone: 'plain',
    };
  const { text, tone, word } = verdict(comparison, after, rates);
  return { question, answer: `${saidOf[word]} on ${set}: ${text}, ${at}`, tone };
}

interface Verdict extends Pick<Answer, 'tone'> {
  readonly text: string;
  readonly word: 'better' | 'worse' | 'unclear';
}

const saidOf = { better: 'yes', worse: 'no', unclear: 'not clearly' } as const;

function verdict({ pass_at_1_gain: gain, p_value: p }: Comparison, after: SetData, rates: string): Verdict {
  if (gain === null || p === null) return { text: `pass@1 ${rates}, not comparable`, tone: 'plain', word: 'unclear' };
  const tested = `p ${pText(p)}, ${after.problems} problems`;
  const points = `${Math.abs(100 * gain).toFixed(1)} points`;
  if (p >= 0.05) return { text: `pass@1 ${rates}, no clear difference (${points}, ${tested})`, tone: 'plain', word: 'unclear' };
  return gain > 0
    ? { text: `pass@1 ${rates}, better by ${points} (${tested})`, tone: 'good', word: 'better' }
    : { text: `pass@1 ${rates}, worse by ${points} (${tested})`, tone: 'bad', word: 'worse' };
}

export interface Collapse {
  /** Mean entropy of the first steps, nats a token. */
  readonly start: number;
  readonly end: number;
  /** First step from which entropy stays below so large a share of `start` to the end; null where it does not. */
  readonly half: number | null;
  readonly tenth: number | null;
}

/** Steps whose mean is where entropy began. */
const firstSteps = 5;

/**
 * When the entropy of sampling fell and did not come back. Null without entropies.
 *
 * @param series step and entropy, nats a token, in order.
 */
export function collapseOf(series: readonly (readonly [step: number, entropy: number])[]): Collapse | null {
  const last = series.at(-1);
  if (last === undefined) return null;
  const first = series.slice(0, firstSteps).map(([, entropy]) => entropy);
  const start = first.reduce((sum, entropy) => sum + entropy, 0) / first.length;
  const staysBelow = (share: number): number | null => {
    const above = series.findLastIndex(([, entropy]) => !(entropy < share * start));
    return series[above + 1]?.[0] ?? null;
  };
  return { start, end: last[1], half: staysBelow(0.5), tenth: staysBelow(0.1) };
}

function entropyAnswer({ metrics }: RunView): Answer[] {
  const series = metrics.flatMap(({ step, entropy }): [number, number][] => (typeof entropy === 'number' ? [[step, entropy]] : []));
  const found = collapseOf(series);
  if (found === null) return [];
  const { start, end, half, tenth } = found;
  const question = 'Did entropy collapse?';
  const range = `${nats(start)} nats a token in the first ${Math.min(firstSteps, series.length)} steps, ${nats(end)} in the last`;
  if (tenth !== null)
    return [
      {
        question,
        answer: `yes, at step ${tenth}: from there on it is below a tenth of where it began (below half from step ${half}); ${range}`,
        tone: 'bad',
      },
    ];
  const since = half === null ? '' : `; below half from step ${half}`;
  return [
    { question, answer: `no, it did not stay below a tenth of where it began: ${range}${since}`, tone: half === null ? 'good' : 'plain' },
  ];
}

/** Kinds of alarms that are shown. */
const mostKinds = 6;

/** Alarms that differ in their figures alone are one. */
function alarmAnswer({ metrics, config }: RunView): Answer[] {
  if (config.kind === 'sft') return [];
  const kinds = new Map<string, { steps: number[]; last: string }>();
  for (const { step, alarms } of metrics) {
    if (typeof alarms !== 'string') continue;
    for (const alarm of alarms.split('\n')) {
      const kind = alarm.replace(/-?\d+(?:\.\d+)?(?:e-?\d+)?|NaN|Infinity/g, '#');
      kinds.set(kind, { steps: [...(kinds.get(kind)?.steps ?? []), step], last: alarm });
    }
  }
  const question = 'Was anything alarming?';
  if (kinds.size === 0) return [{ question, answer: 'no guard fired', tone: 'good' }];
  return [...kinds.values()]
    .slice(0, mostKinds)
    .map(({ steps, last }) => ({ question, answer: `${stepsText(steps)}: ${last}`, tone: 'bad' }) as const);
}

const stepsText = (steps: readonly number[]): string => {
  const [first, last] = [steps[0], steps.at(-1)];
  return steps.length === 1 ? `step ${first}` : `${steps.length} steps from ${first} to ${last}, the last time`;
};

function meanReward({ metrics }: RunView): number | null {
  const rewards = metrics.slice(-20).flatMap(({ reward }) => (typeof reward === 'number' ? [reward] : []));
  return rewards.length === 0 ? null : rewards.reduce((sum, reward) => sum + reward, 0) / rewards.length;
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
const rate = ({ pass }: SetData): string => (pass === null ? 'none' : percent(pass));
const nats = (value: number): string => String(Number(value.toPrecision(3)));
const pText = (p: number): string => (p < 0.0001 ? '< 0.0001' : `= ${p.toFixed(4)}`);
