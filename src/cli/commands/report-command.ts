/** `evom report` and `evom dashboard`: what their command lines say. */
import type { Argv } from 'yargs';
import { type Choose, namesOf, outputOptions } from '../arguments.ts';
import { atLeast, wholeNumber } from '../number-flags.ts';

const reportOptions = {
  out: { type: 'string', alias: ['o', 'output'], default: 'report.html', describe: 'file to write' },
  'samples-mb': {
    type: 'number',
    default: 64,
    describe: 'most megabytes of samples in the page, compressed; beyond it steps are left out, whole',
  },
  ...outputOptions,
} as const;

const dashboardOptions = {
  port: { type: 'number', default: 8660, describe: 'port to listen on; 0 takes a free one' },
  address: { type: 'string', default: '127.0.0.1', describe: 'address to listen on; any but this machine alone needs a token' },
  'token-env': { type: 'string', default: 'EVOM_DASHBOARD_TOKEN', describe: 'environment variable that holds the token to ask for' },
  ...outputOptions,
} as const;

export const reportOptionNames = [...namesOf(reportOptions), ...namesOf(dashboardOptions)];

const runsPositional = { type: 'string', array: true, describe: 'directories of runs, or their names below runs/' } as const;

export function reportCommand(cli: Argv, choose: Choose): Argv {
  return cli.command(
    'report <runs..>',
    'one HTML page of a run, or of several side by side: curves, outcomes, samples, tests; opens without a network',
    (command) =>
      command
        .positional('runs', { ...runsPositional, demandOption: true })
        .options(reportOptions)
        .example('$0 report quickstart-001', 'writes report.html')
        .example('$0 report runs/a runs/b --out compare.html', 'did b beat a?'),
    (args) =>
      choose('end', async (run) => {
        const { runReport } = await import('./run-report.ts');
        await runReport({ ...run, runs: args.runs ?? [], out: args.out, samplesMb: atLeast(args.samplesMb, '--samples-mb', 0) });
        return 0;
      }),
  );
}

export function dashboardCommand(cli: Argv, choose: Choose): Argv {
  return cli.command(
    'dashboard [runs..]',
    'the same page while runs train, over a server on this machine',
    (command) =>
      command
        .positional('runs', runsPositional)
        .options(dashboardOptions)
        .example('$0 dashboard', 'the run of runs/ that was written last')
        .example('$0 dashboard runs/a runs/b --port 9000', 'two runs side by side'),
    (args) =>
      choose('close', async (run) => {
        const { runDashboard } = await import('./run-report.ts');
        await runDashboard({
          ...run,
          runs: args.runs ?? [],
          port: wholeNumber(args.port, '--port', 0),
          address: args.address,
          token: process.env[args.tokenEnv] || null,
        });
        return 0;
      }),
  );
}
