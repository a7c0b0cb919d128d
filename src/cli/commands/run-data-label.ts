/** The work behind `evom data label`: answers of problems that come with a program and none. */
import { resolve } from 'node:path';
import { importProblems } from '../../benchmarks/import-problems.ts';
import { openVerification, type VerifySettings } from '../../config/build/verify-settings.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { Answer, Problem } from '../../core/problem.ts';
import { EvomError } from '../../lib/errors.ts';
import { inOrder } from '../../lib/in-order.ts';
import { writeProblems } from '../../problems/sets/jsonl.ts';
import { newFile } from '../new-file.ts';
import type { RunOptions } from '../run-options.ts';
import { createReporter } from '../view/terminal.ts';
import { faultOf } from './verify-record.ts';

export interface RunDataLabelOptions extends RunOptions {
  readonly files: readonly string[];
  readonly settings: VerifySettings;
  /** JSONL file to write. */
  readonly out: string;
  /** Whether `out` may be there already. */
  readonly overwrite: boolean;
}

/** A problem and one program of its own, with the dialect that it is in. */
interface Worked {
  readonly problem: Problem;
  readonly program: { readonly dialect: string; readonly code: string } | null;
}

/** Programs under way, a worker. */
const aheadPerWorker = 16;

/**
 * Runs the programs that problems without an answer come with, and takes what is proven of their models for the answer. A problem whose
 * program proves nothing is left out and counted by its outcome; one that has an answer stays as it is.
 *
 * @throws {EvomError} `E_DATA` where no problem has an answer in the end, or the fault of a host that could not run a program.
 */
export async function runDataLabel({ files, settings, out, overwrite, io, json, quiet, signal }: RunDataLabelOptions): Promise<void> {
  const path = newFile(io.cwd, out, overwrite);
  const reporter = createReporter(io, { quiet });
  const given: Worked[] = [];
  for (const file of files) for (const problem of await importProblems(resolve(io.cwd, file))) given.push(worked(problem));
  const dialects = [...new Set(given.flatMap(({ program }) => (program === null ? [] : [program.dialect])))];
  const labelled: Problem[] = [];
  const leftOut: Record<string, number> = {};
  let had = 0;
  const verification =
    dialects.length === 0 ? null : await openVerification(dialects, settings, ['sirl'], undefined, { onNotice: reporter.warn, signal });
  const outcomeOf = async ({ problem, program }: Worked): Promise<Outcome | null> =>
    program === null || verification === null
      ? null
      : (await verification.verify({ program, dialect: program.dialect, completion: program.code, problem })).outcome;
  try {
    await inOrder(
      given,
      outcomeOf,
      (outcome, { problem, program }) => {
        if (outcome?.status === 'infra_error' && !ofOneModel.has(outcome.error?.type ?? '')) throw faultOf(problem.id, outcome);
        const answer = outcome === null ? problem.answer : provenAnswer(outcome);
        if (answer === null) {
          const why = outcome === null ? 'no program' : answerless(outcome);
          leftOut[why] = (leftOut[why] ?? 0) + 1;
          return;
        }
        if (outcome === null) had++;
        labelled.push(
          outcome === null
            ? problem
            : { ...problem, answer, meta: { ...problem.meta, label: `proven of its ${program?.dialect} program` } },
        );
        reporter.progress(`labelled ${labelled.length}/${given.length}`);
      },
      { ahead: settings.workers * aheadPerWorker, signal },
    );
  } finally {
    await verification?.close();
    reporter.close();
  }
  const reasons = Object.entries(leftOut).map(([why, count]) => `${why} ${count}`);
  if (labelled.length === 0)
    throw new EvomError('E_DATA', `no problem of ${files.join(', ')} has an answer or a program that proves one (${reasons.join(', ')})`);
  await writeProblems(path, labelled);
  reporter.info(
    `${given.length} problems: ${labelled.length - had} labelled by their programs, ${had} with an answer of their own${reasons.length === 0 ? '' : `; left out: ${reasons.join(', ')}`}`,
  );
  io.stdout(
    json
      ? `${JSON.stringify({ out: path, problems: labelled.length, labelled: labelled.length - had, left_out: leftOut })}\n`
      : `${path}\n`,
  );
}

/** The first program of a problem that lacks an answer. */
function worked(problem: Problem): Worked {
  const [first] = problem.answer === null ? Object.entries(problem.programs ?? {}) : [];
  return { problem, program: first === undefined ? null : { dialect: first[0], code: first[1] } };
}

/** What an outcome says of its model; null where no proof, second solver or second look stands behind it. */
function provenAnswer({ status, objective, certificate }: Outcome): Answer {
  if (certificate === 'none') return null;
  return status === 'optimal' ? objective : status === 'infeasible' || status === 'unbounded' ? status : null;
}

/** Faults that come again with the same program on this host: its problem gets no answer here, the others do. */
const ofOneModel: ReadonlySet<string> = new Set([
  'LicenceRefused',
  'NotResolved',
  'NotCertified',
  'CaptureFailed',
  'MissingLibrary',
  'Killed',
]);

function answerless({ status, certificate, error }: Outcome): string {
  if (status === 'infra_error') return error?.type ?? status;
  const isVerdict = status === 'optimal' || status === 'infeasible' || status === 'unbounded';
  return isVerdict && certificate === 'none' ? `${status} without a proof` : status;
}
