/** `evom doctor`: what works on this machine. */
import type { Argv } from 'yargs';
import { type Choose, configOptions, loadNamed, outputOptions } from '../arguments.ts';

export function doctorCommand(cli: Argv, choose: Choose): Argv {
  return cli.command(
    'doctor',
    'check Node, solvers, the model runtime, the build, a checkpoint, GPUs and PyTorch',
    (command) =>
      command
        .options({
          checkpoint: { type: 'string', default: 'checkpoints/tiny', describe: 'checkpoint to look at' },
          ...configOptions,
          ...outputOptions,
        })
        .example('$0 doctor', 'after installing, or when a run fails')
        .example(
          '$0 doctor --config grpo.yaml',
          'all that its run needs: files, hosts, servers, memory, disk; ends with 3 where it could not start',
        ),
    (args) =>
      choose('end', async (run) => {
        const { runDoctor } = await import('./doctor.ts');
        const loaded = args.config === undefined ? null : await loadNamed(args.config, run.io.cwd, args.set);
        return runDoctor({ ...run, checkpoint: args.checkpoint, config: loaded?.config ?? null, source: loaded?.source ?? null });
      }),
  );
}
