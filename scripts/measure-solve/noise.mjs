/** Simulators that are wrong, by themselves or as the programs are: what the loop makes of it, against no simulators and against discarding. */
import * as evom from '../../dist/index.js';
import { randomStream } from '../../dist/lib/random.js';
import { createScriptedPolicy } from '../../dist/policy/scripted-policy.js';
import { simulatorConsistency, usableSimulators } from '../../dist/solve/index.js';
import { glpk, highs, limits, mean, percent, problemsOf, say } from './common.mjs';

const numPrograms = 8;
const numSimulators = 4;
const END = 0x10ffff;
const [dialect, simulatorDialect] = ['highs-js', 'simulator-js'].map(evom.dialectByName);
const fenced = (code) => `\`\`\`js\n${code}\n\`\`\``;

/** Two wrong models of a problem with other optima than its own: the one that programs misread, and another. */
function misreadings({ model, answer }) {
  const changed = [
    ...model.constraints.map((_, i) => ({ ...model, constraints: model.constraints.filter((__, k) => k !== i) })),
    ...model.variables.map((_, j) => ({
      ...model,
      variables: model.variables.map((v, k) => (k === j ? { ...v, cost: v.cost * 1.3 } : v)),
    })),
  ];
  const differs = (other) => {
    const { status, objective } = highs.solve(other, limits);
    return status === 'optimal' && Math.abs(objective - answer) > 1e-3 * Math.abs(answer);
  };
  const wrong = changed.filter(differs);
  return wrong.length < 2 ? null : [wrong[0], wrong.at(-1)];
}

/** A policy that is right as often as it is told, and a simulator writer that is wrong as often, in the same or another way. */
function scripted({ model }, [own, other], { p, q, shared }, draw) {
  const answer = (seed) => {
    const [, , kind, round] = seed.split('/');
    const isRight = randomStream(draw, seed).next() < (kind === 'simulator' ? 1 - q : Math.min(1, p + (round === '0' ? 0 : 0.3)));
    if (kind === 'simulator') return fenced(simulatorDialect.render(isRight ? model : shared ? own : other));
    return fenced(dialect.render(isRight ? model : own));
  };
  return createScriptedPolicy({
    script: (_, seed) => [...[...answer(seed)].map((c) => c.codePointAt(0)), END],
    stopIds: [END],
    vocabSize: END + 1,
  });
}

/** The rule that there was before: a model that more simulators differ from than agree with is discarded, and so are its votes. */
async function byDiscarding(result, parts, { rounds, seed }) {
  const refuted = new Set();
  let samples = result.firstSamples;
  const simulators = result.simulators.map(({ simulator }) => simulator);
  const keyOf = ({ outcome }) => outcome.solves.at(-1)?.modelHash;
  const vote = () => {
    const left = samples.filter((sample) => !refuted.has(keyOf(sample)));
    const consensus = evom.selfConsistent(left.map(({ outcome }) => outcome));
    return consensus === null ? null : left[consensus.representative];
  };
  const first = vote();
  let chosen = first;
  for (let round = 0; ; round++) {
    const [{ agree, differ }] = await evom.simulatorVotes([chosen.outcome], simulators, { verify: parts.verify, seed: 1 });
    if (differ <= agree) return chosen;
    if (round === rounds) return first;
    refuted.add(keyOf(chosen));
    const seeds = Array.from({ length: numPrograms }, (_, k) => `${seed}/solve/program/${round + 1}/${k}`);
    const [completions] = await parts.policy.sample([{ promptIds: Int32Array.of(1), seeds }], {
      temperature: 1,
      topK: 0,
      topP: 1,
      maxTokens: 4000,
    });
    const more = completions.map(({ tokenIds }) => parts.verify(dialect.extract(parts.decode(tokenIds))));
    samples = [...samples, ...(await Promise.all(more)).map((outcome) => ({ outcome }))];
    const next = vote();
    if (next === null) return first;
    chosen = next;
  }
}

