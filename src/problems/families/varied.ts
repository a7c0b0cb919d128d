/**
 * Families nearer to published problems than the first nineteen: names of two words, which are one variable, ratios, percentages of
 * totals and contents in percent. They come beside the others, whose problems stay the same to the bit.
 */
import { largest, smallest } from '../../lib/extremes.ts';
import type { RandomStream } from '../../lib/random.ts';
import * as names from '../generator/entities.ts';
import type { Draft, DrawRequest, Family, Sentence, Teller } from '../generator/family.ts';
import { column, draw, modelOf, type Row, tightNumbers, times } from '../generator/model-draft.ts';
import { joined } from '../generator/number-text.ts';
import type { SlotName } from '../wordings/slots.ts';
import { draftActivities } from './activity-draft.ts';

/** A thing with a name of two words. */
interface Thing {
  /** "oak_table": its variable. */
  readonly variable: string;
  readonly one: string;
  readonly many: string;
}

/** Things of different kinds, or of one kind in different makes. */
function drawThings(random: RandomStream, makes: readonly string[], kinds: readonly (readonly [string, string])[], count: number): Thing[] {
  const [first = ['item', 'items'] as const, ...others] = draw(random, kinds, count);
  const isOneKind = random.next() < 0.4;
  return draw(random, makes, count).map((make, i) => {
    const [one, many] = isOneKind || i === 0 ? first : (others[i - 1] ?? first);
    return { variable: `${make}_${many}`, one: `${make} ${one}`, many: `${make} ${many}` };
  });
}

/** How a family of counted things is told. */
interface Trade {
  readonly sense: 'max' | 'min';
  readonly who: readonly string[];
  readonly makes: readonly string[];
  readonly kinds: readonly (readonly [string, string])[];
  /** "items", "vehicles": all of them. */
  readonly things: string;
  readonly thing: string;
  readonly resources: readonly string[];
  readonly opening: SlotName;
  readonly item: SlotName;
  readonly limit: SlotName;
  readonly measure: string;
}

/** As many tight rows as things: one resource less than things, and one side condition over all of them. */
function drawTrade(trade: Trade, { random, difficulty, infeasible }: DrawRequest): Draft {
  const count = difficulty === 1 ? random.int(2, 3) : random.int(2, 4);
  const things = drawThings(random, trade.makes, trade.kinds, count);
  const spoken = new Map(things.map((thing) => [thing.variable, thing]));
  const manyOf = (variable: string): string => spoken.get(variable)?.many ?? variable;
  const who = random.pick(trade.who);
  const items = things.map(({ variable }) => variable);
  const draft = draftActivities(
    {
      ...{ sense: trade.sense, integer: true, items, resources: trade.resources, infeasible, numLimits: 0 },
      ...{ numResources: Math.min(count - 1, trade.resources.length), entries: [2, 30], amounts: [4, 30] },
      words: {
        ...{ who, does: '', do: '', items: items.map(manyOf), per: trade.thing, thing: trade.thing, measure: trade.measure },
        ...{ one: manyOf, many: manyOf, whole: `all ${trade.things}`, asPart: manyOf },
      },
    },
    random,
  );
  const { rows, extras, entries, limits, total } = draft;
  const side = random.next();
  const [a = '', b = ''] = draw(random, items, 2);
  const add = (slot: SlotName, row: Row, fill: (teller: Teller) => Record<string, string>): void => {
    rows.push(row);
    extras.push({ slot, fill, rows: [rows.length - 1] });
  };
  // An infeasible instance has too little room for the need, or too much of one thing for the resources.
  const tooFew = (): number => Math.max(1, Math.floor((limits[0] ?? 1) / largest(entries[0] ?? [1])) - random.int(1, 6));
  const n = infeasible && trade.sense === 'min' ? tooFew() : total + random.int(-2, 1);
  if (infeasible && trade.sense === 'max') {
    const amount = Math.floor(smallest(entries.map((row, i) => (limits[i] ?? 0) / (row[items.indexOf(a)] ?? 1)))) + random.int(1, 9);
    add('atLeast', { terms: [[a, 1]], op: '>=', rhs: amount }, ({ write }) => ({ amount: `${write(amount)} ${manyOf(a)}` }));
  } else if (infeasible || side < 0.2)
    add('inTotal', { terms: items.map((item) => [item, 1] as const), op: '<=', rhs: n }, ({ write }) => ({
      n: write(n),
      things: trade.things,
    }));
  else if (side < 0.35) {
    const factor = random.int(2, 4);
    const terms = [
      [a, 1],
      [b, -factor],
    ] as const;
    add('offerTimes', { terms, op: '>=', rhs: 0 }, ({ write }) => ({ times: write.times(factor), a: manyOf(a), b: manyOf(b) }));
  } else if (side < 0.5) {
    const [p = 3, q = 2] = draw(random, [2, 3, 4, 5], 2);
    const terms = [
      [a, q],
      [b, -p],
    ] as const;
    add('offerRatio', { terms, op: '>=', rhs: 0 }, ({ write }) => ({ p: write(p), q: write(q), a: manyOf(a), b: manyOf(b) }));
  } else draft.addShare();
  const made = draft.finish(({ resources, costs }) => ({ items, resources, prices: costs, entries, limits }));
  const resources = made.data.resources as readonly string[];
  return {
    ...made,
    tell: (teller) => {
      const { write } = teller;
      const parts: Sentence[][] = [
        things.map(({ one }, j): Sentence => {
          const amounts = joined(resources.map((what, i) => `${write(entries[i]?.[j] ?? 0)} ${what}`));
          const price = `$${made.model.variables[j]?.cost ?? 0}`;
          return { slot: trade.item, fill: { who, one, uses: amounts, gives: amounts, gain: price, cost: price } };
        }),
        ...resources.map((what, i): Sentence[] => [{ slot: trade.limit, fill: { amount: `${write(limits[i] ?? 0)} ${what}` }, rows: [i] }]),
        ...extras.map((extra): Sentence[] => [{ slot: ownSlot(extra.slot), fill: { who, ...extra.fill(teller) }, rows: extra.rows }]),
        [{ slot: 'whole', fill: { thing: trade.thing } }],
      ];
      return {
        opening: { slot: trade.opening, fill: { who, list: joined(things.map(({ many }) => many)) } },
        parts,
        goal: { slot: trade.sense === 'max' ? 'goalMax' : 'goalMin', fill: { measure: trade.measure } },
        layout: 'by_item',
      };
    },
  };
}

