/** `evom cluster`: what its command line says. */
import type { Argv } from 'yargs';
import { EvomError } from '../../lib/errors.ts';
import { type Choose, configOptions, loadNamed, namesOf, ofKind, outputOptions } from '../arguments.ts';

const clusterOptions = {
  ...configOptions,
  local: { type: 'boolean', default: false, describe: 'up without Ray: the same parts on this machine, until Ctrl-C' },
  'dry-run': { type: 'boolean', default: false, describe: 'up: print what would be started, and where its addresses go; start nothing' },
  ...outputOptions,
} as const;

export const clusterOptionNames = namesOf(clusterOptions);

export function clusterCommand(cli: Argv, choose: Choose): Argv {
  return cli.command(
    'cluster <action>',
    'place the solver hosts, model servers and learner of a configuration on a Ray cluster',
    (command) =>
      command
        .positional('action', { type: 'string', choices: ['up', 'status', 'down'] as const, demandOption: true })
        .options(clusterOptions)
        .example('$0 cluster up --config cluster.yaml', 'start what the run needs, on the Ray cluster that this machine is in')
        .example('$0 cluster up --config cluster.yaml --local', 'the same on this machine, without Ray')
        .example('$0 cluster status --config cluster.yaml', 'what runs where, and what went wrong'),
    ({ action, config, set, local, 'dry-run': dryRun }) =>
      choose('close', async (run) => {
        if (action !== 'up' && (local || dryRun))
          throw new EvomError('E_USAGE', `cluster ${action} has no --${local ? 'local' : 'dry-run'}; cluster up has`);
        const loaded = ofKind(await loadNamed(config, run.io.cwd, set), 'train', 'evom cluster');
        const { runCluster } = await import('./run-cluster.ts');
        return runCluster({ ...run, action, config: loaded.config, source: loaded.source, local, dryRun });
      }),
  );
}
