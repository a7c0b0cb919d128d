/** Simulators that a policy writes, against the reference models. */
import * as evom from '../../dist/index.js';
import { highs, limits, openPolicy, percent, problemsOf, sampledTexts, say, solvedOutcome } from './common.mjs';

const closeTo = (a, b) => a !== null && Math.abs(a - b) <= 1e-6 + 1e-6 * Math.abs(b);

export async function measureWritten(values) {
  const problems = problemsOf(values, Number(values.problems ?? 100));
  const parts = await openPolicy(values);
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
