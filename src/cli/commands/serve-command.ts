/** `evom serve`: what its command line says. */
import type { Argv } from 'yargs';
import { promptTemplates } from '../../dialects/prompt.ts';
import { EvomError } from '../../lib/errors.ts';
import { judgeRuleNames } from '../../reward/judge-rules.ts';
import { unscorablePolicies } from '../../serve/format.ts';
import { addressesOf, type Choose, hostOption, limitOption, namesOf, outputOptions, tokenOf } from '../arguments.ts';
import { atLeast, wholeNumber } from '../number-flags.ts';

const serveOptions = {
  dataset: {
    type: 'string',
    array: true,
    default: [] as string[],
    describe: 'problems to score for: files that evom data import reads, or names such as nl4opt@sirl; their answers stay here',
  },
  'data-dir': { type: 'string', describe: 'folder in which a dataset name is looked up; default EVOM_DATA' },
  backend: { type: 'string', default: 'highs', describe: 'solver of the models: highs, glpk, or a module such as ./my-backend.js' },
  dialect: { type: 'string', describe: 'solver API of the programs; the one that the backend speaks when left out' },
  judge: { type: 'string', describe: `rule that says what is right: ${judgeRuleNames.join(', ')}; sirl, or that of --reward` },
  reward: { type: 'string', describe: 'configuration of evom train whose reward, judge and audit are paid; the preset evom when left out' },
  prompt: { type: 'string', choices: promptTemplates, default: 'instruct', describe: 'how a problem is asked' },
  examples: { type: 'number', default: 0, describe: 'worked examples before the question' },
  workers: { type: 'number', describe: 'programs run at once; one a processor core when left out' },
  host: hostOption,
  set: limitOption,
  port: { type: 'number', default: 8700, describe: '0 takes a free one' },
  address: { type: 'string', default: '127.0.0.1', describe: 'address to listen on; others than this machine need --token' },
  token: { type: 'string', describe: 'bearer token that clients must send; default $EVOM_SERVE_TOKEN' },
  unscorable: {
    type: 'string',
    choices: unscorablePolicies,
    default: 'error',
    describe: 'what OpenRLHF and slime are sent after a fault of ours: an error, a counted 0, or nothing until there is a reward',
  },
  turns: { type: 'number', default: 1, describe: 'programs that an episode may run, the submitted one included (OpenEnv, ORS)' },
  deadline: { type: 'number', default: 50, describe: 'seconds to an answer, waiting included; clients give up after 60' },
  'max-waiting': { type: 'number', default: 10_000, describe: 'completions that may wait; further ones are refused with 503' },
  'max-sessions': { type: 'number', default: 10_000, describe: 'episodes open at once' },
  idle: { type: 'number', default: 900, describe: 'seconds after which an idle episode is dropped' },
  ...outputOptions,
} as const;

export const serveOptionNames = namesOf(serveOptions);

export function serveCommand(cli: Argv, choose: Choose): Argv {
  return cli.command(
    'serve',
    'give rewards to other trainers: TRL, verl, prime-rl, OpenRLHF, SkyRL, slime, NeMo-Gym, OpenEnv',
    (command) =>
      command
        .options(serveOptions)
        .example('$0 serve --dataset problems.jsonl', 'on 127.0.0.1:8700, programs in JavaScript on HiGHS')
        .example('$0 serve --dataset nl4opt@sirl --backend gurobi --host http://127.0.0.1:8650', 'programs of gurobipy on a solver host')
        .example('$0 serve --dataset problems.jsonl --reward configs/grpo.yaml --judge evom-strict', 'paid as in a run of evom train'),
    (args) =>
      choose('close', async (run) => {
        const judge = args.judge === undefined ? null : (judgeRuleNames.find((rule) => rule === args.judge) ?? unknownJudge(args.judge));
        const { runServe } = await import('./run-serve.ts');
        return runServe({
          ...run,
          datasets: args.dataset.flatMap((list) => list.split(',')).filter((name) => name !== ''),
          dataDir: args.dataDir ?? process.env.EVOM_DATA ?? null,
          backend: args.backend,
          dialect: args.dialect ?? null,
          judge,
          reward: args.reward ?? null,
          template: args.prompt,
          examples: examplesOf(args.prompt, wholeNumber(args.examples, '--examples', 0)),
          workers: args.workers ?? null,
          hosts: addressesOf(args.host),
          set: args.set,
          port: wholeNumber(args.port, '--port', 0),
          address: args.address,
          token: tokenOf(args.token, 'EVOM_SERVE_TOKEN'),
          unscorable: args.unscorable,
          turns: wholeNumber(args.turns, '--turns'),
          deadlineMs: 1000 * atLeast(args.deadline, '--deadline', 0.001),
          maxWaiting: wholeNumber(args.maxWaiting, '--max-waiting'),
          maxSessions: wholeNumber(args.maxSessions, '--max-sessions'),
          idleMs: 1000 * atLeast(args.idle, '--idle', 0.001),
        });
      }),
  );
}

function examplesOf(template: string, examples: number): number {
  if (examples > 0 && (template === 'bare' || template === 'brief'))
    throw new EvomError('E_USAGE', `--examples: a ${template} prompt has none; take --prompt instruct, evom or sirl`);
  return examples;
}

function unknownJudge(name: string): never {
  throw new EvomError('E_USAGE', `--judge ${name}: no such rule; known are ${judgeRuleNames.join(', ')}`);
}
