/** The work behind `evom solve-model FILE`. */

import { existsSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, extname, resolve } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { writeFileAtomically } from '../../lib/atomic-write.ts';
import { counted } from '../../lib/counted.ts';
import { EvomError } from '../../lib/errors.ts';
import { readFault, writeFault } from '../../lib/file-fault.ts';
import { decodedText } from '../../lib/text-chunks.ts';
import { writeLp } from '../../solvers/lp-format.ts';
import { writeMps } from '../../solvers/mps-format.ts';
import { createBackend } from '../../solvers/registry.ts';
import { createSolvePool } from '../../solvers/solve-pool.ts';
import { type ModelAnswer, type ModelFormat, type ModelText, needsOf, parseModel } from '../../solvers/solve-text.ts';
import { modelFault } from '../../solvers/validate.ts';
import type { RunOptions } from '../run-options.ts';
import { textTable } from '../view/terminal-text.ts';

export interface SolveModelOptions extends RunOptions {
  readonly backend: string;
  /** How models are written; null: what the file or the line calls it. */
  readonly format: ModelFormat | null;
  readonly timeLimitMs: number;
}

export interface RunSolveModelOptions extends SolveModelOptions {
  readonly file: string;
  /** File to write the model to instead of solving it; null: solve. */
  readonly write: string | null;
}

/** @returns the exit code: 0 with an answer, 1 if the solver failed. @throws {EvomError} E_DATA for a file that holds no model. */
export async function runSolveModel(options: RunSolveModelOptions): Promise<number> {
  const { io, json, file, backend, timeLimitMs, signal } = options;
  const modelText = await readModelFile(resolve(io.cwd, file), file, options.format);
  const model = parseModel(modelText);
  const fault = modelFault(model);
  if (fault !== null) throw new EvomError('E_DATA', `${file}: ${fault}; correct the model`);
  if (options.write !== null) {
    const path = resolve(io.cwd, options.write);
    const text = extname(path).toLowerCase() === '.mps' ? writeMps(model) : writeLp(model, { flavor: 'cplex' });
    try {
      await writeFileAtomically(path, text);
    } catch (cause) {
      throw writeFault(options.write, cause);
    }
    io.stdout(json ? `${JSON.stringify({ file, out: path })}\n` : `${path}\n`);
    return 0;
  }
  // Asked before anything runs: what the backend cannot do is a fault of the command line.
  const solver = await createBackend(backend, { directory: io.cwd, needs: needsOf(model) });
  const about = { backend: solver.name, solverVersion: solver.version };
  solver.close();
  const pool = await createSolvePool({ backend, directory: io.cwd, workers: 1, limits: { timeLimitMs }, withSolution: true });
  const stop = (): void => void pool.close();
  signal.addEventListener('abort', stop);
  try {
    const answer = await pool.solve(modelText);
    signal.throwIfAborted();
    io.stdout(json ? `${JSON.stringify({ file, ...about, ...printedAnswer(answer) })}\n` : answerText(file, about, answer));
    if (answer.status === 'error') throw new EvomError('E_SOLVER', `${file}: ${answer.message}; try another backend`);
    return 0;
  } finally {
    signal.removeEventListener('abort', stop);
    await pool.close();
  }
}

/** An answer as it is printed: solution and message only where there is one. */
export function printedAnswer({ fault: _, message, solution, ...answer }: ModelAnswer): object {
  return {
    ...answer,
    ms: Number(answer.ms.toFixed(3)),
    ...(solution === null ? {} : { solution }),
    ...(message === null ? {} : { message }),
  };
}

/** The format that a name tells, or null. */
function formatOf(path: string): ModelFormat | null {
  const extension = extname(path.replace(/\.gz$/i, '')).toLowerCase();
  return extension === '.lp' ? 'lp' : extension === '.mps' ? 'mps' : null;
}

async function readModelFile(path: string, shown: string, asked: ModelFormat | null): Promise<ModelText> {
  const format = asked ?? formatOf(path);
  if (format === null && existsSync(path) && statSync(path).isDirectory())
    throw new EvomError('E_DATA', `${shown} is a folder; name one LP or MPS file, or give many models by --input FILE.jsonl`);
  if (format === null)
    throw new EvomError('E_DATA', `${shown}: unknown extension; name it .lp or .mps, or say --format lp or --format mps`);
  let data: Buffer;
  try {
    data = await readFile(path);
  } catch (cause) {
    throw readFault(shown, cause);
  }
  if (data[0] === 0x1f && data[1] === 0x8b) {
    try {
      data = await promisify(gunzip)(data);
    } catch (cause) {
      throw new EvomError('E_DATA', `cannot unpack ${shown}: ${(cause as Error).message}; is it cut off?`, { cause });
    }
  }
  let text = '';
  for await (const chunk of decodedText([data], shown)) text += chunk;
  return { format, text, source: shown };
}

function answerText(file: string, about: { backend: string; solverVersion: string }, answer: ModelAnswer): string {
  const { sense, numVariables, numIntegers, numConstraints, solution } = answer;
  const values = Object.entries(solution ?? {}).filter(([, value]) => value !== 0);
  const lines = [
    `${basename(file)}: ${sense}, ${counted(numVariables, 'variable')} (${numIntegers} integer), ${counted(numConstraints, 'constraint')}; ${about.backend} ${about.solverVersion}, ${answer.ms.toFixed(1)} ms`,
    `status     ${answer.status}`,
    ...(answer.objective === null ? [] : [`objective  ${answer.objective}`]),
    ...(answer.certificate === 'none' ? [] : [`known by   ${answer.certificate}`]),
    ...(values.length === 0 ? [] : ['', ...textTable([['variable', 'value'], ...values.map(([name, value]) => [name, String(value)])])]),
    ...(solution !== null && values.length < numVariables ? [`(${numVariables - values.length} more are 0)`] : []),
  ];
  return `${lines.join('\n')}\n`;
}
