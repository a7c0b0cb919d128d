/** `evom solve-model`: what its command line says. */
import { extname } from 'node:path';
import type { Argv } from 'yargs';
import { isModulePath } from '../../config/schema/vocabulary.ts';
import { EvomError } from '../../lib/errors.ts';
import { type Choose, outputOptions } from '../arguments.ts';
import { wholeNumber } from '../number-flags.ts';

const solveModelOptions = {
  backend: { type: 'string', alias: 'b', default: 'highs', describe: 'highs, glpk, or the path of a module that creates a solver backend' },
  format: { type: 'string', choices: ['lp', 'mps'], describe: 'how the model is written; by default what the file or the line calls it' },
  input: { type: 'string', describe: 'JSONL file of models, one {"id", "lp" | "mps"} a line' },
  output: { type: 'string', alias: ['o', 'out'], describe: 'JSONL file of answers; one that is there already is gone on with' },
  solution: { type: 'boolean', default: false, describe: 'with --input: also write the values of the variables' },
  write: { type: 'string', describe: 'write the model to this .lp or .mps file instead of solving it' },
  'time-limit': { type: 'number', default: 60, describe: 'seconds for one model' },
  workers: { type: 'number', describe: 'with --input: models solved at once; by default one a processor core' },
  ...outputOptions,
} as const;

export const solveModelOptionNames = Object.keys(solveModelOptions);

export function solveModelCommand(cli: Argv, choose: Choose): Argv {
  return cli.command(
    'solve-model [file]',
    'solve a linear or mixed-integer model written as CPLEX LP or MPS text',
    (command) =>
      command
        .positional('file', { type: 'string', describe: 'model.lp or model.mps, also with .gz' })
        .options(solveModelOptions)
        .example('$0 solve-model diet.lp', 'status, objective and values of one model')
        .example('$0 solve-model diet.mps --backend glpk --json', 'the same by GLPK, as one line of JSON')
        .example('$0 solve-model diet.mps --write diet.lp', 'one format into the other')
        .example('$0 solve-model --input models.jsonl --output answers.jsonl', 'many models; run it again to go on after a stop'),
    (args) =>
      choose('close', async (run) => {
        const timeLimitMs = 1000 * args.timeLimit;
        if (!(timeLimitMs > 0)) throw new EvomError('E_USAGE', '--time-limit must be a number of seconds above 0');
        const { backendNames } = await import('../../solvers/registry.ts');
        if (!backendNames.includes(args.backend) && !isModulePath(args.backend))
          throw new EvomError(
            'E_USAGE',
            `--backend ${args.backend}: known are ${backendNames.join(', ')}, or the path of a module such as ./mine.js`,
          );
        const shared = {
          ...run,
          backend: args.backend,
          format: args.format === undefined ? null : (args.format as 'lp' | 'mps'),
          timeLimitMs,
        };
        if ((args.file === undefined) === (args.input === undefined))
          throw new EvomError('E_USAGE', 'evom solve-model takes the file of one model, or --input with a JSONL file of models');
        if (args.file !== undefined) {
          for (const flag of ['output', 'workers'] as const)
            if (args[flag] !== undefined)
              throw new EvomError('E_USAGE', `--${flag} belongs to --input; the answer of one model goes to stdout`);
          if (args.write !== undefined && !['.lp', '.mps'].includes(extname(args.write).toLowerCase()))
            throw new EvomError('E_USAGE', `--write ${args.write}: the name must end in .lp or .mps`);
          const { runSolveModel } = await import('./run-solve-model.ts');
          return runSolveModel({ ...shared, file: args.file, write: args.write ?? null });
        }
        if (args.write !== undefined) throw new EvomError('E_USAGE', '--write takes the file of one model, not --input');
        const workers = args.workers === undefined ? undefined : wholeNumber(args.workers, '--workers');
        const { runSolveModels } = await import('./run-solve-models.ts');
        return runSolveModels({
          ...shared,
          input: args.input ?? '',
          output: args.output ?? null,
          withSolution: args.solution,
          workers: workers ?? null,
        });
      }),
  );
}
