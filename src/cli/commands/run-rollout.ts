/** The work behind `evom rollout`: sample and score without training, to read what a policy writes. */

import { resolve } from 'node:path';
import { writeRollouts } from '../../batch/rollouts.ts';
import { buildRollout } from '../../config/build/build.ts';
import { buildProblems } from '../../config/build/build-problems.ts';
import { resolveCheckpoint } from '../../config/build/resolve-checkpoint.ts';
import { samplingOf } from '../../config/build/sampling-of.ts';
import type { ConfigSource } from '../../config/load/load.ts';
import type { TrainConfig } from '../../config/schema/schema.ts';
import type { RolloutGroup } from '../../core/rollout.ts';
import { episodeText } from '../../core/turns.ts';
import { counted } from '../../lib/counted.ts';
import { EvomError } from '../../lib/errors.ts';
import { rollOut } from '../../rollout/engine.ts';
import type { RunOptions } from '../run-options.ts';
import { createReporter } from '../view/terminal.ts';
import { tellSolverHosts, tellTemplate } from './run-events.ts';

export interface RunRolloutOptions extends RunOptions {
  readonly config: TrainConfig;
  readonly source: ConfigSource;
  /** Problems to sample, `sampling.group_size` completions each. */
  readonly problems: number;
  /** Draw from the evaluation set of this name; null: from `dataset.train`. */
  readonly set: string | null;
  /** Arrow file to write rollouts to; null: readable text on stdout, or one JSON object a rollout with `json`. */
  readonly out: string | null;
}

export async function runRollout({ config, problems: wanted, set, out, io, json, quiet, signal }: RunRolloutOptions): Promise<void> {
  const reporter = createReporter(io, { quiet });
  await tellSolverHosts(config, reporter, signal);
  const directory = resolveCheckpoint(config.policy.checkpoint, config.policy.type);
  const rollout = await buildRollout(config, directory, 0, null, { onNotice: reporter.warn, signal });
  tellTemplate(rollout.template, reporter);
  try {
    const dataset = set === null ? config.dataset.train : config.dataset.eval.find((one) => one.name === set);
    if (dataset === undefined) {
      const names = config.dataset.eval.map((one) => one.name).join(', ') || 'none';
      throw new EvomError('E_USAGE', `no evaluation set is named ${set}; the configuration has: ${names}`);
    }
    const enough = dataset.type === 'generated' ? { ...dataset, count: Math.min(dataset.count, wanted) } : dataset;
    const { problems } = await buildProblems(enough, (made, total) => reporter.progress(`making problems ${made}/${total}`));
    const { groups, times } = await rollOut(rollout.parts, {
      problems: problems.slice(0, wanted),
      groupSize: config.sampling.group_size,
      sampling: samplingOf(config),
      seedKey: `${config.run.seed}/rollout`,
      genStep: 0,
      signal,
    });
    reporter.close();
    reporter.info(
      `${counted(groups.length, 'group')} of ${config.sampling.group_size}, ${times.tokens} tokens in ${times.sampleS.toFixed(1)} s, ${times.verifyTailS.toFixed(2)} s more for the last verdicts`,
    );
    if (out !== null) {
      const path = resolve(io.cwd, out);
      await writeRollouts(path, groups);
      io.stdout(
        json
          ? `${JSON.stringify({ out: path, groups: groups.length, rollouts: groups.length * config.sampling.group_size })}\n`
          : `${path}\n`,
      );
    } else for (const group of groups) io.stdout(json ? jsonLines(group) : readable(group));
  } finally {
    reporter.close();
    await rollout.close();
  }
}

const jsonLines = (group: RolloutGroup): string =>
  group.rollouts
    .map(
      ({ sampleIndex, completionText, turns, outcome, reward }) =>
        `${JSON.stringify({ problem: group.problem.id, sample: sampleIndex, answer: group.problem.answer, completion: completionText, ...(turns === undefined ? {} : { turns }), status: outcome.status, objective: outcome.objective, reported: outcome.reported, reward: reward.value, parts: reward.parts, correct: reward.correct, identical: reward.identical, flags: reward.flags, error: outcome.error })}\n`,
    )
    .join('');

function readable(group: RolloutGroup): string {
  const head = `\n=== ${group.problem.id}  answer ${group.problem.answer}\n${group.problem.question}\n`;
  const samples = group.rollouts.map(({ sampleIndex, outcome, reward, ...texts }) => {
    const verdict = reward.correct ? (reward.identical === false ? 'right value, other model' : 'right') : 'wrong';
    const error = outcome.error === null ? '' : `  ${outcome.error.type}: ${outcome.error.message}`;
    return `--- sample ${sampleIndex}: ${outcome.status} ${outcome.objective ?? ''}  ${verdict}  reward ${reward.value?.toFixed(3) ?? 'none'}${error}\n${episodeText(texts).trimEnd()}\n`;
  });
  return head + samples.join('');
}
