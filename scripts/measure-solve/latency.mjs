/** Milliseconds of each part of a solve. */
import { cpus, loadavg } from 'node:os';
import * as evom from '../../dist/index.js';
import { glpk, highs, limits, openPolicy, problemsOf, say, solvedOutcome } from './common.mjs';

export async function measureLatency(values) {
  const problems = problemsOf(values, Number(values.problems ?? 20));
  const { tokenizer, policy, verifier } = await openPolicy(values);
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
    await timed('one simulator, at the optimum and around it', () =>
      evom.validateBySimulator(own, program, { verify: parts.verify, seed: id }),
    );
    await timed('the same with the edges of rows', () =>
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
