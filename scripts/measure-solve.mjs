/**
 * Measures the parts of `evom solve`, as docs/solve.md reports them.
 *
 *   node scripts/measure-solve.mjs simulator [--problems 120] [--models FILE.jsonl] [--dialect simulator-python --environment .venv-solvers]
 *   node scripts/measure-solve.mjs written   [--problems 100] [--checks 4]   [--policy checkpoints/tiny] [--wordings held_out] [--families a,b]
 *   node scripts/measure-solve.mjs decoding  [--problems 200] [--samples 16] [--checks 8] [--policy checkpoints/tiny] [--wordings seen] [--families a,b]
 *   node scripts/measure-solve.mjs latency   [--problems 20]  [--policy checkpoints/tiny]
 *
 * `simulator`: detection of injected errors and false alarms, with reference simulators. FILE.jsonl holds models as LP text under `lp`.
 * `written`: simulators that a policy writes, against the reference models: how many run, and at how many points they say the same.
 * `decoding`: one sample against self-consistency and minimum Bayes risk on the same samples, with paired tests; with --checks, against the
 * policy's own simulators as well, and against as many more programs as those cost tokens.
 * `latency`: milliseconds of each part of a solve. Run `npm run build` first.
 */
import { readFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import * as evom from '../dist/index.js';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    problems: { type: 'string' },
    samples: { type: 'string', default: '16' },
    policy: { type: 'string', default: 'checkpoints/tiny' },
    wordings: { type: 'string', default: 'seen' },
    difficulties: { type: 'string', default: '1' },
    families: { type: 'string' },
    models: { type: 'string' },
    checks: { type: 'string' },
    seed: { type: 'string', default: '101' },
    dialect: { type: 'string', default: 'simulator-js' },
    environment: { type: 'string', default: '.venv-solvers' },
  },
});
const limits = { timeLimitMs: 5000 };
const highs = await evom.createHighs();
const glpk = await evom.createGlpk();
const solve = (model) => glpk.solve(model, limits);
const say = (line) => process.stdout.write(`${line}\n`);
const percent = (part, whole) => (whole === 0 ? '-' : `${((100 * part) / whole).toFixed(1)} %`);

const problemsOf = (count) => [
  ...evom.generateProblems(
    {
      count,
      seed: Number(values.seed),
      wordings: values.wordings,
      ...(values.families ? { families: values.families.split(',') } : {}),
      difficulties: values.difficulties.split(',').map(Number),
      split: 'test',
      infeasibleShare: 0,
    },
    { solve, crossCheck: (model) => highs.solve(model, limits) },
  ),
];

/** An optimizer's outcome on a model, without the program around it. */
function solvedOutcome(model) {
  const { status, objective, values: point } = highs.solve(model, limits);
  const solution = point === null ? null : Object.fromEntries(model.variables.map((v, j) => [v.name, point[j]]));
  return {
    ...evom.emptyOutcome(status === 'error' ? 'runtime_error' : status, { dialect: 'highs-js', backend: 'highs' }),
    objective,
    solution,
    model,
  };
}

const classOf = {
  drop: 'missing constraint',
  cost: 'wrong coefficient',
  entry: 'wrong coefficient',
  side: 'wrong coefficient',
  sense: 'wrong sense',
  integrality: 'wrong type',
};

/** The first models of a file that are small enough for thousands of solves, and have an optimum. */
function modelsIn(path, wanted) {
  const found = [];
  for (const line of readFileSync(path, 'utf8').trim().split('\n')) {
    const model = evom.parseLp(JSON.parse(line).lp);
    const entries = model.constraints.reduce((sum, row) => sum + row.columns.length, 0);
    if (entries <= 60 && solvedOutcome(model).status === 'optimal') found.push(model);
    if (found.length === wanted) break;
  }
  return found;
}

