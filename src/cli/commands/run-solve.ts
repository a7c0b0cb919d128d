/** The work behind `evom solve`: one problem from a file or stdin, its answer with program, model, solution and evidence. */

import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { buildSolve, type SolveSetup } from '../../config/build/build-solve.ts';
import { linearModelToJson } from '../../core/linear-model.ts';
import type { PromptTemplate } from '../../dialects/prompt.ts';
import { counted } from '../../lib/counted.ts';
import { EvomError } from '../../lib/errors.ts';
import { readFault } from '../../lib/file-fault.ts';
import { type SolveResult, solveProblem } from '../../solve/solve.ts';
import type { SolveOptions } from '../../solve/solve-parts.ts';
import { writeLp } from '../../solvers/lp-format.ts';
import type { RunOptions } from '../run-options.ts';
import { createReporter } from '../view/terminal.ts';
import { percent, textTable } from '../view/terminal-text.ts';

export interface RunSolveOptions extends RunOptions {
  /** Path, or `-` for stdin. */
  readonly file: string;
  readonly setup: Omit<SolveSetup, 'now'>;
  readonly options: Omit<SolveOptions, 'question' | 'signal'>;
}

/** @throws {EvomError} `E_DATA` for a file that cannot be read or is empty. */
export async function readQuestion(file: string, cwd: string): Promise<string> {
  const isStdin = file === '-' || file === ''; // yargs hands over a lone dash as an empty text
  let question: string;
  try {
    question = isStdin ? await text(process.stdin) : await readFile(resolve(cwd, file), 'utf8');
  } catch (cause) {
    throw readFault(isStdin ? 'stdin' : file, cause);
  }
  if (question.trim() === '') throw new EvomError('E_DATA', `${isStdin ? 'stdin' : file} is empty; write the problem there in words`);
  return question.trim();
}

/** Exit code of an answer that is not one: nothing failed, and nothing is to be relied on. */
export const noTrustworthyAnswer = 5;

/** @returns the exit code: 0 with an answer, 5 without a trustworthy one. */
export async function runSolve({ file, setup, options, io, json, quiet, signal }: RunSolveOptions): Promise<number> {
  const began = io.now();
  const reporter = createReporter(io, { quiet });
  const question = await readQuestion(file, io.cwd);
  reporter.progress('opening the policy');
  const { parts, close } = await buildSolve({ ...setup, now: io.now, following: { onNotice: reporter.warn, signal } });
  try {
    const openMs = io.now() - began;
    reporter.progress(`sampling ${counted(options.samples, 'program')}`);
    const result = await solveProblem(parts, { ...options, question, signal });
    const timesMs = { open: openMs, ...result.timesMs, total: io.now() - began };
    reporter.close();
    io.stdout(json ? `${JSON.stringify(resultJson(result, timesMs))}\n` : `${reportText(result, timesMs, parts.template)}\n`);
    return result.trust.isTrusted ? 0 : noTrustworthyAnswer;
  } finally {
    reporter.close();
    await close();
  }
}

function resultJson(result: SolveResult, timesMs: Readonly<Record<string, number>>) {
  const { kind, answer, trust, confidence, evidence, program, outcome, model, extraction, recommendation, rounds, samples, candidates } =
    result;
  return {
    status: trust.isTrusted ? kind : 'no_trustworthy_answer',
    answer: trust.isTrusted ? answer : null,
    reasons: trust.reasons,
    ...(trust.isTrusted ? {} : { untrusted: { status: kind, answer } }),
    confidence,
    evidence,
    text: result.text && { unused_numbers: result.text.unused, foreign_numbers: result.text.foreign },
    program,
    model: model && linearModelToJson(model),
    lp: model && writeLp(model),
    solution: outcome?.solution ?? null,
    extraction,
    solver: recommendation,
    rounds,
    tokens: result.tokens,
    samples: samples.length,
    candidates: candidates.map(({ key, samples: members, share }) => ({
      key,
      samples: members.length,
      share,
      status: samples[members[0] ?? -1]?.outcome.status ?? null,
      objective: samples[members[0] ?? -1]?.outcome.objective ?? null,
    })),
    times_ms: Object.fromEntries(Object.entries(timesMs).map(([name, ms]) => [name, Math.round(10 * ms) / 10])),
  };
}

/** Said where a policy is asked by bare prompts and its answer is not to be trusted. */
export const generatorOnly =
  'This policy is asked by bare prompts: it knows the wordings that it was trained on (those of "evom data generate") and no others. Name a general model, for example --policy http://127.0.0.1:8000 (docs/guide/solve.md).';

const marks = { supports: '+', contradicts: '!', silent: ' ' } as const;

function reportText(result: SolveResult, timesMs: Readonly<Record<string, number>>, template: PromptTemplate): string {
  const { kind, answer, trust, confidence, evidence, program, outcome, model, recommendation } = result;
  const solution = Object.entries(outcome?.solution ?? {});
  const zeros = solution.filter(([, value]) => value === 0).length;
  const section = (title: string, lines: readonly string[]): string[] =>
    lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)];
  const found = answer === null ? (kind === 'error' ? 'nothing' : kind) : `${number(answer)} (${kind})`;
  return [
    ...(trust.isTrusted
      ? [`answer      ${found}`, `confidence  ${percent(confidence)} of the samples`]
      : [
          'no trustworthy answer',
          ...section('why', trust.reasons),
          ...(template === 'bare' ? ['', generatorOnly] : []),
          ...section('what the programs say all the same', [`${found}, ${percent(confidence)} of the samples`]),
        ]),
    ...section(
      trust.isTrusted ? 'evidence (+ supports, ! contradicts)' : 'what was seen (! contradicts)',
      evidence.map(
        ({ component, verdict, text: what }) =>
          `${trust.isTrusted || verdict === 'contradicts' ? marks[verdict] : ' '} ${component}: ${what}`,
      ),
    ),
    ...section('solution', [
      ...textTable(solution.filter(([, value]) => value !== 0).map(([name, value]) => [name, number(value)])),
      ...(zeros > 0 ? [`${zeros} more at 0`] : []),
    ]),
    ...section('model', model === null ? [] : writeLp(model).trimEnd().split('\n')),
    ...section('program', program?.code.split('\n') ?? []),
    ...section(
      'solver',
      recommendation === null
        ? []
        : [`${recommendation.modelClass} for ${recommendation.backend ?? 'no backend here'}: ${recommendation.reason}`],
    ),
    ...section('milliseconds', [
      Object.entries(timesMs)
        .map(([name, ms]) => `${name} ${Math.round(ms)}`)
        .join(', '),
    ]),
  ].join('\n');
}

const number = (value: number): string => String(Number(value.toPrecision(10)));
