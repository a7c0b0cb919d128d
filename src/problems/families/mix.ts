/** Maxima over activities that share resources: production (counted and poured), farming, investment. */

import { smallest } from '../../lib/extremes.ts';
import * as names from '../generator/entities.ts';
import type { Draft, DrawRequest, Family } from '../generator/family.ts';
import { column, draw, modelOf, type Row, type Side, tightNumbers, times } from '../generator/model-draft.ts';
import { type ActivityWords, drawShare, type ExtraSentence, shareTerms, tellActivities } from './activities.ts';

interface MixShape {
  readonly integer: boolean;
  readonly numItems: number;
  readonly numResources: number;
  readonly numLimits: number;
  readonly withShare: boolean;
  readonly withTimes: boolean;
  readonly resources: readonly string[];
  readonly words: (items: readonly string[]) => ActivityWords;
  readonly items: readonly string[];
  readonly entries: readonly [number, number];
  readonly amounts: readonly [number, number];
}

/** As many tight rows as activities, so that every number is felt. */
export function drawMix(shape: MixShape, { random, infeasible }: DrawRequest): Draft {
  const n = shape.numItems;
  const items = draw(random, shape.items, n);
  const words = shape.words(items);
  const resources = draw(random, shape.resources, shape.numResources);
  const point = times(n, () => random.int(shape.amounts[0], shape.amounts[1]));
  const entries = resources.map(() => times(n, () => random.int(shape.entries[0], shape.entries[1])));
  const limited = draw(random, [...items.keys()], Math.max(shape.numLimits, infeasible ? 1 : 0)).map((item) => ({
    item,
    isMax: random.next() < 0.5 && !infeasible,
  }));
  const sides: Side[] = [
    ...entries.map((coefficients) => ({ coefficients, sign: 1 as const })),
    ...limited.map(({ item, isMax }) => ({
      coefficients: times(n, (j) => (j === item ? 1 : 0)),
      sign: isMax ? (1 as const) : (-1 as const),
    })),
  ];
  const { costs, limits } = tightNumbers(random, sides, point, { prices: [4, 14], noise: shape.integer ? shape.entries[1] : 0 });
  const rows: Row[] = [
    ...entries.map((row, i): Row => ({ terms: items.map((item, j) => [item, row[j] ?? 0] as const), op: '<=', rhs: limits[i] ?? 0 })),
  ];
  const extras: ExtraSentence[] = limited.map(({ item, isMax }, k) => {
    const name = items[item] ?? '';
    const exact = limits[resources.length + k] ?? 0;
    const tooMany = Math.floor(smallest(entries.map((row, i) => (limits[i] ?? 0) / (row[item] ?? 1)))) + random.int(1, 9);
    const limit = infeasible && k === 0 ? tooMany : exact;
    rows.push({ terms: [[name, 1]], op: isMax ? '<=' : '>=', rhs: limit });
    return {
      slot: isMax ? 'atMost' : 'atLeast',
      fill: ({ write }) => ({ amount: `${write(limit)} ${words.many(name)}` }),
      rows: [rows.length - 1],
    };
  });
  const total = point.reduce((a, b) => a + b, 0);
  if (shape.withShare) {
    const of = random.int(0, n - 1);
    const current = (point[of] ?? 0) / total;
    const isMin = random.next() < 0.5;
    const share = isMin ? drawShare(random, current, current + 0.25) : drawShare(random, current - 0.25, current);
    const name = items[of] ?? '';
    if (share !== null) {
      rows.push({ terms: shareTerms(items, name, share), op: isMin ? '>=' : '<=', rhs: 0 });
      extras.push({
        slot: isMin ? 'shareMin' : 'shareMax',
        fill: ({ write }) => ({ share: write.share(share), item: (words.asPart ?? ((i) => i))(name), whole: words.whole }),
        rows: [rows.length - 1],
      });
    }
  } else if (shape.withTimes) {
    const [a = '', b = ''] = draw(random, items, 2);
    const factor = random.int(2, 4);
    rows.push({
      terms: [
        [a, 1],
        [b, -factor],
      ],
      op: '>=',
      rhs: 0,
    });
    extras.push({ slot: 'timesMin', fill: ({ write }) => ({ times: write.times(factor), a, b }), rows: [rows.length - 1] });
  }
  return {
    model: modelOf(
      'max',
      items.map((item, j) => column(item, costs[j] ?? 0, shape.integer ? 'integer' : 'real')),
      rows,
    ),
    data: { items, resources, gains: costs, entries, limits },
    tell: (teller) =>
      tellActivities(
        {
          sense: 'max',
          words,
          prices: costs,
          resources: resources.map((what, i) => ({ what, entries: entries[i] ?? [], limit: limits[i] ?? 0, row: i })),
          extras,
          integer: shape.integer,
        },
        teller,
      ),
  };
}