/** Runs simulators of the chosen dialect: in the sandbox, or on a solver host in this process. */
async function simulatorRunner() {
  if (values.dialect !== 'simulator-python') {
    const verifier = await evom.createVerifier({ dialects: [values.dialect], workers: 1 });
    return { verify: (program) => verifier.verify(program), close: () => verifier.close() };
  }
  const host = await evom.SolverHost.create({
    dialects: [values.dialect],
    python: join(values.environment, 'bin', 'python'),
    scripts: fileURLToPath(new URL('solver-host', import.meta.url)),
    version: 'measure',
  });
  return { verify: (program) => host.execute(program), close: () => host.close() };
}

async function measureSimulator() {
  const simulator = evom.dialectByName(values.dialect);
  const { verify, close } = await simulatorRunner();
  const wanted = Number(values.problems ?? 100);
  const models = values.models ? modelsIn(values.models, wanted) : problemsOf(wanted).map(({ model }) => model);
  const rows = {};
  const right = { checked: 0, alarms: [0, 0, 0] };
  const began = process.cpuUsage();
  let runs = 0;
  for (const model of models) {
    const program = { dialect: simulator.name, code: simulator.render(model) };
    const validate = async (outcome, level) => {
      runs += 1;
      const options = { verify, probes: level > 0, ...(level > 1 ? { solve: (m) => highs.solve(m, limits) } : {}) };
      return (await evom.validateBySimulator(outcome, program, options)).type;
    };
    const own = solvedOutcome(model);
    const levels = [await validate(own, 0), await validate(own, 1), await validate(own, 2)];
    if (levels[0] !== 'unchecked') right.checked += 1;
    for (const [level, type] of levels.entries()) right.alarms[level] += type === 'inconsistent';
    for (const mutation of evom.mutations(model)) {
      const name = classOf[mutation.type];
      rows[name] ??= { injected: 0, noSolution: 0, visible: 0, optimum: 0, optimumVisible: 0, probes: 0, extremes: 0, extremesVisible: 0 };
      const row = rows[name];
      const changed = mutation.models[0];
      if (evom.identicalModels(changed, model)) continue; // a change that changes nothing, such as dropping a row that stands twice
      const outcome = solvedOutcome(changed);
      row.injected += 1;
      if (outcome.solution === null) {
        row.noSolution += 1;
        continue;
      }
      const isVisible = Math.abs(outcome.objective - own.objective) > 1e-6 * (1 + Math.abs(own.objective));
      const found = (await validate(outcome, 0)) === 'inconsistent';
      row.visible += isVisible;
      row.optimum += found;
      row.optimumVisible += found && isVisible;
      row.probes += (await validate(outcome, 1)) === 'inconsistent';
      const foundAtAll = (await validate(outcome, 2)) === 'inconsistent';
      row.extremes += foundAtAll;
      row.extremesVisible += foundAtAll && isVisible;
    }
  }
  const cpu = process.cpuUsage(began);
  say(`${models.length} models, ${right.checked} right programs checked`);
  say(
    `false alarms: ${right.alarms[0]} at the optimum, ${right.alarms[1]} with points around it, ${right.alarms[2]} with the edges of rows`,
  );
  say(
    'injected | number | no solution | found at the optimum | with points around it | with edges of rows | where the optimum changed: at it | at all points',
  );
  for (const [name, r] of Object.entries(rows)) {
    const rest = r.injected - r.noSolution;
    say(
      `${name} | ${r.injected} | ${r.noSolution} | ${percent(r.optimum, rest)} | ${percent(r.probes, rest)} | ${percent(r.extremes, rest)} | ${percent(r.optimumVisible, r.visible)} of ${r.visible} | ${percent(r.extremesVisible, r.visible)}`,
    );
  }
  say(`${runs} simulator runs, ${((cpu.user + cpu.system) / 1000 / runs).toFixed(2)} CPU-ms each, all included`);
  await close();
}

