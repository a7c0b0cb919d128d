/** `evom train` and `evom sft`: what their command lines say. */
import type { Argv } from 'yargs';
import type { ConfigSource } from '../../config/load/load.ts';
import { EvomError } from '../../lib/errors.ts';
import type { RunConfig } from '../../run/session.ts';
import {
  type Choose,
  configOptions,
  groupOption,
  loadNamed,
  namesOf,
  ofKind,
  outputOptions,
  policyOptions,
  policyOverrides,
  startOverrides,
} from '../arguments.ts';
import { resumeFrom } from '../resume.ts';
import type { RunOptions } from '../run-options.ts';
import { createReporter } from '../view/terminal.ts';

const options = {
  ...configOptions,
  resume: { type: 'string', describe: 'continue a stopped run: alone the one that the configuration names, else that directory' },
  ...policyOptions,
  'dry-run': {
    type: 'boolean',
    default: false,
    describe: 'print the plan, how its parts start, and whether the run could start (3 where not); run nothing',
  },
  ...outputOptions,
} as const;

export const trainOptionNames = namesOf({ ...options, ...groupOption });

interface Asked {
  readonly config: RunConfig;
  readonly source: ConfigSource;
  readonly notes: readonly string[];
  readonly resume: boolean;
  readonly overrides: Parameters<typeof loadNamed>[2];
  readonly dryRun: boolean;
}

/** Runs what was asked for, or says what it would be. */
async function startRun(run: RunOptions, { config, source, notes, resume, overrides, dryRun }: Asked): Promise<number> {
  if (resume && config.run.name === undefined)
    throw new EvomError('E_USAGE', '--resume needs to know the run: set run.name, or give its directory: --resume runs/NAME');
  const reporter = createReporter(run.io, { quiet: run.quiet });
  for (const note of notes) reporter.info(`note  ${note}`);
  if (dryRun) {
    const { runDry } = await import('./run-dry.ts');
    return runDry({ ...run, config, source, overrides, resume });
  }
  const { runTrain } = await import('./run-train.ts');
  await runTrain({ ...run, config, source, resume });
  return 0;
}

export function trainCommand(cli: Argv, choose: Choose): Argv {
  return cli.command(
    'train',
    'reinforcement learning on rewards from executed programs',
    (command) =>
      command
        .options({ ...options, ...groupOption })
        .example('$0 train --config quickstart.yaml', 'train the tiny checkpoint')
        .example('$0 train --config tiny-grpo.yaml --set run.seed=2 --set run.name=second', 'change values of the file')
        .example('$0 train --resume runs/tiny-grpo', 'go on after an interruption')
        .example('$0 train --resume runs/tiny-grpo --set run.steps=400', 'go on for more steps')
        .example('$0 train --config grpo.yaml --dry-run', 'memory and launch lines of a GPU run, and what it lacks')
        .example('$0 train -c tiny-grpo.yaml --checkpoint runs/tiny-grpo/latest --set backend=glpk', 'adapt to another solver'),
    (args) =>
      choose('checkpoint', async (run) => {
        const { config: name, overrides: where, resume } = resumeFrom(args.resume, args.config, run.io.cwd);
        const overrides = [...args.set, ...startOverrides(args, 'policy.checkpoint'), ...policyOverrides(args), ...where];
        const loaded = ofKind(await loadNamed(name, run.io.cwd, overrides), 'train', 'evom train');
        return startRun(run, { ...loaded, resume, overrides, dryRun: args.dryRun });
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
        .example('$0 sft -c tiny-sft.yaml --checkpoint checkpoints/tiny', 'go on from a checkpoint'),
    (args) =>
      choose('checkpoint', async (run) => {
        const { config: name, overrides: where, resume } = resumeFrom(args.resume, args.config, run.io.cwd);
        const overrides = [...args.set, ...startOverrides(args, 'model'), ...policyOverrides(args), ...where];
        const loaded = ofKind(await loadNamed(name, run.io.cwd, overrides), 'sft', 'evom sft');
        return startRun(run, { ...loaded, resume, overrides, dryRun: args.dryRun });
      }),
  );
}