/** Sizes by difficulty: activities, resources, limits on single activities, a share. */
function sizes(request: DrawRequest): Pick<MixShape, 'numItems' | 'numResources' | 'numLimits' | 'withShare' | 'withTimes'> {
  const { random, difficulty } = request;
  const numItems = difficulty === 1 ? random.int(2, 3) : difficulty === 2 ? random.int(2, 4) : random.int(3, 4);
  const numResources = difficulty === 1 ? random.int(1, 2) : numItems === 3 ? random.int(2, 3) : 2;
  const side = difficulty > 1 ? random.next() : 1;
  const withShare = side < 0.45;
  const withTimes = side >= 0.45 && side < 0.6;
  const numLimits = Math.max(0, numItems - numResources - (withShare || withTimes ? 1 : 0));
  return { numItems, numResources, numLimits, withShare, withTimes };
}

const unitWords =
  (who: string, does: string, make: string, unit: string, measure = 'profit') =>
  (items: readonly string[]): ActivityWords => ({
    who,
    does,
    do: make,
    items,
    per: unit,
    one: (item) => `${unit} of ${item}`,
    many: (item) => `${unit}s of ${item}`,
    thing: unit,
    measure,
    whole: `all ${unit}s`,
  });

/** Products counted in units: an integer program. */
export const production: Family = {
  name: 'production',
  difficulties: [1, 2, 3],
  canBeInfeasible: true,
  exempt: {},
  draw: (request) =>
    drawMix(
      {
        ...sizes(request),
        integer: true,
        resources: names.materials,
        items: names.goods,
        words: (items) => ({
          ...unitWords(request.random.pick(['workshop', 'factory', 'company', 'shop']), 'makes', 'make', 'unit')(items),
          many: (item) => item,
        }),
        entries: [2, 30],
        amounts: [4, 30],
      },
      request,
    ),
};

/** Products poured in liters: a linear program. */
export const brewing: Family = {
  name: 'brewing',
  difficulties: [1, 2, 3],
  canBeInfeasible: true,
  exempt: {},
  draw: (request) =>
    drawMix(
      {
        ...sizes(request),
        withTimes: false,
        integer: false,
        resources: names.brewNeeds,
        items: names.liquids,
        words: unitWords(request.random.pick(['factory', 'company', 'plant']), 'makes', 'make', 'barrel'),
        entries: [2, 30],
        amounts: [5, 60],
      },
      request,
    ),
};

/** Acres of crops: a linear program. */
export const farming: Family = {
  name: 'farming',
  difficulties: [1, 2, 3],
  canBeInfeasible: true,
  exempt: {},
  draw: (request) =>
    drawMix(
      {
        ...sizes(request),
        withTimes: false,
        integer: false,
        resources: names.landNeeds,
        items: names.crops,
        words: unitWords(request.random.pick(['farmer', 'farm', 'village']), 'grows', 'grow', 'acre'),
        entries: [2, 25],
        amounts: [5, 80],
      },
      request,
    ),
};
