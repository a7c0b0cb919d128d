/** Who does what: jobs given to workers, workers to shifts, jobs to machines, rolls to cuts. */
import { largest } from '../../lib/extremes.ts';
import * as names from '../generator/entities.ts';
import type { Draft, Family, Sentence } from '../generator/family.ts';
import { column, draw, modelOf, type Row, type Side, tightNumbers, times } from '../generator/model-draft.ts';
import { joined } from '../generator/number-text.ts';

/** Jobs to workers: each job once; workers do one job each or, when harder, have hours. */
export const assignment: Family = {
  name: 'assignment',
  difficulties: [1, 2, 3],
  canBeInfeasible: false,
  exempt: {
    inactive: 'an offer that is not taken can change a little without a change of the optimum',
    silentShare: { share: 0.15, reason: 'of the rows that limit workers some follow from the others' },
  },
  draw: ({ random, difficulty }): Draft => {
    const withHours = difficulty > 1 && random.next() < 0.6;
    const numJobs = withHours && difficulty === 3 ? 3 : 2;
    const workers = draw(random, names.workers, difficulty === 1 || withHours ? 2 : 3);
    const jobs = draw(random, names.jobs, numJobs);
    const base = jobs.map(() => random.int(20, 70));
    const costs = workers.map(() => base.map((b) => b + random.int(-3, 4)));
    const hours = jobs.map(() => random.int(5, 30));
    const limits = workers.map(() =>
      random.int(
        largest(hours),
        hours.reduce((a, b) => a + b, 0),
      ),
    );
    const name = (w: number, j: number): string => `${workers[w]}_${jobs[j]}`;
    const rows: Row[] = [
      ...jobs.map((_, j): Row => ({ terms: workers.map((_w, w) => [name(w, j), 1] as const), op: '=', rhs: 1 })),
      ...workers.map(
        (_, w): Row => ({
          terms: jobs.map((_j, j) => [name(w, j), withHours ? (hours[j] ?? 0) : 1] as const),
          op: '<=',
          rhs: withHours ? (limits[w] ?? 0) : 1,
        }),
      ),
    ];
    const workerRows = workers.map((_, w) => jobs.length + w);
    const jobRows = jobs.map((_, j) => j);
    return {
      model: modelOf(
        'min',
        workers.flatMap((_, w) => jobs.map((_j, j) => column(name(w, j), costs[w]?.[j] ?? 0, 'binary'))),
        rows,
      ),
      data: { workers, jobs, costs, ...(withHours ? { hours, limits } : {}) },
      ...(withHours ? {} : { exempt: { ...assignment.exempt, integrality: 'an assignment is whole by itself' } }),
      tell: ({ write }) => ({
        opening: null,
        parts: [
          workers.map(
            (worker, w): Sentence => ({
              slot: 'bids',
              fill: { worker, list: joined(jobs.map((job, j) => `${write(costs[w]?.[j] ?? 0)} dollars for the ${job}`)) },
            }),
          ),
          [{ slot: 'jobOnce', fill: {}, rows: jobRows }],
          ...(withHours
            ? [
                jobs.map((job, j): Sentence => ({ slot: 'duration', fill: { job, n: write(hours[j] ?? 0) } })),
                workers.map(
                  (worker, w): Sentence => ({ slot: 'hasHours', fill: { worker, n: write(limits[w] ?? 0) }, rows: [jobs.length + w] }),
                ),
              ]
            : [[{ slot: 'workerOnce' as const, fill: {}, rows: workerRows }]]),
        ],
        goal: { slot: 'goalMin', fill: { measure: 'cost' } },
        layout: withHours ? 'hours' : 'once',
      }),
    };
  },
};

/** Workers to shifts that each cover all periods of a day but one: an integer program. */
export const staffing: Family = {
  name: 'staffing',
  difficulties: [1, 2, 3],
  canBeInfeasible: true,
  exempt: {},
  draw: ({ random, difficulty, infeasible }): Draft => {
    const n = difficulty === 1 ? 3 : random.int(3, 4);
    const shifts = draw(random, names.shifts, n);
    const periods = names.periods.slice(0, n);
    const covers = shifts.map((_, s) => times(n, (p) => (p === s ? 0 : 1)));
    const point = times(n, () => random.int(2, 14));
    const sides = periods.map((_, p): Side => ({ coefficients: covers.map((row) => row[p] ?? 0), sign: 1 }));
    const { costs, limits } = tightNumbers(random, sides, point, { prices: [18, 70], noise: 2 });
    const rows = periods.map(
      (_, p): Row => ({ terms: shifts.map((s, k) => [s, covers[k]?.[p] ?? 0] as const), op: '>=', rhs: limits[p] ?? 0 }),
    );
    const total = point.reduce((a, b) => a + b, 0);
    const most = infeasible ? Math.max(1, largest(limits) - random.int(1, 4)) : difficulty > 1 && random.next() < 0.3 ? total : null;
    if (most !== null) rows.push({ terms: shifts.map((s) => [s, 1] as const), op: '<=', rhs: most });
    return {
      model: modelOf(
        'min',
        shifts.map((s, k) => column(s, costs[k] ?? 0, 'integer')),
        rows,
      ),
      data: { shifts, periods, covers, costs, needs: limits, ...(most === null ? {} : { most }) },
      tell: ({ write }) => ({
        opening: null,
        parts: [
          shifts.map(
            (shift, k): Sentence => ({
              slot: 'costItem',
              fill: {
                one: `${shift} worker`,
                cost: write(costs[k] ?? 0),
                give: 'covers',
                gives: joined(periods.filter((_, p) => covers[k]?.[p] === 1)),
              },
            }),
          ),
          periods.map((place, p): Sentence => ({ slot: 'demand', fill: { place, n: write(limits[p] ?? 0), what: 'workers' }, rows: [p] })),
          ...(most === null ? [] : [[{ slot: 'atMost' as const, fill: { amount: `${write(most)} workers in total` }, rows: [n] }]]),
          [{ slot: 'whole', fill: { thing: 'worker' } }],
        ],
        goal: { slot: 'goalMin', fill: { measure: 'cost' } },
        layout: 'by_item',
      }),
    };
  },
};

