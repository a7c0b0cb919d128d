/** `evom doctor`: what works on this machine. */
import type { Argv } from 'yargs';
import { type Choose, outputOptions } from './arguments.ts';

export function doctorCommand(cli: Argv, choose: Choose): Argv {
  return cli.command(
    'doctor',
    'check Node, solvers, the model runtime, the build and a checkpoint',
    (command) =>
      command
        .options({ checkpoint: { type: 'string', default: 'checkpoints/tiny', describe: 'checkpoint to look at' }, ...outputOptions })
        .example('$0 doctor', 'after installing, or when a run fails'),
    (args) =>
      choose(async (run) => {
        const { runDoctor } = await import('./doctor.ts');
        return runDoctor({ ...run, checkpoint: args.checkpoint });
      }),
  );
}
