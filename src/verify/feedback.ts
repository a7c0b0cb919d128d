/** What the solver said of a program, in words for whoever wrote it: never the answer of the problem, and never whether it is right. */
import type { Constraint, LinearModel } from '../core/linear-model.ts';
import type { Outcome, OutcomeStatus } from '../core/outcome.ts';
import { missedRows } from '../solvers/certify/missed-rows.ts';

/** Variables that are named with their values; of the others it is said how many there are. */
const mostValues = 20;
/** Rows that are written out. */
const mostRows = 5;

const endings: Readonly<Record<Exclude<OutcomeStatus, 'infra_error'>, string>> = {
  optimal: 'The solver found an optimum',
  feasible: 'The solver found a solution, and no proof that it is the best',
  infeasible: 'The model is infeasible: nothing satisfies all of its rows and bounds',
  unbounded: 'The model is unbounded: nothing holds its objective back',
  infeasible_or_unbounded: 'The model is infeasible or unbounded',
  time_limit: 'The solver was stopped by its time limit',
  no_solve: 'The program ran to its end and handed no model to a solver',
  no_program: 'There is no program in the answer',
  syntax_error: 'The program does not parse',
  runtime_error: 'The program stopped with an error',
  deadline: 'The program ran too long and was stopped',
  memory: 'The program needed too much memory and was stopped',
  output_limit: 'The program printed too much and was stopped',
  crash: 'The program crashed',
};

type Ended = Pick<Outcome, 'status'>;

/** Whether a solver found a solution of the program's model. */
export const hasSolution = ({ status }: Ended): boolean => status === 'optimal' || status === 'feasible';

/** Whether a solver said how the program's model ends, which may be that it has no solution. */
export const hasVerdict = (outcome: Ended): boolean =>
  hasSolution(outcome) || ['infeasible', 'unbounded', 'infeasible_or_unbounded'].includes(outcome.status);

/**
 * Status, error, objective, values, and of an infeasible model the rows that stay missed where they are missed least.
 *
 * All of it follows from the program: the problem's label and reference model are not among the arguments. The program's names and error
 * messages are in it, and are its own words.
 *
 * @param outcome not of status `infra_error`: after a fault of ours there is nothing to say about the program.
 * @param options.mostChars longest text; more is cut off at its end.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { emptyOutcome } from 'evom';
 * import { solverFeedback } from 'evom/verify';
 * const about = { dialect: 'highs-js', backend: 'highs' };
 * const error = { type: 'TypeError', message: 'x is not a function', line: 3 };
 * assert.equal(
 *   solverFeedback(emptyOutcome('runtime_error', { ...about, error })),
 *   'The program stopped with an error in line 3: TypeError: x is not a function.',
 * );
 * const solved = { ...emptyOutcome('optimal', about), objective: 3.5, reported: 4, solution: { x: 3, y: 0.5, z: 0 } };
 * assert.equal(
 *   solverFeedback(solved),
 *   'The solver found an optimum: objective 3.5. The program reported 4. Values: x = 3, y = 0.5; 1 more is 0.',
 * );
 * ```
 */
export function solverFeedback(outcome: Outcome, { mostChars = 1000 }: { readonly mostChars?: number } = {}): string {
  const { status } = outcome;
  const ending = status === 'infra_error' ? 'The program was not run' : endings[status];
  const sentences = [
    `${ending}${detail(outcome)}.`,
    ...reportedLine(outcome),
    ...valuesLine(outcome),
    ...(status === 'infeasible' ? missedLine(outcome.model) : []),
  ];
  const text = sentences.join(' ');
  return text.length <= mostChars ? text : `${text.slice(0, Math.max(0, mostChars - 3))}...`;
}

function detail({ status, objective, error }: Outcome): string {
  const line = error?.line == null ? '' : ` in line ${error.line}`;
  // Why there is no program is said by a word of ours, such as `Prose`, and its sentence.
  const said = error === null ? '' : status === 'no_program' ? `: ${error.message}` : `: ${error.type}: ${error.message}`;
  const value = objective === null ? '' : `: objective ${shown(objective)}`;
  return `${line}${value}${said.replace(/[.\s]+$/, '')}`;
}

const reportedLine = ({ reported, objective }: Outcome): string[] =>
  reported === null || objective === null || reported === objective ? [] : [`The program reported ${shown(reported)}.`];

function valuesLine({ solution, status }: Outcome): string[] {
  if (solution === null || !hasSolution({ status })) return [];
  const entries = Object.entries(solution);
  const named = entries.filter(([, value]) => value !== 0).slice(0, mostValues);
  const [more, zeros] = [entries.length - named.length, entries.filter(([, value]) => value === 0).length];
  const values = named.map(([name, value]) => `${name} = ${shown(value)}`).join(', ');
  if (named.length === 0) return entries.length === 0 ? [] : ['All values are 0.'];
  if (more === 0) return [`Values: ${values}.`];
  const others = more === zeros ? `${more} more ${more === 1 ? 'is' : 'are'} 0` : `${more} more, ${zeros} of them 0`;
  return [`Values: ${values}; ${others}.`];
}

function missedLine(model: LinearModel | null): string[] {
  if (model === null) return [];
  const crossed = model.variables.find(({ lower, upper }) => lower > upper);
  if (crossed !== undefined) return [`The bounds of ${crossed.name} cross: ${shown(crossed.lower)} and ${shown(crossed.upper)}.`];
  const missed = missedRows(model);
  if (missed === null) return [];
  if (missed.length === 0) return ['Without whole numbers it has solutions.'];
  const rows = missed
    .slice(0, mostRows)
    .map(({ row, by }) => `${rowText(model.constraints[row] as Constraint, model)} (missed by ${shown(by)})`);
  const more = missed.length > mostRows ? ` and ${missed.length - mostRows} more` : '';
  return [`Rows missed at the nearest point: ${rows.join('; ')}${more}.`];
}

/** Terms of a row that are written out. */
const mostTerms = 12;

function rowText({ name, lower, upper, columns, coefficients }: Constraint, { variables }: LinearModel): string {
  const terms = columns.slice(0, mostTerms).map((j, k) => {
    const [coefficient, variable] = [coefficients[k] ?? 0, variables[j]?.name ?? `column ${j}`];
    const size = Math.abs(coefficient) === 1 ? variable : `${shown(Math.abs(coefficient))} ${variable}`;
    return `${coefficient < 0 ? '- ' : k === 0 ? '' : '+ '}${size}`;
  });
  const sum = [...terms, ...(columns.length > mostTerms ? ['+ ...'] : [])].join(' ') || '0';
  const isRange = lower !== upper && Number.isFinite(lower) && Number.isFinite(upper);
  const sides = isRange ? `${shown(lower)} <= ${sum} <= ${shown(upper)}` : `${sum} ${side(lower, upper)}`;
  return name === '' ? sides : `${name}: ${sides}`;
}

const side = (lower: number, upper: number): string =>
  lower === upper ? `= ${shown(upper)}` : Number.isFinite(upper) ? `<= ${shown(upper)}` : `>= ${shown(lower)}`;

/** At most ten digits, so that 0.30000000000000004 is 0.3. */
const shown = (value: number): string => String(Number.isFinite(value) ? Number(value.toPrecision(10)) + 0 : value);
