/**
 * Verified programs a CPU second: a 10-variable LP and a 3-variable MIP in each dialect on each backend, one sandbox worker,
 * no cache, beside the bare solve of the same model. Needs `npm run build` first.
 *
 *   node scripts/bench/verify.mjs [rounds] [programs a round]
 *
 * Prints one JSON line of medians.
 */
import { loadavg } from 'node:os';
import { dialectByName } from '../../dist/dialects/registry.js';
import { createGlpk } from '../../dist/solvers/glpk.js';
import { createHighs } from '../../dist/solvers/highs.js';
import { createVerifier } from '../../dist/verify/verifier.js';

const [rounds = 5, count = 200] = process.argv.slice(2).map(Number);

/** Production-like models with numbers that depend on `seed`, so that no two programs are equal. */
function model(numVariables, integer, seed) {
  const names = Array.from({ length: numVariables }, (_, j) => `item${j}`);
  return {
    sense: 'max',
    offset: 0,
    variables: names.map((name, j) => ({ name, lower: 0, upper: 20 + j, integer, cost: 11 + ((7 * j + seed) % 31) })),
    constraints: Array.from({ length: 4 }, (_, i) => ({
      name: `c${i}`,
      lower: -Infinity,
      upper: 300 + 13 * i + (seed % 17),
      columns: names.map((_, j) => j),
      coefficients: names.map((_, j) => 3 + ((5 * i + 11 * j + seed) % 23)),
    })),
  };
}
const cases = { lp10: (seed) => model(10, false, seed), mip3: (seed) => model(3, true, seed) };
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

async function timed(work) {
  const cpu = process.cpuUsage();
  const start = performance.now();
  await work();
  const { user, system } = process.cpuUsage(cpu);
  return { wall: (performance.now() - start) / count, cpu: (user + system) / 1000 / count };
}

const solvers = { highs: await createHighs(), glpk: await createGlpk() };
const results = [];
for (const backend of ['highs', 'glpk']) {
  const verifier = await createVerifier({ backend, workers: 1, cacheSize: 0 });
  for (const [name, make] of Object.entries(cases)) {
    const times = { 'highs-js': [], 'glpk-js': [], bare: [] };
    for (let round = -1; round < rounds; round++) {
      for (const dialect of ['highs-js', 'glpk-js']) {
        const programs = Array.from({ length: count }, (_, i) => ({
          dialect,
          code: dialectByName(dialect).render(make(1000 * (round + 2) + i)),
        }));
        const time = await timed(async () => {
          const outcomes = await Promise.all(programs.map((program) => verifier.verify(program)));
          if (outcomes.some(({ status }) => status !== 'optimal')) throw new Error('a benchmark program did not solve');
        });
        if (round >= 0) times[dialect].push(time);
      }
      const models = Array.from({ length: count }, (_, i) => make(1000 * (round + 2) + i));
      const bare = await timed(() => {
        for (const one of models) solvers[backend].solve(one, { timeLimitMs: 5000 });
      });
      if (round >= 0) times.bare.push(bare);
    }
    for (const [what, list] of Object.entries(times)) {
      const cpu = median(list.map((time) => time.cpu));
      const wall = median(list.map((time) => time.wall));
      results.push({
        model: name,
        backend,
        what,
        cpuMs: Number(cpu.toFixed(2)),
        wallMs: Number(wall.toFixed(2)),
        load: Number(loadavg()[0].toFixed(1)),
      });
    }
  }
  await verifier.close();
}
console.log(JSON.stringify(results));
