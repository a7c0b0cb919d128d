/** The work behind `evom solve-model --input`: many models, answers in their order, gone on with after a stop. */

import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { counted } from '../../lib/counted.ts';
import { EvomError } from '../../lib/errors.ts';
import { faultList, mostNamed } from '../../lib/fault-list.ts';
import { readFault } from '../../lib/file-fault.ts';
import { inOrder } from '../../lib/in-order.ts';
import { jsonObjects } from '../../lib/json-stream.ts';
import { openJsonlOutput } from '../../lib/jsonl-output.ts';
import { textChunks } from '../../lib/text-chunks.ts';
import { createBackend } from '../../solvers/registry.ts';
import { createSolvePool } from '../../solvers/solve-pool.ts';
import { type ModelAnswer, type ModelFormat, type ModelText, modelFormats, needsOf, parseModel } from '../../solvers/solve-text.ts';
import { createReporter } from '../view/terminal.ts';
import { duration } from '../view/terminal-text.ts';
import { printedAnswer, type SolveModelOptions } from './run-solve-model.ts';

export interface RunSolveModelsOptions extends SolveModelOptions {
  /** JSONL file of models. */
  readonly input: string;
  /** JSONL file of answers; null: stdout. */
  readonly output: string | null;
  /** Answers hold the values of the variables. */
  readonly withSolution: boolean;
  /** Models solved at once; null: one a processor core. */
  readonly workers: number | null;
}

interface ModelRecord {
  readonly id: string | number;
  /** Line of the input that it begins on. */
  readonly line: number;
  readonly text: ModelText;
}

/** Answers that may wait for an earlier one, a worker. */
const aheadPerWorker = 16;

/** @returns the exit code: 0 when every model was read, else 3. */
export async function runSolveModels(options: RunSolveModelsOptions): Promise<number> {
  const { io, json, quiet, signal, backend, timeLimitMs, withSolution } = options;
  const input = resolve(io.cwd, options.input);
  const solver = await createBackend(backend, { directory: io.cwd });
  const { name, capabilities } = solver;
  solver.close();
  // The whole input is looked at before anything is solved: a broken line is told at once and not after an hour.
  const ids = await checkInput(input, options, backend, capabilities);

  const output = options.output === null ? null : await openJsonlOutput(resolve(io.cwd, options.output));
  const reporter = createReporter(io, { quiet });
  const workers = Math.min(options.workers ?? availableParallelism(), Math.max(1, ids.length));
  const counts: Record<string, number> = {};
  const certificates: Record<string, number> = {};
  const known = (certificate: string): void => {
    certificates[certificate] = (certificates[certificate] ?? 0) + 1;
  };
  const unreadable: string[] = [];
  let done = 0;
  const began = io.now();
  try {
    const kept = output?.kept ?? [];
    checkKept(kept, ids, options.output ?? '', options.input, name);
    for (const { id, status, certificate, unreadable: isUnreadable, message } of kept) {
      known(typeof certificate === 'string' ? certificate : 'none');
      counts[String(status)] = (counts[String(status)] ?? 0) + 1;
      if (isUnreadable === true) unreadable.push(`${options.input}: ${JSON.stringify(id)}: ${String(message)}`);
    }
    done = kept.length;
    if (done > 0) reporter.info(`${options.output} holds ${done} of ${ids.length} answers; going on`);
    const pool = await createSolvePool({ backend, directory: io.cwd, workers, limits: { timeLimitMs }, withSolution });
    const stop = (): void => void pool.close();
    signal.addEventListener('abort', stop);
    try {
      const answer = async ({ record, answer }: { record: ModelRecord; answer: ModelAnswer }): Promise<void> => {
        const line = { id: record.id, ...printedAnswer(answer), ...(answer.fault === 'text' ? { unreadable: true } : {}), backend: name };
        if (output === null) io.stdout(`${JSON.stringify(line)}\n`);
        else await output.append(line);
        counts[answer.status] = (counts[answer.status] ?? 0) + 1;
        known(answer.certificate);
        if (answer.fault === 'text') unreadable.push(`${options.input}:${record.line}: ${JSON.stringify(record.id)}: ${answer.message}`);
        done++;
        reporter.progress(`solving ${done}/${ids.length}  ${duration((io.now() - began) / 1000)}`);
      };
      await inOrder(
        skip(records(input, options.input, options.format), kept.length),
        async (record) => ({ record, answer: await pool.solve(record.text) }),
        answer,
        { ahead: workers * aheadPerWorker, signal },
      );
    } finally {
      signal.removeEventListener('abort', stop);
      await pool.close();
    }
  } finally {
    reporter.close();
    await output?.close();
  }
  const seconds = (io.now() - began) / 1000;
  const listed = (of: Readonly<Record<string, number>>): string =>
    Object.entries(of)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, count]) => `${name} ${count}`)
      .join(', ');
  reporter.info(`${counted(ids.length, 'model')} in ${duration(seconds)}: ${listed(counts)}; known by ${listed(certificates)}`);
  for (const line of unreadable.slice(0, mostNamed)) reporter.warn(line);
  if (unreadable.length > mostNamed) reporter.warn(`and ${unreadable.length - mostNamed} more`);
  if (json && output !== null)
    io.stdout(
      `${JSON.stringify({ output: options.output, models: ids.length, backend: name, statuses: counts, certificates, seconds })}\n`,
    );
  return unreadable.length === 0 ? 0 : 3;
}

