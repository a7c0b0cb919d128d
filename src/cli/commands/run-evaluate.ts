/** The work behind `evom evaluate`: a checkpoint on every evaluation set of a configuration. */

import { resolve } from 'node:path';
import { type BuiltRollout, buildEvalSets, buildRollout, checkSetDialects, evaluateSets } from '../../config/build/build.ts';
import { cellOf, memoryOf, policyFingerprint } from '../../config/build/outcome-memory.ts';
import { policyName, resolveCheckpoint } from '../../config/build/resolve-checkpoint.ts';
import type { ConfigSource } from '../../config/load/load.ts';
import type { TrainConfig } from '../../config/schema/schema.ts';
import type { Evaluation, EvaluationSummary, JudgedRate } from '../../evaluate/evaluate.ts';
import { countText } from '../../evaluate/transfer-text.ts';
import { writeFileAtomically } from '../../lib/atomic-write.ts';
import { counted } from '../../lib/counted.ts';
import { EvomError } from '../../lib/errors.ts';
import type { JudgeRuleName } from '../../reward/judge-rules.ts';
import { OutcomeFile } from '../../runs/outcome-file.ts';
import type { RunOptions } from '../run-options.ts';
import { createReporter, type Reporter } from '../view/terminal.ts';
import { percent, textTable } from '../view/terminal-text.ts';
import { tellSolverHosts, tellTemplate } from './run-events.ts';

export interface RunEvaluateOptions extends RunOptions {
  /** Evaluates `policy.checkpoint` on every set of `dataset.eval` (at least one). */
  readonly config: TrainConfig;
  readonly source: ConfigSource;
  /** Rules to score the same outcomes by beside the configured one. */
  readonly judges: readonly JudgeRuleName[];
  /** File of outcomes to take from and add to; null for none. */
  readonly outcomes: string | null;
  /** File to write each problem's score to, one JSON object a line; null for none. */
  readonly out: string | null;
}

export async function runEvaluate({ config, judges, outcomes, out, io, json, quiet, signal }: RunEvaluateOptions): Promise<void> {
  checkSetDialects(config);
  const reporter = createReporter(io, { quiet });
  const directory = resolveCheckpoint(config.policy.checkpoint, config.policy.type);
  await tellSolverHosts(config, reporter, signal);
  const rollout = await buildRollout(config, directory, 0, null, { onNotice: reporter.warn, signal });
  const name = policyName(config.policy, directory);
  tellTemplate(rollout.template, reporter);
  const file = outcomes === null ? null : await OutcomeFile.open(resolve(io.cwd, outcomes));
  try {
    const made = await buildEvalSets(config.dataset.eval, (name, done, total) =>
      reporter.progress(`making problems ${name} ${done}/${total}`),
    );
    const sets = askable(made, directory, rollout, reporter);
    const fingerprint = file === null ? '' : await policyFingerprint(directory, config.policy);
    const evaluations = await evaluateSets(rollout.parts, config, sets, {
      signal,
      judges,
      diagnose: true,
      ...(file === null
        ? {}
        : {
            memory: (temperature: number, asked: string | undefined) =>
              memoryOf(
                file,
                cellOf(config, { fingerprint, template: rollout.template?.template ?? null }, { temperature, dialect: asked }),
              ),
          }),
      onProgress: (name, done, total) => reporter.progress(`evaluating ${name} ${done}/${total}`),
    });
    tellCutOff(evaluations, config, '', reporter);
    reporter.close();
    if (json) {
      io.stdout(
        `${JSON.stringify({ checkpoint: name, backend: config.backend, template: rollout.template?.template ?? null, evaluations: evaluations.map((e) => e.summary) })}\n`,
      );
    } else io.stdout(`${reportText(name, config.backend, evaluations)}\n`);
    // After the report: a path that cannot be written must not cost the evaluation.
    if (out !== null) await writeFileAtomically(resolve(io.cwd, out), scoreLines(evaluations));
  } finally {
    reporter.close();
    await file?.close();
    await rollout.close();
  }
}

