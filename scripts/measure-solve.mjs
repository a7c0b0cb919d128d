/**
 * Measures the parts of `evom solve`, as docs/solve.md reports them.
 *
 *   node scripts/measure-solve.mjs simulator [--problems 120] [--models FILE.jsonl] [--dialect simulator-python --environment .venv-solvers]
 *   node scripts/measure-solve.mjs written   [--problems 100] [--checks 4]   [--policy checkpoints/tiny] [--wordings held_out] [--families a,b]
 *   node scripts/measure-solve.mjs decoding  [--problems 200] [--samples 16] [--checks 8] [--policy checkpoints/tiny] [--wordings seen] [--families a,b]
 *   node scripts/measure-solve.mjs recorded  --outcomes A.csv --outcomes B.csv ... [--questions FILE.jsonl --executed FILE.jsonl]
 *   node scripts/measure-solve.mjs latency   [--problems 20]  [--policy checkpoints/tiny]
 *
 * `simulator`: detection of injected errors and false alarms, with reference simulators. FILE.jsonl holds models as LP text under `lp`.
 * `written`: simulators that a policy writes, against the reference models: how many run, and at how many points they say the same.
 * `decoding`: one sample against self-consistency and minimum Bayes risk on the same samples, with paired tests; with --checks, against the
 * policy's own simulators as well, and against as many more programs as those cost tokens.
 * `recorded`: what several systems have published for the same problems as several samples: their vote against each of them. CSV files have the
 * columns `index`, `obj_value`, `ground_truth` and `status` or `gurobi_status`; --executed is ORLM's format, matched to --questions by text.
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
    outcomes: { type: 'string', multiple: true, default: [] },
    executed: { type: 'string', multiple: true, default: [] },
    questions: { type: 'string' },
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
async function sampledTexts({ tokenizer, policy }, problems, dialect, count, first = 0) {
  const requests = problems.map(({ id, question }) => ({
    promptIds: tokenizer.encodeChat(evom.buildPrompt('bare', question, dialect)).tokenIds,
    seeds: Array.from({ length: count }, (_, k) => `measure/${id}/${dialect.name === 'highs-js' ? '' : `${dialect.name}/`}${first + k}`),
  }));
  const completions = await policy.sample(requests, { temperature: 1, topK: 0, topP: 1, maxTokens: dialect.isSimulator ? 200 : 160 });
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

/** Programs run: an outcome for each text. */
const outcomesOf = (verifier, dialect, texts) =>
  Promise.all(
    texts.map(({ text }) => {
      const program = dialect.extract(text);
      return program === null ? evom.emptyOutcome('no_program', { dialect: dialect.name, backend: 'highs' }) : verifier.verify(program);
    }),
  );

/** The outcome whose model is least unlike the others', and the model put together from all. */
function leastRisky(outcomes) {
  const solved = outcomes.filter((o) => o.model !== null);
  const choice = evom.minimumBayesRisk(solved.map((o) => evom.extractionOfModel(o.model)));
  if (choice === null) return { whole: null, record: null };
  const best = choice.risks.reduce((b, risk, i) => (risk < choice.risks[b] - 1e-12 ? i : b), 0);
  return { whole: solved[best], record: evom.modelOfExtraction(choice.extraction) };
}

const sum = (list) => list.reduce((total, x) => total + x, 0);
const mean = (list) => sum(list) / list.length;

/** How often each method finds the right optimum, and the identical model, on the same problems. */
class Scores {
  value = {};
  identical = {};
  note(name, { answer, model }, objective, found) {
    const right = objective !== null && objective !== undefined && Math.abs(objective - answer) <= 1e-6 * (Math.abs(answer) + 1);
    this.add(name, Number(right), Number(found !== null && found !== undefined && evom.identicalModels(found, model)));
  }
  /** Of several outcomes that a method cannot tell apart: what a draw among them finds on average. */
  noteMean(name, problem, outcomes) {
    const own = new Scores();
    for (const { objective, model } of outcomes) own.note(name, problem, objective, model);
    this.add(name, mean(own.value[name]), mean(own.identical[name]));
  }
  add(name, value, identical) {
    this.value[name] ??= [];
    this.value[name].push(value);
    this.identical[name] ??= [];
    this.identical[name].push(identical);
  }
  print() {
    say('method | right optimum | change, p | identical model | change, p');
    for (const name of Object.keys(this.value)) {
      const [v, m] = [this.value, this.identical].map((list) => evom.pairedPermutationTest(list[name], list['one sample'], { seed: 1 }));
      const shown = ({ meanDifference, pValue }) =>
        name === 'one sample' ? '' : `${(100 * meanDifference).toFixed(1)} points, ${pValue.toFixed(4)}`;
      const of = (list) => `${(100 * mean(list[name])).toFixed(1)} %`;
      say(`${name} | ${of(this.value)} | ${shown(v)} | ${of(this.identical)} | ${shown(m)}`);
    }
  }
  compare(name, other) {
    const { meanDifference, pValue } = evom.pairedPermutationTest(this.value[name], this.value[other], { seed: 1 });
    say(`${name} against ${other}: ${(100 * meanDifference).toFixed(1)} points, p ${pValue.toFixed(4)}`);
  }
}