/** The models of a JSONL file. @throws {EvomError} E_DATA naming file and line of up to 20 records at fault. */
async function* records(path: string, shown: string, format: ModelFormat | null): AsyncGenerator<ModelRecord> {
  const faults: string[] = [];
  try {
    for await (const item of jsonObjects(textChunks(path, false))) {
      const record = item.kind === 'value' ? recordOf(item.value, item.line, format) : item.message;
      if (typeof record === 'string') faults.push(`${shown}:${item.line}: ${record}`);
      else if (faults.length === 0) yield record;
    }
  } catch (cause) {
    if (cause instanceof EvomError) throw cause;
    throw readFault(shown, cause);
  }
  if (faults.length === 0) return;
  throw new EvomError('E_DATA', faultList(faults));
}

/** A record, or what is wrong with it. */
function recordOf(value: unknown, line: number, asked: ModelFormat | null): ModelRecord | string {
  const fields = value as Record<string, unknown>;
  const { id } = fields;
  if (typeof id !== 'string' && typeof id !== 'number') return '"id" is missing or no text; give each model one';
  const given = modelFormats.filter((format) => fields[format] !== undefined && fields[format] !== null);
  const format = asked ?? given[0];
  if (format === undefined) return `${JSON.stringify(id)} has no model; write it under "lp" or "mps"`;
  const text = fields[format];
  if (text === undefined || text === null) return `${JSON.stringify(id)} has no "${format}"; --format ${format} asks for it`;
  if (typeof text !== 'string') return `"${format}" of ${JSON.stringify(id)} is not text`;
  return { id, line, text: { format, text } };
}

/** Reads the input once to the end. @returns the ids in order. */
async function checkInput(
  path: string,
  { input, format }: RunSolveModelsOptions,
  backend: string,
  capabilities: { readonly lp: boolean; readonly milp: boolean },
): Promise<(string | number)[]> {
  const lineOf = new Map<string | number, number>();
  for await (const { id, line, text } of records(path, input, format)) {
    const earlier = lineOf.get(id);
    if (earlier !== undefined)
      throw new EvomError(
        'E_DATA',
        `${input}:${line}: the id ${JSON.stringify(id)} stands on line ${earlier} too; give each model its own`,
      );
    lineOf.set(id, line);
    if (capabilities.lp && capabilities.milp) continue;
    const missing = missingCapability(text, capabilities);
    if (missing !== null)
      throw new EvomError(
        'E_CONFIG',
        `${input}:${line}: ${JSON.stringify(id)} needs ${missing}, which the backend "${backend}" cannot do; choose another, for example highs`,
      );
  }
  if (lineOf.size === 0) throw new EvomError('E_DATA', `${input} holds no models; write one {"id", "lp"} or {"id", "mps"} a line`);
  return [...lineOf.keys()];
}

function missingCapability(text: ModelText, capabilities: { readonly lp: boolean; readonly milp: boolean }): string | null {
  try {
    return needsOf(parseModel(text)).find((need) => !capabilities[need]) ?? null;
  } catch (error) {
    if (error instanceof EvomError) return null; // told with its answer
    throw error;
  }
}

/** Answers may only be gone on with where they answer the same models by the same backend. */
function checkKept(
  kept: readonly Readonly<Record<string, unknown>>[],
  ids: readonly (string | number)[],
  output: string,
  input: string,
  backend: string,
): void {
  for (const [index, record] of kept.entries()) {
    const differs =
      index >= ids.length
        ? `more answers than ${input} has models`
        : record.id !== ids[index]
          ? `the answer to ${JSON.stringify(record.id)}, where ${input} has ${JSON.stringify(ids[index])}`
          : record.backend !== backend
            ? `an answer of ${JSON.stringify(record.backend)}, not of ${backend}`
            : null;
    if (differs !== null)
      throw new EvomError('E_DATA', `${output}:${index + 1} holds ${differs}; delete the file to begin anew, or choose another --output`);
  }
}

async function* skip<T>(items: AsyncIterable<T>, count: number): AsyncGenerator<T> {
  let index = 0;
  for await (const item of items) if (index++ >= count) yield item;
}