/** Answers that end where the room ends are wrong for a reason that the score does not tell. */
export function tellCutOff(
  evaluations: readonly Evaluation[],
  { sampling }: Pick<TrainConfig, 'sampling'>,
  about: string,
  reporter: Reporter,
): void {
  for (const { summary } of evaluations)
    if ((summary.truncated ?? 0) >= 0.1)
      reporter.warn(
        `${about}${summary.name}: ${Math.round(100 * (summary.truncated ?? 0))} % of the answers were cut off at ${sampling.max_tokens} tokens; --max-tokens gives them more room`,
      );
}

type Sets = Awaited<ReturnType<typeof buildEvalSets>>;

/** The problems of each set without those that a recording knows nothing about; they are told. */
export function askable(sets: Sets, checkpoint: string, { recordings }: Pick<BuiltRollout, 'recordings'>, reporter: Reporter): Sets {
  if (recordings === null) return sets;
  return sets.map(({ config: set, problems }) => {
    const known = problems.filter((problem) => recordings.recall(problem, '').length >= (set.greedy ? 1 : set.samples));
    if (known.length === 0)
      throw new EvomError(
        'E_DATA',
        `${checkpoint} holds too few completions for every problem of ${set.name}; is it about this set, and are --samples too many?`,
      );
    if (known.length < problems.length) {
      reporter.warn(
        `${set.name}: ${problems.length - known.length} of ${problems.length} problems have too few recorded completions and are left out`,
      );
    }
    return { config: set, problems: known };
  });
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
    `${s.name} (judge ${s.judge}, labels ${labelText(s.labels)}, of ${counted(s.denominator, 'problem')} with a label)`,
    `  pass@k     ${Object.entries(s.pass_at_k)
      .map(([k, value]) => `@${k} ${percent(value)}`)
      .join('  ')}`,
    ...(s.pass_by_turn === undefined
      ? []
      : [
          `  by turn    ${Object.entries(s.pass_by_turn)
            .map(([turn, value]) => `${turn} ${percent(value)}`)
            .join('  ')}`,
        ]),
    `  outcomes   ${countText(s.taxonomy, '  ')}`,
    ...(Object.keys(s.flags).length > 0 ? [`  flags      ${countText(s.flags, '  ')}`] : []),
    ...(s.diagnosis !== null && Object.keys(s.diagnosis).length > 0
      ? [`  diagnosis  ${countText(s.diagnosis, '  ')} (wrong models against the reference)`]
      : []),
    ...(s.flagged_passes > 0 ? [`  denied     ${s.flagged_passes} right answers that the audit flags, no passes`] : []),
    ...judgedRates(s).map(
      ([rule, rate]) =>
        `  judge ${rule.padEnd(12)} pass@1 ${percent(rate.pass_at_1)} ${interval(rate.pass_at_1_ci95)} of ${counted(rate.denominator, 'problem')}`,
    ),
    ...(s.usage === null
      ? []
      : [`  cost       ${s.usage.prompt_tokens} prompt tokens, ${s.usage.completion_tokens} completion tokens, as the API counted them`]),
    ...(s.unscorable > 0 ? [`  unscorable ${counted(s.unscorable, 'sample')} (no label, or a fault of ours), left out of all rates`] : []),
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

/** One row a rule, the configured one first; none where there is only that. */
function judgedRates(s: EvaluationSummary): [string, JudgedRate][] {
  const others = Object.entries(s.by_judge);
  if (others.length === 0) return [];
  return [[s.judge, { pass_at_1: s.pass_at_1, pass_at_1_ci95: s.pass_at_1_ci95, denominator: s.denominator }], ...others];
}

/** The label versions, two of many. */
export const labelText = (labels: readonly string[]): string =>
  labels.length <= 2 ? labels.join(' and ') : `${labels.slice(0, 2).join(', ')} and ${labels.length - 2} more`;
