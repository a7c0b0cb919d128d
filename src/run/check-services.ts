/** Preflight: whether the solver hosts, model servers and the Python of a configuration answer, and in which version. */
import { execFile } from 'node:child_process';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import { pythonOf } from '../config/build/build-torch.ts';
import type { TrainConfig } from '../config/schema/schema.ts';
import { isHosted } from '../config/schema/vocabulary.ts';
import { HttpFault, requestJson } from '../lib/http.ts';
import { defaultPython, torchHostDirectory } from '../servers/python-process.ts';
import { HostConnection } from '../solver-host/host-connection.ts';
import { createRemoteVerifier } from '../solver-host/remote-verifier.ts';
import { discoveredHostsCheck, discoveredServersCheck, type Patience, patient } from './check-discovered.ts';
import { type Check, type Finding, fault, missing, ok, warning } from './finding.ts';
import { gpus } from './gpus.ts';
import type { RunConfig } from './session.ts';

const run = promisify(execFile);
const answerMs = 10_000;

/**
 * Each solver host that the dialects need, then all of them together.
 *
 * @param patience with hosts that are looked up.
 */
export function solverHostChecks(config: RunConfig, patience: Patience = patient): [name: string, check: Check][] {
  const dialects = config.dialect.map(({ name }) => name).filter(isHosted);
  if (dialects.length === 0) return [];
  const { urls, token_env } = config.solver_hosts;
  const token = process.env[token_env] ?? null;
  const look = (url: string): ReturnType<Check> => checkSolverHost(url, token, dialects);
  if (config.solver_hosts.discover !== undefined) return discoveredHostsCheck(config, dialects, patience, look);
  return [
    ...urls.map((url): [string, Check] => [`solver host ${url}`, () => look(url)]),
    [
      'solver hosts',
      async () => {
        // Connected as the run will be: one host at least a dialect, and the same versions everywhere.
        const verifier = await createRemoteVerifier({ hosts: urls, dialects, token });
        await verifier.close();
        return ok(`serve ${dialects.join(', ')}`);
      },
    ],
  ];
}

/** One that is away is a warning: the others may do. */
async function checkSolverHost(url: string, token: string | null, dialects: readonly string[]): Promise<Omit<Finding, 'name'>> {
  const host = new HostConnection(url, token);
  try {
    const health = await host.refresh(answerMs);
    const served = health.dialects
      .filter(({ dialect }) => dialects.includes(dialect))
      .map(({ dialect, state, solver, library, message }) =>
        state === 'ready' ? `${dialect} (${solver}, ${library})` : `${dialect} not: ${message}`,
      );
    await host.execute([], () => {}, { signal: AbortSignal.timeout(answerMs), stallMs: answerMs }); // its token is asked for here
    const text = `evom-solver-host ${health.version}: ${served.join(', ') || `none of ${dialects.join(', ')}`}`;
    return served.length === 0 ? warning(text) : ok(text);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (/token/.test(message)) return fault(`${message} (environment variable of solver_hosts.token_env)`, 'E_CONFIG');
    return warning(`${message}${await portText(url)}`);
  }
}

/**
 * Each model server, and that no address is named twice.
 *
 * @param patience with servers that are looked up.
 */
export function modelServerChecks({ policy }: TrainConfig, patience: Patience = patient): [name: string, check: Check][] {
  if (policy.type !== 'openai') return [];
  const { openai, checkpoint } = policy;
  const options = {
    timeoutMs: answerMs,
    code: 'E_SETUP',
    token: openai.token_env === undefined ? null : (process.env[openai.token_env] ?? null),
  } as const;
  const wanted = openai.model ?? checkpoint;
  const check = async (url: string): Promise<Omit<Finding, 'name'>> => {
    const base = url.replace(/\/+$/, '');
    try {
      await answerOf(`${base}/health`, options);
    } catch (error) {
      return fault(`${error instanceof Error ? error.message : String(error)}${await portText(url)}`);
    }
    const version = await answerOf(`${base}/version`, options).catch(() => null);
    const models = await answerOf(`${base}/v1/models`, options).catch(() => null);
    const names = modelNames(models);
    const text = `answers${typeof version?.version === 'string' ? `, version ${version.version}` : ''}`;
    if (names.length > 0 && !names.includes(wanted)) {
      const text = `serves ${names.join(', ')} and not ${wanted}; set policy.openai.model, or start it with --served-model-name`;
      return openai.engine === 'vllm' ? fault(text) : warning(text);
    }
    return ok(text);
  };
  if (openai.discover !== undefined) return discoveredServersCheck(policy, options.token, patience, check);
  return openai.servers.map((url, i): [string, Check] => [
    `${openai.engine} ${url}`,
    () => (openai.servers.indexOf(url) < i ? Promise.resolve(fault('is named twice; each server needs a port of its own')) : check(url)),
  ]);
}

