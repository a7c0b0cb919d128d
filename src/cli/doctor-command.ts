/** `evom doctor`: what works on this machine. */
import type { Argv } from 'yargs';
import { type Choose, configOptions, loadNamed, ofKind, outputOptions } from './arguments.ts';

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
        .example('$0 doctor --config grpo.yaml', 'also its model servers, memory and disk'),
    (args) =>
      choose('end', async (run) => {
        const { runDoctor } = await import('./doctor.ts');
        const config =
          args.config === undefined ? null : ofKind(await loadNamed(args.config, run.io.cwd, args.set), 'train', 'evom train').config;
        return runDoctor({ ...run, checkpoint: config?.policy.checkpoint ?? args.checkpoint, config });
      }),
  );
}
