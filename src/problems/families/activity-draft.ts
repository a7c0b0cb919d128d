/** What maxima under resources and minima over needs have in common: the same table of numbers, read in one direction or the other. */
import type { RandomStream } from '../../lib/random.ts';
import type { Draft } from '../generator/family.ts';
import { column, draw, modelOf, type Row, type Side, tightNumbers, times } from '../generator/model-draft.ts';
import { type ActivityWords, drawShare, type ExtraSentence, shareTerms, tellActivities } from './activities.ts';

export interface ActivityShape {
  /** `max`: activities gain and use up resources, of which there is at most so much; `min`: they cost and give what at least so much is needed of. */
  readonly sense: 'max' | 'min';
  readonly integer: boolean;
  readonly items: readonly string[];
  readonly words: ActivityWords;
  /** What is used up or needed: the names to draw from, and how many. */
  readonly resources: readonly string[];
  readonly numResources: number;
  /** Activities with a limit of their own. */
  readonly numLimits: number;
  readonly entries: readonly [number, number];
  readonly amounts: readonly [number, number];
  /** No limit of an activity points the way of the resources: the model is to become infeasible by one that does not. */
  readonly infeasible: boolean;
  /** The limit of an activity where it is not the exact one; `first` is the one to break. */
  readonly limitOf?: (limited: {
    readonly exact: number;
    readonly isFirst: boolean;
    /** [resources] most of the activity that each resource alone allows. */
    readonly most: readonly number[];
  }) => number;
}

/** A draft under way: numbers with as many tight rows as activities, and room for further rows with their sentences. */
export interface ActivityDraft {
  readonly rows: Row[];
  readonly extras: ExtraSentence[];
  /** Sum of the activities at the point that the rows are tight at. */
  readonly total: number;
  readonly entries: readonly (readonly number[])[];
  readonly limits: readonly number[];
  /** Adds that an activity is at least, or at most, a share of all. */
  addShare(): void;
  /** @param data names the numbers for the problem's record. */
  finish(data: (numbers: { readonly resources: readonly string[]; readonly costs: readonly number[] }) => Draft['data']): Draft;
}

export function draftActivities(shape: ActivityShape, random: RandomStream): ActivityDraft {
  const { sense, integer, items, words, infeasible } = shape;
  const n = items.length;
  const resources = draw(random, shape.resources, shape.numResources);
  const point = times(n, () => random.int(shape.amounts[0], shape.amounts[1]));
  const entries = resources.map(() => times(n, () => random.int(shape.entries[0], shape.entries[1])));
  const limited = draw(random, [...items.keys()], shape.numLimits).map((item) => ({ item, isLike: random.next() < 0.5 && !infeasible }));
  const sides: Side[] = [
    ...entries.map((coefficients) => ({ coefficients, sign: 1 as const })),
    ...limited.map(({ item, isLike }) => ({
      coefficients: times(n, (j) => (j === item ? 1 : 0)),
      sign: isLike ? (1 as const) : (-1 as const),
    })),
  ];
  const { costs, limits } = tightNumbers(random, sides, point, { prices: [4, 14], noise: integer ? shape.entries[1] : 0 });
  const [like, against] = sense === 'max' ? (['<=', '>='] as const) : (['>=', '<='] as const);
  const rows = entries.map(
    (row, i): Row => ({ terms: items.map((item, j) => [item, row[j] ?? 0] as const), op: like, rhs: limits[i] ?? 0 }),
  );
  const extras = limited.map(({ item, isLike }, k): ExtraSentence => {
    const name = items[item] ?? '';
    const exact = limits[resources.length + k] ?? 0;
    const most = entries.map((row, i) => (limits[i] ?? 0) / (row[item] ?? 1));
    const limit = shape.limitOf?.({ exact, isFirst: k === 0, most }) ?? exact;
    const op = isLike ? like : against;
    rows.push({ terms: [[name, 1]], op, rhs: limit });
    return {
      slot: op === '<=' ? 'atMost' : 'atLeast',
      fill: ({ write }) => ({ amount: `${write(limit)} ${words.many(name)}` }),
      rows: [rows.length - 1],
    };
  });
  const total = point.reduce((a, b) => a + b, 0);
  return {
    rows,
    extras,
    total,
    entries,
    limits,
    addShare: () => {
      const of = random.int(0, n - 1);
      const current = (point[of] ?? 0) / total;
      const isMin = random.next() < 0.5;
      const share = isMin ? drawShare(random, current, current + 0.25) : drawShare(random, current - 0.25, current);
      const name = items[of] ?? '';
      if (share === null) return;
      rows.push({ terms: shareTerms(items, name, share), op: isMin ? '>=' : '<=', rhs: 0 });
      extras.push({
        slot: isMin ? 'shareMin' : 'shareMax',
        fill: ({ write }) => ({ share: write.share(share), item: (words.asPart ?? ((i) => i))(name), whole: words.whole }),
        rows: [rows.length - 1],
      });
    },
    finish: (data) => ({
      model: modelOf(
        sense,
        items.map((item, j) => column(item, costs[j] ?? 0, integer ? 'integer' : 'real')),
        rows,
      ),
      data: data({ resources, costs }),
      tell: (teller) => {
        const told = resources.map((what, i) => ({ what, entries: entries[i] ?? [], limit: limits[i] ?? 0, row: i }));
        return tellActivities({ sense, words, prices: costs, resources: told, extras, integer }, teller);
      },
    }),
  };
}
