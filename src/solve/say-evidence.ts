/** What each component says about the chosen answer. */
import type { LinearModel } from '../core/linear-model.ts';
import type { Outcome } from '../core/outcome.ts';
import { type Extraction, extractionOfModel, modelOfExtraction } from '../decode/extraction.ts';
import { minimumBayesRisk } from '../decode/minimum-bayes-risk.ts';
import { answerKindOf } from '../decode/self-consistency.ts';
import type { PromptTemplate } from '../dialects/prompt.ts';
import { identicalModels } from '../modeling/identical.ts';
import type { ForeignNumbers } from '../reward/literals.ts';
import type { Asked } from './ask.ts';
import { countedSamples, type SampledProgram } from './candidates.ts';
import { type Choice, isClose, keyOf } from './choose.ts';
import type { Say } from './component-evidence.ts';
import { sampleAgreement } from './sample-agreement.ts';
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

/** @returns the record of least risk: of the extractions where the policy writes them, else of the captured models. */
export function sayBayesRisk(
  samples: readonly SampledProgram[],
  extractions: readonly Extraction[],
  chosen: Choice | null,
  template: PromptTemplate,
  say: Say,
): Extraction | null {
  const models = samples.flatMap(({ outcome }) => (outcome.model === null ? [] : [outcome.model]));
  if (template === 'bare')
    say('extraction', 'silent', 'left out: bare prompts have no place for records; these are read off the captured models');
  else if (extractions.length === 0)
    say('extraction', 'silent', 'none of the sampled records passed the schema; records are read off the captured models');
  const records = extractions.length > 0 ? extractions : models.map(extractionOfModel);
  const choice = minimumBayesRisk(records);
  if (choice === null || chosen === null) return null;
  const consensus = modelOfExtraction(choice.extraction);
  const model = chosen.sample.outcome.model;
  if (consensus === null || model === null) return choice.extraction;
  const source = extractions.length > 0 ? `${extractions.length} records` : `${models.length} captured models`;
  const how = choice.isWhole ? 'one of them' : 'put together from several';
  if (identicalModels(consensus, model)) say('minimum_bayes_risk', 'supports', `the consensus of ${source} (${how}) is this model`);
  else say('minimum_bayes_risk', 'contradicts', `the consensus of ${source} (${how}) is another model than this one`);
  return choice.extraction;
}

export function saySimulators(
  { simulators, numSimulators }: Asked,
  validations: readonly Validation[],
  round: number,
  parts: SolveParts,
  { components }: SolveOptions,
  say: Say,
): void {
  if (!components.simulator || parts.simulatorDialect === null || numSimulators === 0) return;
  const of = (type: Validation['type']) => validations.filter((v) => v.type === type);
  const [agree, differ, unchecked] = [of('consistent'), of('inconsistent'), of('unchecked')];
  const repairs = round > 0 ? ` after ${round} repair${round > 1 ? 's' : ''}` : '';
  if (agree.length + differ.length === 0) {
    const [first] = unchecked;
    const why = simulators.length === 0 ? 'it wrote none' : first?.type === 'unchecked' ? first.reason : 'none ran';
    say('simulator', 'silent', `asked for ${numSimulators}, none could check the answer: ${why}`);
    return;
  }
  const counts = `${agree.length} of ${agree.length + differ.length} simulators that run agree${repairs}`;
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
    say('cross_solve', 'supports', `${other.name} finds the same optimum of this model`);
  else if (solution.status === 'time_limit' || solution.status === 'error')
    say('cross_solve', 'silent', `${other.name} gave no verdict: ${solution.message ?? solution.status}`);
  else
    say(
      'cross_solve',
      'contradicts',
      `${other.name} says ${solution.status} ${solution.objective ?? ''}, ${outcome.backend} says ${outcome.status} ${outcome.objective ?? ''}`,
    );
}