/** What a policy writes when asked `count` times, by problem, in the order of the seeds. */
async function sampledTexts({ tokenizer, policy }, problems, dialect, count) {
  const requests = problems.map(({ id, question }) => ({
    promptIds: tokenizer.encodeChat(evom.buildPrompt('bare', question, dialect)).tokenIds,
    seeds: Array.from({ length: count }, (_, k) => `measure/${id}/${dialect.name === 'highs-js' ? '' : `${dialect.name}/`}${k}`),
  }));
  const completions = await policy.sample(requests, { temperature: 1, topK: 0, topP: 1, maxTokens: 200 });
  return completions.map((group) => group.map(({ tokenIds }) => ({ text: tokenizer.decode(tokenIds), numTokens: tokenIds.length })));
}

const closeTo = (a, b) => a !== null && Math.abs(a - b) <= 1e-6 + 1e-6 * Math.abs(b);

async function measureWritten() {
  const problems = problemsOf(Number(values.problems ?? 100));
  const parts = await openPolicy();
  const dialect = evom.dialectByName('simulator-js');
  const groups = await sampledTexts(parts, problems, dialect, Number(values.checks ?? 4));
  const verify = (program) => parts.verifier.verify(program);
  const total = { written: 0, runs: 0, names: 0, sense: 0, optimum: 0, feasible: 0, all: 0 };
  for (const [p, { model }] of problems.entries()) {
    const own = solvedOutcome(model);
    const names = model.variables.map(({ name }) => name);
    const probes = evom.probePoints(
      model,
      names.map((name) => own.solution[name]),
      'written',
    );
    const truth = probes.map((point) => evom.evaluatePoint(model, point));
    const isFeasible = truth.map(({ violation, fraction }) => Math.max(violation, fraction) <= 1e-7);
    const points = probes.map((point) => Object.fromEntries(names.map((name, j) => [name, point[j]])));
    for (const { text } of groups[p]) {
      total.written += 1;
      const program = dialect.extract(text);
      const run = program === null ? null : await evom.simulate(program, points, verify);
      if (run?.type !== 'ran') continue;
      total.runs += 1;
      if (run.simulations.some(({ missing }) => missing.length > 0)) continue;
      total.names += 1;
      total.sense += run.goal === model.sense;
      const saysSo = ({ objective, broken }, i) => closeTo(objective, truth[i].objective) && broken.length === 0;
      total.optimum += saysSo(run.simulations[0], 0);
      total.feasible += run.simulations.every((one, i) => !isFeasible[i] || saysSo(one, i));
      const validation = await evom.validateBySimulator(own, program, { verify, solve: (m) => highs.solve(m, limits) });
      total.all += validation.type === 'consistent';
    }
  }
  const { written } = total;
  say(
    `${problems.length} problems (${values.wordings} wordings, difficulty ${values.difficulties}), ${written} simulators of ${values.policy}, T=1`,
  );
  say(`run | ${percent(total.runs, written)}`);
  say(`ask for the names of the reference model | ${percent(total.names, written)}`);
  say(`sense right | ${percent(total.sense, written)}`);
  say(`right at the optimum | ${percent(total.optimum, written)}`);
  say(`right at all feasible points | ${percent(total.feasible, written)}`);
  say(`right at all points, edges of rows included | ${percent(total.all, written)}`);
  await parts.policy.close();
  await parts.verifier.close();
}

async function openPolicy() {
  const [tokenizer, policy, verifier] = await Promise.all([
    evom.loadTokenizer(values.policy),
    evom.createOnnxPolicy({ directory: values.policy, threads: Math.min(2, cpus().length) }),
    evom.createVerifier({ dialects: ['highs-js', 'simulator-js'], workers: 1 }),
  ]);
  return { tokenizer, policy, verifier };
}

