/** Things taken as a whole or left: knapsack, a portfolio of projects, covering areas from sites. */

import type { RandomStream } from '../../lib/random.ts';
import * as names from '../generator/entities.ts';
import type { Draft, DrawRequest, Family, Sentence } from '../generator/family.ts';
import { column, draw, modelOf, type Row, type Term, times } from '../generator/model-draft.ts';
import { joined } from '../generator/number-text.ts';
import { bestChoice, choices, dot, weigh } from './try-all.ts';

interface PickShape {
  readonly items: readonly string[];
  readonly opening: { readonly who: string; readonly does: string; readonly do: string };
  readonly thing: string;
  readonly points: string;
  readonly measure: string;
  readonly needs: readonly string[];
  readonly numItems: number;
  readonly numNeeds: number;
  readonly numPairs: number;
  readonly withCount: boolean;
}

/**
 * Values near one price per weight; the budgets fit the best choice exactly, and every row holds better ones back. Gives
 * up on that after some draws: such an instance fails the check and is drawn again.
 */
export function drawPick(shape: PickShape, { random }: DrawRequest): Draft {
  const items = draw(random, shape.items, shape.numItems);
  const needs = draw(random, shape.needs, shape.numNeeds);
  for (let attempt = 0; ; attempt++) {
    const numbers = drawNumbers(shape, random, items, needs);
    if (numbers.isTelling || attempt === 40) return pickDraft(shape, items, needs, numbers);
  }
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

const countRow = (items: readonly string[], isMin: boolean): Row => ({
  terms: items.map((item) => [item, 1] as const),
  op: isMin ? '>=' : '<=',
  rhs: 0,
});

/** Not both, or the first only with the second. */
function pairRow({ a, b, excludes }: { readonly a: string; readonly b: string; readonly excludes: boolean }): Row {
  const second: Term = [b, excludes ? 1 : -1];
  return { terms: [[a, 1], second], op: '<=', rhs: excludes ? 1 : 0 };
}

interface PickNumbers {
  readonly gains: readonly number[];
  readonly entries: readonly (readonly number[])[];
  readonly pairs: readonly { readonly a: string; readonly b: string; readonly excludes: boolean; readonly row: number }[];
  readonly rows: readonly Row[];
  readonly countIsMin: boolean;
  readonly isTelling: boolean;
}

function drawNumbers(shape: PickShape, random: RandomStream, items: readonly string[], needs: readonly string[]): PickNumbers {
  const entries = needs.map(() => items.map(() => random.int(4, 40)));
  const prices = needs.map(() => 0.6 + random.next() * 1.6);
  const gains = items.map((_, j) => {
    const worth = needs.reduce((sum, _need, i) => sum + (prices[i] ?? 0) * (entries[i]?.[j] ?? 0), 0);
    return Math.max(3, Math.round(worth * (0.8 + 0.4 * random.next())));
  });
  const pairs = times(shape.numPairs, (k) => {
    const [a = '', b = ''] = draw(random, items, 2);
    return { a, b, excludes: random.next() < 0.5, row: needs.length + k };
  });
  const countIsMin = random.next() < 0.5;
  const rows: Row[] = [
    ...entries.map((row): Row => ({ terms: items.map((item, j) => [item, row[j] ?? 0] as const), op: '<=', rhs: 0 })),
    ...pairs.map(pairRow),
    ...(shape.withCount ? [countRow(items, countIsMin)] : []),
  ];
  const all = choices(items.length);
  const weighed = weigh(all, items, rows);
  const values = all.map((chosen) => dot(gains, chosen));
  const fixed = pairs.map(({ excludes }) => (excludes ? 1 : 0));
  const roomy = entries.map((row) => sum(row) * (0.5 + 0.4 * random.next()));
  const free = countIsMin ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  const uncounted = bestChoice(values, weighed, [...roomy, ...fixed, free]);
  const count = sum(all[uncounted.at] ?? []) + (countIsMin ? 1 : -1);
  const chosen = all[bestChoice(values, weighed, [...roomy, ...fixed, count]).at] ?? items.map(() => 1);
  // Budgets shrunk to what the best choice takes leave it the best and make each of them tight.
  const slack = random.int(0, 1);
  const sides = [...entries.map((row) => dot(row, chosen) + slack), ...fixed, ...(shape.withCount ? [count] : [])];
  const { allFelt } = bestChoice(values, weighed, sides);
  const isTelling = allFelt && sum(chosen) >= 2 && (!shape.withCount || count >= 2);
  return { gains, entries, pairs, rows: rows.map((row, i) => ({ ...row, rhs: sides[i] ?? 0 })), countIsMin, isTelling };
}

function pickDraft(shape: PickShape, items: readonly string[], needs: readonly string[], numbers: PickNumbers): Draft {
  const { gains, entries, pairs, rows, countIsMin } = numbers;
  const limits = rows.slice(0, needs.length).map((row) => row.rhs);
  const count = shape.withCount ? { isMin: countIsMin, n: rows[rows.length - 1]?.rhs ?? 0, row: rows.length - 1 } : null;
  return {
    model: modelOf(
      'max',
      items.map((item, j) => column(item, gains[j] ?? 0, 'binary')),
      rows,
    ),
    data: { items, needs, gains, entries, limits, pairs: pairs.map(({ a, b, excludes }) => ({ a, b, excludes })) },
    tell: ({ write }) => ({
      opening: { slot: 'opening', fill: { ...shape.opening, list: joined(items) } },
      parts: [
        items.map(
          (item, j): Sentence => ({
            slot: 'pickItem',
            fill: {
              item,
              gain: write(gains[j] ?? 0),
              points: shape.points,
              uses: joined(needs.map((what, i) => `${write(entries[i]?.[j] ?? 0)} ${what}`)),
            },
          }),
        ),
        ...needs.map((what, i): Sentence[] => [{ slot: 'capacity', fill: { amount: `${write(limits[i] ?? 0)} ${what}` }, rows: [i] }]),
        ...pairs.map(({ a, b, excludes, row }): Sentence[] => [{ slot: excludes ? 'exclude' : 'depends', fill: { a, b }, rows: [row] }]),
        ...(count
          ? [
              [
                {
                  slot: count.isMin ? ('atLeast' as const) : ('atMost' as const),
                  fill: { amount: `${write(count.n)} ${shape.thing}s` },
                  rows: [count.row],
                },
              ],
            ]
          : []),
        [{ slot: 'binary', fill: { thing: shape.thing } }],
      ],
      goal: { slot: 'goalMax', fill: { measure: shape.measure } },
      layout: 'by_item',
    }),
  };
}

const leftOut = 'what is left out of the optimum can differ a little without a change of the optimum';

/** Items of a bag. */
export const knapsack: Family = {
  name: 'knapsack',
  difficulties: [1, 2, 3],
  canBeInfeasible: false,
  exempt: { inactive: leftOut },
  draw: (request) => {
    const { random, difficulty } = request;
    return drawPick(
      {
        items: names.gear,
        opening: { who: random.pick(['hiker', 'sailor', 'camper']), does: 'packs', do: 'pack' },
        thing: 'item',
        points: 'points',
        measure: 'value',
        needs: ['kilos', 'liters of room'],
        numItems: [random.int(3, 4), random.int(4, 5), random.int(4, 6)][difficulty - 1] ?? 4,
        numNeeds: difficulty === 1 ? 1 : random.int(1, 2),
        numPairs: difficulty === 3 ? 1 : 0,
        withCount: false,
      },
      request,
    );
  },
};

/** Projects of a town under budgets, with pairs that exclude or need one another. */
export const projects: Family = {
  name: 'projects',
  difficulties: [1, 2, 3],
  canBeInfeasible: false,
  exempt: { inactive: leftOut },
  draw: (request) => {
    const { random, difficulty } = request;
    const counted = difficulty > 1 && random.next() < 0.4;
    return drawPick(
      {
        items: names.projects,
        opening: { who: random.pick(['town', 'city', 'village']), does: 'chooses projects:', do: 'choose projects:' },
        thing: 'project',
        points: 'dollars',
        measure: 'benefit',
        needs: ['dollars of budget', 'hours of work'],
        numItems: [3, random.int(4, 5), random.int(4, 5)][difficulty - 1] ?? 4,
        numNeeds: difficulty === 3 && !counted ? 2 : 1,
        numPairs: 1,
        withCount: counted,
      },
      request,
    );
  },
};

/** Which areas each site reaches, drawn until every area's row raises the least cost. */
function drawReach(random: RandomStream, numSites: number, numAreas: number, withTwice: boolean) {
  const sites = times(numSites, (s) => `s${s}`);
  for (let attempt = 0; ; attempt++) {
    const reach = sites.map(() =>
      draw(
        random,
        times(numAreas, (a) => a),
        random.int(1, numAreas - 1),
      ).toSorted((x, y) => x - y),
    );
    const price = random.int(10, 30);
    const costs = reach.map((list) => Math.max(5, list.length * price + random.int(-10, 10)));
    const twice = withTwice ? random.int(0, numAreas - 1) : -1;
    const needs = times(numAreas, (a) => (a === twice ? 2 : 1));
    const rows = needs.map(
      (rhs, a): Row => ({ terms: sites.flatMap((s, k) => ((reach[k] ?? []).includes(a) ? [[s, 1] as const] : [])), op: '>=', rhs }),
    );
    const all = choices(numSites);
    const { best, allFelt } = bestChoice(
      all.map((chosen) => -dot(costs, chosen)),
      weigh(all, sites, rows),
      needs,
    );
    const isTelling = Number.isFinite(best) && allFelt;
    if (isTelling || attempt === 100) return { reach, costs, needs };
  }
}

/** Sites that each reach some areas, at a cost. */
export const cover: Family = {
  name: 'cover',
  difficulties: [1, 2, 3],
  canBeInfeasible: false,
  exempt: {
    integrality: 'a cheapest cover is often whole by itself',
    inactive: 'a site that is not chosen can reach one area less without a change of the optimum',
  },
  draw: ({ random, difficulty }) => {
    const numSites = [4, 5, 5][difficulty - 1] ?? 4;
    const places = draw(random, names.sites, numSites);
    const areas = names.areas.slice(0, difficulty === 3 ? 4 : 3);
    const { reach, costs, needs } = drawReach(random, numSites, areas.length, difficulty > 1 && random.next() < 0.5);
    const rows = areas.map(
      (_, a): Row => ({
        terms: places.flatMap((place, s) => ((reach[s] ?? []).includes(a) ? [[place, 1] as const] : [])),
        op: '>=',
        rhs: needs[a] ?? 1,
      }),
    );
    const twice = needs.indexOf(2);
    const thing = random.pick(['station', 'clinic', 'radio mast', 'shop'] as const);
    return {
      model: modelOf(
        'min',
        places.map((place, s) => column(place, costs[s] ?? 0, 'binary')),
        rows,
      ),
      data: { sites: places, areas, costs, reach },
      tell: ({ write }) => ({
        opening: null,
        parts: [
          places.map(
            (item, s): Sentence => ({
              slot: 'siteCovers',
              fill: { item, thing, cost: write(costs[s] ?? 0), list: joined((reach[s] ?? []).map((a) => areas[a] ?? '')) },
            }),
          ),
          [
            { slot: 'coverAll', fill: { thing }, rows: [...areas.keys()] },
            ...(twice < 0 ? [] : [{ slot: 'demand' as const, fill: { place: areas[twice] ?? '', n: write(2), what: `${thing}s` } }]),
          ],
          [{ slot: 'binary', fill: { thing: 'place' } }],
        ],
        goal: { slot: 'goalMin', fill: { measure: 'cost' } },
        layout: 'by_item',
      }),
    };
  },
};