export async function measureNoise(values) {
  const problems = problemsOf(values, Number(values.problems ?? 30)).flatMap((problem) => {
    const wrong = misreadings(problem);
    return wrong === null ? [] : [{ problem, wrong }];
  });
  const verifier = await evom.createVerifier({ dialects: ['highs-js', 'simulator-js'], workers: 1 });
  const options = {
    ...{ samples: numPrograms, checks: numSimulators, rounds: 2, seed: 1 },
    sampling: { temperature: 1, topK: 0, topP: 1, maxTokens: 4000 },
    components: { simulator: true, memory: false, bayesRisk: false, selfConsistency: true, record: false },
  };
  const isRight = (value, { answer }) => value !== null && Math.abs(value - answer) <= 1e-6 * Math.max(1, Math.abs(answer));
  say(
    `${problems.length} generated problems, ${numPrograms} programs, ${numSimulators} simulators, 2 rounds; a repair is right with probability P + 0.3`,
  );
  say('P(program right) | simulator errors | rule | no simulator | q = 0 | 0.25 | 0.5 | 0.75 | 1');
  for (const shared of [true, false])
    for (const p of [0.65, 0.35]) {
      const rows = { sources: [], discarding: [] };
      const rewards = { 'by simulators': [], faithful: [] };
      let none = 0;
      for (const q of [0, 0.25, 0.5, 0.75, 1]) {
        const right = { sources: 0, discarding: 0 };
        const paid = { 'by simulators': [], faithful: [] };
        for (const { problem, wrong } of problems) {
          const policy = scripted(problem, wrong, { p, q, shared }, `${values.seed}/${problem.id}/${p}`);
          const parts = {
            ...{ policy, template: 'instruct', dialect, simulatorDialect, backend: 'highs', backends: [highs, glpk], recall: null },
            encode: (messages) => ({ text: '', tokenIds: Int32Array.from([...JSON.stringify(messages)].map((c) => c.codePointAt(0))) }),
            decode: (ids) =>
              [...ids]
                .filter((id) => id !== END)
                .map((id) => String.fromCodePoint(id))
                .join(''),
            verify: (program) => verifier.verify(program),
            now: () => performance.now(),
          };
          const result = await evom.solveProblem(parts, { ...options, question: problem.question });
          right.sources += isRight(result.answer, problem);
          const discarded = await byDiscarding(result, parts, options);
          right.discarding += isRight(discarded?.outcome.objective ?? null, problem);
          const outcomes = result.firstSamples.map(({ outcome }) => outcome);
          const usable = usableSimulators(result.simulators);
          const bySimulators = await simulatorConsistency(outcomes, usable, { verify: parts.verify, seed: 1 });
          const faithful = evom.groupConsistency(problem.question, outcomes, 'faithful');
          for (const [k, { objective }] of outcomes.entries()) {
            paid['by simulators'].push({ right: isRight(objective, problem), reward: bySimulators[k].passed });
            paid.faithful.push({ right: isRight(objective, problem), reward: faithful[k].passed });
          }
          if (q === 0) none += isRight(evom.selfConsistent(result.firstSamples.map(({ outcome }) => outcome))?.value ?? null, problem);
        }
        for (const [rule, all] of Object.entries(paid)) {
          const meanOf = (wanted) => mean(all.filter((one) => one.right === wanted).map(({ reward }) => reward)).toFixed(2);
          rewards[rule].push(`${meanOf(true)} / ${meanOf(false)}`);
        }
        for (const rule of Object.keys(rows)) rows[rule].push(percent(right[rule], problems.length));
      }
      for (const [rule, shares] of Object.entries(rows))
        say([p, shared ? "the programs' own mistake" : 'independent', rule, percent(none, problems.length), ...shares].join(' | '));
      for (const [rule, pairs] of Object.entries(rewards))
        say([p, shared ? "the programs' own mistake" : 'independent', `mean reward right / wrong, ${rule}`, '', ...pairs].join(' | '));
    }
  await verifier.close();
}
