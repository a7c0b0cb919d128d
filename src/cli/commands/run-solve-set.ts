/** The work behind `evom solve --dataset`: every problem of a set, with components left out one by one, as a table. */
import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { findDataset } from '../../benchmarks/find-dataset.ts';
import { buildProblems } from '../../config/build/build-problems.ts';
import { buildSolve, type SolveSetup } from '../../config/build/build-solve.ts';
import { evalSet } from '../../config/schema/dataset-schema.ts';
import { type Ablation, type SolvedLine, solveSet, type Variant } from '../../evaluate/solve-set.ts';
import { summarizeSolved, type VariantSummary } from '../../evaluate/solve-table.ts';
import { fileSha256 } from '../../lib/file-sha256.ts';
import { type JsonlOutput, openJsonlOutput } from '../../lib/jsonl-output.ts';
import type { JudgeRuleName } from '../../reward/judge-rules.ts';
import type { SolveOptions } from '../../solve/solve-parts.ts';
import type { RunOptions } from '../run-options.ts';
import { createReporter } from '../view/terminal.ts';
import { percent, textTable } from '../view/terminal-text.ts';
import { policyPrint } from './policy-print.ts';

export interface RunSolveSetOptions extends RunOptions {
  /** Path or name. */
  readonly dataset: string;
  readonly dataDir: string | null;
  /** The first so many problems; null: all. */
  readonly limit: number | null;
  readonly rule: JudgeRuleName;
  readonly ablate: readonly Ablation[];
  readonly setup: Omit<SolveSetup, 'now'>;
  readonly options: Omit<SolveOptions, 'question' | 'signal'>;
  readonly atOnce: number;
  /** Log of finished problems; null for none. */
  readonly out: string | null;
}

/** @throws {EvomError} `E_DATA` for a dataset or log that cannot be read; `E_POLICY` for a server that is away, after which the log goes on. */
export async function runSolveSet(asked: RunSolveSetOptions): Promise<void> {
  const { dataset, dataDir, limit, rule, ablate, setup, options, atOnce, out, io, json, quiet, signal } = asked;
  const reporter = createReporter(io, { quiet });
  const path = await findDataset(dataset, { cwd: io.cwd, dataDir });
  const { problems } = await buildProblems(evalSet.parse({ name: 'solve', type: 'file', path, ...(limit === null ? {} : { limit }) }));
  const variants: Variant[] = ['full', ...ablate.map((name): Variant => `without ${name}`), 'one program'];
  const setting = await settingOf(asked);
  const log: JsonlOutput | null = out === null ? null : await openJsonlOutput(resolve(io.cwd, out));
  try {
    const { parts, close } = await buildSolve({ ...setup, now: io.now, following: { onNotice: reporter.warn, signal } });
    try {
      let done = 0;
      const total = problems.length * variants.length;
      const kept = (log?.kept ?? []) as unknown as readonly SolvedLine[];
      const lines = await solveSet(parts, {
        ...{ problems, variants, rule, options, setting, kept, atOnce, signal },
        onLine: async (line) => {
          await log?.append(line);
          reporter.progress(`solved ${++done} of ${total}`);
        },
      });
      reporter.close();
      const summaries = summarizeSolved(lines, variants, options.seed);
      const unlabelled = problems.length - (summaries[0]?.problems ?? 0);
      const report = { dataset, problems: problems.length, unlabelled, rule, samples: options.samples, variants: summaries };
      io.stdout(json ? `${JSON.stringify(report)}\n` : `${tableText(report)}\n`);
    } finally {
      await close();
    }
  } finally {
    reporter.close();
    await log?.close();
  }
}

/** A name for everything that decides a result but the problem, so that a log is only gone on with by the same setting. */
async function settingOf({ setup, options, rule, io }: RunSolveSetOptions): Promise<string> {
  const { policy, judge, simulatorPolicy, running, memory, ...rest } = setup;
  const what = {
    policy: await policyPrint(policy),
    judge: await policyPrint(judge),
    simulators: await policyPrint(simulatorPolicy),
    limits: running?.sandbox.limits ?? null,
    memory: memory === null || memory === 'own' ? memory : await fileSha256(resolve(io.cwd, memory)),
    ...{ ...rest, solverHosts: undefined },
    options,
    rule,
  };
  return createHash('sha256').update(JSON.stringify(what)).digest('hex').slice(0, 16);
}

interface Report {
  readonly dataset: string;
  readonly problems: number;
  readonly unlabelled: number;
  readonly rule: JudgeRuleName;
  readonly samples: number;
  readonly variants: readonly VariantSummary[];
}

function tableText({ dataset, problems, unlabelled, rule, samples, variants }: Report): string {
  const change = ({ change: by, p }: VariantSummary): string =>
    by === null || p === null ? '' : `${by > 0 ? '+' : ''}${(100 * by).toFixed(1)} (p ${p < 0.0001 ? '<0.0001' : p.toFixed(4)})`;
  const rows = variants.map((s) => [
    s.variant,
    percent(s.right),
    `[${percent(s.right_ci95[0])}, ${percent(s.right_ci95[1])}]`,
    change(s),
    percent(s.trusted),
    s.right_of_trusted === null ? '-' : percent(s.right_of_trusted),
    `${Math.round(s.median_ms)}`,
    `${Math.round(s.mean_tokens)}`,
    s.mean_rounds.toFixed(2),
  ]);
  const [full] = variants;
  const faults = Object.entries(full?.faults ?? {}).map(([name, n]) => `${name} ${n}`);
  return [
    `${dataset}: ${problems} problems, ${samples} programs each (judge ${rule}${unlabelled > 0 ? `, ${unlabelled} without a label left out` : ''})`,
    ...textTable([['', 'right', '95 % interval', 'change', 'trusted', 'right of those', 'median ms', 'tokens', 'repairs'], ...rows]),
    '',
    faults.length === 0 ? 'no wrong answers' : `wrong answers by where they come from: ${faults.join(', ')}`,
  ].join('\n');
}
