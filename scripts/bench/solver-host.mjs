/**
 * Programs a processor second on a solver host, beside one fresh Python process a program, in interleaved rounds of one run; and whether
 * memory stays flat. Needs `npm run build` and `evom solver-host --setup .venv-solvers`.
 *
 *   node scripts/bench/solver-host.mjs [--dialects gurobipy,coptpy,ortools] [--rounds 3] [--programs 200] [--fresh 10] [--soak 5000]
 *
 * The host's share is everything it uses: Node with its resolver threads, the fork servers and their children. Prints one JSON line.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { dialectByName } from '../../dist/dialects/registry.js';
import { SolverHost } from '../../dist/solver-host/solver-host.js';

const root = join(import.meta.dirname, '..', '..');
const { values: args } = parseArgs({
  options: {
    dialects: { type: 'string', default: 'gurobipy,coptpy,ortools' },
    environment: { type: 'string', default: join(root, '.venv-solvers') },
    rounds: { type: 'string', default: '3' },
    programs: { type: 'string', default: '200' },
    fresh: { type: 'string', default: '10' },
    soak: { type: 'string', default: '0' },
  },
});
const python = join(args.environment, 'bin', 'python');
const [rounds, count, numFresh, soak] = [args.rounds, args.programs, args.fresh, args.soak].map(Number);
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

/** A small production model with whole numbers, of the size that the benchmarks of the field have; no two are equal. */
const model = (seed) => ({
  sense: 'max',
  offset: 0,
  variables: ['desks', 'chairs', 'shelves'].map((name, j) => ({
    name,
    lower: 0,
    upper: 40,
    integer: true,
    cost: 11 + ((7 * j + seed) % 31),
  })),
  constraints: [0, 1, 2].map((i) => ({
    name: `c${i}`,
    lower: -Infinity,
    upper: 300 + 13 * i + (seed % 97),
    columns: [0, 1, 2],
    coefficients: [0, 1, 2].map((j) => 3 + ((5 * i + 11 * j + seed) % 23)),
  })),
});

/** Processor milliseconds of a process and of the children it waited for. */
function processMs(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return fields.slice(11, 15).reduce((sum, ticks) => sum + 10 * Number(ticks), 0);
}
/** Processor milliseconds of a host so far: of Node with its resolver threads, and of the fork servers with their children. */
const hostMs = (host) => {
  const { user, system } = process.cpuUsage();
  return { node: (user + system) / 1000, children: host.pids.reduce((sum, pid) => sum + processMs(pid), 0) };
};
const rssMb = (pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;

async function runOn(host, dialect, from, number) {
  const render = dialectByName(dialect).render;
  const outcomes = await Promise.all(Array.from({ length: number }, (_, k) => host.execute({ dialect, code: render(model(from + k)) })));
  const wrong = outcomes.find((outcome) => outcome.status !== 'optimal' || outcome.library?.resolved !== true);
  if (wrong !== undefined) throw new Error(`${dialect}: ${wrong.status} ${JSON.stringify(wrong.error)}`);
}

const scratch = mkdtempSync(join(tmpdir(), 'evom-bench-'));
const results = [];
let seed = 0;
for (const dialect of args.dialects.split(',')) {
  const host = await SolverHost.create({ dialects: [dialect], python, scripts: join(root, 'scripts', 'solver-host'), version: 'bench' });
  const files = Array.from({ length: numFresh }, (_, k) => join(scratch, `${dialect}-${k}.py`));
  for (const [k, file] of files.entries()) writeFileSync(file, dialectByName(dialect).render(model(k)));
  const times = { host: [], node: [], fresh: [] };
  for (let round = -1; round < rounds; round++) {
    const before = hostMs(host);
    await runOn(host, dialect, seed, count);
    seed += count;
    const after = hostMs(host);
    const node = (after.node - before.node) / count;
    const hosted = node + (after.children - before.children) / count;
    const fresh = Number(execFileSync(python, [join(import.meta.dirname, 'fresh_process.py'), ...files], { encoding: 'utf8' }));
    if (round < 0) continue; // warm-up
    times.host.push(hosted);
    times.node.push(node);
    times.fresh.push(fresh);
  }
  const [hosted, fresh] = [median(times.host), median(times.fresh)];
  const row = {
    dialect,
    hostMs: hosted,
    nodeMs: median(times.node),
    programsPerCpuSecond: 1000 / hosted,
    freshMs: fresh,
    timesLess: fresh / hosted,
    load: loadavg()[0],
  };
  if (soak > 0) {
    row.rssMb = [];
    for (let done = 0; done <= soak; done += 1000) {
      row.rssMb.push({
        programs: done,
        node: Math.round(rssMb('self')),
        forkServers: Math.round(host.pids.reduce((sum, pid) => sum + rssMb(pid), 0)),
      });
      for (let k = 0; k < 1000 && done < soak; k += 250) {
        await runOn(host, dialect, seed, 250);
        seed += 250;
      }
    }
  }
  results.push(row);
  await host.close();
}
rmSync(scratch, { recursive: true });
console.log(JSON.stringify(results));
