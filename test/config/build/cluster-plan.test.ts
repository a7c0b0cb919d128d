/** What `evom cluster` would start, and that the Python which starts it reads the plan. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parseDecoderConfig } from '../../../src/checkpoint/decoder-config.ts';
import { main } from '../../../src/cli/command-line.ts';
import { clusterPlan, type PlanContext } from '../../../src/config/build/cluster-plan.ts';
import { loadConfig } from '../../../src/config/load/load.ts';
import type { TrainConfig } from '../../../src/config/schema/schema.ts';
import { fakeIo } from '../../cli/fake-io.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const config = (...overrides: string[]): TrainConfig => {
  const loaded = loadConfig('cluster', { cwd: root, checkFiles: false, overrides });
  if (loaded.kind !== 'train') throw new Error('not a training configuration');
  return loaded.config;
};
const model = parseDecoderConfig({
  ...{ architectures: ['Qwen2ForCausalLM'], num_hidden_layers: 2, rms_norm_eps: 1e-6, rope_theta: 1e6, max_position_embeddings: 32768 },
  ...{
    vocab_size: 1000,
    hidden_size: 64,
    intermediate_size: 128,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    tie_word_embeddings: true,
  },
});
const context: PlanContext = { cwd: '/data', configName: 'cluster', env: {}, model };
const plan = (overrides: string[] = [], env: PlanContext['env'] = {}) => clusterPlan(config(...overrides), { ...context, env });
const groupOf = (kind: string, ...args: Parameters<typeof plan>) => plan(...args).groups.find((group) => group.kind === kind);

describe('the plan of a cluster', () => {
  it('is one that the Python beside it reads', () => {
    const text = JSON.stringify(plan());
    const read = execFileSync(
      'python3',
      ['-c', 'import sys; from evom_ray.plan import Plan; print(Plan.parse(sys.stdin.read()).to_json())'],
      {
        env: { ...process.env, PYTHONPATH: `${root}/scripts/ray_host` },
        input: text,
      },
    );
    expect(JSON.parse(read.toString())).toEqual(JSON.parse(text));
  });

  it('gives each kind its room, and names the files that the trainer looks into', () => {
    expect(groupOf('solver-host')).toMatchObject({ least: 2, most: 40, cpus: 8, gpus: 0, health: '/v1/health' });
    expect(groupOf('solver-host')?.command.join(' ')).toContain(
      'solver-host --dialects gurobipy --environment /data/.venv-solvers --address {host} --port {port} --concurrency gurobipy=8',
    );
    expect(groupOf('model-server')).toMatchObject({ least: 8, most: 8, cpus: 4, gpus: 1, health: '/health' });
    expect(plan().learner).toMatchObject({ root: '/data/runs/cluster', nodes: 2, processes: 8, gpus: 8 });
    expect(config().solver_hosts.discover?.from).toBe('file:cluster/solver-hosts.txt');
    expect(plan().groups.map(({ file }) => file)).toEqual(['/data/cluster/solver-hosts.txt', '/data/cluster/model-servers.txt']);
  });

  it('shares a large model among GPUs, and does without them on a CPU', () => {
    const shared = groupOf('model-server', [
      'cluster.model_servers.gpus=4',
      'cluster.model_servers.arguments=[--enforce-eager]',
    ])?.command.join(' ');
    expect(shared).toContain('--tensor-parallel-size 4');
    expect(shared).toMatch(/--enforce-eager$/);
    const onCpu = groupOf('model-server', ['learner.torch.device=cpu'], { EVOM_VLLM: '/opt/vllm/bin/vllm', PATH: '/bin' });
    expect(onCpu).toMatchObject({ gpus: 0, env: { PYTHONPATH: `${root}scripts/torch_host`, PATH: '/opt/vllm/bin:/bin' } });
    expect(onCpu?.command.slice(0, 2)).toEqual(['/opt/vllm/bin/vllm', 'serve']);
    expect(groupOf('model-server', ['policy.openai.engine=sglang', 'policy.openai.reload=sglang-disk'])?.command.join(' ')).toMatch(
      /^python -m sglang\.launch_server .*--sampling-defaults openai/,
    );
  });

  it('gives servers the variables of the configuration, in place of its own', () => {
    const servers = groupOf('model-server', [
      'learner.torch.device=cpu',
      'cluster.model_servers.env={VLLM_CPU_KVCACHE_SPACE: 1, NCCL_DEBUG: INFO}',
    ]);
    expect(servers?.env).toMatchObject({ VLLM_SERVER_DEV_MODE: '1', VLLM_CPU_KVCACHE_SPACE: '1', NCCL_DEBUG: 'INFO' });
    expect(() => config('cluster.model_servers.env={A-B: 1}')).toThrow(/cluster\.model_servers\.env/);
  });

  it('lets parts listen to other machines only where all of them ask for a token', () => {
    expect(plan([], { EVOM_SOLVER_HOST_TOKEN: 'a' }).exposed).toBe(false);
    const env = { EVOM_SOLVER_HOST_TOKEN: 'a', EVOM_MODEL_SERVER_TOKEN: 'b' };
    expect(plan([], env).exposed).toBe(true);
    expect(groupOf('solver-host', [], env)?.env.EVOM_SOLVER_HOST_TOKEN).toBe('a');
    expect(groupOf('model-server', [], env)?.env.VLLM_API_KEY).toBe('b');
  });

  it('leaves alone what others look after, and says what is missing', () => {
    expect(plan(['solver_hosts.discover=dns://hosts:8650']).groups.map(({ kind }) => kind)).toEqual(['model-server']);
    expect(plan(['learner.torch.launch=external']).learner).toBeNull();
    const nothing = ['solver_hosts.discover=null', 'policy.openai.discover=dns://servers:8000', 'learner.torch.launch=spawn'];
    expect(() => plan(nothing)).toThrow(/nothing of this configuration runs elsewhere: set solver_hosts\.discover/);
    expect(() => clusterPlan({ ...config(), run: { ...config().run, name: undefined } }, context)).toThrow(/run\.name/);
  });

  it('is printed without its tokens', async () => {
    const io = fakeIo();
    process.env.EVOM_SOLVER_HOST_TOKEN = 'secret-of-the-test';
    try {
      expect(await main(['cluster', 'up', '--config', `${root}configs/cluster.yaml`, '--dry-run', '--json'], io)).toBe(0);
    } finally {
      delete process.env.EVOM_SOLVER_HOST_TOKEN;
    }
    expect(JSON.parse(io.out()).groups[0].env).toEqual(['EVOM_SOLVER_HOST_TOKEN']);
    expect(io.out()).not.toContain('secret-of-the-test');
  });
});
