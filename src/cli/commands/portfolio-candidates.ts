/** Candidates of a portfolio from a JSON Lines file: what someone else's model wrote, with its log-probabilities. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { EvomError } from '../../lib/errors.ts';
import { readFault } from '../../lib/file-fault.ts';

export interface FileCandidate {
  readonly program: string;
  readonly dialect: string | null;
  /** [T] nats; a single mean stands for all. */
  readonly logprobs: readonly number[];
  /** Scores by an evaluator of the user's; null where the file has none. */
  readonly scores: readonly number[] | null;
}

/**
 * Reads one candidate a line: `{"program": "...", "logprobs": [-0.1, ...]}` or `"logprob": -0.2` (the mean), optionally `dialect`,
 * `score` or `scores`.
 *
 * @throws {EvomError} `E_DATA` with file and line.
 */
export async function readCandidates(file: string, cwd: string): Promise<FileCandidate[]> {
  let text: string;
  try {
    text = await readFile(resolve(cwd, file), 'utf8');
  } catch (cause) {
    throw readFault(file, cause);
  }
  const candidates = text.split('\n').flatMap((line, i) => (line.trim() === '' ? [] : [candidateOf(line, `${file}:${i + 1}`)]));
  if (candidates.length === 0) throw new EvomError('E_DATA', `${file} holds no candidate; write one JSON object a line`);
  const scored = candidates.filter(({ scores }) => scores !== null).length;
  if (scored > 0 && scored < candidates.length)
    throw new EvomError('E_DATA', `${file}: ${scored} of ${candidates.length} candidates have a score; give all or none of them one`);
  return candidates;
}

function candidateOf(line: string, where: string): FileCandidate {
  const fault = (what: string): never => {
    throw new EvomError('E_DATA', `${where}: ${what}`);
  };
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    return fault(`no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (typeof value !== 'object' || value === null) return fault('a candidate is an object');
  const { program, dialect, logprobs, logprob, score, scores } = value as Readonly<Record<string, unknown>>;
  const numbers = (given: unknown): readonly number[] | null =>
    Array.isArray(given) && given.length > 0 && given.every((n) => typeof n === 'number' && Number.isFinite(n))
      ? (given as number[])
      : null;
  if (typeof program !== 'string' || program.trim() === '') return fault('"program" must be the text of a program');
  if (dialect !== undefined && typeof dialect !== 'string') return fault('"dialect" must be a name');
  const nats = numbers(logprobs) ?? numbers([logprob]);
  if (nats === null) return fault('give "logprobs", a list of numbers in nats, or "logprob", their mean');
  if (nats.some((n) => n > 1e-6)) return fault('log-probabilities are at most 0');
  const given = scores === undefined && score === undefined ? null : (numbers(scores) ?? numbers([score]));
  if ((scores !== undefined || score !== undefined) && given === null) return fault('"scores" must be numbers');
  return { program, dialect: dialect ?? null, logprobs: nats, scores: given };
}
