/** Configuration -> what `evom cluster` starts: the plan that scripts/ray_host/evom_ray carries out. */
import { delimiter, dirname, isAbsolute, join, resolve } from 'node:path';
import type { DecoderConfig } from '../../checkpoint/decoder-config.ts';
import { addressSource } from '../../lib/discover/address-source.ts';
import { EvomError } from '../../lib/errors.ts';
import { pythonEnvironment, torchHostDirectory } from '../../servers/python-process.ts';
import { packageRoot } from '../load/find-file.ts';
import type { TrainConfig } from '../schema/schema.ts';
import { isHosted } from '../schema/vocabulary.ts';
import { pythonOf } from './build-torch.ts';
import { modelServer, onCpu } from './model-server.ts';

/** Equal parts that serve HTTP. The names of the keys are those of `scripts/ray_host/evom_ray/plan.py`. */
export interface PartGroup {
  readonly kind: 'solver-host' | 'model-server';
  /** File that the addresses are written to, one a line. */
  readonly file: string;
  readonly least: number;
  readonly most: number;
  readonly cpus: number;
  readonly gpus: number;
  /** `{host}` and `{port}` stand for what the part gets. */
  readonly command: readonly string[];
  readonly health: string;
  readonly env: Readonly<Record<string, string>>;
}

export interface LearnerPart {
  readonly root: string;
  readonly nodes: number;
  readonly processes: number;
  readonly cpus: number;
  readonly gpus: number;
  readonly python: string;
  readonly env: Readonly<Record<string, string>>;
}

export interface ClusterPlan {
  readonly name: string;
  readonly address: string;
  readonly directory: string;
  readonly cwd: string;
  /** Whether parts listen to other machines, because all of them ask for a token. */
  readonly exposed: boolean;
  readonly groups: readonly PartGroup[];
  readonly learner: LearnerPart | null;
}

export interface PlanContext {
  readonly cwd: string;
  /** Of the cluster where the run has no name. */
  readonly configName: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The model that servers load; null without servers. */
  readonly model: DecoderConfig | null;
}

/** @throws {EvomError} `E_CONFIG` where nothing runs elsewhere, or a key is missing that names where. */
export function clusterPlan(config: TrainConfig, context: PlanContext): ClusterPlan {
  const { cwd } = context;
  const groups = [...solverHosts(config, context), ...modelServers(config, context)];
  const learner = config.learner.type === 'torch' && config.learner.torch.launch === 'cluster' ? learnerPart(config, context) : null;
  if (groups.length === 0 && learner === null)
    throw new EvomError(
      'E_CONFIG',
      'nothing of this configuration runs elsewhere: set solver_hosts.discover (with a Python dialect) or policy.openai.discover to file:NAME, or learner.torch.launch: cluster',
    );
  const name = config.run.name ?? context.configName;
  return {
    name,
    address: config.cluster.address,
    directory: resolve(cwd, config.cluster.directory, name),
    cwd,
    exposed: groups.every(({ kind }) => tokenOf(kind, config, context.env) !== null),
    groups,
    learner,
  };
}

const tokenOf = (kind: PartGroup['kind'], { solver_hosts: hosts, policy }: TrainConfig, env: PlanContext['env']): string | null => {
  const variable = kind === 'solver-host' ? hosts.token_env : policy.openai.token_env;
  return (variable === undefined ? null : env[variable]) || null;
};

/** The file that a `discover` key names; null for DNS and for a fixed list, which others look after. */
function fileOf(discover: TrainConfig['solver_hosts']['discover'], cwd: string): string | null {
  const source = discover === undefined ? null : addressSource(discover.from);
  return source?.type === 'file' ? resolve(cwd, source.path) : null;
}

function solverHosts(config: TrainConfig, { cwd, env }: PlanContext): PartGroup[] {
  const { count, cpus, environment, arguments: more } = config.cluster.solver_hosts;
  const dialects = config.dialect.map(({ name }) => name).filter(isHosted);
  const file = fileOf(config.solver_hosts.discover, cwd);
  if (dialects.length === 0 || file === null) return [];
  const token = tokenOf('solver-host', config, env);
  const atOnce = Math.max(1, Math.floor(cpus));
  return [
    {
      kind: 'solver-host',
      file,
      least: typeof count === 'number' ? count : count.min,
      most: typeof count === 'number' ? count : count.max,
      cpus,
      gpus: 0,
      command: [
        ...[process.execPath, join(packageRoot, 'dist', 'cli', 'main.js'), 'solver-host', '--dialects', dialects.join(',')],
        ...['--environment', resolve(cwd, environment), '--address', '{host}', '--port', '{port}'],
        ...dialects.flatMap((dialect) => ['--concurrency', `${dialect}=${atOnce}`]),
        ...more,
      ],
      health: '/v1/health',
      env: token === null ? {} : { EVOM_SOLVER_HOST_TOKEN: token },
    },
  ];
}

function modelServers(config: TrainConfig, { cwd, env, model }: PlanContext): PartGroup[] {
  const { openai } = config.policy;
  const file = config.policy.type === 'openai' ? fileOf(openai.discover, cwd) : null;
  if (file === null) return [];
  if (model === null)
    throw new EvomError(
      'E_CHECKPOINT',
      `${config.policy.checkpoint}: its config.json must say how long a context is; see docs/guide/gpu.md`,
    );
  const { count, gpus: asked, cpus, program: named, arguments: more, env: own } = config.cluster.model_servers;
  const gpus = asked ?? (onCpu(config) ? 0 : 1);
  const program = named ?? (openai.engine === 'vllm' ? (env.EVOM_VLLM ?? 'vllm') : 'python');
  const token = tokenOf('model-server', config, env);
  const server = modelServer(config, model, { port: '{port}', host: '{host}', gpus: Math.max(1, gpus), program });
  const key = token === null ? [] : openai.engine === 'sglang' ? ['--api-key', token] : [];
  return [
    {
      kind: 'model-server',
      file,
      least: count,
      most: count,
      cpus,
      gpus,
      command: [...server.words, ...key, ...more],
      health: '/health',
      env: {
        ...server.env,
        ...(server.env.PYTHONPATH === undefined ? {} : { PYTHONPATH: torchHostDirectory }),
        ...(token !== null && openai.engine === 'vllm' ? { VLLM_API_KEY: token } : {}),
        // vLLM starts programs that lie beside it.
        ...(isAbsolute(program) ? { PATH: [dirname(program), env.PATH].filter(Boolean).join(delimiter) } : {}),
        ...Object.fromEntries(Object.entries(own).map(([name, value]) => [name, String(value)])),
      },
    },
  ];
}

function learnerPart(config: TrainConfig, { cwd }: PlanContext): LearnerPart {
  const { run, learner, cluster } = config;
  if (run.name === undefined)
    throw new EvomError('E_CONFIG', 'run.name is missing: a learner that the cluster starts must know the folder of its run; set run.name');
  return {
    root: resolve(cwd, run.dir, run.name),
    nodes: cluster.learner.nodes,
    processes: learner.torch.processes,
    cpus: cluster.learner.cpus,
    gpus: onCpu(config) ? 0 : learner.torch.processes,
    python: pythonOf(config),
    env: { ...pythonEnvironment, PYTHONPATH: torchHostDirectory },
  };
}
