/** `evom verify`: what its command line says. */
import type { Argv } from 'yargs';
import { EvomError } from '../../lib/errors.ts';
import { judgeRuleNames } from '../../reward/judge-rules.ts';
import { addressesOf, type Choose, hostOption, limitOption, namesOf, outputOptions } from '../arguments.ts';

const verifyOptions = {
  dialect: { type: 'string', describe: 'solver API of the programs; told from what they load when left out' },
  backend: { type: 'string', default: 'highs', describe: 'solver of the models: highs, glpk, or a module such as ./my-backend.js' },
  answer: { type: 'string', describe: 'the right optimum, or infeasible, or unbounded' },
  question: { type: 'string', describe: 'the text of the problem, for the audit of the numbers in a model' },
  judge: { type: 'string', default: 'sirl', describe: `rules that say what is right, or all: ${judgeRuleNames.join(', ')}` },
  input: {
    type: 'string',
    alias: 'i',
    describe: 'JSONL of {"id", "dialect", "code" or "completion", "answer"?, "question"?, "model"?}; - is stdin',
  },
  output: {
    type: 'string',
    alias: ['o', 'out'],
    describe: 'JSONL of outcomes; the same command goes on with it after a stop; stdout when left out',
  },
  stream: {
    type: 'boolean',
    default: false,
    describe: 'answer each line of --input as it comes, for a process that is kept open',
  },
  workers: { type: 'number', describe: 'programs run at once; one a processor core when left out' },
  host: hostOption,
  set: limitOption,
  ...outputOptions,
} as const;

export const verifyOptionNames = namesOf(verifyOptions);

export function verifyCommand(cli: Argv, choose: Choose): Argv {
  return cli.command(
    'verify [files..]',
    'run programs in the sandbox, solve their models, judge and audit what came out',
    (command) =>
      command
        .positional('files', { type: 'string', array: true, describe: 'programs, or answers of a model that hold one; - is stdin' })
        .options(verifyOptions)
        .example('$0 verify diet.js --answer 1904', 'one program against its answer')
        .example('$0 verify diet.js --backend glpk --answer 1904 --judge all --json', 'on another solver, under every published rule')
        .example('$0 verify --input - --stream', 'a process kept open: a line in, a line out')
        .example('$0 verify --input programs.jsonl --output outcomes.jsonl', 'many programs, resumable'),
    (args) =>
      choose('close', async (run) => {
        const files = args.files ?? [];
        if (args.input === undefined && files.length === 0) {
          throw new EvomError('E_USAGE', 'evom verify needs programs: name files, or a JSONL file with --input');
        }
        if (args.input !== undefined && files.length > 0) {
          throw new EvomError('E_USAGE', `--input and files exclude each other; leave out ${files.join(' ')}`);
        }
        if (args.input === undefined && args.stream)
          throw new EvomError('E_USAGE', '--stream belongs to --input; write --input - --stream');
        if (args.input === undefined && args.output !== undefined) {
          throw new EvomError('E_USAGE', '--output belongs to --input; for files redirect stdout');
        }
        const { verifySettings } = await import('../../config/build/verify-settings.ts');
        const settings = verifySettings({
          backend: args.backend,
          workers: args.workers ?? null,
          hosts: addressesOf(args.host),
          set: args.set,
        });
        const options = { ...run, settings, dialect: args.dialect ?? null, rules: rulesOf(args.judge) };
        const about = { answer: args.answer ?? null, question: args.question ?? null };
        if (args.input === undefined) {
          const { runVerify } = await import('./run-verify.ts');
          return runVerify({ ...options, ...about, files });
        }
        if (about.answer !== null || about.question !== null) {
          throw new EvomError('E_USAGE', '--answer and --question are for files; with --input write them on each line');
        }
        if (args.stream) {
          if (args.output !== undefined)
            throw new EvomError('E_USAGE', '--stream answers on stdout; leave --output out, or leave --stream out');
          const { runVerifyStream } = await import('./run-verify-stream.ts');
          return runVerifyStream({ ...options, input: args.input });
        }
        const { runVerifyBatch } = await import('./run-verify-batch.ts');
        return runVerifyBatch({ ...options, input: args.input, output: args.output ?? null });
      }),
  );
}

/** The rules asked for, each once; the first one decides the reward. */
function rulesOf(list: string): (typeof judgeRuleNames)[number][] {
  const names = list === 'all' ? judgeRuleNames : list.split(',').map((name) => name.trim());
  return [...new Set(names)].map((name) => {
    const rule = judgeRuleNames.find((known) => known === name);
    if (rule === undefined) throw new EvomError('E_USAGE', `--judge ${name}: no such rule; known are all, ${judgeRuleNames.join(', ')}`);
    return rule;
  });
}
