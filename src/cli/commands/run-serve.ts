/** The work behind `evom serve`: problems read, the verifier opened, requests answered until interrupted. */

import { basename } from 'node:path';
import { findDataset } from '../../benchmarks/find-dataset.ts';
import { buildProblems } from '../../config/build/build-problems.ts';
import { openVerification, verifySettings } from '../../config/build/verify-settings.ts';
import { findInput } from '../../config/load/find-file.ts';
import { loadConfig } from '../../config/load/load.ts';
import { type RewardConfig, resolveDialects } from '../../config/schema/schema.ts';
import type { PromptTemplate } from '../../dialects/prompt.ts';
import { dialectByName } from '../../dialects/registry.ts';
import { counted } from '../../lib/counted.ts';
import { readAddresses } from '../../lib/discover/address-watch.ts';
import { EvomError } from '../../lib/errors.ts';
import { requestJson } from '../../lib/http.ts';
import { isLoopback } from '../../lib/http-server.ts';
import type { JudgeRuleName } from '../../reward/judge-rules.ts';
import type { UnscorablePolicy } from '../../serve/format.ts';
import { openRewardServer } from '../../serve/open-server.ts';
import type { NamedProblems } from '../../serve/problem-store.ts';
import { ofKind } from '../arguments.ts';
import { untilInterrupted } from '../interrupt.ts';
import { packageVersion } from '../package-version.ts';
import type { RunOptions } from '../run-options.ts';
import { createReporter } from '../view/terminal.ts';

export interface RunServeOptions extends RunOptions {
  readonly datasets: readonly string[];
  readonly dataDir: string | null;
  readonly backend: string;
  /** null: the one that the backend speaks. */
  readonly dialect: string | null;
  /** null: that of `reward`, or `sirl`. */
  readonly judge: JudgeRuleName | null;
  /** Name of a training configuration; null pays the preset `evom`. */
  readonly reward: string | null;
  readonly template: PromptTemplate;
  readonly examples: number;
  readonly workers: number | null;
  readonly hosts: readonly string[];
  readonly set: readonly string[];
  readonly port: number;
  readonly address: string;
  readonly token: string | null;
  readonly unscorable: UnscorablePolicy;
  readonly turns: number;
  readonly deadlineMs: number;
  readonly maxWaiting: number;
  readonly maxSessions: number;
  readonly idleMs: number;
}

/** Programs handed over at once, a worker: enough to fill its batches. */
const atOncePerWorker = 32;

/** @returns the exit code 0 after an interrupt. */
export async function runServe(options: RunServeOptions): Promise<number> {
  const { io, json, quiet, signal, address, token, backend } = options;
  if (!isLoopback(address) && token === null)
    throw new EvomError('E_USAGE', `--address ${address} lets other machines run programs here; give a --token that they must send`);
  const reporter = createReporter(io, { quiet });
  try {
    const paid = await paidBy(options);
    const settings = { ...verifySettings({ ...options, set: paid.otherSet }), ...(paid.audit === null ? {} : { audit: paid.audit }) };
    const dialect = dialectByName(options.dialect ?? resolveDialects('auto', backend)[0]?.name ?? 'highs-js').name;
    const sets = await readSets(options, (text) => reporter.progress(text));
    const unlabelled = sets.flatMap(({ problems }) => problems).filter(({ answer }) => answer === null).length;
    if (unlabelled > 0) reporter.warn(`${counted(unlabelled, 'problem')} without an answer: the completions are unscorable (NoLabel)`);
    const verification = await openVerification([dialect], settings, [paid.judge], paid.reward ?? undefined, {
      onNotice: reporter.warn,
      signal,
    });
    try {
      const { urls, discover, token_env: tokenEnv } = settings.solver_hosts;
      const server = await openRewardServer({
        ...options,
        sets,
        asking: { dialect, template: options.template, examples: options.examples },
        verify: verification.verify,
        atOnce: settings.workers * atOncePerWorker,
        version: packageVersion(),
        runCode:
          urls.length === 0
            ? null
            : async (body, gone) =>
                requestJson(`${(await oneOf(discover?.from, urls)).replace(/\/$/, '')}/run_code`, {
                  body,
                  token: process.env[tokenEnv] ?? null,
                  signal: gone,
                  code: 'E_SOLVER',
                }),
      });
      try {
        const health = server.health();
        const said = `${counted(health.problems, 'problem')}, programs of ${dialect} on ${backend}, judged by ${paid.judge}`;
        io.stdout(json ? `${JSON.stringify({ url: server.url, ...health })}\n` : `rewards on ${server.url}: ${said}; Ctrl-C ends it\n`);
        await untilInterrupted(signal);
      } finally {
        await server.close();
      }
      return 0;
    } finally {
      await verification.close();
    }
  } finally {
    reporter.close();
  }
}

/** What `--reward`, `--judge` and `--set` say is paid; `otherSet` are the assignments of other things. */
async function paidBy({ io, reward, judge, set }: RunServeOptions): Promise<{
  readonly reward: RewardConfig | null;
  readonly audit: ReturnType<typeof verifySettings>['audit'] | null;
  readonly judge: JudgeRuleName;
  readonly otherSet: readonly string[];
}> {
  if (reward === null) return { reward: null, audit: null, judge: judge ?? 'sirl', otherSet: set };
  const isPaid = (assignment: string): boolean => /^(?:reward|audit|judge)[.=]/.test(assignment);
  // Its model and data are of the machine that trains, and need not be here.
  const overrides = set.filter(isPaid);
  const { config, source } = ofKind(loadConfig(reward, { cwd: io.cwd, overrides, checkFiles: false }), 'train', 'evom serve --reward');
  const terms = config.reward.terms.map((term) => {
    const found = findInput(term.type, io.cwd, source.path);
    if (found.path === null) throw new EvomError('E_CONFIG', `reward.terms (${term.name}): no file ${term.type}`);
    return { ...term, type: found.path };
  });
  return {
    reward: { ...config.reward, terms },
    audit: config.audit,
    judge: judge ?? config.judge.rule,
    otherSet: set.filter((assignment) => !isPaid(assignment)),
  };
}

async function readSets({ io, datasets, dataDir }: RunServeOptions, onProgress: (text: string) => void): Promise<NamedProblems[]> {
  const sets: NamedProblems[] = [];
  for (const asked of datasets) {
    onProgress(`reading ${asked}`);
    const path = await findDataset(asked, { cwd: io.cwd, dataDir });
    const { problems } = await buildProblems({ type: 'file', path, format: 'auto', fields: {} });
    sets.push({ name: basename(asked).replace(/\.[a-z]+$/i, ''), problems });
  }
  return sets;
}

/** The solver host that a request of SandboxFusion's form goes on to: the first one, of those that are looked up the first of now. */
async function oneOf(from: string | undefined, urls: readonly string[]): Promise<string> {
  const reading = from === undefined ? null : await readAddresses(from);
  const host = reading === null ? urls[0] : reading.type === 'list' ? reading.addresses[0] : undefined;
  if (host !== undefined) return host;
  throw new EvomError('E_SOLVER', reading === null || reading.type === 'list' ? `${from} names no solver host` : reading.why);
}