type Json = Readonly<Record<string, unknown>>;

/** A health page may answer with text: that it answers is what counts. */
async function answerOf(url: string, options: Parameters<typeof requestJson>[1]): Promise<Json | null> {
  try {
    return await requestJson<Json | null>(url, options);
  } catch (error) {
    if (error instanceof HttpFault && error.status !== null && error.status < 300) return null;
    throw error;
  }
}

function modelNames(answer: Json | null): string[] {
  const data = answer?.data;
  return Array.isArray(data)
    ? data.flatMap((one: unknown) => (typeof (one as Json | null)?.id === 'string' ? [(one as { id: string }).id] : []))
    : [];
}

/** Whether anything listens where something else was expected. */
async function portText(url: string): Promise<string> {
  const { hostname, port, protocol } = new URL(url);
  const isTaken = await new Promise<boolean>((resolve) => {
    const socket = connect({
      host: hostname.replace(/^\[|\]$/g, ''),
      port: Number(port) || (protocol === 'https:' ? 443 : 80),
      timeout: 3000,
    });
    const settle = (open: boolean): void => {
      socket.destroy();
      resolve(open);
    };
    socket.once('connect', () => settle(true));
    socket.once('timeout', () => settle(false));
    socket.once('error', () => settle(false));
  });
  return isTaken ? '; another program listens on this port' : '; nothing listens on this port';
}

/** Interpreter, torch and what goes with it. */
export async function checkTorch(python = defaultPython()): Promise<Omit<Finding, 'name'> & { readonly cuda?: boolean }> {
  const text =
    'import json, torch, transformers, pyarrow; from evom_torch.arguments import has_amx; print(json.dumps([torch.__version__, transformers.__version__, torch.cuda.is_available(), has_amx()]))';
  const env = { ...process.env, PYTHONPATH: torchHostDirectory };
  const answer = await run(python, ['-c', text], { timeout: 120_000, env }).catch((error: Error & { stderr?: string }) => error);
  if (answer instanceof Error)
    return missing(
      `${python}: ${(answer.stderr ?? '').trim().split('\n').at(-1) || 'cannot be started'}; scripts/setup-torch.sh installs it, EVOM_PYTHON names another`,
    );
  const [torch, transformers, cuda, amx] = JSON.parse(answer.stdout.trim().split('\n').at(-1) ?? '[]') as [
    string,
    string,
    boolean,
    boolean,
  ];
  const device = cuda ? 'sees CUDA' : amx ? 'CPU only' : 'CPU only, without AMX: float32 is the faster precision';
  return { ...ok(`torch ${torch} (${device}), transformers ${transformers}, ${python}`), cuda };
}

/** The PyTorch that a configuration runs in; none where it runs in none, or somebody starts it elsewhere. */
export function torchChecks(config: RunConfig): [name: string, check: Check][] {
  const { learner, policy } = config;
  const usesTorch = policy.type === 'colocated' || (learner.type === 'torch' && learner.torch.launch === 'spawn');
  if (!usesTorch) return [];
  return [
    [
      'torch',
      async () => {
        const { cuda, ...found } = await checkTorch(pythonOf(config));
        if (found.status === 'missing') return fault(found.detail);
        if (learner.torch.device === 'cuda' && cuda === false)
          return fault(`${found.detail}; learner.torch.device is cuda: install a torch with CUDA, or set auto`);
        const devices = cuda === true && learner.torch.device !== 'cpu' ? ((await gpus())?.length ?? 0) : 0;
        if (devices > 0 && learner.torch.processes > devices && learner.torch.launcher.length === 0)
          return fault(`${found.detail}; learner.torch.processes is ${learner.torch.processes}, and there are ${devices} GPUs here`);
        return found;
      },
    ],
  ];
}
