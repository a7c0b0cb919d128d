/**
 * Long runs of the verifier with hostile programs in between: every good program right, memory flat, the same outcomes on a repeat.
 *
 *   node scripts/soak.mjs [--count 10000] [--workers 2] [--backend highs]
 *
 * One program in fifty is one of `test/sandbox/hostile.ts`, in turn; the others are linear and integer programs in both dialects, each
 * with numbers of its own, whose optimum a solver outside the sandbox knows. Prints memory each tenth of the way and a summary; exits
 * with 1 when anything is wrong.
 */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import ts from 'typescript';
import { buildIfNeeded } from './build-if-needed.mjs';

const root = join(import.meta.dirname, '..');
buildIfNeeded();
const { dialectByName } = await import('../dist/dialects/registry.js');
const { createBackend } = await import('../dist/solvers/registry.js');
const { createVerifier } = await import('../dist/verify/verifier.js');

const { values: options } = parseArgs({
  options: {
    count: { type: 'string', default: '10000' },
    workers: { type: 'string', default: '2' },
    backend: { type: 'string', default: 'highs' },
  },
});
const count = Number(options.count);
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

/** Runs all programs in waves, so that what waits stays small. @returns a hash of every outcome that no clock decided */
async function pass(title) {
  const limits = { ticks: 150, maxOutputChars: 8192, cpuMs: 3000, solverMs: 3000, nodes: 5000, hardMs: 1500, memoryMb: 32 };
  const verifier = await createVerifier({ workers: Number(options.workers), backend: options.backend, cacheSize: 0, limits });
  const digests = [];
  const wrong = [];
  const memory = [];
  const cpuStart = process.cpuUsage();
  const start = performance.now();
  const wave = 200;
  for (let from = 0; from < count; from += wave) {
    const jobs = Array.from({ length: Math.min(wave, count - from) }, (_, k) => program(from + k));
    const outcomes = await Promise.all(jobs.map((job) => verifier.verify(job.program)));
    for (const [k, outcome] of outcomes.entries()) {
      if (!jobs[k].isRight(outcome))
        wrong.push(`${jobs[k].name}: ${outcome.status} ${outcome.objective ?? ''} ${outcome.error?.message ?? ''}`);
      digests.push(outcome.wallLimited ? null : createHash('sha256').update(JSON.stringify(outcome)).digest('hex'));
    }
    if ((from + wave) % Math.max(wave, Math.round(count / 10)) < wave) {
      memory.push(Math.round(process.memoryUsage.rss() / 1024 / 1024));
      console.error(`${title} ${from + wave}/${count}  RSS ${memory.at(-1)} MB  load ${loadavg()[0].toFixed(1)}`);
    }
  }
  const { user, system } = process.cpuUsage(cpuStart);
  const stats = verifier.stats();
  await verifier.close();
  return { digests, wrong, memory, stats, seconds: (performance.now() - start) / 1000, cpuMs: (user + system) / 1000 / count };
}

const first = await pass('first');
const second = await pass('repeat');
const differing = first.digests.filter((digest, i) => digest !== null && second.digests[i] !== null && digest !== second.digests[i]).length;
const clocked = [first, second].map(({ digests }) => digests.filter((digest) => digest === null).length);
const summary = {
  programs: count,
  hostile: Math.floor(count / every),
  wrong: [...first.wrong, ...second.wrong],
  differingOnRepeat: differing,
  decidedByAClock: clocked,
  rssMb: { first: first.memory, repeat: second.memory },
  workersReplaced: [first.stats.workersReplaced, second.stats.workersReplaced],
  interpretersReplaced: [first.stats.instancesRecycled, second.stats.instancesRecycled],
  requeued: [first.stats.requeued, second.stats.requeued],
  infraErrors: [first.stats.infraErrors, second.stats.infraErrors],
  cpuMsPerProgram: [first.cpuMs, second.cpuMs].map((ms) => Number(ms.toFixed(2))),
  seconds: [first.seconds, second.seconds].map(Math.round),
};
console.log(JSON.stringify(summary, null, 2));
// Memory goes up and down with workers and engines that are replaced; a leak would lift the repeat over the first pass.
const isFlat = Math.max(...second.memory) < Math.max(...first.memory) + 50;
if (summary.wrong.length > 0 || differing > 0 || !isFlat) process.exit(1);
