/** The work behind `evom verify --input`: many programs, outcomes in their order, gone on with after a stop. */

import { resolve } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { openVerification } from '../../config/build/verify-settings.ts';
import { counted } from '../../lib/counted.ts';
import { EvomError } from '../../lib/errors.ts';
import { faultList } from '../../lib/fault-list.ts';
import { inOrder } from '../../lib/in-order.ts';
import { openJsonlOutput } from '../../lib/jsonl-output.ts';
import { stdinName } from '../arguments.ts';
import { createReporter } from '../view/terminal.ts';
import { compactNumber, duration, percent } from '../view/terminal-text.ts';
import type { VerifyOptions } from './run-verify.ts';
import { lineItems, shownName } from './verify-input.ts';
import { faultOf, itemKey, type VerdictRecord, type VerdictSettings, type VerifyItem, verdictRecord } from './verify-record.ts';

export interface RunVerifyBatchOptions extends VerifyOptions {
  /** JSONL file; `-` is stdin. */
  readonly input: string;
  /** JSONL file; null is stdout. */
  readonly output: string | null;
}

/** Programs under way or waiting for an earlier one, a worker: enough to fill its batches. */
const aheadPerWorker = 64;

/** What is known of a line before anything runs. */
interface Line {
  readonly id: string | number;
  readonly line: number;
  readonly key: string;
}

/** @returns the exit code: 0 when every program was run, whatever came of it; 1 after a fault of ours. */
export async function runVerifyBatch(options: RunVerifyBatchOptions): Promise<number> {
  const { io, json, quiet, signal, settings, rules } = options;
  const about = { cwd: io.cwd, dialect: options.dialect, text: options.input === stdinName ? await textOf(process.stdin) : null };
  const shown = shownName(options.input);
  // The whole input is looked at before anything runs: a broken line is told at once and not after an hour.
  const { lines, dialects } = await checkInput(lineItems(options.input, about), shown, { rules, settings });
  const output = options.output === null ? null : await openJsonlOutput(resolve(io.cwd, options.output));
  const reporter = createReporter(io, { quiet });
  try {
    checkKept(output?.kept ?? [], lines, options.output ?? '', shown);
    const kept = [...(output?.kept ?? [])] as VerdictRecord[];
    const again = new Set(kept.flatMap(({ status }, i) => (status === 'infra_error' ? [i] : [])));
    const tally = createTally();
    for (const [i, record] of kept.entries()) if (!again.has(i)) tally.add(record);
    if (kept.length > 0) {
      const rerun = again.size === 0 ? '' : `, ${again.size} of them faults that are run again`;
      reporter.info(`${options.output} holds ${kept.length} of ${lines.length} outcomes${rerun}; going on`);
    }
    const before = tally.count();
    const began = io.now();
    let fault: EvomError | null = null;
    if (before < lines.length) {
      const verification = await openVerification(dialects, settings, rules, undefined, { onNotice: reporter.warn, signal });
      const stop = (): void => void verification.close();
      signal.addEventListener('abort', stop);
      const verifyLines = (
        isWanted: (index: number) => boolean,
        take: (record: VerdictRecord, index: number) => void | Promise<void>,
      ): Promise<void> =>
        inOrder(
          wanted(lineItems(options.input, about), isWanted),
          ({ item }) => verification.verify(item),
          async (verdict, { item, index }) => {
            const record = verdictRecord(item, verdict, { rules, settings });
            await take(record, index);
            tally.add(record);
            if (record.status === 'infra_error') fault ??= faultOf(`${shown}:${item.line}`, record);
            const done = tally.count() - before;
            const rate = (1000 * done) / Math.max(1, io.now() - began);
            const left = duration((lines.length - tally.count()) / Math.max(rate, 1e-9));
            reporter.progress(`verifying ${tally.count()}/${lines.length}  ${compactNumber(rate)} programs/s  ${left} left`);
          },
          { ahead: settings.workers * aheadPerWorker, signal },
        );
      try {
        signal.throwIfAborted(); // while the workers started
        if (output !== null && again.size > 0) {
          await verifyLines(
            (index) => again.has(index),
            (record, index) => {
              kept[index] = record;
            },
          );
          await output.rewrite(kept);
        }
        await verifyLines(
          (index) => index >= kept.length,
          (record) => (output === null ? io.stdout(`${JSON.stringify(record)}\n`) : output.append(record)),
        );
      } catch (error) {
        signal.throwIfAborted(); // closing the verifier is how an interrupt stops it
        throw error;
      } finally {
        signal.removeEventListener('abort', stop);
        await verification.close();
      }
    }
    reporter.close();
    const seconds = (io.now() - began) / 1000;
    reporter.info(tally.text(seconds, rules[0] ?? ''));
    if (json && output !== null) {
      io.stdout(`${JSON.stringify({ output: options.output, backend: settings.backend, judge: rules[0], ...tally.totals(), seconds })}\n`);
    }
    if (fault !== null) throw fault;
    return 0;
  } finally {
    reporter.close();
    await output?.close();
  }
}

