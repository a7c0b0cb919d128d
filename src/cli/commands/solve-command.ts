/** `evom solve`: what its command line says. */
import { join } from 'node:path';
import type { Argv } from 'yargs';
import { packageRoot } from '../../config/load/find-file.ts';
import { addressesOf, type Choose, hostOption, namesOf, outputOptions } from '../arguments.ts';
import { atLeast, wholeNumber } from '../number-flags.ts';

/** The checkpoint that comes with evom, wherever a command is called. */
export const ownPolicy = join(packageRoot, 'checkpoints', 'tiny');

/** How a policy is opened and asked: shared with `evom portfolio build`. */
export const askOptions = {
  checkpoint: {
    type: 'string',
    alias: ['policy', 'p'],
    describe: 'folder of a checkpoint or a run; the one that comes with evom when left out',
  },
  backend: { type: 'string', alias: 'b', default: 'highs', describe: 'solver that executes the programs' },
  dialect: { type: 'string', describe: "API to ask for; the backend's own when left out" },
  host: hostOption,
  prompt: {
    type: 'string',
    choices: ['bare', 'instruct'] as const,
    describe: 'how the policy is asked; by the size of its vocabulary when left out',
  },
  samples: { type: 'number', default: 16, describe: 'programs sampled' },
  temperature: { type: 'number', default: 1, describe: 'sampling temperature' },
  'max-tokens': { type: 'number', describe: 'longest program, in tokens; 200 for bare prompts, else 2048' },
  seed: { type: 'number', default: 1, describe: 'whole number; the same seed samples the same programs' },
} as const;

const solveOptions = {
  ...askOptions,
  checks: { type: 'number', default: 4, describe: 'simulators and extractions sampled, each' },
  rounds: { type: 'number', default: 2, describe: 'most repairs after a simulator disagrees' },
  memory: { type: 'string', describe: 'JSONL file of solved problems to show as examples; none when left out' },
  embedding: { type: 'string', describe: 'folder of a local embedding model for the memory; by words when left out' },
  examples: { type: 'number', default: 3, describe: 'examples shown from the memory' },
  simulator: {
    type: 'boolean',
    default: true,
    describe: 'ask for simulators, and repair what they refute; --no-simulator leaves them out',
  },
  'simulator-dialect': {
    type: 'string',
    choices: ['simulator-js', 'simulator-python'] as const,
    default: 'simulator-js',
    describe: 'what simulators are written in; those in Python run on a solver host',
  },
  mbr: { type: 'boolean', default: true, describe: 'minimum Bayes risk decoding; --no-mbr' },
  'self-consistency': { type: 'boolean', default: true, describe: 'the consensus of the samples; --no-self-consistency takes one' },
  ...outputOptions,
} as const;

export const solveOptionNames = namesOf(solveOptions);

export function solveCommand(cli: Argv, choose: Choose): Argv {
  return cli.command(
    'solve <file>',
    'an answer to a problem in words, with its evidence',
    (command) =>
      command
        .positional('file', { type: 'string', demandOption: true, describe: 'text file, or - for stdin' })
        .options(solveOptions)
        .example('$0 solve problem.md', 'by the policy that comes with evom')
        .example('cat problem.md | $0 solve - --checkpoint runs/quickstart-001 --json', 'by a policy of your own, for a script'),
    (args) =>
      choose('close', async (run) => {
        const { runSolve } = await import('./run-solve.ts');
        await runSolve({
          ...run,
          file: args.file,
          setup: {
            policy: args.checkpoint ?? ownPolicy,
            backend: args.backend,
            solverHosts: addressesOf(args.host),
            dialect: args.dialect ?? null,
            template: args.prompt ?? null,
            memory: args.memory || null,
            embedding: args.embedding ?? null,
            examples: wholeNumber(args.examples, '--examples', 1),
            simulatorDialect: args.simulator && args.checks > 0 ? args.simulatorDialect : null,
            samples: wholeNumber(args.samples, '--samples', 1),
          },
          options: {
            samples: wholeNumber(args.samples, '--samples', 1),
            checks: wholeNumber(args.checks, '--checks', 0),
            rounds: wholeNumber(args.rounds, '--rounds', 0),
            seed: wholeNumber(args.seed, '--seed', 0),
            sampling: {
              temperature: atLeast(args.temperature, '--temperature', 0),
              topK: 0,
              topP: 1,
              maxTokens: args.maxTokens === undefined ? null : wholeNumber(args.maxTokens, '--max-tokens', 1),
            },
            components: {
              simulator: args.simulator,
              memory: true,
              bayesRisk: args.mbr,
              selfConsistency: args.selfConsistency,
            },
          },
        });
        return 0;
      }),
  );
}
