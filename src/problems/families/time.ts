/** What happens when: start times of jobs, and lots made and kept over months. */
import * as names from '../generator/entities.ts';
import type { Draft, Family, Sentence } from '../generator/family.ts';
import { column, draw, modelOf, type Row, times } from '../generator/model-draft.ts';
import { joined } from '../generator/number-text.ts';

/** Start times of jobs that wait for one another: a linear program over start hours. */
export const scheduling: Family = {
  name: 'scheduling',
  difficulties: [1, 2, 3],
  canBeInfeasible: false,
  exempt: {},
  draw: ({ random, difficulty }): Draft => {
    const n = [random.int(2, 3), random.int(3, 4), random.int(4, 5)][difficulty - 1] ?? 3;
    const jobs = draw(random, names.jobs, n);
    // A forest: each job waits for one earlier job or for an hour, so that every wait is felt.
    const parents = times(n, (j) => (j === 0 || random.next() < 0.2 ? -1 : random.int(0, j - 1)));
    const hours = times(n, () => random.int(3, 40));
    const releases = times(n, () => random.int(2, 30));
    const costs = times(n, () => random.int(2, 30));
    const rows = jobs.map((job, j): Row => {
      const parent = parents[j] ?? -1;
      return parent < 0
        ? { terms: [[job, 1]], op: '>=', rhs: releases[j] ?? 0 }
        : {
            terms: [
              [job, 1],
              [jobs[parent] ?? '', -1],
            ],
            op: '>=',
            rhs: hours[parent] ?? 0,
          };
    });
    return {
      model: modelOf(
        'min',
        jobs.map((job, j) => column(job, costs[j] ?? 0, 'real')),
        rows,
      ),
      data: { jobs, parents, hours, releases, costs },
      tell: ({ write }) => ({
        opening: null,
        parts: [
          [{ slot: 'delayCost', fill: { list: joined(jobs.map((job, j) => `${write(costs[j] ?? 0)} dollars for the ${job}`)) } }],
          jobs.flatMap((job, j): Sentence[] => (parents.includes(j) ? [{ slot: 'duration', fill: { job, n: write(hours[j] ?? 0) } }] : [])),
          ...jobs.map((job, j): Sentence[] => {
            const parent = parents[j] ?? -1;
            return parent < 0
              ? [{ slot: 'release', fill: { job, n: write(releases[j] ?? 0) }, rows: [j] }]
              : [{ slot: 'after', fill: { a: jobs[parent] ?? '', b: job }, rows: [j] }];
          }),
        ].filter((part) => part.length > 0) as Sentence[][],
        goal: { slot: 'goalMin', fill: { measure: 'cost' } },
        layout: 'by_item',
      }),
    };
  },
};

/** Units made in months and kept for later, with a setup for each month of work when hard. */
export const lotSizing: Family = {
  name: 'lot_sizing',
  difficulties: [1, 2, 3],
  canBeInfeasible: true,
  exempt: { silentShare: { share: 0.06, reason: 'a month that is not full does not feel its limit' } },
  draw: ({ random, difficulty, infeasible }): Draft => {
    const withSetup = difficulty === 3 || (difficulty === 2 && random.next() < 0.4);
    const numMonths = difficulty === 1 ? 2 : withSetup ? 2 : 3;
    const months = names.months.slice(0, numMonths);
    const needs = times(numMonths, () => random.int(10, 80));
    const make = times(numMonths, () => random.int(4, 30));
    const hold = random.int(2, 7);
    const setup = random.int(20, 250);
    const stock = (m: number): string => `${months[m]}_stock`;
    const ready = (m: number): string => `${months[m]}_setup`;
    const total = needs.reduce((a, b) => a + b, 0);
    // Limits on every month with setups (a setup needs one); else on the later months, which then draw on stock.
    const limits = times(numMonths, (m) => {
      if (withSetup) return m === 0 ? random.int(needs[0] ?? 1, total - 1) : random.int(5, (needs[1] ?? 6) + 10);
      return m === 0 ? null : Math.max(2, (needs[m] ?? 0) - random.int(2, 30));
    });
    if (infeasible) limits[0] = Math.max(1, (needs[0] ?? 2) - random.int(1, 9));
    const rows: Row[] = months.map(
      (month, m): Row => ({
        terms: [[month, 1], ...(m > 0 ? [[stock(m - 1), 1] as const] : []), ...(m < numMonths - 1 ? [[stock(m), -1] as const] : [])],
        op: '=',
        rhs: needs[m] ?? 0,
      }),
    );
    const limitRows = months.map((month, m) => {
      const limit = limits[m] ?? null;
      if (limit === null) return -1;
      return (
        rows.push(
          withSetup
            ? {
                terms: [
                  [month, 1],
                  [ready(m), -limit],
                ],
                op: '<=',
                rhs: 0,
              }
            : { terms: [[month, 1]], op: '<=', rhs: limit },
        ) - 1
      );
    });
    const variables = [
      ...months.map((month, m) => column(month, make[m] ?? 0, 'real')),
      ...months.slice(0, -1).map((_, m) => column(stock(m), hold, 'real')),
      ...(withSetup ? months.map((_, m) => column(ready(m), setup, 'binary')) : []),
    ];
    const unit = random.pick(['unit', 'ton', 'barrel'] as const);
    return {
      model: modelOf('min', variables, rows),
      data: { months, needs, make, hold, limits, ...(withSetup ? { setup } : {}) },
      tell: ({ write }) => ({
        opening: null,
        parts: [
          [{ slot: 'costList', fill: { per: unit, list: joined(months.map((month, m) => `${write(make[m] ?? 0)} dollars in ${month}`)) } }],
          [
            {
              slot: 'dueList',
              fill: { list: joined(months.map((month, m) => `${write(needs[m] ?? 0)} ${unit}s in ${month}`)) },
              rows: months.map((_, m) => m),
            },
          ],
          [{ slot: 'holdCost', fill: { one: unit, n: write(hold) } }],
          ...months.flatMap((month, m): Sentence[][] => {
            const limit = limits[m] ?? null;
            return limit === null
              ? []
              : [[{ slot: 'monthCap', fill: { amount: `${write(limit)} ${unit}s`, month }, rows: [limitRows[m] ?? 0] }]];
          }),
          ...(withSetup ? [[{ slot: 'setup' as const, fill: { n: write(setup) } }]] : []),
        ],
        goal: { slot: 'goalMin', fill: { measure: 'cost' } },
        layout: withSetup ? 'setup' : 'plain',
      }),
    };
  },
};
