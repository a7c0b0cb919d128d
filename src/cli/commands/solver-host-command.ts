/** `evom solver-host`: what its command line says. */
import type { Argv } from 'yargs';
import { EvomError } from '../../lib/errors.ts';
import { type Choose, outputOptions, tokenOf } from '../arguments.ts';

const solverHostOptions = {
  dialects: {
    type: 'string',
    describe: 'list of gurobipy, coptpy, ortools, highspy, pyscipopt, pulp and simulator-python, separated by commas',
  },
  setup: { type: 'string', describe: 'make the Python environment of all dialects in this folder and leave' },
  environment: { type: 'string', default: '.venv-solvers', describe: 'folder that --setup made' },
  python: { type: 'string', default: 'python3', describe: 'Python that --setup makes the environment from' },
  port: { type: 'number', default: 8650, describe: '0 takes a free one' },
  address: { type: 'string', default: '127.0.0.1', describe: 'address to listen on; others than this machine need --token' },
  token: { type: 'string', describe: 'bearer token that clients must send; default $EVOM_SOLVER_HOST_TOKEN' },
  concurrency: {
    type: 'string',
    array: true,
    nargs: 1,
    default: [] as string[],
    describe: 'programs at once, e.g. gurobipy=1 where a licence allows one; default one a core',
  },
  licence: { type: 'string', array: true, nargs: 1, default: [] as string[], describe: 'licence file or folder that programs may read' },
  'unsafe-no-jail': { type: 'boolean', default: false, describe: 'run although the kernel lacks a protection: trusted programs only' },
  ...outputOptions,
} as const;

export const solverHostOptionNames = Object.keys(solverHostOptions);

export function solverHostCommand(cli: Argv, choose: Choose): Argv {
  return cli.command(
    'solver-host',
    'run programs of Gurobi, COPT, OR-Tools, HiGHS, SCIP and PuLP for others over HTTP, each in a jail',
    (command) =>
      command
        .options(solverHostOptions)
        .example('$0 solver-host --setup .venv-solvers', 'install the libraries, once')
        .example('$0 solver-host --dialects gurobipy,coptpy', 'serve two of them on 127.0.0.1:8650'),
    (args) =>
      choose('close', async (run) => {
        const { runSolverHost, runSolverSetup } = await import('./run-solver-host.ts');
        if (args.setup !== undefined) {
          await runSolverSetup({ ...run, directory: args.setup, python: args.python });
          return 0;
        }
        if (args.dialects === undefined) throw new EvomError('E_USAGE', '--dialects is missing; for example --dialects gurobipy,coptpy');
        return runSolverHost({
          ...run,
          dialects: args.dialects.split(',').map((name) => name.trim()),
          environment: args.environment,
          port: args.port,
          address: args.address,
          token: tokenOf(args.token, 'EVOM_SOLVER_HOST_TOKEN'),
          concurrency: Object.fromEntries(args.concurrency.map(concurrencyOf)),
          licences: args.licence,
          allowUnjailed: args['unsafe-no-jail'],
        });
      }),
  );
}

function concurrencyOf(text: string): [string, number] {
  const match = /^([a-z]+)=([1-9]\d*)$/.exec(text);
  if (match === null) throw new EvomError('E_USAGE', `--concurrency ${text} must look like gurobipy=1`);
  return [match[1] as string, Number(match[2])];
}
