/** What several systems have published for the same problems, as several samples. */
import { readFileSync } from 'node:fs';
import * as evom from '../../dist/index.js';
import { mean, percent, say } from './common.mjs';

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
async function recordedSystems(values) {
  const { csvRecords } = await import('../../dist/lib/csv-records.js');
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

export async function measureRecorded(values) {
  const { choose } = await import('../../dist/solve/choose.js');
  // As `evom solve` votes: where most systems failed, those that did not.
  const solved = (outcomes) => {
    const samples = outcomes.map((outcome) => ({ program: null, outcome }));
    return choose({ samples, record: null, doubts: null }, { components: { selfConsistency: true, bayesRisk: false } });
  };
  const systems = await recordedSystems(values);
  const indices = [...systems[0].byIndex.keys()].filter((i) => systems.every(({ byIndex }) => byIndex.has(i)));
  const isRight = (value, label) => Number(value !== null && value !== undefined && Math.abs(value - label) <= 1e-4 * Math.abs(label));
  const right = Object.fromEntries(
    [...systems.map(({ name }) => name), 'one system', 'statuses by majority, failures too', 'self-consistency', 'some system'].map(
      (name) => [name, []],
    ),
  );
  const confidences = [];
  for (const i of indices) {
    const { label } = systems[0].byIndex.get(i);
    const outcomes = systems.map(({ byIndex }) => byIndex.get(i).outcome);
    const each = outcomes.map(({ objective }) => isRight(objective, label));
    for (const [k, { name }] of systems.entries()) right[name].push(each[k]);
    right['one system'].push(mean(each));
    right['some system'].push(each.reduce((most, value) => Math.max(most, value), -Infinity));
    // Of equal votes the first stands: every system is put first once.
    const orders = outcomes.map((_, k) => [...outcomes.slice(k), ...outcomes.slice(0, k)]);
    const rightBy = (vote) => mean(orders.map((order) => isRight(vote(order)?.value, label)));
    right['statuses by majority, failures too'].push(rightBy(evom.selfConsistent));
    right['self-consistency'].push(rightBy(solved));
    const vote = solved(outcomes);
    if (vote?.kind === 'optimal') confidences.push({ share: vote.agreeing / outcomes.length, right: isRight(vote.value, label) });
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
