/** A batch script for SLURM that starts the parts of a run, waits for its servers, and goes on from the last checkpoint. */

import type { TrainConfig } from '../schema/schema.ts';
import { isHosted } from '../schema/vocabulary.ts';

export const shellQuoted = (word: string): string => (/^[\w./:=@,+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

/** Where a run is kept; null without a name. */
export const runDirectory = ({ run }: TrainConfig): string | null => (run.name === undefined ? null : `${run.dir}/${run.name}`);

/** How long a batch script waits for a server before it gives its allocation back. */
const longestWaitS = 1800;

/**
 * The script of a run on one machine. Several machines: `deploy/slurm/train.sbatch`, which asks a dry run for the same lines.
 *
 * @param launch commands in the order in which they are started, the trainer last.
 * @param gpus devices of the machine that they take.
 */
export function slurmScript(
  config: TrainConfig,
  launch: readonly { readonly name: string; readonly command: string; readonly elsewhere?: string }[],
  gpus: number,
): string {
  const usesTorch = config.learner.type === 'torch';
  const here = launch.filter(({ elsewhere }) => elsewhere === undefined); // the run itself waits for the others
  const lines = here.map(({ name, command }) =>
    name === 'trainer' ? `${command} $resume &` : `${command} > ${name.replace(' ', '-')}.log 2>&1 &`,
  );
  const health = [
    ...(config.policy.type === 'openai' ? config.policy.openai.servers.map((url) => `${url.replace(/\/+$/, '')}/health`) : []),
    ...(config.dialect.some(({ name }) => isHosted(name)) && config.solver_hosts.discover === undefined
      ? config.solver_hosts.urls.map((url) => `${url.replace(/\/+$/, '')}/v1/health`)
      : []),
  ];
  const wait =
    health.length === 0
      ? []
      : [
          `for url in ${health.join(' ')}; do timeout ${longestWaitS} sh -c "until curl -sf $url; do sleep 5; done" || { echo "$url does not answer"; exit 1; }; done`,
        ];
  const run = runDirectory(config);
  return [
    '#!/bin/bash',
    `#SBATCH --job-name=evom --nodes=1 ${gpus > 0 ? `--gpus-per-node=${gpus} ` : ''}--cpus-per-task=${8 * Math.max(1, gpus)}`,
    '#SBATCH --time=24:00:00 --signal=B:INT@300',
    'cd "$SLURM_SUBMIT_DIR"   # the package folder',
    ...(usesTorch
      ? ['test -n "$EVOM_PYTHON" || export EVOM_PYTHON="$PWD/.venv-torch/bin/python"   # as scripts/setup-torch.sh makes it']
      : []),
    ...(config.policy.type === 'openai' && config.policy.openai.servers.length > 0 && config.policy.openai.engine === 'vllm'
      ? ['export PATH="$PWD/.venv-vllm/bin:$PATH"   # as scripts/setup-vllm.sh makes it']
      : []),
    ...(run === null
      ? ['resume=   # a run without run.name begins anew each time']
      : [`resume=; test -e ${shellQuoted(`${run}/config.resolved.yaml`)} && resume=--resume   # a job that is queued again goes on`]),
    ...lines.slice(0, -1),
    ...wait,
    ...lines.slice(-1),
    '# Ctrl-C in time: a checkpoint is written, and the next job goes on from it',
    'trainer=$!; trap "kill -INT $trainer" INT',
    'wait $trainer; wait $trainer',
  ].join('\n');
}
