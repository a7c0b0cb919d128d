/**
 * Random small models against proofs: is any verdict of evom's backends wrong?
 *
 *   node scripts/fuzz-solvers.mjs [--seed 1] [--count 200000] [--kinds totals,open,...] [--seconds 3600] [--workers 2]
 *     [--log fuzz.jsonl] [--backends highs,glpk] [--environment .venv-solvers | --no-highspy] [--root .]
 *
 * Each model goes to the backends and to highspy with and without presolve, and is proven by enumeration or by branch and bound in exact
 * arithmetic (`scripts/fuzz-solvers/`). A wrong verdict is one that a proof contradicts by more than 1e-6; its model is made small and
 * printed as LP text. With `--log` each finished stretch is a line of that file, and the same command goes on behind the last one.
 * `--root` asks the build of another checkout. Ends with one line of JSON; exit code 1 when evom was wrong, 2 when time ran out first.
 */
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { kinds } from './fuzz-solvers/kinds.mjs';

const stretchLength = 100;
/** A solver may be this long at one model before its thread is ended; their own limit is 0.5 s. */
const patienceMs = 20_000;
const maxShrunkPerStretch = 3;
const maxListed = 50;

const { values: args } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '200000' },
    kinds: { type: 'string', default: kinds.join(',') },
    seconds: { type: 'string', default: 'Infinity' },
    workers: { type: 'string', default: '2' },
    log: { type: 'string' },
    backends: { type: 'string', default: 'highs,glpk' },
    environment: { type: 'string', default: process.env.EVOM_SOLVER_ENVIRONMENT ?? '.venv-solvers' },
    'no-highspy': { type: 'boolean', default: false },
    root: { type: 'string', default: join(import.meta.dirname, '..') },
  },
});
const seed = Number(args.seed);
const chosen = args.kinds.split(',');
const unknown = chosen.filter((kind) => !kinds.includes(kind));
if (unknown.length > 0) fail(`unknown kind ${unknown.join(', ')}; known are ${kinds.join(', ')}`);
const python = resolve(args.environment, 'bin/python');
if (!args['no-highspy'] && !existsSync(python))
  fail(
    `there is no Python at ${python}; make one with "evom solver-host --setup .venv-solvers", name it by --environment, or leave highspy out by --no-highspy`,
  );
const highspy = args['no-highspy'] ? null : { python, script: join(import.meta.dirname, 'fuzz_solvers.py') };
const backends = args.backends.split(',');

function fail(message) {
  console.error(message);
  process.exit(3);
}

/** Stretches of all kinds in turn, so that a run cut short has seen each kind. */
function stretches() {
  const perKind = Math.ceil(Number(args.count) / chosen.length);
  const list = [];
  for (let from = 0; from < perKind; from += stretchLength)
    for (const kind of chosen)
      list.push({ kind, from, to: Math.min(perKind, from + stretchLength), skip: [], maxShrunk: maxShrunkPerStretch });
  return list;
}

const keyOf = ({ kind, from, to }) => `${kind} ${from} ${to}`;
/** What a log's lines have to agree in. */
const setting = JSON.stringify({ seed, backends, highspy: highspy !== null });

/** Results of an earlier run; a last line that was cut off is taken out of the file. */
function readLog() {
  if (args.log === undefined || !existsSync(args.log)) return [];
  const text = readFileSync(args.log, 'utf8');
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  if (whole !== text) writeFileSync(args.log, whole);
  const results = whole
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
  const other = results.find((result) => result.setting !== setting);
  if (other !== undefined) fail(`${args.log} is of ${other.setting}, not of ${setting}; choose another --log`);
  return results;
}

const results = readLog();
const done = new Set(results.map(keyOf));
const waiting = stretches().filter((task) => !done.has(keyOf(task)));
const total = waiting.length;
const began = performance.now();
const endsAt = began + 1000 * Number(args.seconds);
const hung = [];
let versions = {};
let finished = 0;

