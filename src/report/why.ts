/** Why a sample earned what it earned, in a sentence. Pure. */
import type { Certificate, OutcomeStatus } from '../core/outcome.ts';
import type { Answer } from '../core/problem.ts';
import type { Difference } from '../modeling/diagnose.ts';

/** What of a sample its reward depends on. */
export interface Judged {
  readonly reward: number | null;
  readonly parts: Readonly<Record<string, number>>;
  readonly correct: boolean | null;
  readonly identical: boolean | null;
  readonly status: OutcomeStatus;
  readonly objective: number | null;
  readonly answer: Answer;
  readonly certificate: Certificate;
  readonly flags: readonly string[];
  readonly error: string | null;
  readonly differences: readonly Difference[] | null;
}

/**
 * The terms of the reward, then the verdict that they stand on.
 *
 * @returns e.g. `1.1 = format 0.1 + answer 1; right: 12 is the wanted optimum (certificate dual), and the model equals the reference`.
 */
export function whyOf(sample: Judged): string {
  if (sample.reward === null) return `no reward: ${sample.error ?? 'a fault of ours'}; it is left out of its group's mean`;
  return [`${number(sample.reward)} = ${terms(sample.parts)}`, verdict(sample), ...flags(sample)].join('; ');
}

function terms(parts: Judged['parts']): string {
  const told = Object.entries(parts).filter(([, value]) => value !== 0);
  const nothing = Object.keys(parts).filter((name) => parts[name] === 0);
  const sum = told.map(([name, value]) => `${words(name)} ${number(value)}`).join(' + ') || '0';
  return nothing.length === 0 ? sum : `${sum} (nothing for ${nothing.map(words).join(', ')})`;
}

function verdict({ correct, identical, status, objective, answer, certificate, error, differences, flags: told }: Judged): string {
  if (correct) {
    const known = certificate === 'none' ? 'without a certificate' : `certificate ${words(certificate)}`;
    const model = identical === null ? '' : identical ? ', and the model equals the reference' : ', by another model than the reference';
    return `right: ${objective === null ? `${words(status)} is the wanted answer` : `${number(objective)} is the wanted optimum`} (${known})${model}`;
  }
  if (objective === null && status === answer && told.includes('unsupported_claim'))
    return `wrong: it ended as ${words(status)}, which is wanted, but reported a number; a program without an optimum must report none`;
  if (objective === null) return `wrong: it ended as ${words(status)}${error === null ? '' : ` (${firstLine(error)})`}`;
  const first = differences?.[0];
  const model = first === undefined ? '' : `; its model differs in ${words(first.kind)}`;
  return `wrong: its optimum is ${number(objective)}, wanted ${answer === null ? 'is unknown' : String(answer)}${model}`;
}

const flags = ({ flags: some }: Judged): string[] => (some.length === 0 ? [] : [`flagged ${some.map(words).join(', ')}`]);
const words = (name: string): string => name.replaceAll('_', ' ');
const number = (value: number): string => String(Number(value.toPrecision(6)));
const firstLine = (text: string): string => (text.split('\n')[0] ?? '').slice(0, 120);
