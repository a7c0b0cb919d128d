/** Money over funds: shares at a price when easy, dollars at a yearly return in percent when harder. */
import * as names from '../generator/entities.ts';
import type { Draft, DrawRequest, Family, Sentence } from '../generator/family.ts';
import { column, draw, modelOf, type Row } from '../generator/model-draft.ts';
import { joined } from '../generator/number-text.ts';
import { drawShare, shareTerms } from './activities.ts';
import { drawMix } from './mix.ts';

function drawReturns({ random, difficulty }: DrawRequest): Draft {
  const n = difficulty === 2 ? random.int(2, 3) : random.int(3, 4);
  const items = draw(random, names.funds, n);
  const percents = draw(random, [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14], n);
  const budget = random.int(20, 90) * 100;
  const rows: Row[] = [{ terms: items.map((item) => [item, 1] as const), op: '<=', rhs: budget }];
  const order = [...items.keys()].sort((a, b) => (percents[b] ?? 0) - (percents[a] ?? 0));
  // The best fund is held back and the worst is asked for; one fund takes the rest.
  const free = order[random.int(0, n - 1)] ?? 0;
  const freeRank = order.indexOf(free);
  const extras: ((write: (n: number) => string, share: (s: { numerator: number; denominator: number }) => string) => Sentence)[] = [];
  const shared = random.int(0, n - 1);
  for (const [rank, at] of order.entries()) {
    if (at === free) continue;
    const name = items[at] ?? '';
    const isMax = rank < freeRank;
    const row = rows.length;
    const share = rank === shared ? drawShare(random, isMax ? 0.15 : 0.1, isMax ? 0.6 : 0.4) : null;
    if (share === null) {
      const limit = random.int(3, Math.max(4, Math.floor(budget / 100 / (n + 1)))) * 100;
      rows.push({ terms: [[name, 1]], op: isMax ? '<=' : '>=', rhs: limit });
      extras.push((write) => ({ slot: isMax ? 'atMost' : 'atLeast', fill: { amount: `${write(limit)} dollars in ${name}` }, rows: [row] }));
    } else {
      rows.push({ terms: shareTerms(items, name, share), op: isMax ? '<=' : '>=', rhs: 0 });
      extras.push((_, say) => ({
        slot: isMax ? 'shareMax' : 'shareMin',
        fill: { share: say(share), item: name, whole: 'all the money' },
        rows: [row],
      }));
    }
  }
  return {
    model: modelOf(
      'max',
      items.map((item, j) => column(item, (percents[j] ?? 0) / 100, 'real')),
      rows,
    ),
    data: { items, percents, budget },
    tell: ({ write, random: words }) => {
      const sign = words.next() < 0.5 ? ' %' : ' percent';
      return {
        opening: {
          slot: 'opening',
          fill: { who: words.pick(['family', 'bank', 'company']), does: 'puts money in', do: 'put money in', list: joined(items) },
        },
        parts: [
          [{ slot: 'returnList', fill: { list: joined(items.map((item, j) => `${percents[j]}${sign} on ${item}`)) } }],
          [{ slot: 'capacity', fill: { amount: `${write(budget)} dollars` }, rows: [0] }],
          ...extras.map((extra) => [extra(write, write.share)]),
        ],
        goal: { slot: 'goalMax', fill: { measure: 'return' } },
        layout: 'percent',
      };
    },
  };
}

/** Funds: a linear program. */
export const investment: Family = {
  name: 'investment',
  difficulties: [1, 2, 3],
  canBeInfeasible: false,
  exempt: {},
  draw: (request) => {
    const { random, difficulty } = request;
    if (difficulty > 1 && random.next() < 0.75) return drawReturns(request);
    const numItems = random.int(2, 3);
    return drawMix(
      {
        numItems,
        numResources: 2,
        numLimits: numItems - 2,
        withShare: false,
        withTimes: false,
        integer: false,
        resources: ['dollars of cash', 'points of risk', 'hours of work'],
        items: names.funds,
        words: (items) => ({
          who: random.pick(['family', 'bank', 'company']),
          does: 'buys',
          do: 'buy',
          items,
          per: 'lot',
          one: (item) => `lot of ${item}`,
          many: (item) => `lots of ${item}`,
          thing: 'lot',
          measure: 'profit',
          whole: 'all lots',
        }),
        entries: [2, 40],
        amounts: [5, 60],
      },
      request,
    );
  },
};
