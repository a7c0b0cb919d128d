/**
 * Long runs of one verifier with hostile programs in between: every good program right, the same outcomes in every pass, memory flat.
 *
 *   node scripts/soak.mjs [--passes 4] [--count 10000] [--workers 2] [--backend highs]
 *
 * One program in fifty is one of `test/sandbox/hostile.ts`, in turn; the others are linear and integer programs in both dialects, each
 * with numbers of its own, whose optimum a solver outside the sandbox knows. Prints memory on the way and a summary; exits with 1 when
 * anything is wrong.
 *
 * Memory is flat when all of `flat` below holds: of what is in use at the end of each pass, after a collection of garbage in every thread, and
 * of what the system has given to the process (resident memory), which holds garbage and what the C allocator keeps for later too.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import ts from 'typescript';
import { buildIfNeeded } from './build-if-needed.mjs';
import { threadMemory } from './soak/thread-memory.mjs';

const root = join(import.meta.dirname, '..');
if (globalThis.gc === undefined) {
  const flags = ['--expose-gc', '--import', join(root, 'scripts/soak/thread-memory.mjs')];
  const { status } = spawnSync(process.execPath, [...flags, import.meta.filename, ...process.argv.slice(2)], { stdio: 'inherit' });
  process.exit(status ?? 1);
}
buildIfNeeded();
const { dialectByName } = await import('../dist/dialects/registry.js');
const { createBackend } = await import('../dist/solvers/registry.js');
const { createVerifier } = await import('../dist/verify/verifier.js');

const { values: options } = parseArgs({
  options: {
    passes: { type: 'string', default: '4' },
    count: { type: 'string', default: '10000' },
    workers: { type: 'string', default: '2' },
    backend: { type: 'string', default: 'highs' },
  },
});
const [passes, count, workers] = [options.passes, options.count, options.workers].map(Number);
/**
 * Shares by which memory may exceed what it is compared with. The first pass warms everything up and is compared with nothing.
 *
 * JavaScript's heap is the same from pass to pass but for compiled code. A WebAssembly memory never shrinks, and a hard model may have grown a
 * solver's by some MB when a pass ends. Resident memory goes up and down with garbage.
 */
const flat = {
  /** JavaScript's heaps after each pass, with those after the first. */
  heap: 0.05,
  /** Heaps and what they keep outside, with those after the first. */
  inUse: 0.1,
  /** The median of resident memory in a pass, with that of the pass before, from the third on. */
  resident: 0.1,
};
/** One program in this many is hostile. */
const every = 50;
const hostile = await hostilePrograms();
const solver = await createBackend(options.backend);

async function hostilePrograms() {
  const directory = mkdtempSync(join(tmpdir(), 'evom-soak-'));
  const source = readFileSync(join(root, 'test/sandbox/hostile.ts'), 'utf8');
  const { outputText } = ts.transpileModule(source, { compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 } });
  writeFileSync(join(directory, 'hostile.mjs'), outputText);
  const { hostilePrograms: programs } = await import(join(directory, 'hostile.mjs'));
  rmSync(directory, { recursive: true });
  return programs;
}

/** A production-like model whose numbers depend on `seed`. */
function model(seed) {
  const numVariables = 3 + (seed % 9);
  return {
    sense: 'max',
    offset: 0,
    variables: Array.from({ length: numVariables }, (_, j) => ({
      name: `item${j}`,
      lower: 0,
      upper: 20 + j,
      integer: seed % 3 === 0,
      cost: 11 + ((7 * j + seed) % 31),
    })),
    constraints: Array.from({ length: 3 }, (_, i) => ({
      name: `c${i}`,
      lower: -Infinity,
      upper: 100 + 13 * i + (seed % 997),
      columns: Array.from({ length: numVariables }, (_, j) => j),
      coefficients: Array.from({ length: numVariables }, (_, j) => 3 + ((5 * i + 11 * j + seed) % 23)),
    })),
  };
}

function program(i) {
  if (i % every === every - 1) {
    const { name, code, dialect, status } = hostile[Math.floor(i / every) % hostile.length];
    return { name, program: { dialect: dialect ?? 'highs-js', code }, isRight: (outcome) => status.includes(outcome.status) };
  }
  const one = model(i);
  const dialect = i % 2 === 0 ? 'highs-js' : 'glpk-js';
  const { objective } = solver.solve(one, { timeLimitMs: 10_000 });
  const isRight = (outcome) =>
    outcome.status === 'optimal' && Math.abs(outcome.objective - objective) <= 1e-6 * Math.max(1, Math.abs(objective));
  return { name: `model ${i}`, program: { dialect, code: dialectByName(dialect).render(one) }, isRight };
}

const mb = (bytes) => Math.round(bytes / 1e5) / 10;
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
const sum = (values) => values.reduce((total, value) => total + value, 0);

/** Least squares, in MB per 10,000 programs, over all passes but the first. */
function slope(values) {
  const points = values.slice(1).map((value, i) => [(i * count) / 10_000, value]);
  if (points.length < 2) return null;
  const [meanX, meanY] = [0, 1].map((axis) => sum(points.map((point) => point[axis])) / points.length);
  return mb(sum(points.map(([x, y]) => (x - meanX) * (y - meanY))) / sum(points.map(([x]) => (x - meanX) ** 2)));
}