async function measureDecoding() {
  const problems = problemsOf(Number(values.problems ?? 200));
  const numSamples = Number(values.samples);
  const { tokenizer, policy, verifier } = await openPolicy();
  const dialect = evom.dialectByName('highs-js');
  const requests = problems.map(({ id, question }) => ({
    promptIds: tokenizer.encodeChat(evom.buildPrompt('bare', question, dialect)).tokenIds,
    seeds: Array.from({ length: numSamples }, (_, k) => `measure/${id}/${k}`),
  }));
  const completions = await policy.sample(requests, { temperature: 1, topK: 0, topP: 1, maxTokens: 160 });
  const isRight = (answer, objective) => objective !== null && Math.abs(objective - answer) <= 1e-6 * (Math.abs(answer) + 1);
  const names = [
    'one sample',
    'self-consistency',
    'minimum Bayes risk, whole',
    'minimum Bayes risk, by component',
    'self-consistency, then risk',
    'self-consistency, votes by text',
    'by text alone',
  ];
  const value = Object.fromEntries(names.map((name) => [name, []]));
  const identical = Object.fromEntries(names.map((name) => [name, []]));
  const confidences = [];
  for (const [p, problem] of problems.entries()) {
    const outcomes = await Promise.all(
      completions[p].map(async ({ tokenIds }) => {
        const program = dialect.extract(tokenizer.decode(tokenIds));
        return program === null ? evom.emptyOutcome('no_program', { dialect: 'highs-js', backend: 'highs' }) : verifier.verify(program);
      }),
    );
    const note = (name, ok, same) => {
      value[name].push(Number(ok));
      identical[name].push(Number(same));
    };
    const isSame = (model) => model !== null && evom.identicalModels(model, problem.model);
    const mean = (of) => outcomes.filter(of).length / outcomes.length;
    note(
      'one sample',
      mean((o) => isRight(problem.answer, o.objective)),
      mean((o) => isSame(o.model)),
    );
    const consensus = evom.selfConsistent(outcomes);
    const shown = consensus === null ? null : outcomes[consensus.representative];
    note('self-consistency', isRight(problem.answer, consensus?.value ?? null), isSame(shown?.model ?? null));
    if (consensus?.kind === 'optimal')
      confidences.push({ share: consensus.members.length / outcomes.length, right: isRight(problem.answer, consensus.value) });
    const leastRisky = (all) => {
      const solved = all.filter((o) => o.model !== null);
      const choice = evom.minimumBayesRisk(solved.map((o) => evom.extractionOfModel(o.model)));
      if (choice === null) return { whole: null, record: null };
      const best = choice.risks.reduce((b, risk, i) => (risk < choice.risks[b] - 1e-12 ? i : b), 0);
      return { whole: solved[best], record: evom.modelOfExtraction(choice.extraction) };
    };
    const { whole, record } = leastRisky(outcomes);
    note('minimum Bayes risk, whole', isRight(problem.answer, whole?.objective ?? null), isSame(whole?.model ?? null));
    note(
      'minimum Bayes risk, by component',
      record !== null && isRight(problem.answer, highs.solve(record, limits).objective),
      isSame(record),
    );
    const weights = outcomes.map((o) => evom.textShare(problem.question, o));
    const weighted = evom.selfConsistent(outcomes, { weights });
    note(
      'self-consistency, votes by text',
      isRight(problem.answer, weighted?.value ?? null),
      isSame(outcomes[weighted?.representative ?? 0].model),
    );
    const best = outcomes[weights.reduce((b, w, i) => (w > weights[b] ? i : b), 0)];
    note('by text alone', isRight(problem.answer, best.objective), isSame(best.model));
    const inCluster = leastRisky(consensus === null ? [] : consensus.members.map((i) => outcomes[i])).whole;
    note(
      'self-consistency, then risk',
      isRight(problem.answer, inCluster?.objective ?? consensus?.value ?? null),
      isSame(inCluster?.model ?? null),
    );
  }
  const mean = (list) => list.reduce((sum, x) => sum + x, 0) / list.length;
  say(
    `${problems.length} problems (${values.wordings} wordings, difficulty ${values.difficulties}) x ${numSamples} samples of ${values.policy}, T=1`,
  );
  say('method | right optimum | change, p | identical model | change, p');
  for (const name of names) {
    const test = (list) => evom.pairedPermutationTest(list[name], list['one sample'], { seed: 1 });
    const [v, m] = [test(value), test(identical)];
    const shownTest = ({ meanDifference, pValue }) =>
      name === 'one sample' ? '' : `${(100 * meanDifference).toFixed(1)} points, ${pValue.toFixed(4)}`;
    say(
      `${name} | ${(100 * mean(value[name])).toFixed(1)} % | ${shownTest(v)} | ${(100 * mean(identical[name])).toFixed(1)} % | ${shownTest(m)}`,
    );
  }
  say('confidence (share of samples) | answers | right');
  for (const [low, high] of [
    [0, 0.25],
    [0.25, 0.5],
    [0.5, 0.75],
    [0.75, 1.01],
  ]) {
    const bin = confidences.filter(({ share }) => share >= low && share < high);
    say(`${low} to ${Math.min(1, high)} | ${bin.length} | ${percent(bin.filter(({ right }) => right).length, bin.length)}`);
  }
  await policy.close();
  await verifier.close();
}