function record(result) {
  results.push(result);
  finished += 1;
  if (args.log !== undefined) appendFileSync(args.log, `${JSON.stringify({ ...result, setting })}\n`);
  for (const { kind, index, solver, said, proven, lp } of result.failures)
    console.error(
      `\n${solver} is wrong about ${kind} ${index} (seed ${seed}): it says ${said.join(' ')}, proven is ${proven.join(' ')}\n${lp}`,
    );
  const seconds = (performance.now() - began) / 1000;
  const models = finished * stretchLength;
  if (finished % 20 === 0) console.error(`${finished}/${total} stretches, ${Math.round(models / seconds)} models/s`);
}

/** One lane: a thread that works through tasks; a thread that hangs is ended, and its task goes on without the culprit. */
function lane() {
  return new Promise((resolveLane, rejectLane) => {
    const heartbeat = new Int32Array(new SharedArrayBuffer(16));
    const worker = new Worker(new URL('./fuzz-solvers/worker.mjs', import.meta.url), {
      workerData: { seed, root: args.root, backends, highspy, heartbeat },
    });
    let task = null;
    let [beat, since] = [0, performance.now()];
    const next = () => {
      task = performance.now() < endsAt ? (waiting.shift() ?? null) : null;
      since = performance.now();
      worker.postMessage(task);
    };
    const watch = setInterval(() => {
      const now = Atomics.load(heartbeat, 3);
      if (now !== beat) [beat, since] = [now, performance.now()];
      else if (task !== null && performance.now() - since > patienceMs) void replace();
    }, 1000);
    const replace = async () => {
      clearInterval(watch);
      const culprit = { index: heartbeat[0], solver: heartbeat[1] };
      hung.push({ kind: task.kind, index: culprit.index, solver: [...backends, 'highspy', 'proof'][culprit.solver] });
      // A proof or a shrinking that hangs is repeated without shrinking.
      waiting.unshift({ ...task, skip: [...task.skip, culprit], maxShrunk: 0 });
      task = null;
      worker.removeAllListeners('exit');
      await worker.terminate();
      if (heartbeat[2] > 0) process.kill(heartbeat[2], 'SIGKILL');
      resolveLane(lane());
    };
    worker.on('message', (message) => {
      if (message.type === 'failed') {
        clearInterval(watch);
        rejectLane(new Error(message.message));
        return;
      }
      if (message.type === 'ready') versions = message.versions;
      else record(message.result);
      next();
    });
    worker.on('error', rejectLane);
    worker.on('exit', () => {
      clearInterval(watch);
      if (task === null) resolveLane();
    });
  });
}

const add = (into, from) => {
  for (const [key, value] of Object.entries(from)) {
    if (typeof value === 'number') into[key] = (into[key] ?? 0) + value;
    else {
      into[key] ??= {};
      add(into[key], value);
    }
  }
};

function summary() {
  const byKind = {};
  for (const { kind, models, truth, proofs, points, solvers } of results) {
    byKind[kind] ??= {};
    add(byKind[kind], { models, truth, proofs, points, solvers });
  }
  const wrong = {};
  for (const { solvers } of Object.values(byKind))
    for (const [name, { wrong: number }] of Object.entries(solvers)) wrong[name] = (wrong[name] ?? 0) + number;
  const models = results.reduce((sum, r) => sum + r.models, 0);
  const failures = results.flatMap((r) => r.failures);
  const seconds = Math.round((performance.now() - began) / 100) / 10;
  return {
    seed,
    models,
    complete: waiting.length === 0,
    seconds,
    versions,
    wrong,
    hung,
    kinds: byKind,
    failures: failures.slice(0, maxListed),
    moreFailures: Math.max(0, failures.length - maxListed),
  };
}

await Promise.all(Array.from({ length: Math.min(Number(args.workers), Math.max(1, total)) }, lane));
const report = summary();
console.log(JSON.stringify(report));
process.exitCode = backends.some((name) => report.wrong[name] > 0) ? 1 : report.complete ? 0 : 2;
