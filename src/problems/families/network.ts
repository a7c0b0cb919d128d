/** Tons between places: transport, flow through points between, and places that must be opened first. */
import type { RandomStream } from '../../lib/random.ts';
import * as names from '../generator/entities.ts';
import type { Draft, Family, Sentence } from '../generator/family.ts';
import { column, draw, modelOf, type Row, type Side, type Term, tightNumbers, times } from '../generator/model-draft.ts';
import { joined } from '../generator/number-text.ts';

const link = (from: string, to: string): string => `${from}_${to}`;

/** Costs per ton told route by route, or place by place. */
function routeSentences(
  random: RandomStream,
  froms: readonly string[],
  cost: (from: string) => readonly (readonly [to: string, cost: string])[],
): { readonly layout: string; readonly parts: Sentence[][] } {
  if (random.next() < 0.35 || froms.every((from) => cost(from).length < 2)) {
    return {
      layout: 'by_route',
      parts: [froms.flatMap((from) => cost(from).map(([to, c]): Sentence => ({ slot: 'route', fill: { from, to, cost: c } })))],
    };
  }
  const list = (from: string): string => joined(cost(from).map(([to, c]) => `${c} dollars to the ${to}`));
  return { layout: 'by_place', parts: [froms.map((from): Sentence => ({ slot: 'routeList', fill: { from, list: list(from) } }))] };
}

/** Sources with stock to targets with needs: a linear program whose routes are all used. */
export const transport: Family = {
  name: 'transport',
  difficulties: [1, 2, 3],
  canBeInfeasible: true,
  exempt: {},
  draw: ({ random, difficulty, infeasible }) => {
    const [numFrom, numTo] =
      difficulty === 1
        ? [2, 2]
        : random.pick([
            [2, 3],
            [3, 2],
            [2, 2],
          ] as const);
    const froms = draw(random, names.sources, numFrom);
    const tos = draw(random, names.targets, numTo);
    const at = (i: number, j: number): number => i * numTo + j;
    const routes = froms.flatMap((from) => tos.map((to) => ({ from, to, name: link(from, to) })));
    const flows = routes.map(() => random.int(5, 60));
    // One place has no limit: with all stocks limited one of the rows would follow from the others.
    const freeAt = infeasible ? -1 : random.int(0, numFrom - 1);
    const capped = routes.flatMap((_, k) => (Math.floor(k / numTo) !== freeAt && k % numTo !== 0 && !infeasible ? [k] : []));
    const unit = (columns: readonly number[]): number[] => times(routes.length, (k) => (columns.includes(k) ? 1 : 0));
    const needSides = tos.map((_, j): Side => ({ coefficients: unit(froms.map((_f, i) => at(i, j))), sign: 1, prices: [22, 48] }));
    const stockSides = froms.map(
      (_, i): Side => ({ coefficients: unit(tos.map((_t, j) => at(i, j))), sign: -1, prices: i === freeAt ? [0, 0] : [2, 9] }),
    );
    const capSides = capped.map((k): Side => ({ coefficients: unit([k]), sign: -1, prices: [2, 9] }));
    const { costs, limits } = tightNumbers(random, [...needSides, ...stockSides, ...capSides], flows, { prices: [1, 2] });
    const needs = limits.slice(0, numTo);
    const stocks = limits.slice(numTo, numTo + numFrom).map((n, i) => (infeasible && i === 0 ? Math.max(1, n - random.int(3, 20)) : n));
    const caps = limits.slice(numTo + numFrom);
    const rows: Row[] = needs.map((rhs, j): Row => ({ terms: froms.map((from) => [link(from, tos[j] ?? ''), 1] as const), op: '>=', rhs }));
    const stockRow = new Map<number, number>();
    for (const [i, from] of froms.entries()) {
      if (i === freeAt) continue;
      stockRow.set(i, rows.length);
      rows.push({ terms: tos.map((to) => [link(from, to), 1] as const), op: '<=', rhs: stocks[i] ?? 0 });
    }
    const capRow = capped.map((k, c) => rows.push({ terms: [[routes[k]?.name ?? '', 1]], op: '<=', rhs: caps[c] ?? 0 }) - 1);
    return {
      model: modelOf(
        'min',
        routes.map((route, k) => column(route.name, costs[k] ?? 0, 'real')),
        rows,
      ),
      data: {
        froms,
        tos,
        costs,
        needs,
        stocks: stocks.map((n, i) => (i === freeAt ? null : n)),
        caps: capped.map((k, c) => ({ route: routes[k]?.name, limit: caps[c] })),
      },
      tell: ({ write, random: words }) => {
        const told = routeSentences(words, froms, (from) => tos.map((to, j) => [to, write(costs[at(froms.indexOf(from), j)] ?? 0)]));
        return {
          opening: null,
          parts: [
            ...told.parts,
            froms.map(
              (place, i): Sentence =>
                i === freeAt
                  ? { slot: 'unlimited', fill: { place } }
                  : { slot: 'supply', fill: { place, n: write(stocks[i] ?? 0) }, rows: [stockRow.get(i) ?? 0] },
            ),
            tos.map((place, j): Sentence => ({ slot: 'demand', fill: { place, n: write(needs[j] ?? 0), what: 'tons' }, rows: [j] })),
            ...capped.map((k, c): Sentence[] => [
              {
                slot: 'routeCap',
                fill: { from: routes[k]?.from ?? '', to: routes[k]?.to ?? '', n: write(caps[c] ?? 0) },
                rows: [capRow[c] ?? 0],
              },
            ]),
          ],
          goal: { slot: 'goalMin', fill: { measure: 'cost' } },
          layout: told.layout,
        };
      },
    };
  },
};

