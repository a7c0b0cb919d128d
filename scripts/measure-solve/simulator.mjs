/** Detection of injected errors and false alarms, with reference simulators. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as evom from '../../dist/index.js';
import { highs, limits, percent, problemsOf, say, solvedOutcome } from './common.mjs';

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
async function simulatorRunner(values) {
  if (values.dialect !== 'simulator-python') {
    const verifier = await evom.createVerifier({ dialects: [values.dialect], workers: 1 });
    return { verify: (program) => verifier.verify(program), close: () => verifier.close() };
  }
  const host = await evom.SolverHost.create({
    dialects: [values.dialect],
    python: join(values.environment, 'bin', 'python'),
    scripts: fileURLToPath(new URL('../solver-host', import.meta.url)),
    version: 'measure',
  });
  return { verify: (program) => host.execute(program), close: () => host.close() };
}

export async function measureSimulator(values) {
  const simulator = evom.dialectByName(values.dialect);
  const { verify, close } = await simulatorRunner(values);
  const wanted = Number(values.problems ?? 100);
  const models = values.models ? modelsIn(values.models, wanted) : problemsOf(values, wanted).map(({ model }) => model);
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
