/** `evom train` and `evom sft`: what their command lines say. */
import type { Argv } from 'yargs';
import { EvomError } from '../core/errors.ts';
import { type Choose, configOptions, initFromOverrides, loadNamed, ofKind, outputOptions } from './arguments.ts';
import { resumeFrom } from './resume.ts';

const options = {
  ...configOptions,
  resume: { type: 'string', describe: 'continue a stopped run: alone the one that the configuration names, else that directory' },
  'init-from': { type: 'string', describe: 'start from the checkpoint in this directory' },
  ...outputOptions,
} as const;

const dryRun = { type: 'boolean', default: false, describe: 'print the plan, its memory and how its parts start; run nothing' } as const;

export const trainOptionNames = [...Object.keys(options), 'dry-run'];

const requireName = (resume: boolean, name: string | undefined): void => {
  if (resume && name === undefined)
    throw new EvomError('E_USAGE', '--resume needs to know the run: set run.name, or give its directory: --resume runs/NAME');
};

export function trainCommand(cli: Argv, choose: Choose): Argv {
  return cli.command(
    'train',
    'reinforcement learning on rewards from executed programs',
    (command) =>
      command
        .options({ ...options, 'dry-run': dryRun })
        .example('$0 train --config quickstart.yaml', 'train the tiny checkpoint')
        .example('$0 train --config tiny-grpo.yaml --set run.seed=2 --set run.name=second', 'change values of the file')
        .example('$0 train --resume runs/tiny-grpo', 'go on after an interruption')
        .example('$0 train --config grpo.yaml --dry-run', 'memory and launch lines of a GPU run')
        .example('$0 train -c tiny-grpo.yaml --init-from runs/tiny-grpo/latest --set backend=glpk', 'adapt to another solver'),
    (args) =>
      choose('checkpoint', async (run) => {
        const { config: name, overrides, resume } = resumeFrom(args.resume, args.config, run.io.cwd);
        const all = [...args.set, ...initFromOverrides(args.initFrom, 'policy.checkpoint'), ...overrides];
        const { config, source } = ofKind(await loadNamed(name, run.io.cwd, all), 'train', 'evom train');
        if (args.dryRun) {
          const { runDry } = await import('./run-dry.ts');
          await runDry({ ...run, config, source, overrides: all });
          return 0;
        }
        requireName(resume, config.run.name);
        const { runTrain } = await import('./run-train.ts');
        await runTrain({ ...run, config, source, resume });
        return 0;
      }),
  );
}

export function sftCommand(cli: Argv, choose: Choose): Argv {
  return cli.command(
    'sft',
    'supervised fine-tuning on reference programs',
    (command) =>
      command
        .options(options)
        .example('$0 sft --config tiny-sft.yaml', 'train the tiny checkpoint from random weights')
        .example('$0 sft -c tiny-sft.yaml --init-from checkpoints/tiny', 'go on from a checkpoint'),
    (args) =>
      choose('checkpoint', async (run) => {
        const { config: name, overrides, resume } = resumeFrom(args.resume, args.config, run.io.cwd);
        const all = [...args.set, ...initFromOverrides(args.initFrom, 'model'), ...overrides];
        const { config, source } = ofKind(await loadNamed(name, run.io.cwd, all), 'sft', 'evom sft');
        requireName(resume, config.run.name);
        const { runSft } = await import('./run-sft.ts');
        await runSft({ ...run, config, source, resume });
        return 0;
      }),
  );
}
