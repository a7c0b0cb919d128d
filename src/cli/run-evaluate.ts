/** The work behind `evom evaluate`: a checkpoint on every evaluation set of a configuration. */
import { resolve } from 'node:path';
import { buildEvalSets, buildRollout, evaluateSets, resolveCheckpoint } from '../config/build.ts';
import type { ConfigSource } from '../config/load.ts';
import type { TrainConfig } from '../config/schema.ts';
import { writeFileAtomically } from '../core/atomic-write.ts';
import type { Evaluation } from '../evaluate/evaluate.ts';
import type { RunOptions } from './run-options.ts';
import { createReporter } from './terminal.ts';
import { percent, textTable } from './terminal-text.ts';

export interface RunEvaluateOptions extends RunOptions {
  /** Evaluates `policy.checkpoint` on every set of `dataset.eval` (at least one). */
  readonly config: TrainConfig;
  readonly source: ConfigSource;
  /** File to write each problem's score to, one JSON object a line; null for none. */
  readonly out: string | null;
}

export async function runEvaluate({ config, out, io, json, quiet, signal }: RunEvaluateOptions): Promise<void> {
  const reporter = createReporter(io, { quiet });
  const directory = resolveCheckpoint(config.policy.checkpoint);
  const rollout = await buildRollout(config, directory);
  try {
    const sets = await buildEvalSets(config.dataset.eval, (name, made, wanted) =>
      reporter.progress(`making problems ${name} ${made}/${wanted}`),
    );
    const evaluations = await evaluateSets(rollout.parts, config, sets, {
      signal,
      onProgress: (name, done, total) => reporter.progress(`evaluating ${name} ${done}/${total}`),
    });
    reporter.close();
    if (json) {
      io.stdout(`${JSON.stringify({ checkpoint: directory, backend: config.backend, evaluations: evaluations.map((e) => e.summary) })}\n`);
    } else io.stdout(`${reportText(directory, config.backend, evaluations)}\n`);
    // After the report: a path that cannot be written must not cost the evaluation.
    if (out !== null) await writeFileAtomically(resolve(io.cwd, out), scoreLines(evaluations));
  } finally {
    reporter.close();
    await rollout.close();
  }
}

const scoreLines = (evaluations: readonly Evaluation[]): string =>
  evaluations.flatMap(({ summary, scores }) => scores.map((score) => `${JSON.stringify({ set: summary.name, ...score })}\n`)).join('');

/** For people: one row a set, then how its programs ended and where it is strong or weak. */
function reportText(checkpoint: string, backend: string, evaluations: readonly Evaluation[]): string {
  const interval = (ci: readonly [number, number] | null): string => (ci === null ? '' : `[${percent(ci[0])}, ${percent(ci[1])}]`);
  const table = textTable([
    ['set', 'problems', 'samples', 'pass@1', '95 % interval', 'identical', '95 % interval', 'executed'],
    ...evaluations.map(({ summary: s }) => [
      s.name,
      `${s.problems}`,
      `${s.samples}${s.temperature === 0 ? ' greedy' : ` T=${s.temperature}`}`,
      percent(s.pass_at_1),
      interval(s.pass_at_1_ci95),
      percent(s.identical),
      interval(s.identical_ci95),
      percent(s.execution_rate),
    ]),
  ]);
  const details = evaluations.flatMap(({ summary: s }) => [
    '',
    `${s.name} (judge ${s.judge})`,
    `  pass@k     ${Object.entries(s.pass_at_k)
      .map(([k, value]) => `@${k} ${percent(value)}`)
      .join('  ')}`,
    `  outcomes   ${countText(s.taxonomy)}`,
    ...(Object.keys(s.flags).length > 0 ? [`  flags      ${countText(s.flags)}`] : []),
    ...(s.flagged_passes > 0 ? [`  denied     ${s.flagged_passes} right answers that the audit flags, no passes`] : []),
    ...(s.unscorable > 0 ? [`  unscorable ${s.unscorable} samples (no label, or a fault of ours), left out of all rates`] : []),
    ...(Object.keys(s.by_family).length > 0
      ? [
          `  families   ${Object.entries(s.by_family)
            .sort((a, b) => b[1] - a[1])
            .map(([name, rate]) => `${name} ${percent(rate)}`)
            .join('  ')}`,
        ]
      : []),
  ]);
  return [`${checkpoint} on ${backend}`, ...table, ...details].join('\n');
}

const countText = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .sort((a, b) => b[1] - a[1])
    .map(([name, count]) => `${name} ${count}`)
    .join('  ');