interface Edge {
  readonly from: string;
  readonly to: string;
  readonly cost: number;
  readonly cap: number | null;
}

/** A given amount through points between, at least cost; the cheap ways have limits. */
export const flow: Family = {
  name: 'flow',
  difficulties: [1, 2, 3],
  canBeInfeasible: false,
  exempt: {},
  draw: ({ random, difficulty }) => {
    const source = random.pick(names.sources);
    const sink = random.pick(names.targets);
    const numMiddles = difficulty === 1 ? 2 : random.int(2, 3);
    const middles = draw(random, names.sites, numMiddles);
    const flows = middles.map(() => random.int(6, 60));
    const reach = random.int(14, 30);
    const height = middles.map(() => random.int(4, reach - 4));
    const edges: Edge[] = middles.flatMap((middle, m) => {
      // All ways but the last are cheaper than the potentials ask, on one of their two edges, which therefore has a limit.
      const saved = m === numMiddles - 1 ? 0 : random.int(1, 3);
      const first = random.next() < 0.5;
      const climb = height[m] ?? 0;
      return [
        { from: source, to: middle, cost: climb - (first ? saved : 0), cap: saved > 0 && first ? (flows[m] ?? 0) : null },
        { from: middle, to: sink, cost: reach - climb - (first ? 0 : saved), cap: saved > 0 && !first ? (flows[m] ?? 0) : null },
      ];
    });
    if (difficulty > 1 && numMiddles === 2) {
      const amount = random.int(2, (flows[0] ?? 6) - 1);
      const [a = '', b = ''] = middles;
      const rise = (height[1] ?? 0) - (height[0] ?? 0) - 1;
      if (rise >= 1) edges.push({ from: a, to: b, cost: rise, cap: amount });
    }
    const total = flows.reduce((x, y) => x + y, 0);
    const rows: Row[] = [{ terms: middles.map((m) => [link(source, m), 1] as const), op: '=', rhs: total }];
    for (const m of middles) {
      rows.push({
        terms: edges.flatMap((e): Term[] => (e.to === m ? [[link(e.from, e.to), 1]] : e.from === m ? [[link(e.from, e.to), -1]] : [])),
        op: '=',
        rhs: 0,
      });
    }
    const capRows = edges.map((e) => (e.cap === null ? -1 : rows.push({ terms: [[link(e.from, e.to), 1]], op: '<=', rhs: e.cap }) - 1));
    return {
      model: modelOf(
        'min',
        edges.map((e) => column(link(e.from, e.to), e.cost, 'real')),
        rows,
      ),
      data: { source, sink, total, edges },
      tell: ({ write, random: words }) => {
        const starts = [...new Set(edges.map((e) => e.from))];
        const told = routeSentences(words, starts, (from) => edges.filter((e) => e.from === from).map((e) => [e.to, write(e.cost)]));
        return {
          opening: null,
          parts: [
            ...told.parts,
            [{ slot: 'sendAmount', fill: { from: source, to: sink, n: write(total) }, rows: [0] }],
            [
              {
                slot: 'conserve',
                fill: { list: joined(middles.map((m, i) => (i === 0 ? m : `the ${m}`))) },
                rows: middles.map((_, i) => i + 1),
              },
            ],
            ...edges.flatMap((e, k): Sentence[][] =>
              e.cap === null ? [] : [[{ slot: 'routeCap', fill: { from: e.from, to: e.to, n: write(e.cap) }, rows: [capRows[k] ?? 0] }]],
            ),
          ],
          goal: { slot: 'goalMin', fill: { measure: 'cost' } },
          layout: told.layout,
        };
      },
    };
  },
};