/** Each outcome's hash in the first pass; null where a clock decided it. */
const digests = [];
const digestOf = (outcome) => (outcome.wallLimited ? null : createHash('sha256').update(JSON.stringify(outcome)).digest('base64'));

/** Runs all programs in waves, so that what waits stays small, and compares the outcomes with those of the first pass. */
async function pass(verifier, number) {
  const found = { wrong: [], differing: [], decidedByAClock: 0, resident: [] };
  const cpuStart = process.cpuUsage();
  const start = performance.now();
  const wave = 200;
  for (let from = 0; from < count; from += wave) {
    const jobs = Array.from({ length: Math.min(wave, count - from) }, (_, k) => program(from + k));
    const outcomes = await Promise.all(jobs.map((job) => verifier.verify(job.program)));
    for (const [k, outcome] of outcomes.entries()) {
      const { name, isRight } = jobs[k];
      if (!isRight(outcome)) found.wrong.push(`${name}: ${outcome.status} ${outcome.objective ?? ''} ${outcome.error?.message ?? ''}`);
      const digest = digestOf(outcome);
      if (digest === null) found.decidedByAClock += 1;
      if (number === 1) digests.push(digest);
      else if (digest !== null && digests[from + k] !== null && digest !== digests[from + k]) found.differing.push(name);
    }
    found.resident.push(process.memoryUsage.rss());
    if ((from + wave) % Math.max(wave, Math.round(count / 10)) < wave)
      console.error(`pass ${number}: ${from + wave}/${count}  RSS ${mb(found.resident.at(-1))} MB  load ${loadavg()[0].toFixed(1)}`);
  }
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpuStart);
  // Good programs replace the interpreters that the last hostile ones have grown.
  await Promise.all(Array.from({ length: 40 * workers }, (_, i) => verifier.verify({ dialect: 'highs-js', code: `report(${i});` })));
  const threads = await threadMemory(workers);
  const heap = sum(threads.map((thread) => thread.heap));
  const inUse = heap + sum(threads.map((thread) => thread.external));
  console.error(
    `pass ${number}: in use ${threads.map((thread) => `${mb(thread.heap)}+${mb(thread.external)}`).join(', ')} MB (heap+outside, each thread)`,
  );
  return { ...found, heap, inUse, seconds, cpuMs: (user + system) / 1000 / count };
}

const limits = { ticks: 150, maxOutputChars: 8192, cpuMs: 3000, solverMs: 3000, nodes: 5000, hardMs: 1500, memoryMb: 32 };
const verifier = await createVerifier({ workers, backend: options.backend, cacheSize: 0, limits });
const results = [];
for (let number = 1; number <= passes; number++) results.push(await pass(verifier, number));
const { workersReplaced, instancesRecycled, requeued, infraErrors } = verifier.stats();
await verifier.close();

const series = {
  heap: results.map(({ heap }) => heap),
  inUse: results.map(({ inUse }) => inUse),
  resident: results.map(({ resident }) => median(resident)),
};
/** Passes whose memory is above what it is compared with. */
const above = (values, share, before) =>
  values.flatMap((value, i) => (before(i) !== undefined && value > (1 + share) * before(i) ? [i + 1] : []));
const risen = {
  heap: above(series.heap, flat.heap, () => series.heap[0]),
  inUse: above(series.inUse, flat.inUse, () => series.inUse[0]),
  resident: above(series.resident, flat.resident, (i) => (i < 2 ? undefined : series.resident[i - 1])),
};
const summary = {
  programs: count,
  passes,
  hostile: Math.floor(count / every),
  wrong: results.flatMap(({ wrong }) => wrong),
  differingFromTheFirstPass: results.flatMap(({ differing }) => differing),
  decidedByAClock: results.map(({ decidedByAClock }) => decidedByAClock),
  memoryMb: {
    heap: series.heap.map(mb),
    inUse: series.inUse.map(mb),
    residentMedian: series.resident.map(mb),
    residentLeast: results.map(({ resident }) => mb(resident.reduce((least, bytes) => Math.min(least, bytes)))),
    residentMost: results.map(({ resident }) => mb(resident.reduce((most, bytes) => Math.max(most, bytes)))),
  },
  slopeMbPer10000Programs: { heap: slope(series.heap), inUse: slope(series.inUse), resident: slope(series.resident) },
  passesInWhichMemoryRose: risen,
  workersReplaced,
  interpretersReplaced: instancesRecycled,
  requeued,
  infraErrors,
  cpuMsPerProgram: results.map(({ cpuMs }) => Number(cpuMs.toFixed(2))),
  seconds: results.map(({ seconds }) => Math.round(seconds)),
};
console.log(JSON.stringify(summary, null, 2));
const isFlat = Object.values(risen).every((list) => list.length === 0);
if (summary.wrong.length > 0 || summary.differingFromTheFirstPass.length > 0 || !isFlat) process.exit(1);
