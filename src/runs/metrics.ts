/** `metrics.jsonl`: one line a step. Names under `time/` are wall clock; all others replay bit by bit. */
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomically } from '../lib/atomic-write.ts';
import { EvomError } from '../lib/errors.ts';

export interface MetricsLine {
  readonly step: number;
  readonly [name: string]: number | string | boolean | null;
}

export interface MetricsLog {
  /** Steps from 1 to `lastStep` of which the file had no line when it was opened, in order: their figures are lost. */
  readonly missing: readonly number[];
  /** Appends one line; steps rise. A value that is not finite becomes null. */
  append(step: number, values: Readonly<Record<string, number | string | boolean | null>>): Promise<void>;
  /** Makes the lines so far survive a power cut: before a checkpoint that counts on them. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

export interface MetricsLogOptions {
  /** Lines after this step are cut off: the step of the checkpoint that is resumed; -1 for a new run. */
  readonly lastStep: number;
  /** Make every line survive a power cut, or (default) leave that to `sync` and `close`; a killed process loses no line either way. */
  readonly syncEveryLine?: boolean;
}

const fileName = 'metrics.jsonl';

/**
 * Opens a run's metrics for appending, cut back to `lastStep`.
 *
 * The cut rewrites the file under another name, so a kill in between leaves either the long or the short one, and the
 * next resume cuts again.
 *
 * @throws {EvomError} E_RUN when a line other than the last is broken, or a step does not rise.
 */
export async function openMetricsLog(directory: string, { lastStep, syncEveryLine = false }: MetricsLogOptions): Promise<MetricsLog> {
  const path = join(directory, fileName);
  const kept = (await readMetrics(directory)).filter((line) => line.step <= lastStep);
  await writeFileAtomically(path, kept.map(encode).join(''));
  const held = new Set(kept.map((line) => line.step));
  const missing = Array.from({ length: Math.max(0, lastStep) }, (_, i) => i + 1).filter((step) => !held.has(step));
  let file: FileHandle | null = await open(path, 'a');
  let previous = kept.at(-1)?.step ?? -1;
  return {
    missing,
    async append(step, values) {
      if (!file) throw new EvomError('E_INTERNAL', `${path} is closed`);
      if (step <= previous) throw new EvomError('E_RUN', `${path}: step ${step} after step ${previous}; steps rise`);
      // One write a line: appended whole, or torn only at the end of the file.
      await file.writeFile(encode({ ...values, step }));
      previous = step;
      if (syncEveryLine) await file.sync();
    },
    async sync() {
      await file?.sync();
    },
    async close() {
      const closing = file;
      file = null;
      if (!closing) return;
      try {
        await closing.sync();
      } finally {
        await closing.close();
      }
    },
  };
}

/**
 * The lines of a run's metrics; none when there is no file. A torn last line, as a kill leaves it, is passed over.
 *
 * @throws {EvomError} E_RUN naming the line that is broken before the last.
 */
export async function readMetrics(directory: string): Promise<MetricsLine[]> {
  const path = join(directory, fileName);
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  // What follows the last newline was never finished, even if it happens to be JSON: "step":1 may have been "step":12.
  const lines = text.split('\n').slice(0, -1);
  return lines.flatMap((line, i) => {
    const parsed = parseLine(line);
    if (parsed) return [parsed];
    if (i === lines.length - 1) return []; // blocks of a page written out of order by a power cut
    throw new EvomError('E_RUN', `${path}:${i + 1}: not a line of metrics; remove the line, or restore the file`);
  });
}

/** A line without its `time/` values: what two runs with the same seed have in common. */
export function replayableMetrics(line: MetricsLine): Record<string, number | string | boolean | null> {
  return Object.fromEntries(Object.entries(line).filter(([name]) => !name.startsWith('time/')));
}

function encode(line: MetricsLine): string {
  const { step, ...values } = line;
  const finite = Object.entries(values).map(([name, value]) => [name, typeof value === 'number' && !Number.isFinite(value) ? null : value]);
  return `${JSON.stringify({ step, ...Object.fromEntries(finite) })}\n`;
}

function parseLine(text: string): MetricsLine | null {
  try {
    const line: unknown = JSON.parse(text);
    const isLine = typeof line === 'object' && line !== null && 'step' in line && Number.isInteger(line.step);
    return isLine ? (line as MetricsLine) : null;
  } catch {
    return null;
  }
}
