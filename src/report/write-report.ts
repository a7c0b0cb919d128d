/** Runs on disk -> one HTML file. */
import { writeFileAtomically } from '../lib/atomic-write.ts';
import { reportPage } from './page.ts';
import { reportData } from './report-data.ts';
import { type RunView, readRun } from './run-view.ts';
import { sampledSteps } from './samples.ts';
import { packStep, type StepPack } from './step-pack.ts';

export interface ReportOptions {
  readonly out: string;
  readonly now: Date;
  /** Bytes of samples, compressed, that the page may hold for all runs together; steps are left out, whole, beyond it. */
  readonly maxSampleBytes: number;
  readonly onProgress?: (run: string, done: number, total: number) => void;
}

export interface WrittenReport {
  readonly out: string;
  readonly runs: number;
  /** Steps whose samples the page holds, and those that are on disk. */
  readonly steps: number;
  readonly stepsOnDisk: number;
}

/** @throws {EvomError} E_RUN or E_BATCH for a directory or file that cannot be read; E_DATA for a place that takes no file. */
export async function writeReport(directories: readonly string[], options: ReportOptions): Promise<WrittenReport> {
  const runs: { view: RunView; packs: StepPack[]; sampled: number[] }[] = [];
  for (const directory of directories) {
    const view = await readRun(directory);
    const sampled = await sampledSteps(directory);
    const packs: StepPack[] = [];
    for (const step of sampled) {
      packs.push(await packStep(directory, step));
      options.onProgress?.(view.name, packs.length, sampled.length);
    }
    runs.push({ view, packs, sampled });
  }
  const budget = options.maxSampleBytes / Math.max(1, runs.length);
  const kept = runs.map(({ packs }) => withinBudget(packs, budget));
  const data = reportData(runs, { now: options.now, live: false });
  const shown = {
    ...data,
    runs: data.runs.map((run, i) => ({ ...run, sampled: run.sampled.filter(({ step }) => kept[i]?.some((pack) => pack.step === step)) })),
  };
  await writeFileAtomically(options.out, await reportPage(shown, kept));
  return {
    out: options.out,
    runs: runs.length,
    steps: kept.reduce((sum, packs) => sum + packs.length, 0),
    stepsOnDisk: runs.reduce((sum, { sampled }) => sum + sampled.length, 0),
  };
}

/** Steps at even distances, the first and the last among them, as many as fit. */
export function withinBudget<Pack extends { readonly bytes: { readonly length: number } }>(packs: readonly Pack[], bytes: number): Pack[] {
  for (let stride = 1; ; stride++) {
    const some = packs.filter((_, i) => i % stride === 0 || i === packs.length - 1);
    if (some.reduce((sum, pack) => sum + pack.bytes.length, 0) <= bytes || stride >= packs.length) return some;
  }
}
