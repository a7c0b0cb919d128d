/** What is right of one sample, of votes, of minimum Bayes risk and of simulators, on the same samples. */
import * as evom from '../../dist/index.js';
import { mean, openPolicy, percent, problemsOf, sampledTexts, say, sum } from './common.mjs';

/** Programs run: an outcome for each text. */
const outcomesOf = (verifier, dialect, texts) =>
  Promise.all(
    texts.map(({ text }) => {
      const program = dialect.extract(text);
      return program === null ? evom.emptyOutcome('no_program', { dialect: dialect.name, backend: 'highs' }) : verifier.verify(program);
    }),
  );

/** The outcome whose model is least unlike the others'. */
function leastRisky(outcomes) {
  const solved = outcomes.filter((o) => o.model !== null);
  const choice = evom.minimumBayesRisk(solved.map((o) => evom.extractionOfModel(o.model)));
  if (choice === null) return null;
  return solved[choice.order[0]];
}

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

export async function measureDecoding(values) {
  const problems = problemsOf(values, Number(values.problems ?? 200));
  const numSamples = Number(values.samples);
  const numChecks = Number(values.checks ?? 0);
  const parts = await openPolicy(values);
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
  const verdicts = { 'more agree': [], 'as many, or none can tell': [], 'more differ': [] };
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
    note('minimum Bayes risk over captured models', leastRisky(outcomes));
    const inCluster = leastRisky(consensus === null ? [] : consensus.members.map((i) => outcomes[i]));
    scores.note('self-consistency, then risk', problem, inCluster?.objective ?? consensus?.value, inCluster?.model);
    const told = outcomes.map((o) => evom.textShare(problem.question, o));
    consensusOf('self-consistency, votes by text', outcomes, told);
    note('by text alone', outcomes[told.reduce((b, w, i) => (w > told[b] ? i : b), 0)]);
    if (simulators === null) continue;
    const checks = simulators[p].flatMap(({ text }) => simulatorDialect.extract(text) ?? []);
    const votes = await evom.simulatorVotes(outcomes, checks, { verify, seed: problem.id });
    if (consensus?.kind === 'optimal') {
      const { agree, differ } = votes[consensus.representative];
      const verdict = agree > differ ? 'more agree' : agree < differ ? 'more differ' : 'as many, or none can tell';
      verdicts[verdict].push(confidences.at(-1).right);
    }
    const most = votes.reduce((most, { agree }) => Math.max(most, agree), -Infinity);
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
    const shown = leastRisky(together === null ? [] : together.members.map((i) => outcomes[i]));
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
  if (simulators !== null) {
    say('simulators on the answer of self-consistency | answers | right');
    for (const [name, rights] of Object.entries(verdicts))
      say(`${name} | ${rights.length} | ${percent(rights.filter(Boolean).length, rights.length)}`);
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
