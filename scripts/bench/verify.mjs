/**
 * Processor time of a verified program: a 10-variable LP and an NL4OPT-size MIP (3 variables) in each dialect, one sandbox worker, no
 * cache; alone, and judged and audited (solved again by the other backend, numbers traced to the text); beside the bare solve of the same
 * model and a fresh Python process with scipy's HiGHS a program, in interleaved rounds of one run. Needs `npm run build` first.
 *
 *   node scripts/bench/verify.mjs [--rounds 5] [--count 300] [--python PATH] [--processes 4]
 *
 * Prints one JSON line: medians of the rounds. Rounds of warm-up come first: V8 compiles the solvers' and the interpreter's hot functions
 * while they run, which is over after some thousand programs.
 */
import { spawnSync } from 'node:child_process';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { dialectByName } from '../../dist/dialects/registry.js';
import { judgeOutcome } from '../../dist/reward/judge.js';
import { rewardPresets, scoreOutcome } from '../../dist/reward/reward.js';
import { createGlpk } from '../../dist/solvers/glpk.js';
import { createHighs } from '../../dist/solvers/highs.js';
import { createAuditor } from '../../dist/verify/evidence/auditor.js';
import { createVerifier } from '../../dist/verify/verifier.js';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    count: { type: 'string', default: '300' },
    python: { type: 'string', default: '' },
    processes: { type: 'string', default: '4' },
  },
});
const [rounds, count, processes] = [options.rounds, options.count, options.processes].map(Number);
const warmUp = 3;

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
const cases = { 'LP, 10 variables': (seed) => model(10, false, seed), 'MIP, 3 variables': (seed) => model(3, true, seed) };

/** The text of the problem: its numbers, as an audit traces them. */
const questionOf = ({ variables, constraints }) =>
  `Profits ${variables.map((v) => `${v.cost} at most ${v.upper}`).join(', ')}. ${constraints.map((c) => `Of ${c.upper}: ${c.coefficients.join(', ')}.`).join(' ')}`;

/** What a model would write against scipy. */
const scipyProgram = ({ variables, constraints }) => `import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
c = np.array(${JSON.stringify(variables.map((v) => v.cost))})
A = np.array(${JSON.stringify(constraints.map((row) => row.coefficients))})
result = milp(-c, constraints=LinearConstraint(A, ub=${JSON.stringify(constraints.map((row) => row.upper))}),
              bounds=Bounds(0, ${JSON.stringify(variables.map((v) => v.upper))}), integrality=${JSON.stringify(variables.map((v) => (v.integer ? 1 : 0)))})
print("Optimal" if result.success else result.message)
print(-result.fun)`;

async function timed(work) {
  const cpu = process.cpuUsage();
  const start = performance.now();
  await work();
  const { user, system } = process.cpuUsage(cpu);
  return { wall: (performance.now() - start) / count, cpu: (user + system) / 1000 / count };
}

function pythonTimes(models, expected) {
  const script = join(import.meta.dirname, 'solve_process.py');
  const { status, stdout, stderr } = spawnSync(options.python, [script], {
    input: JSON.stringify(models.map(scipyProgram)),
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`scipy programs failed: ${stderr}`);
  const { cpu, wall, answers } = JSON.parse(stdout);
  if (answers.some((answer, i) => Math.abs(answer - expected[i]) > 1e-6 * Math.abs(expected[i]))) throw new Error('scipy disagrees');
  return { cpu, wall };
}

const hasScipy = options.python !== '' && spawnSync(options.python, ['-c', 'import scipy']).status === 0;
if (!hasScipy) console.error('Python processes are left out: no Python with scipy; see scripts/bench.mjs');
const solvers = { highs: await createHighs(), glpk: await createGlpk() };
const parts = {};
for (const backend of ['highs', 'glpk']) {
  parts[backend] = {
    verifier: await createVerifier({ backend, workers: 1, cacheSize: 0 }),
    auditor: await createAuditor({ backend, cacheSize: 0 }),
  };
}
const times = new Map();
const note = (key, time) => times.set(key, [...(times.get(key) ?? []), time]);
for (let round = -warmUp; round < rounds; round++) {
  for (const [name, make] of Object.entries(cases)) {
    const models = Array.from({ length: count }, (_, i) => make(1000 * (round + warmUp) + i));
    for (const backend of ['highs', 'glpk']) {
      const { verifier, auditor } = parts[backend];
      const optima = [];
      const bare = await timed(() => {
        for (const one of models) optima.push(solvers[backend].solve(one, { timeLimitMs: 5000 }).objective);
      });
      const key = (what) => JSON.stringify([name, backend, what]);
      if (round >= 0) note(key('bare solve'), bare);
      for (const dialect of ['highs-js', 'glpk-js']) {
        const programs = models.map((one) => ({ dialect, code: dialectByName(dialect).render(one) }));
        const problems = models.map((one, i) => ({ id: String(i), question: questionOf(one), answer: optima[i], source: 'bench' }));
        for (const audited of [false, true]) {
          const time = await timed(() =>
            Promise.all(
              programs.map(async (program, i) => {
                const outcome = await verifier.verify(program);
                if (outcome.status !== 'optimal') throw new Error('a benchmark program did not solve');
                if (!audited) return;
                const { correct } = judgeOutcome(outcome, problems[i], 'sirl');
                const [evidence] = await auditor.audit([{ outcome, problem: problems[i], correct }]);
                const reward = scoreOutcome({ outcome, problem: problems[i], evidence }, rewardPresets.evom);
                if (reward.value !== 1.1 || evidence.crossSolve?.agrees !== true) throw new Error(`not right: ${JSON.stringify(reward)}`);
              }),
            ),
          );
          if (round >= 0) note(key(audited ? `${dialect}, audited` : dialect), time);
        }
      }
      if (hasScipy && round >= 0 && backend === 'highs') note(key('python process'), pythonTimes(models.slice(0, processes), optima));
    }
  }
}
for (const { verifier, auditor } of Object.values(parts)) await Promise.all([verifier.close(), auditor.close()]);

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
const round2 = (value) => Number(value.toPrecision(3));
const cpuOf = (name, backend, what) => {
  const list = times.get(JSON.stringify([name, backend, what]));
  return list === undefined ? null : median(list.map((time) => time.cpu));
};
const rows = [...times].map(([key, list]) => {
  const [name, backend, what] = JSON.parse(key);
  const cpuMs = median(list.map((time) => time.cpu));
  const [bare, python] = [cpuOf(name, backend, 'bare solve'), cpuOf(name, 'highs', 'python process')];
  return {
    model: name,
    backend,
    what,
    cpuMs: round2(cpuMs),
    perCpuSecond: Math.round(1000 / cpuMs),
    overBareSolve: round2(cpuMs / bare),
    cheaperThanPython: python === null ? null : round2(python / cpuMs),
    load: Number(loadavg()[0].toFixed(1)),
  };
});
console.log(JSON.stringify(rows));