/** Places that send tons only when opened at a cost: a mixed-integer program. */
export const facility: Family = {
  name: 'facility',
  difficulties: [1, 2, 3],
  canBeInfeasible: true,
  exempt: { silentShare: { share: 0.09, reason: 'where a place stays closed or half used, its own limit cannot be felt' } },
  draw: ({ random, difficulty, infeasible }): Draft => {
    const numSites = difficulty === 3 ? random.int(2, 3) : 2;
    const numTargets = difficulty === 1 || numSites === 3 ? 1 : 2;
    const places = draw(random, names.sources, numSites);
    const tos = draw(random, names.targets, numTargets);
    const caps = places.map(() => random.int(20, 90));
    const fixed = places.map(() => random.int(50, 400));
    const costs = places.map(() => tos.map(() => random.int(3, 25)));
    const room = caps.reduce((a, b) => a + b, 0);
    const total = infeasible
      ? room + random.int(2, 20)
      : Math.round(room * (numSites === 3 ? 0.45 + 0.3 * random.next() : 0.91 + 0.08 * random.next()));
    const first = numTargets === 1 ? total : Math.max(1, Math.round(total * (0.25 + 0.5 * random.next())));
    const needs = numTargets === 1 ? [total] : [first, total - first];
    const rows: Row[] = [
      ...tos.map((to, j): Row => ({ terms: places.map((p) => [link(p, to), 1] as const), op: '>=', rhs: needs[j] ?? 0 })),
      ...places.map(
        (p, i): Row => ({ terms: [...tos.map((to) => [link(p, to), 1] as const), [p, -(caps[i] ?? 0)] as const], op: '<=', rhs: 0 }),
      ),
    ];
    const variables = [
      ...places.map((p, i) => column(p, fixed[i] ?? 0, 'binary')),
      ...places.flatMap((p, i) => tos.map((to, j) => column(link(p, to), costs[i]?.[j] ?? 0, 'real'))),
    ];
    return {
      model: modelOf('min', variables, rows),
      data: { places, tos, caps, fixed, costs, needs },
      tell: ({ write, random: words }) => {
        const told = routeSentences(words, places, (from) => tos.map((to, j) => [to, write(costs[places.indexOf(from)]?.[j] ?? 0)]));
        return {
          opening: null,
          parts: [
            places.map(
              (site, i): Sentence => ({
                slot: 'openSite',
                fill: { site, cost: write(fixed[i] ?? 0), n: write(caps[i] ?? 0) },
                rows: [numTargets + i],
              }),
            ),
            ...told.parts,
            tos.map((place, j): Sentence => ({ slot: 'demand', fill: { place, n: write(needs[j] ?? 0), what: 'tons' }, rows: [j] })),
            [{ slot: 'openOrClosed', fill: {} }],
          ],
          goal: { slot: 'goalMin', fill: { measure: 'cost' } },
          layout: told.layout,
        };
      },
    };
  },
};
