/** Minima that must reach needs: diet, trips with vehicles, mixing a batch, covering shifts, cutting rolls. */

import { largest } from '../../lib/extremes.ts';
import * as names from '../generator/entities.ts';
import type { Draft, DrawRequest, Family } from '../generator/family.ts';
import { column, draw, modelOf, type Row, type Side, tightNumbers, times } from '../generator/model-draft.ts';
import { type ActivityWords, drawShare, type ExtraSentence, shareTerms, tellActivities } from './activities.ts';

interface NeedShape {
  readonly integer: boolean;
  readonly items: readonly string[];
  readonly needs: readonly string[];
  readonly words: (items: readonly string[]) => ActivityWords;
  readonly entries: readonly [number, number];
  readonly amounts: readonly [number, number];
  /** A total that must be met exactly, in words; null for none. */
  readonly exactly: string | null;
  readonly countLimit: boolean;
}

/** As many tight rows as activities: needs first, then a total, limits and a share until they suffice. */
export function drawNeed(shape: NeedShape, { random, difficulty, infeasible }: DrawRequest): Draft {
  const n = difficulty === 1 ? random.int(2, 3) : difficulty === 2 ? random.int(2, 4) : random.int(3, 4);
  const items = draw(random, shape.items, n);
  const words = shape.words(items);
  const withShare = difficulty > 1 && random.next() < 0.45;
  const numNeeds = difficulty === 1 ? random.int(1, 2) : n === 3 ? random.int(2, 3) : 2;
  const needs = draw(random, shape.needs, numNeeds);
  const point = times(n, () => random.int(shape.amounts[0], shape.amounts[1]));
  const entries = needs.map(() => times(n, () => random.int(shape.entries[0], shape.entries[1])));
  const numLimits = Math.max(infeasible ? 1 : 0, n - numNeeds - (withShare ? 1 : 0) - (shape.exactly === null ? 0 : 1));
  const limited = draw(random, [...items.keys()], Math.min(n, numLimits)).map((item) => ({
    item,
    isMin: random.next() < 0.5 && !infeasible,
  }));
  const sides: Side[] = [
    ...entries.map((coefficients) => ({ coefficients, sign: 1 as const })),
    ...limited.map(({ item, isMin }) => ({
      coefficients: times(n, (j) => (j === item ? 1 : 0)),
      sign: isMin ? (1 as const) : (-1 as const),
    })),
  ];
  const { costs, limits } = tightNumbers(random, sides, point, { prices: [4, 14], noise: shape.integer ? shape.entries[1] : 0 });
  const rows: Row[] = entries.map(
    (row, i): Row => ({ terms: items.map((item, j) => [item, row[j] ?? 0] as const), op: '>=', rhs: limits[i] ?? 0 }),
  );
  const extras: ExtraSentence[] = limited.map(({ item, isMin }, k) => {
    const name = items[item] ?? '';
    const limit = limits[needs.length + k] ?? 0;
    rows.push({ terms: [[name, 1]], op: isMin ? '>=' : '<=', rhs: limit });
    return {
      slot: isMin ? 'atLeast' : 'atMost',
      fill: ({ write }) => ({ amount: `${write(limit)} ${words.many(name)}` }),
      rows: [rows.length - 1],
    };
  });
  const total = point.reduce((a, b) => a + b, 0);
  const mix = shape.exactly;
  if (mix !== null) {
    const weight = infeasible ? Math.max(1, Math.floor((limits[0] ?? 1) / largest(entries[0] ?? [1])) - random.int(1, 6)) : total;
    rows.push({ terms: items.map((item) => [item, 1] as const), op: '=', rhs: weight });
    extras.push({ slot: 'exactly', fill: ({ write }) => ({ mix, n: write(weight) }), rows: [rows.length - 1] });
  } else if (infeasible || (shape.countLimit && difficulty > 1 && random.next() < 0.4)) {
    const most = infeasible
      ? Math.max(1, Math.floor((limits[0] ?? 1) / largest(entries[0] ?? [1])) - random.int(1, 6))
      : total + random.int(-2, 1);
    rows.push({ terms: items.map((item) => [item, 1] as const), op: '<=', rhs: most });
    extras.push({ slot: 'atMost', fill: ({ write }) => ({ amount: `${write(most)} ${words.per}s in total` }), rows: [rows.length - 1] });
  }
  if (withShare) {
    const of = random.int(0, n - 1);
    const name = items[of] ?? '';
    const current = (point[of] ?? 0) / total;
    const isMin = random.next() < 0.5;
    const share = isMin ? drawShare(random, current, current + 0.25) : drawShare(random, current - 0.25, current);
    if (share !== null) {
      rows.push({ terms: shareTerms(items, name, share), op: isMin ? '>=' : '<=', rhs: 0 });
      extras.push({
        slot: isMin ? 'shareMin' : 'shareMax',
        fill: ({ write }) => ({ share: write.share(share), item: (words.asPart ?? ((i) => i))(name), whole: words.whole }),
        rows: [rows.length - 1],
      });
    }
  }
  return {
    model: modelOf(
      'min',
      items.map((item, j) => column(item, costs[j] ?? 0, shape.integer ? 'integer' : 'real')),
      rows,
    ),
    data: { items, needs, costs, entries, limits },
    tell: (teller) =>
      tellActivities(
        {
          sense: 'min',
          words,
          prices: costs,
          resources: needs.map((what, i) => ({ what, entries: entries[i] ?? [], limit: limits[i] ?? 0, row: i })),
          extras,
          integer: shape.integer,
        },
        teller,
      ),
  };
}

