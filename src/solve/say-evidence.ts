/** What each component says about the chosen answer. */
import type { LinearModel } from '../core/linear-model.ts';
import type { Outcome } from '../core/outcome.ts';
import { type Extraction, extractionOfModel } from '../decode/extraction.ts';
import { minimumBayesRisk } from '../decode/minimum-bayes-risk.ts';
import { answerKindOf } from '../decode/self-consistency.ts';
import { identicalModels } from '../modeling/identical.ts';
import type { ForeignNumbers } from '../reward/literals.ts';
import { countedSamples, type SampledProgram } from './candidates.ts';
import { type Choice, isClose, keyOf } from './choose.ts';
import type { Say } from './component-evidence.ts';
import type { Reading } from './read-problem.ts';
import { sampleAgreement } from './sample-agreement.ts';
import type { SimulatorTest } from './simulator-tests.ts';
import type { SolveOptions, SolveParts } from './solve-parts.ts';
import { textShare } from './text-share.ts';
import { isRefuted, type Validation } from './validate.ts';

export function saySelfConsistency(
  chosen: Choice | null,
  samples: readonly SampledProgram[],
  { components }: SolveOptions,
  say: Say,
): void {
  if (!components.selfConsistency) return;
  if (chosen === null || chosen.kind === 'error') {
    const statuses = new Map<string, number>();
    for (const { outcome } of samples) statuses.set(outcome.status, (statuses.get(outcome.status) ?? 0) + 1);
    say('self_consistency', 'contradicts', `no sample reached an answer: ${[...statuses].map(([name, n]) => `${name} ${n}`).join(', ')}`);
    return;
  }
  const numCounted = countedSamples(samples).length;
  const majority = 2 * chosen.agreeing > numCounted;
  const same = samples.filter(
    ({ outcome }) => answerKindOf(outcome.status) === chosen.kind && (chosen.value === null || isClose(outcome.objective, chosen.value)),
  );
  const models = new Set(same.map(keyOf)).size;
  say(
    'self_consistency',
    majority ? 'supports' : 'silent',
    `${chosen.agreeing} of ${numCounted} samples give this answer, by ${models === 1 ? 'one model up to names' : `${models} models that differ by more than names`}`,
  );
}

/** Whether the record says what the program's model says, or, without records, whether the captured models do. */
export function sayBayesRisk(
  samples: readonly SampledProgram[],
  reading: Reading,
  record: SampledProgram | null,
  chosen: Choice | null,
  { components }: SolveOptions,
  say: Say,
): Extraction | null {
  const { winner, records } = reading;
  const from = components.bayesRisk ? 'minimum_bayes_risk' : 'record';
  const model = chosen?.sample.outcome.model ?? null;
  if (winner !== null) {
    if (record === null)
      say(
        from,
        'silent',
        reading.model === null ? 'the record is not a linear model, so it has no vote' : 'a fault of ours kept the record from a verdict',
      );
    else if (model === null || chosen === null) return winner;
    else if (reading.model !== null && identicalModels(reading.model, model))
      say(from, 'supports', `the record, picked from ${records.length}, is this model`);
    else if (isClose(record.outcome.objective, chosen.value) && record.outcome.status === chosen.sample.outcome.status)
      say(from, 'supports', `the record, picked from ${records.length} and solved, gives this answer by another model`);
    else
      say(
        from,
        'contradicts',
        `the record, picked from ${records.length} and solved, gives ${record.outcome.objective === null ? record.outcome.status : shortNumber(record.outcome.objective)}`,
      );
    return winner;
  }
  const models = samples.flatMap(({ outcome }) => (outcome.model === null ? [] : [outcome.model]));
  const choice = minimumBayesRisk(models.map(extractionOfModel));
  if (choice === null || model === null) return choice?.extraction ?? null;
  const consensus = models[choice.order[0] ?? 0];
  if (consensus !== undefined && identicalModels(consensus, model))
    say('minimum_bayes_risk', 'supports', `of ${models.length} captured models this is the one least unlike the others`);
  else say('minimum_bayes_risk', 'contradicts', `of ${models.length} captured models another one is least unlike the others`);
  return choice.extraction;
}

const shortNumber = (value: number): string => String(Number(value.toPrecision(9)));