async function measureLatency() {
  const problems = problemsOf(Number(values.problems ?? 20));
  const { tokenizer, policy, verifier } = await openPolicy();
  const parts = {
    policy,
    decode: (ids) => tokenizer.decode(ids),
    encode: (messages) => tokenizer.encodeChat(messages),
    verify: (program) => verifier.verify(program),
    template: 'bare',
    dialect: evom.dialectByName('highs-js'),
    simulatorDialect: evom.dialectByName('simulator-js'),
    backend: 'highs',
    backends: [highs, glpk],
    recall: null,
    now: () => performance.now(),
  };
  const times = {};
  const add = (name, ms) => {
    times[name] ??= [];
    times[name].push(ms);
  };
  for (const { question, id, model } of problems) {
    const began = performance.now();
    const result = await evom.solveProblem(parts, {
      question,
      samples: Number(values.samples),
      checks: 4,
      sampling: { temperature: 1, topK: 0, topP: 1, maxTokens: null },
      rounds: 2,
      components: { simulator: true, memory: true, bayesRisk: true, selfConsistency: true },
      seed: id,
    });
    add('whole solve', performance.now() - began);
    for (const [name, ms] of Object.entries(result.timesMs)) add(name, ms);
    const timed = async (name, work) => {
      const start = performance.now();
      await work();
      add(name, performance.now() - start);
    };
    const outcomes = result.samples.map(({ outcome }) => outcome);
    await timed('self-consistency', () => evom.selfConsistent(outcomes));
    await timed('minimum Bayes risk', () =>
      evom.minimumBayesRisk(outcomes.flatMap((o) => (o.model ? [evom.extractionOfModel(o.model)] : []))),
    );
    const own = solvedOutcome(model);
    const program = { dialect: 'simulator-js', code: evom.dialectByName('simulator-js').render(model) };
    await timed('one simulator, all points', () => evom.validateBySimulator(own, program, { verify: parts.verify, seed: id }));
    await timed('the same again, remembered', () =>
      evom.validateBySimulator(own, program, { verify: parts.verify, seed: id, solve: (m) => highs.solve(m, limits) }),
    );
  }
  say(`median milliseconds of ${problems.length} problems, load ${loadavg()[0].toFixed(1)} on ${cpus().length} cores`);
  for (const [name, list] of Object.entries(times)) {
    const sorted = [...list].sort((a, b) => a - b);
    say(`${name} | ${sorted[Math.floor(sorted.length / 2)].toFixed(1)} | worst ${sorted.at(-1).toFixed(1)}`);
  }
  await policy.close();
  await verifier.close();
}

const measures = { simulator: measureSimulator, written: measureWritten, decoding: measureDecoding, latency: measureLatency };
const measure = measures[positionals[0]];
if (measure === undefined) {
  process.stderr.write(`usage: node scripts/measure-solve.mjs ${Object.keys(measures).join('|')} [options]\n`);
  process.exit(2);
}
await measure();
highs.close();
glpk.close();
