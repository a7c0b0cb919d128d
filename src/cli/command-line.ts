/** The command line as a function: arguments in, exit code out. */
import yargs from 'yargs';
import { EvomError } from '../lib/errors.ts';
import { nearestName } from '../lib/nearest.ts';
import { type Choose, stdinName, type Work } from './arguments.ts';
import { clusterCommand, clusterOptionNames } from './commands/cluster-command.ts';
import { dataCommand, dataOptionNames } from './commands/data-command.ts';
import { doctorCommand } from './commands/doctor-command.ts';
import { evaluateCommand, evaluateOptionNames, rolloutCommand } from './commands/evaluate-command.ts';
import { judgeCommand, judgeOptionNames } from './commands/judge-command.ts';
import { modelCommand, modelOptionNames } from './commands/model-command.ts';
import { portfolioCommand, portfolioOptionNames } from './commands/portfolio-command.ts';
import { promptsCommand, promptsOptionNames } from './commands/prompts-command.ts';
import { dashboardCommand, reportCommand, reportOptionNames } from './commands/report-command.ts';

import { schemaCommand } from './commands/schema-command.ts';
import { serveCommand, serveOptionNames } from './commands/serve-command.ts';
import { compareCommand, runsCommand, showCommand, showOptionNames } from './commands/show-command.ts';
import { solveCommand, solveOptionNames } from './commands/solve-command.ts';
import { solveModelCommand, solveModelOptionNames } from './commands/solve-model-command.ts';
import { solverHostCommand, solverHostOptionNames } from './commands/solver-host-command.ts';
import { sweepCommand, sweepOptionNames } from './commands/sweep-command.ts';
import { sftCommand, trainCommand, trainOptionNames } from './commands/train-command.ts';
import { transferCommand, transferOptionNames } from './commands/transfer-command.ts';
import { verifyCommand, verifyOptionNames } from './commands/verify-command.ts';
import { reportError } from './errors.ts';
import { type OnInterrupt, withInterrupt } from './interrupt.ts';
import type { CommandIo } from './io.ts';
import { packageVersion } from './package-version.ts';

const exitCodes = `Exit codes: 0 done, 1 fault, 2 usage, 3 bad configuration or data, 4 stopped by a guard, 5 no trustworthy answer (solve), 130 interrupted (training after a checkpoint).
Results go to stdout, progress to stderr; --json ends with one line of JSON.`;

const optionNames = [
  ...new Set([
    ...trainOptionNames,
    ...evaluateOptionNames,
    ...transferOptionNames,
    ...sweepOptionNames,
    ...dataOptionNames,
    ...verifyOptionNames,
    ...portfolioOptionNames,
    ...solverHostOptionNames,
    ...clusterOptionNames,
    ...solveModelOptionNames,
    ...solveOptionNames,
    ...judgeOptionNames,
    ...serveOptionNames,
    ...modelOptionNames,
    ...showOptionNames,
    ...reportOptionNames,
    ...promptsOptionNames,
    'help',
    'version',
    'checkpoint',
  ]),
];

/**
 * Runs one command line.
 *
 * @param argv arguments after the program's name.
 * @returns the exit code: 0 ok, 1 fault, 2 usage, 3 bad configuration or data, 4 guard, 5 no trustworthy answer, 130 interrupted.
 */
export async function main(argv: readonly string[], io: CommandIo): Promise<number> {
  const json = argv.includes('--json');
  try {
    const asked = await parseCommandLine(argv, io);
    if (asked.type === 'text') {
      io.stdout(`${asked.text}\n`);
      return 0;
    }
    const quiet = argv.includes('--quiet') || argv.includes('-q');
    return await withInterrupt(io, asked.onInterrupt, (signal) => asked.work({ io, json, quiet, signal }));
  } catch (error) {
    return reportError(error, io, json);
  }
}

type Asked =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'work'; readonly onInterrupt: OnInterrupt; readonly work: Work };

/** yargs makes a list of a flag that is given twice, whether or not the verb takes several, under each of its names. */
function refuseRepeated(args: Readonly<Record<string, unknown>>, lists: readonly string[]): void {
  for (const [name, value] of Object.entries(args)) {
    if (Array.isArray(value) && name.length > 1 && !/[A-Z]/.test(name) && name !== '--' && !lists.includes(name))
      throw new EvomError('E_USAGE', `--${name} is given ${value.length} times; this verb takes one`);
  }
}

/**
 * Reads one command line without doing what it asks.
 *
 * @throws {EvomError} `E_USAGE` for a verb, option or argument that is not known.
 */
export async function parseCommandLine(argv: readonly string[], io: CommandIo): Promise<Asked> {
  let chosen: Asked | null = null;
  let text = '';
  const choose: Choose = (onInterrupt, work) => {
    chosen = { type: 'work', onInterrupt, work };
  };
  const words = argv.map((word) => (word === '-' ? stdinName : word));
  const base = yargs(words)
    .scriptName('evom')
    .usage('$0 <command> [options]\n\nTrains language models to write optimization programs, with a solver as the verifier.')
    .locale('en')
    .exitProcess(false)
    .parserConfiguration({ 'dot-notation': false })
    .wrap(Math.min(io.columns, 120))
    .version(packageVersion())
    .help()
    .alias('help', 'h')
    .strict()
    .recommendCommands()
    .demandCommand(1, 'which command?')
    .epilogue(exitCodes)
    .check((args, options) => {
      refuseRepeated(args, (options as unknown as { readonly array: readonly string[] }).array);
      return true;
    })
    // A thrown EvomError leaves through main; yargs would print it and the help text.
    .fail((message, error) => {
      throw error ?? new EvomError('E_USAGE', usageMessage(message));
    });
  const commands = [
    trainCommand,
    sftCommand,
    evaluateCommand,
    transferCommand,
    sweepCommand,
    rolloutCommand,
    verifyCommand,
    judgeCommand,
    dataCommand,
    modelCommand,
    promptsCommand,
    portfolioCommand,
    solverHostCommand,
    clusterCommand,
    serveCommand,
    solveModelCommand,
    solveCommand,
    runsCommand,
    showCommand,
    compareCommand,
    reportCommand,
    dashboardCommand,
    schemaCommand,
    doctorCommand,
  ];
  const cli = commands.reduce((all, add) => add(all, choose), base);
  await cli.parseAsync(words, {}, (_error, _args, output) => {
    text = output;
  });
  if (text !== '') return { type: 'text', text };
  if (chosen === null) throw new EvomError('E_USAGE', 'which command?');
  return chosen;
}

/** yargs suggests commands; for options the nearest known one is ours to say. */
function usageMessage(message: string): string {
  const meant = /^Did you mean (.*)\?$/.exec(message)?.[1];
  if (meant !== undefined) return `unknown command; did you mean ${meant}?`;
  const unknown = /^Unknown arguments?: (.*)$/.exec(message)?.[1];
  if (unknown === undefined) return message;
  // Camel-case doubles of an option come along; only the name as typed is of interest.
  const names = [...new Set(unknown.split(', '))].filter((name, _, all) => !(/[A-Z]/.test(name) && all.includes(kebab(name))));
  return names
    .map((name) => {
      if (optionNames.includes(name)) return `this command has no --${name}`;
      const nearest = nearestName(name, optionNames);
      return `unknown option or argument: ${name}${nearest === null ? '' : `; did you mean --${nearest}?`}`;
    })
    .join('\n');
}

const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
