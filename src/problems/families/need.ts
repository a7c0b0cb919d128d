/** Minima that must reach needs: diet, trips with vehicles, mixing a batch, covering shifts, cutting rolls. */

import { largest } from '../../lib/extremes.ts';
import * as names from '../generator/entities.ts';
import type { Draft, DrawRequest, Family } from '../generator/family.ts';
import { draw } from '../generator/model-draft.ts';
import type { ActivityWords } from './activities.ts';
import { draftActivities } from './activity-draft.ts';

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
  const numLimits = Math.max(infeasible ? 1 : 0, n - numNeeds - (withShare ? 1 : 0) - (shape.exactly === null ? 0 : 1));
  const draft = draftActivities(
    { ...shape, sense: 'min', items, words, resources: shape.needs, numResources: numNeeds, numLimits: Math.min(n, numLimits), infeasible },
    random,
  );
  const { rows, extras, entries, limits, total } = draft;
  /** Fewer than the first need takes of the activity that gives most of it. */
  const tooFew = () => Math.max(1, Math.floor((limits[0] ?? 1) / largest(entries[0] ?? [1])) - random.int(1, 6));
  const all = items.map((item) => [item, 1] as const);
  const mix = shape.exactly;
  if (mix !== null) {
    const weight = infeasible ? tooFew() : total;
    rows.push({ terms: all, op: '=', rhs: weight });
    extras.push({ slot: 'exactly', fill: ({ write }) => ({ mix, n: write(weight) }), rows: [rows.length - 1] });
  } else if (infeasible || (shape.countLimit && difficulty > 1 && random.next() < 0.4)) {
    const most = infeasible ? tooFew() : total + random.int(-2, 1);
    rows.push({ terms: all, op: '<=', rhs: most });
    extras.push({ slot: 'atMost', fill: ({ write }) => ({ amount: `${write(most)} ${words.per}s in total` }), rows: [rows.length - 1] });
  }
  if (withShare) draft.addShare();
  return draft.finish(({ resources, costs }) => ({ items, needs: resources, costs, entries, limits }));
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

/** A family of this kind, in three difficulties. */
const needFamily = (name: string, shape: (request: DrawRequest) => NeedShape): Family => ({
  name,
  difficulties: [1, 2, 3],
  canBeInfeasible: true,
  exempt: {},
  draw: (request) => drawNeed(shape(request), request),
});

/** Kilos of foods that meet needs: a linear program. */
export const diet = needFamily('diet', (request) => ({
  integer: false,
  items: names.foods,
  needs: names.nutrients,
  words: kiloWords(request.random.pick(['cook', 'school', 'camp', 'hotel']), 'buys', 'buy', 'all kilos', 'gives'),
  entries: [3, 40],
  amounts: [2, 25],
  exactly: null,
  countLimit: false,
}));

/** A batch of fixed weight from ingredients with contents: a linear program. */
export const blending = needFamily('blending', (request) => ({
  integer: false,
  items: names.ingredients,
  needs: ['grams of iron', 'grams of zinc', 'grams of carbon', 'grams of fat', 'grams of starch'],
  words: kiloWords(request.random.pick(['factory', 'plant', 'bakery', 'company']), 'mixes', 'mix', 'the blend', 'holds'),
  entries: [3, 40],
  amounts: [5, 60],
  exactly: 'blend',
  countLimit: false,
}));

/** Vehicles that carry loads: an integer program. */
export const trips = needFamily('trips', (request) => ({
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
}));
