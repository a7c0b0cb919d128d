/** Maxima over activities that share resources: production (counted and poured), farming, investment. */

import { smallest } from '../../lib/extremes.ts';
import * as names from '../generator/entities.ts';
import type { Draft, DrawRequest, Family } from '../generator/family.ts';
import { draw } from '../generator/model-draft.ts';
import type { ActivityWords } from './activities.ts';
import { draftActivities } from './activity-draft.ts';

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
  const items = draw(random, shape.items, shape.numItems);
  const draft = draftActivities(
    {
      ...shape,
      sense: 'max',
      items,
      words: shape.words(items),
      numLimits: Math.max(shape.numLimits, infeasible ? 1 : 0),
      infeasible,
      limitOf: ({ exact, isFirst, most }) => {
        const tooMany = Math.floor(smallest(most)) + random.int(1, 9);
        return infeasible && isFirst ? tooMany : exact;
      },
    },
    random,
  );
  const { rows, extras, entries, limits } = draft;
  if (shape.withShare) draft.addShare();
  else if (shape.withTimes) {
    const [a = '', b = ''] = draw(random, items, 2);
    const factor = random.int(2, 4);
    const terms = [
      [a, 1],
      [b, -factor],
    ] as const;
    rows.push({ terms, op: '>=', rhs: 0 });
    extras.push({ slot: 'timesMin', fill: ({ write }) => ({ times: write.times(factor), a, b }), rows: [rows.length - 1] });
  }
  return draft.finish(({ resources, costs }) => ({ items, resources, gains: costs, entries, limits }));
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

/** A family of this kind, in three difficulties. */
const mixFamily = (name: string, shape: (request: DrawRequest) => MixShape): Family => ({
  name,
  difficulties: [1, 2, 3],
  canBeInfeasible: true,
  exempt: {},
  draw: (request) => drawMix(shape(request), request),
});

/** Products counted in units: an integer program. */
export const production = mixFamily('production', (request) => ({
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
}));

/** Products poured in liters: a linear program. */
export const brewing = mixFamily('brewing', (request) => ({
  ...sizes(request),
  withTimes: false,
  integer: false,
  resources: names.brewNeeds,
  items: names.liquids,
  words: unitWords(request.random.pick(['factory', 'company', 'plant']), 'makes', 'make', 'barrel'),
  entries: [2, 30],
  amounts: [5, 60],
}));

/** Acres of crops: a linear program. */
export const farming = mixFamily('farming', (request) => ({
  ...sizes(request),
  withTimes: false,
  integer: false,
  resources: names.landNeeds,
  items: names.crops,
  words: unitWords(request.random.pick(['farmer', 'farm', 'village']), 'grows', 'grow', 'acre'),
  entries: [2, 25],
  amounts: [5, 80],
}));
