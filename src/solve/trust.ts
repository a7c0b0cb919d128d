/** Whether an answer may be given as one, or is only what came out of a policy that is out of its depth. */
import type { Outcome } from '../core/outcome.ts';
import { answerKindOf } from '../decode/self-consistency.ts';
import type { PromptTemplate } from '../dialects/prompt.ts';
import { literalShares, literalTrace } from '../reward/literals.ts';
import { toldIn } from '../reward/text-numbers.ts';
import { countedSamples, type SampledProgram } from './candidates.ts';
import { type Choice, isClose } from './choose.ts';
import { isRefuted, type Validation } from './validate.ts';

/** No reasons: the answer may be given. */
export interface Trust {
  readonly isTrusted: boolean;
  /** Why not, in words; every reason that holds. */
  readonly reasons: readonly string[];
}

type Ran = Pick<SampledProgram, 'program' | 'outcome'>;

export interface Judged {
  readonly question: string;
  readonly template: PromptTemplate;
  readonly samples: readonly Ran[];
  readonly chosen: Choice<Ran> | null;
  readonly validations: readonly Validation[];
  /** The record, solved; null without one. */
  readonly record: Ran | null;
}

/**
 * An answer is trusted unless half of the samples failed, fewer than half agree on it and no simulator bears it out, more simulators differ
 * than agree and the record does too, or its model is not about the text: a policy that is asked by bare prompts knows the generator's
 * wordings alone, in which every name and number of a model is the text's; of other policies a model may bring names and numbers of its
 * own, but not only.
 */
export function trustOf(judged: Judged): Trust {
  const reasons = [...agreementFaults(judged), ...(judged.chosen === null ? [] : textFaults(judged, judged.chosen.sample.outcome))];
  return { isTrusted: reasons.length === 0, reasons };
}

function agreementFaults({ samples, chosen, validations, record }: Judged): string[] {
  const counted = countedSamples(samples);
  const failed = counted.filter(({ outcome }) => answerKindOf(outcome.status) === 'error');
  const statuses = new Map<string, number>();
  for (const { outcome } of failed) statuses.set(outcome.status, (statuses.get(outcome.status) ?? 0) + 1);
  const how = [...statuses].map(([status, n]) => `${status} ${n}`).join(', ');
  if (chosen === null || chosen.kind === 'error') return [`none of ${counted.length} samples reached an answer (${how})`];
  const agrees = validations.filter(({ type }) => type === 'consistent').length > validations.length / 2;
  const recordAgrees =
    record !== null && answerKindOf(record.outcome.status) === chosen.kind && isClose(record.outcome.objective, chosen.value);
  return [
    ...(failed.length > 0 && 2 * failed.length >= counted.length ? [`${failed.length} of ${counted.length} samples failed (${how})`] : []),
    ...(2 * chosen.agreeing < counted.length && !agrees
      ? [`no agreement: ${chosen.agreeing} of ${counted.length} samples give the most frequent answer`]
      : []),
    ...(isRefuted(validations) && !recordAgrees ? ['more simulators contradict the answer than bear it out'] : []),
  ];
}

const listed = (items: readonly (string | number)[]): string => `${items.slice(0, 6).join(', ')}${items.length > 6 ? ', ...' : ''}`;

function textFaults({ question, template }: Judged, { model, solution }: Outcome): string[] {
  if (model === null) return [];
  const names = model.variables.map(({ name }) => name);
  const worded = names.filter((name) => wordsOf(name).length > 0);
  const strange = worded.filter((name) => !isTold(name, question));
  const { foreign } = literalTrace(model, question);
  const values = names.map((name) => solution?.[name] ?? 0);
  const { coverage, native, numFigures } = literalShares(model, values, question);
  if (template === 'bare') {
    const told = toldIn(question);
    const invented = [...new Set(foreign.flatMap(({ numbers }) => numbers))].filter((number) => !isShareOf(told, number));
    return [
      ...(strange.length > 0 ? [`variables of the model that the text does not have: ${listed(strange)}`] : []),
      ...(invented.length > 0 ? [`numbers of the model that the text does not have: ${listed(invented)}`] : []),
    ];
  }
  const isStrange = strange.length >= 2 && (strange.length === worded.length || (2 * strange.length > worded.length && foreign.length > 0));
  return [
    ...(coverage !== null && coverage < fewestTold ? [`the model uses ${Math.round(100 * coverage)} % of the numbers of the text`] : []),
    ...(solution !== null && numFigures > 0 && native !== null && native < fewestTold
      ? [`of the numbers that decide the optimum ${Math.round(100 * native)} % stand in the text`]
      : []),
    ...(isStrange ? [`variables of the model that the text does not have: ${listed(strange)}`] : []),
  ];
}

/** The share of numbers below which a model is not about its text: see docs/guide/solve.md for what it lets through. */
const fewestTold = 0.25;

/** Whether a row that holds a share of the text is written with this number: a part of 25 % as 75, three fifths as 3 against 2. */
const isShareOf = (told: readonly number[], number: number): boolean =>
  told.some((given) => {
    if (given >= 1) return given < 100 && isNear(100 - given, number);
    return [2, 3, 4, 5, 6, 8, 10].some(
      (q) => isNear(given * q, Math.round(given * q)) && [given * q, q - given * q, q].some((form) => isNear(form, number)),
    );
  });

const isNear = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-6 * Math.max(1, Math.abs(b));

/** What modellers call things whatever they are about: says nothing of a text. */
const modellersWords = new Set(
  'amount assign assigned binary capacity cost count decision flow indicator inventory level num number open opened order output produce produced production profit qty quantity select selected share stock total unit units use used value var variable'.split(
    ' ',
  ),
);

/** The words of a name: `numChairs_2` is chairs. Shorter ones than three letters, and those of every model, name nothing. */
const wordsOf = (name: string): string[] => lettersOf(name).filter((word) => !modellersWords.has(word));

const lettersOf = (text: string): string[] =>
  (text.replace(/([a-z])([A-Z])/g, '$1 $2').match(/[A-Za-z]+/g) ?? []).map((word) => word.toLowerCase()).filter((word) => word.length >= 3);

/** Whether a word of the name is one of the text, up to its ending. */
function isTold(name: string, question: string): boolean {
  const told = lettersOf(question);
  return wordsOf(name).some((word) => told.some((other) => other === word || sharesStem(word, other)));
}

function sharesStem(a: string, b: string): boolean {
  let shared = 0;
  while (shared < Math.min(a.length, b.length) && a[shared] === b[shared]) shared += 1;
  return shared >= 3 && shared >= Math.min(a.length, b.length) - 1 && (shared >= 4 || Math.abs(a.length - b.length) <= 2);
}