export function saySimulators(
  {
    numAsked,
    numWritten,
    tests,
    validations,
    round,
  }: {
    readonly numAsked: number;
    readonly numWritten: number;
    readonly tests: readonly SimulatorTest[];
    readonly validations: readonly Validation[];
    readonly round: number;
  },
  say: Say,
): void {
  if (numAsked === 0) return;
  const of = (type: Validation['type']) => validations.filter((v) => v.type === type);
  const [agree, differ, unchecked] = [of('consistent'), of('inconsistent'), of('unchecked')];
  const repairs = round > 0 ? ` after ${round} repair${round > 1 ? 's' : ''}` : '';
  const out = tests.filter(({ fault }) => fault !== null);
  const kept = out.length === 0 ? '' : `; ${out.length} of ${numWritten} kept out, the first since ${out[0]?.fault}`;
  if (agree.length + differ.length === 0) {
    const [first] = unchecked;
    const why = numWritten === 0 ? 'it wrote none' : first?.type === 'unchecked' ? first.reason : (out[0]?.fault ?? 'there is no answer');
    say('simulator', 'silent', `asked for ${numAsked}, none could check the answer: ${why}`);
    return;
  }
  const isTested = tests.some(({ fault, numTests }) => fault === null && numTests !== null);
  const passed = isTested ? 'that pass their own tests' : 'that run, none with tests of its own,';
  const counts = `${agree.length} of ${agree.length + differ.length} simulators ${passed} agree${repairs}${kept}`;
  const [first] = differ;
  if (first?.type === 'inconsistent' && isRefuted(validations))
    say('simulator', 'contradicts', `${counts}; ${first.discrepancies[0]?.message ?? ''}`);
  else say('simulator', agree.length > differ.length ? 'supports' : 'silent', counts); // a tie says nothing
}

export function sayAgreement({ model, solution }: Outcome, samples: readonly SampledProgram[], { seed }: SolveOptions, say: Say): void {
  if (model === null || solution === null) return;
  const own = samples.find(({ outcome }) => outcome.model === model);
  const others = new Map<string, LinearModel>();
  for (const sample of samples)
    if (sample.outcome.model !== null && own !== undefined && keyOf(sample) !== keyOf(own)) others.set(keyOf(sample), sample.outcome.model);
  if (others.size === 0) {
    say('sample_agreement', 'silent', 'no sample has another model to compare with');
    return;
  }
  const { numModels, agreeAtOptimum, agreeEverywhere } = sampleAgreement(model, solution, [...others.values()], seed);
  if (numModels === 0) say('sample_agreement', 'silent', `none of ${others.size} other models has the same variables`);
  else
    say(
      'sample_agreement',
      2 * agreeEverywhere > numModels ? 'supports' : 'silent',
      `of ${numModels} other models of the same variables, ${agreeAtOptimum} value the solution the same and allow it, ${agreeEverywhere} also all points around it`,
    );
}

/** At most this many of anything is listed. */
const mostListed = 6;
const listed = (items: readonly string[]): string =>
  `${items.slice(0, mostListed).join(', ')}${items.length > mostListed ? ` and ${items.length - mostListed} more` : ''}`;

export function sayText(
  outcome: Outcome,
  { unused, foreign }: { readonly unused: readonly number[]; readonly foreign: readonly ForeignNumbers[] },
  { question }: SolveOptions,
  say: Say,
): void {
  const share = textShare(question, outcome);
  const parts = [
    `the numbers of text and model go together by ${Math.round(100 * share)} %`,
    ...(unused.length > 0 ? [`unused numbers: ${listed(unused.map(String))}`] : []),
    ...(foreign.length > 0
      ? [`not in the text: ${listed(foreign.map(({ where, numbers }) => `${listed(numbers.map(String))} (${where})`))}`]
      : []),
  ];
  say('text', share === 1 ? 'supports' : 'silent', parts.join('; '));
}

export function sayCrossSolve(parts: SolveParts, outcome: Outcome, model: LinearModel, say: Say): void {
  const other = parts.backends.find(({ name }) => name !== parts.backend);
  if (other === undefined) return;
  const solution = other.solve(model, { timeLimitMs: 4000 });
  if (solution.status === outcome.status && isClose(solution.objective, outcome.objective))
    say(
      'cross_solve',
      'supports',
      outcome.objective === null
        ? `${other.name} too finds this model ${outcome.status}`
        : `${other.name} finds the same optimum of this model`,
    );
  else if (solution.status === 'time_limit' || solution.status === 'error')
    say('cross_solve', 'silent', `${other.name} gave no verdict: ${solution.message ?? solution.status}`);
  else
    say(
      'cross_solve',
      'contradicts',
      `${other.name} says ${solution.status} ${solution.objective ?? ''}, ${outcome.backend} says ${outcome.status} ${outcome.objective ?? ''}`,
    );
}