/** Rolls cut by patterns into pieces: as few rolls as possible, or at least cost. */
export const cutting: Family = {
  name: 'cutting',
  difficulties: [1, 2, 3],
  canBeInfeasible: false,
  exempt: {},
  draw: ({ random, difficulty }): Draft => {
    const n = difficulty === 1 ? random.int(2, 3) : difficulty === 2 ? 3 : random.int(3, 4);
    const cuts = draw(random, names.cuts, n);
    const pieces = draw(random, names.pieces, n);
    const yields = cuts.map((_, k) => times(n, (p) => (p === k ? random.int(4, 9) : random.next() < 0.5 ? 0 : random.int(2, 3))));
    const point = times(n, () => random.int(4, 25));
    const needs = pieces.map((_, p) =>
      Math.max(2, yields.reduce((sum, row, k) => sum + (row[p] ?? 0) * (point[k] ?? 0), 0) + random.int(-4, 4)),
    );
    const rows = pieces.map(
      (_, p): Row => ({ terms: cuts.map((c, k) => [c, yields[k]?.[p] ?? 0] as const), op: '>=', rhs: needs[p] ?? 0 }),
    );
    const roll = random.pick(['roll', 'board', 'pipe', 'sheet'] as const);
    return {
      model: modelOf(
        'min',
        cuts.map((c) => column(c, 1, 'integer')),
        rows,
      ),
      data: { cuts, pieces, yields, needs },
      tell: ({ write }) => ({
        opening: null,
        parts: [
          cuts.map(
            (item, k): Sentence => ({
              slot: 'pattern',
              fill: {
                roll,
                item,
                gives: joined(
                  pieces.flatMap((piece, p) => ((yields[k]?.[p] ?? 0) === 0 ? [] : [`${write(yields[k]?.[p] ?? 0)} ${piece}`])),
                ),
              },
            }),
          ),
          ...pieces.map((piece, p): Sentence[] => [{ slot: 'require', fill: { amount: `${write(needs[p] ?? 0)} ${piece}` }, rows: [p] }]),
          [{ slot: 'whole', fill: { thing: roll } }],
        ],
        goal: { slot: 'goalMin', fill: { measure: `number of ${roll}s` } },
        layout: 'by_item',
      }),
    };
  },
};

/** Jobs to two machines so that the last one ends early: a mixed-integer program. */
export const makespan: Family = {
  name: 'makespan',
  difficulties: [2, 3],
  canBeInfeasible: false,
  exempt: { inactive: 'a job has no time on the machine where it is not done' },
  draw: ({ random, difficulty }): Draft => {
    const jobs = draw(random, names.parts, difficulty === 2 ? 2 : 3);
    const machines = draw(random, names.machines, 2);
    const base = jobs.map(() => random.int(8, 40));
    const hours = base.map((b) => machines.map(() => Math.max(3, b + random.int(-5, 5))));
    const name = (j: number, m: number): string => `${jobs[j]}_${machines[m]}`;
    const rows: Row[] = [
      ...jobs.map((_, j): Row => ({ terms: machines.map((_m, m) => [name(j, m), 1] as const), op: '=', rhs: 1 })),
      ...machines.map(
        (_, m): Row => ({
          terms: [...jobs.map((_j, j) => [name(j, m), hours[j]?.[m] ?? 0] as const), ['span', -1] as const],
          op: '<=',
          rhs: 0,
        }),
      ),
    ];
    return {
      model: modelOf(
        'min',
        [column('span', 1, 'real'), ...jobs.flatMap((_, j) => machines.map((_m, m) => column(name(j, m), 0, 'binary')))],
        rows,
      ),
      data: { jobs, machines, hours },
      tell: ({ write }) => ({
        opening: null,
        parts: [
          jobs.map(
            (job, j): Sentence => ({
              slot: 'machineTimes',
              fill: { job, list: joined(machines.map((m, k) => `${write(hours[j]?.[k] ?? 0)} hours on the ${m}`)) },
            }),
          ),
          [{ slot: 'oneMachine', fill: {}, rows: jobs.map((_, j) => j) }],
        ],
        goal: { slot: 'goalSpan', fill: {}, rows: machines.map((_, m) => jobs.length + m) },
        layout: 'by_item',
      }),
    };
  },
};