async function measureDecoding() {
  const problems = problemsOf(Number(values.problems ?? 200));
  const numSamples = Number(values.samples);
  const numChecks = Number(values.checks ?? 0);
  const parts = await openPolicy();
  const { policy, verifier } = parts;
  const [dialect, simulatorDialect] = ['highs-js', 'simulator-js'].map(evom.dialectByName);
  const programs = await sampledTexts(parts, problems, dialect, numSamples);
  const simulators = numChecks > 0 ? await sampledTexts(parts, problems, simulatorDialect, numChecks) : null;
  // What the simulators cost, spent on programs instead.
  const tokensOf = (groups) => sum(groups.flat().map(({ numTokens }) => numTokens));
  const numMore = simulators === null ? 0 : Math.round((tokensOf(simulators) / tokensOf(programs)) * numSamples);
  const more = numMore > 0 ? await sampledTexts(parts, problems, dialect, numMore, numSamples) : null;
  const scores = new Scores();
  const confidences = [];
  const verify = (program) => verifier.verify(program);
  for (const [p, problem] of problems.entries()) {
    const outcomes = await outcomesOf(verifier, dialect, programs[p]);
    const note = (name, outcome) => scores.note(name, problem, outcome?.objective, outcome?.model);
    const consensusOf = (name, of, weights) => {
      const consensus = evom.selfConsistent(of, weights === undefined ? {} : { weights });
      scores.note(name, problem, consensus?.value, of[consensus?.representative ?? -1]?.model);
      return consensus;
    };
    scores.noteMean('one sample', problem, outcomes);
    const consensus = consensusOf('self-consistency', outcomes);
    if (consensus?.kind === 'optimal') {
      const isRight = Math.abs(consensus.value - problem.answer) <= 1e-6 * (Math.abs(problem.answer) + 1);
      confidences.push({ share: consensus.members.length / outcomes.length, right: isRight });
    }
    const { whole, record } = leastRisky(outcomes);
    note('minimum Bayes risk, whole', whole);
    scores.note('minimum Bayes risk, by component', problem, record === null ? null : highs.solve(record, limits).objective, record);
    const inCluster = leastRisky(consensus === null ? [] : consensus.members.map((i) => outcomes[i])).whole;
    scores.note('self-consistency, then risk', problem, inCluster?.objective ?? consensus?.value, inCluster?.model);
    const told = outcomes.map((o) => evom.textShare(problem.question, o));
    consensusOf('self-consistency, votes by text', outcomes, told);
    note('by text alone', outcomes[told.reduce((b, w, i) => (w > told[b] ? i : b), 0)]);
    if (simulators === null) continue;
    const checks = simulators[p].flatMap(({ text }) => simulatorDialect.extract(text) ?? []);
    const votes = await evom.simulatorVotes(outcomes, checks, { verify, seed: problem.id });
    const most = Math.max(...votes.map(({ agree }) => agree));
    scores.noteMean(
      'by simulators alone',
      problem,
      outcomes.filter((_, i) => votes[i].agree === most),
    );
    const checked = votes.map(evom.simulatorWeight);
    consensusOf('self-consistency, votes by simulators', outcomes, checked);
    const left = outcomes.filter((_, i) => votes[i].differ <= votes[i].agree);
    consensusOf('self-consistency without what simulators refute', left.length > 0 ? left : outcomes);
    const all = checked.map((weight, i) => weight * told[i]);
    const together = evom.selfConsistent(outcomes, { weights: all });
    const shown = leastRisky(together === null ? [] : together.members.map((i) => outcomes[i])).whole;
    scores.note('all together', problem, shown?.objective ?? together?.value, shown?.model);
    const rest = await outcomesOf(verifier, dialect, more[p]);
    consensusOf('self-consistency for the tokens of the simulators', [...outcomes, ...rest]);
  }
  say(
    `${problems.length} problems (${values.wordings} wordings, difficulty ${values.difficulties}) x ${numSamples} samples of ${values.policy}, T=1${simulators === null ? '' : `, ${numChecks} simulators, which cost as many tokens as ${numMore} programs`}`,
  );
  scores.print();
  if (simulators !== null)
    for (const name of [
      'by simulators alone',
      'self-consistency, votes by simulators',
      'self-consistency without what simulators refute',
      'all together',
    ])
      for (const other of ['self-consistency', 'self-consistency for the tokens of the simulators']) scores.compare(name, other);
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

/** Gurobi's codes and names, and evom's. */
const recordedStatus = {
  2: 'optimal',
  OPTIMAL: 'optimal',
  3: 'infeasible',
  INFEASIBLE: 'infeasible',
  4: 'infeasible_or_unbounded',
  INF_OR_UNBD: 'infeasible_or_unbounded',
  5: 'unbounded',
  UNBOUNDED: 'unbounded',
  9: 'time_limit',
  TIME_LIMIT: 'time_limit',
};
const recordedOutcome = (status, value) => ({
  ...evom.emptyOutcome(status, { dialect: '', backend: '' }),
  objective: status === 'optimal' && value !== '' && Number.isFinite(Number(value)) ? Number(value) : null,
});
const jsonLines = (path) =>
  readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

/** One system's outcomes by the problem's index, and the labels that stand beside them. */
async function recordedSystems() {
  const { csvRecords } = await import('../dist/problems/import/csv-records.js');
  const systems = [];
  for (const path of values.outcomes) {
    const byIndex = new Map();
    for await (const { value: row } of csvRecords([readFileSync(path, 'utf8')])) {
      const status = recordedStatus[row.status ?? row.gurobi_status] ?? 'runtime_error';
      byIndex.set(Number(row.index), { outcome: recordedOutcome(status, row.obj_value), label: Number(row.ground_truth) });
    }
    systems.push({ name: path, byIndex });
  }
  const plain = (text) => text.replace(/\W+/g, '').toLowerCase().slice(0, 200);
  for (const path of values.executed) {
    const questions = new Map(
      jsonLines(values.questions).map(({ en_question, en_answer }, i) => [plain(en_question), { i, label: Number(en_answer) }]),
    );
    const byIndex = new Map();
    for (const { en_question, execution_best_solution: best } of jsonLines(path)) {
      const known = questions.get(plain(en_question));
      if (known === undefined) continue;
      const status = best === 'No Best Solution' ? 'infeasible' : best === null ? 'runtime_error' : 'optimal';
      byIndex.set(known.i, { outcome: recordedOutcome(status, best), label: known.label });
    }
    systems.push({ name: path, byIndex });
  }
  return systems;
}

async function measureRecorded() {
  const systems = await recordedSystems();
  const indices = [...systems[0].byIndex.keys()].filter((i) => systems.every(({ byIndex }) => byIndex.has(i)));
  const isRight = (value, label) => Number(value !== null && value !== undefined && Math.abs(value - label) <= 1e-4 * Math.abs(label));
  const right = Object.fromEntries(
    [...systems.map(({ name }) => name), 'one system', 'self-consistency', 'some system'].map((name) => [name, []]),
  );
  const confidences = [];
  for (const i of indices) {
    const { label } = systems[0].byIndex.get(i);
    const outcomes = systems.map(({ byIndex }) => byIndex.get(i).outcome);
    const each = outcomes.map(({ objective }) => isRight(objective, label));
    for (const [k, { name }] of systems.entries()) right[name].push(each[k]);
    right['one system'].push(mean(each));
    right['some system'].push(Math.max(...each));
    // Of equal votes the first stands: every system is put first once.
    const votes = outcomes.map((_, k) => evom.selfConsistent([...outcomes.slice(k), ...outcomes.slice(0, k)]));
    right['self-consistency'].push(mean(votes.map((vote) => isRight(vote?.value, label))));
    const [vote] = votes;
    if (vote?.kind === 'optimal') confidences.push({ share: vote.members.length / outcomes.length, right: isRight(vote.value, label) });
  }
  say(`${indices.length} problems, ${systems.length} systems; right: within 1e-4 of the label`);
  say('system | right | self-consistency against it, p');
  for (const name of Object.keys(right)) {
    const { meanDifference, pValue } = evom.pairedPermutationTest(right['self-consistency'], right[name], { seed: 1 });
    say(
      `${name} | ${(100 * mean(right[name])).toFixed(1)} % | ${name === 'self-consistency' ? '' : `${(100 * meanDifference).toFixed(1)} points, ${pValue.toFixed(4)}`}`,
    );
  }
  say('share of the systems | answers | right');
  for (const share of [...new Set(confidences.map((one) => one.share))].sort()) {
    const bin = confidences.filter((one) => one.share === share);
    say(`${share.toFixed(2)} | ${bin.length} | ${percent(bin.filter(({ right: ok }) => ok).length, bin.length)}`);
  }
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

const measures = {
  simulator: measureSimulator,
  written: measureWritten,
  decoding: measureDecoding,
  recorded: measureRecorded,
  latency: measureLatency,
};
const measure = measures[positionals[0]];
if (measure === undefined) {
  process.stderr.write(`usage: node scripts/measure-solve.mjs ${Object.keys(measures).join('|')} [options]\n`);
  process.exit(2);
}
await measure();
highs.close();
glpk.close();