const kiloWords =
  (who: string, does: string, mix: string, whole: string, give: string) =>
  (items: readonly string[]): ActivityWords => ({
    who,
    does,
    do: mix,
    items,
    per: 'kilo',
    one: (item) => `kilo of ${item}`,
    many: (item) => `kilos of ${item}`,
    thing: 'kilo',
    give,
    measure: 'cost',
    whole,
  });

/** Kilos of foods that meet needs: a linear program. */
export const diet: Family = {
  name: 'diet',
  difficulties: [1, 2, 3],
  canBeInfeasible: true,
  exempt: {},
  draw: (request) =>
    drawNeed(
      {
        integer: false,
        items: names.foods,
        needs: names.nutrients,
        words: kiloWords(request.random.pick(['cook', 'school', 'camp', 'hotel']), 'buys', 'buy', 'all kilos', 'gives'),
        entries: [3, 40],
        amounts: [2, 25],
        exactly: null,
        countLimit: false,
      },
      request,
    ),
};

/** A batch of fixed weight from ingredients with contents: a linear program. */
export const blending: Family = {
  name: 'blending',
  difficulties: [1, 2, 3],
  canBeInfeasible: true,
  exempt: {},
  draw: (request) =>
    drawNeed(
      {
        integer: false,
        items: names.ingredients,
        needs: ['grams of iron', 'grams of zinc', 'grams of carbon', 'grams of fat', 'grams of starch'],
        words: kiloWords(request.random.pick(['factory', 'plant', 'bakery', 'company']), 'mixes', 'mix', 'the blend', 'holds'),
        entries: [3, 40],
        amounts: [5, 60],
        exactly: 'blend',
        countLimit: false,
      },
      request,
    ),
};

/** Vehicles that carry loads: an integer program. */
export const trips: Family = {
  name: 'trips',
  difficulties: [1, 2, 3],
  canBeInfeasible: true,
  exempt: {},
  draw: (request) =>
    drawNeed(
      {
        integer: true,
        items: names.vehicles,
        needs: names.loads,
        words: (items) => ({
          who: request.random.pick(['company', 'village', 'hotel', 'school']),
          does: 'hires vehicles:',
          do: 'hire vehicles:',
          items,
          per: 'vehicle',
          one: (item) => item,
          many: (item) => `vehicles of type ${item}`,
          thing: 'vehicle',
          give: 'carries',
          measure: 'cost',
          whole: 'all vehicles',
          asPart: (item) => `of type ${item}`,
        }),
        entries: [3, 40],
        amounts: [3, 20],
        exactly: null,
        countLimit: true,
      },
      request,
    ),
};
