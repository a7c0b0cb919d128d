/**
 * Programs a second of 1, 2 and 4 real solver hosts on this machine, beside what the simulation says of them (docs/lab/scale.md).
 * Needs `npm run build` and `evom solver-host --setup .venv-solvers`.
 *
 *   node scripts/measure-hosts.mjs [--kind wait|work] [--hosts 1,2,4] [--slots 2] [--programs 60] [--rounds 3] [--sleep 0.5]
 *
 * `wait`: each program sleeps before its small linear program, so that slots limit. `work`: small integer programs, so that cores limit.
 * The run with one host gives the simulation what it cannot know: processor seconds of a program, and how many other threads want the
 * cores; the runs with more are predicted. Rounds take turns; medians. Prints one JSON line.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { largest, smallest } from '../dist/lib/extremes.js';
import { createRemoteVerifier } from '../dist/solver-host/remote-verifier.js';
import { startHost } from './local-hosts.mjs';
import { simulateHosts } from './simulate-scale/hosts.mjs';

const root = join(import.meta.dirname, '..');
const { values: args } = parseArgs({
  options: {
    kind: { type: 'string', default: 'wait' },
    hosts: { type: 'string', default: '1,2,4' },
    slots: { type: 'string', default: '2' },
    programs: { type: 'string', default: '60' },
    rounds: { type: 'string', default: '3' },
    sleep: { type: 'string', default: '0.5' },
    environment: { type: 'string', default: join(root, '.venv-solvers') },
  },
});
const counts = args.hosts.split(',').map(Number);
const [slots, numPrograms, rounds] = [args.slots, args.programs, args.rounds].map(Number);
const sleepS = args.kind === 'wait' ? Number(args.sleep) : 0;
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

let written = 0;
/** No two are equal: equal programs are run once. */
function nextProgram() {
  const n = ++written;
  return {
    dialect: 'gurobipy',
    code: [
      'import gurobipy as gp, time',
      `time.sleep(${sleepS})`,
      'm = gp.Model()',
      `x = m.addVars(3, ub=40, obj=[${11 + (n % 31)}, ${12 + (n % 29)}, 17], vtype="${sleepS > 0 ? 'C' : 'I'}")`,
      `m.addConstrs(gp.quicksum((3 + (5 * i + 11 * j + ${n}) % 23) * x[j] for j in range(3)) <= ${300 + n} + 13 * i for i in range(3))`,
      'm.ModelSense = -1',
      'm.optimize()',
    ].join('\n'),
  };
}

/** Processor seconds so far of a process and all below it, the ended ones included. */
function processorS(pid) {
  const stats = new Map();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const fields = readFileSync(`/proc/${entry}/stat`, 'utf8').split(') ')[1].split(' ');
      stats.set(Number(entry), { parent: Number(fields[1]), ticks: fields.slice(11, 15).reduce((sum, one) => sum + Number(one), 0) });
    } catch {
      // it ended meanwhile
    }
  }
  const below = (id) =>
    [...stats].filter(([, { parent }]) => parent === id).reduce((sum, [child]) => sum + below(child), stats.get(id)?.ticks ?? 0);
  return below(pid) / 100;
}

const hosts = await Promise.all(
  Array.from({ length: largest(counts) }, () => startHost('gurobipy', args.environment, ['--concurrency', `gurobipy=${slots}`])),
);
const usedByHosts = () => hosts.reduce((sum, { child }) => sum + processorS(child.pid), 0);

async function measure(count, number) {
  const verifier = await createRemoteVerifier({ hosts: hosts.slice(0, count).map(({ url }) => url), dialects: ['gurobipy'], cacheSize: 1 });
  const programs = Array.from({ length: number }, nextProgram);
  const before = { hosts: usedByHosts(), client: process.cpuUsage(), at: performance.now() };
  const outcomes = await Promise.all(programs.map((program) => verifier.verify(program)));
  const seconds = (performance.now() - before.at) / 1000;
  const { user, system } = process.cpuUsage(before.client);
  const used = usedByHosts() - before.hosts;
  await verifier.close();
  const wrong = outcomes.find(({ status }) => status !== 'optimal');
  if (wrong !== undefined) throw new Error(`${wrong.status} ${JSON.stringify(wrong.error)}`);
  return { rate: number / seconds, worksS: used / number, clientS: (user + system) / 1e6 / number };
}

const found = new Map(counts.map((count) => [count, []]));
await measure(largest(counts), 4 * largest(counts)); // warm-up
for (let round = 0; round < rounds; round++) for (const count of counts) found.get(count).push(await measure(count, numPrograms * count));
for (const { child } of hosts) child.kill('SIGTERM');

const cores = availableParallelism();
const one = found.get(1);
const [worksS, clientS] = [median(one.map((run) => run.worksS)), median(one.map((run) => run.clientS))];
const simulated = (count, others) =>
  simulateHosts({
    programs: Array.from({ length: numPrograms * count }, () => ({ arrives: 0, waits: sleepS, works: worksS })),
    ...{ hosts: count, slots, machine: { cores, others }, areTogether: true, clientS },
  }).programsPerSecond;
// So many others that one host is as fast as it was.
let [few, many] = [0, 1000];
const wanted = median(one.map((run) => run.rate));
for (let i = 0; i < 40; i++) {
  const middle = (few + many) / 2;
  if (simulated(1, middle) > wanted) few = middle;
  else many = middle;
}
const rows = counts.map((count) => {
  const measured = median(found.get(count).map((run) => run.rate));
  const predicted = simulated(count, few);
  const rates = found.get(count).map((run) => run.rate);
  return { hosts: count, measured, least: smallest(rates), most: largest(rates), predicted, distance: predicted / measured - 1 };
});
console.log(JSON.stringify({ kind: args.kind, slots, sleepS, worksS, clientS, cores, others: few, load: loadavg()[0], rows }));