/** Reads the input to its end. */
async function checkInput(
  items: AsyncIterable<VerifyItem>,
  shown: string,
  by: VerdictSettings,
): Promise<{ lines: Line[]; dialects: string[] }> {
  const lines: Line[] = [];
  const lineOf = new Map<string | number, number>();
  const faults: string[] = [];
  const dialects = new Set<string>();
  for await (const item of items) {
    const earlier = lineOf.get(item.id);
    if (earlier === undefined) lineOf.set(item.id, item.line);
    else
      faults.push(
        `${shown}:${item.line}: the id ${JSON.stringify(item.id)} comes twice, first on line ${earlier}; give each program its own`,
      );
    dialects.add(item.dialect);
    lines.push({ id: item.id, line: item.line, key: itemKey(item, by) });
  }
  if (faults.length > 0) throw new EvomError('E_DATA', faultList(faults));
  if (lines.length === 0) throw new EvomError('E_DATA', `${shown} holds no programs; write one {"id", "dialect", "code"} a line`);
  return { lines, dialects: [...dialects] };
}

/** Outcomes may only be gone on with where they are of the same programs on the same backend. */
function checkKept(kept: readonly Readonly<Record<string, unknown>>[], lines: readonly Line[], output: string, input: string): void {
  for (const [index, record] of kept.entries()) {
    const line = lines[index];
    const differs =
      line === undefined
        ? `more outcomes than ${input} has programs`
        : record.id !== line.id
          ? `the outcome of ${JSON.stringify(record.id)}, where ${input} has ${JSON.stringify(line.id)}`
          : record.key !== line.key
            ? `the outcome of another program, problem, backend, limits, audit or judge than ${JSON.stringify(line.id)} is now asked with`
            : null;
    if (differs !== null) {
      throw new EvomError('E_DATA', `${output}:${index + 1} holds ${differs}; delete the file to begin anew, or choose another --output`);
    }
  }
}

const decided: ReadonlySet<string> = new Set(['optimal', 'infeasible', 'unbounded', 'infeasible_or_unbounded']);

/** Counts over all outcomes. */
function createTally() {
  const statuses: Record<string, number> = {};
  const certificates: Record<string, number> = {};
  let [count, right, judged, flagged] = [0, 0, 0, 0];
  return {
    add: ({ status, certificate, correct, flags }: Pick<VerdictRecord, 'status' | 'certificate' | 'correct' | 'flags'>): void => {
      count += 1;
      if (decided.has(status)) certificates[certificate] = (certificates[certificate] ?? 0) + 1;
      statuses[status] = (statuses[status] ?? 0) + 1;
      if (correct !== null) judged += 1;
      if (correct === true) right += 1;
      if (flags.length > 0) flagged += 1;
    },
    count: () => count,
    totals: () => ({ programs: count, statuses, certificates, judged, right, flagged, faults: statuses.infra_error ?? 0 }),
    text: (seconds: number, rule: string): string => {
      const counts = Object.entries(statuses).sort((a, b) => b[1] - a[1]);
      const verdict = judged === 0 ? '' : `; ${right} of ${judged} right by ${rule} (${percent(right / judged)}), ${flagged} flagged`;
      const known = Object.entries(certificates).sort((a, b) => b[1] - a[1]);
      const certified = known.length === 0 ? '' : `; known by ${known.map(([kind, n]) => `${kind} ${n}`).join(', ')}`;
      return `${counted(count, 'program')} in ${duration(seconds)}: ${counts.map(([status, n]) => `${status} ${n}`).join(', ')}${certified}${verdict}`;
    },
  };
}

/** The items at some of the indices. */
async function* wanted<Item>(
  items: AsyncIterable<Item>,
  isWanted: (index: number) => boolean,
): AsyncGenerator<{ readonly item: Item; readonly index: number }> {
  let index = -1;
  for await (const item of items) {
    index += 1;
    if (isWanted(index)) yield { item, index };
  }
}
