/** The shape shared by product mixes, diets and their like: activities with a price and amounts, resources with limits. */
import type { RandomStream } from '../../lib/random.ts';
import type { Sentence, Story, Table, Teller } from '../generator/family.ts';
import { joined, type Share } from '../generator/number-text.ts';
import type { SlotName } from '../wordings/slots.ts';

/** How a family talks about its activities. */
export interface ActivityWords {
  readonly who: string;
  readonly does: string;
  readonly do: string;
  /** Names of the variables, in order. */
  readonly items: readonly string[];
  /** "unit", "acre": the measure of one activity, for lists. */
  readonly per: string;
  /** "unit of boots": one activity. */
  readonly one: (item: string) => string;
  /** "units of boots": several. */
  readonly many: (item: string) => string;
  /** What cannot be split, e.g. "unit". */
  readonly thing: string;
  /** Verb of what an activity yields in a minimum: "gives", "carries". */
  readonly give?: string;
  readonly measure: string;
  /** "all units": the whole that shares refer to. */
  readonly whole: string;
  /** The item as part of the whole: "boots", "of type truck". */
  readonly asPart?: (item: string) => string;
}

/** A resource or need: its noun ("units of wood"), its entries and its limit. */
export interface ResourceRow {
  readonly what: string;
  readonly entries: readonly number[];
  readonly limit: number;
  readonly row: number;
}

/** A side condition already in words. */
export interface ExtraSentence {
  readonly slot: SlotName;
  readonly fill: (teller: Teller) => Readonly<Record<string, string>>;
  readonly rows: readonly number[];
}

export interface ActivityStory {
  readonly sense: 'max' | 'min';
  readonly words: ActivityWords;
  readonly prices: readonly number[];
  readonly resources: readonly ResourceRow[];
  readonly extras: readonly ExtraSentence[];
  readonly integer: boolean;
}

/** Tells activities item by item, row by row, or as a table (rarely, and only when hard). */
export function tellActivities(about: ActivityStory, teller: Teller): Story {
  const { words, sense, resources } = about;
  const roll = teller.random.next();
  const layout = teller.difficulty === 3 && roll < 0.12 ? 'table' : roll < 0.6 ? 'by_item' : 'by_row';
  const facts = { by_item: byItem, by_row: byRow, table }[layout](about, teller);
  const extras = about.extras.map((e): Sentence[] => [{ slot: e.slot, fill: e.fill(teller), rows: e.rows }]);
  const whole: Sentence[][] = about.integer ? [[{ slot: 'whole', fill: { thing: words.thing } }]] : [];
  const limits = layout === 'by_row' ? [] : resources.map((r): Sentence[] => [limitOf(sense, r, teller)]);
  return {
    opening: { slot: 'opening', fill: { who: words.who, does: words.does, do: words.do, list: joined(words.items) } },
    parts: [...facts, ...limits, ...extras, ...whole],
    goal: { slot: sense === 'max' ? 'goalMax' : 'goalMin', fill: { measure: words.measure } },
    layout,
  };
}

function limitOf(sense: 'max' | 'min', resource: ResourceRow, { write }: Teller): Sentence {
  return {
    slot: sense === 'max' ? 'capacity' : 'require',
    fill: { amount: `${write(resource.limit)} ${resource.what}` },
    rows: [resource.row],
  };
}

function byItem({ sense, words, prices, resources }: ActivityStory, { write }: Teller): Sentence[][] {
  return [
    words.items.map((item, j): Sentence => {
      const amounts = joined(resources.filter((r) => (r.entries[j] ?? 0) !== 0).map((r) => `${write(r.entries[j] ?? 0)} ${r.what}`));
      const price = write(prices[j] ?? 0);
      return sense === 'max'
        ? { slot: 'earnItem', fill: { one: words.one(item), gain: price, uses: amounts } }
        : { slot: 'costItem', fill: { one: words.one(item), cost: price, gives: amounts, give: words.give ?? 'gives' } };
    }),
  ];
}

function byRow({ sense, words, prices, resources }: ActivityStory, { write }: Teller): Sentence[][] {
  const over = (values: readonly number[], unit: string): string =>
    joined(words.items.flatMap((item, j) => ((values[j] ?? 0) === 0 ? [] : [`${write(values[j] ?? 0)}${unit} for ${item}`])));
  return [
    [{ slot: sense === 'max' ? 'earnList' : 'costList', fill: { per: words.per, list: over(prices, ' dollars') } }],
    ...resources.map((r): Sentence[] => [
      {
        slot: sense === 'max' ? 'useRow' : 'giveRow',
        fill: { n: write(r.limit), what: r.what, per: words.per, list: over(r.entries, ''), give: words.give ?? 'gives' },
        rows: [r.row],
      },
    ]),
  ];
}

function table({ sense, words, prices, resources }: ActivityStory, { write }: Teller): Table[][] {
  const head = ['', sense === 'max' ? 'profit' : 'cost', ...resources.map((r) => r.what)];
  const body = words.items.map((item, j) => [item, write(prices[j] ?? 0), ...resources.map((r) => write(r.entries[j] ?? 0))]);
  return [[{ lines: [head, ...body].map((cells) => `| ${cells.join(' | ')} |`.replace('|  |', '| |')) }]];
}

/** A share for a side condition; the model's coefficients follow from how it is spoken. */
export function drawShare(random: RandomStream, low: number, high: number): Share | null {
  const fractions: Share[] = [
    { numerator: 1, denominator: 2 },
    { numerator: 1, denominator: 3 },
    { numerator: 2, denominator: 3 },
    { numerator: 1, denominator: 4 },
    { numerator: 3, denominator: 4 },
    { numerator: 1, denominator: 5 },
    { numerator: 2, denominator: 5 },
    { numerator: 3, denominator: 5 },
  ];
  const percents: Share[] = Array.from({ length: 17 }, (_, i) => ({ numerator: 10 + 5 * i, denominator: 100 }));
  const inside = (share: Share): boolean => share.numerator / share.denominator >= low && share.numerator / share.denominator <= high;
  const lists = [fractions.filter(inside), percents.filter(inside)].filter((list) => list.length > 0);
  return lists.length === 0 ? null : random.pick(random.pick(lists));
}

/** `item >= share * all` or `<=` as a row with whole coefficients: `(den - num) item - num others >= 0`. */
export function shareTerms(items: readonly string[], of: string, share: Share): [string, number][] {
  return items.map((item) => [item, item === of ? share.denominator - share.numerator : -share.numerator]);
}