const ownSlot = (slot: SlotName): SlotName => (slot === 'shareMin' ? 'offerShareMin' : slot === 'shareMax' ? 'offerShareMax' : slot);

/** A family of this kind, in three difficulties. */
const tradeFamily = (name: string, trade: Trade): Family => ({
  name,
  difficulties: [1, 2, 3],
  canBeInfeasible: true,
  exempt: {},
  draw: (request) => drawTrade(trade, request),
});

/** Goods with names of two words: an integer program. */
export const offers = tradeFamily('offers', {
  ...{ sense: 'max', opening: 'offerOpening', item: 'offerItem', limit: 'capacity', measure: 'profit' },
  who: ['workshop', 'store', 'studio', 'company'],
  makes: names.makes,
  kinds: names.wares,
  things: 'items',
  thing: 'item',
  resources: names.materials,
});

/** Vehicles with names of two words: an integer program. */
export const fleet = tradeFamily('fleet', {
  ...{ sense: 'min', opening: 'fleetOpening', item: 'fleetItem', limit: 'require', measure: 'cost' },
  who: ['bakery', 'brewery', 'florist', 'publisher'],
  makes: names.sizesOfVehicles,
  kinds: names.rentedVehicles,
  things: 'vehicles',
  thing: 'vehicle',
  resources: names.loads,
});

const base = 'syrup';

/** A batch from components whose contents are percentages, as are its own: a linear program. */
export const mixture: Family = {
  name: 'mixture',
  difficulties: [1, 2, 3],
  canBeInfeasible: false,
  exempt: {},
  draw: ({ random, difficulty }) => {
    const count = difficulty === 1 ? 2 : random.int(2, 3);
    const bases = draw(random, names.flavors, count).map((flavor) => ({
      variable: `${flavor}_${base}`,
      text: `${flavor} ${base}`,
    }));
    const parts = draw(random, names.contents, count - 1);
    const contents = parts.map(() => times(count, () => random.int(3, 60)));
    const batch = random.int(4, 40) * 10;
    const weights = times(count, () => random.int(2, 8));
    const whole = weights.reduce((sum, weight) => sum + weight, 0);
    const point = weights.map((weight) => (weight * batch) / whole);
    // Whole percentages at or just below what the point has, so that the point nearly satisfies them all as equalities.
    const shares = contents.map((row) => Math.floor(row.reduce((sum, content, j) => sum + content * (point[j] ?? 0), 0) / batch));
    const sides = [
      ...contents.map((row, k) => ({ coefficients: row.map((content) => content - (shares[k] ?? 0)), sign: 1 as const })),
      { coefficients: times(count, () => 1), sign: 1 as const },
    ];
    const { costs } = tightNumbers(random, sides, point, { prices: [3, 9] });
    const rows: Row[] = [
      ...sides.slice(0, -1).map(
        ({ coefficients }): Row => ({
          terms: bases.map(({ variable }, j) => [variable, coefficients[j] ?? 0] as const),
          op: '>=',
          rhs: 0,
        }),
      ),
      { terms: bases.map(({ variable }) => [variable, 1] as const), op: '=', rhs: batch },
    ];
    const who = random.pick(['factory', 'kitchen', 'bar', 'plant']);
    return {
      model: modelOf(
        'min',
        bases.map(({ variable }, j) => column(variable, costs[j] ?? 0, 'real')),
        rows,
      ),
      data: { items: bases.map(({ variable }) => variable), parts, contents, shares, costs, batch },
      tell: ({ write }) => {
        const percent = (numerator: number): string => write.share({ numerator, denominator: 100 });
        return {
          opening: { slot: 'mixOpening', fill: { who, list: joined(bases.map(({ text }) => text)) } },
          parts: [
            bases.map(({ text }, j): Sentence => {
              const inside = joined(parts.map((part, k) => `${percent(contents[k]?.[j] ?? 0)} ${part}`));
              return { slot: 'mixItem', fill: { item: text, cost: `$${costs[j] ?? 0}`, parts: inside } };
            }),
            ...parts.map((part, k): Sentence[] => [{ slot: 'mixContent', fill: { part, share: percent(shares[k] ?? 0) }, rows: [k] }]),
            [{ slot: 'mixBatch', fill: { n: write(batch) }, rows: [rows.length - 1] }],
          ],
          goal: { slot: 'goalMin', fill: { measure: 'cost' } },
          layout: 'by_item',
        };
      },
    };
  },
};
