/** The batch scripts of deploy/slurm: bash and shellcheck read them, and a dry run with stand-ins for Slurm's commands says what they would start. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/config/load/find-file.ts';
import { loadConfig } from '../../src/config/load/load.ts';

const script = (name: string): string => join(packageRoot, 'deploy/slurm', name);
const names = ['train.sbatch', 'solver-hosts.sbatch'];

describe('batch scripts', () => {
  it.each(names)('%s is bash', (name) => {
    const { status, stderr } = spawnSync('bash', ['-n', script(name)], { encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
  });

  const hasShellcheck = spawnSync('shellcheck', ['--version']).status === 0;
  it.runIf(hasShellcheck).each(names)('%s has nothing that shellcheck warns of', (name) => {
    const { status, stdout } = spawnSync('shellcheck', ['-s', 'bash', script(name)], { encoding: 'utf8' });
    expect([status, stdout]).toEqual([0, '']);
  });

  it('ask for time on every part, and for a Ctrl-C before it ends', () => {
    const parts = readFileSync(script('train.sbatch'), 'utf8').split('#SBATCH hetjob');
    expect(parts.length).toBe(3);
    for (const part of parts) expect(part).toMatch(/^#SBATCH .*--time=/m);
    expect(parts[0]).toMatch(/--signal=B:INT@\d+/);
    expect(parts[0]).toMatch(/--requeue/);
    expect(readFileSync(script('solver-hosts.sbatch'), 'utf8')).toMatch(/^#SBATCH .*--licenses=gurobi:4/m);
  });
});

/** Stand-ins write what they were called with; `node` is the real one but for what would train or serve. */
const standIns: Readonly<Record<string, string>> = {
  srun: 'echo "srun $(printf "%q " "$@")" >> "$CALLS"; exec sleep 30',
  scontrol: 'echo "scontrol $*" >> "$CALLS"; [ "$1" = show ] || exit 0; [ -z "$3" ] || echo "$3" | tr , "\\n"',
  curl: `echo "curl \${*: -1}" >> "$CALLS"; [ -z "$DEAF" ]`,
  node: `case "$*" in *--dry-run*|-e*) exec "${process.execPath}" "$@" ;; esac; echo "node $(printf "%q " "$@")" >> "$CALLS"; trap 'exit 130' INT; sleep "\${TRAINS_S:-0}" & wait $!; exit "\${ENDS:-0}"`,
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'evom-slurm-'));
  mkdirSync(join(folder, 'bin'));
  for (const [name, body] of Object.entries(standIns)) {
    writeFileSync(join(folder, 'bin', name), `#!/bin/bash\n${body}\n`);
    chmodSync(join(folder, 'bin', name), 0o755);
  }
  for (const name of ['scripts', 'dist', 'configs', 'checkpoints']) symlinkSync(join(packageRoot, name), join(folder, name));
  writeFileSync(
    join(folder, 'mine.yaml'),
    'extends: configs/grpo.yaml\nrun: { name: mine }\npolicy: { checkpoint: checkpoints/tiny }\nlearner: { torch: { python: python3 } }\n',
  );
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function submit(name: string, env: NodeJS.ProcessEnv, ...args: string[]) {
  const calls = join(folder, 'calls');
  const { status, stdout, stderr } = spawnSync('bash', [script(name), ...args], {
    cwd: folder,
    encoding: 'utf8',
    timeout: 60_000,
    env: {
      PATH: `${join(folder, 'bin')}:${process.env.PATH}`,
      HOME: folder,
      CALLS: calls,
      SLURM_SUBMIT_DIR: folder,
      SLURM_JOB_ID: '77',
      ...env,
    },
  });
  const lines = existsSync(calls) ? readFileSync(calls, 'utf8').trim().split('\n') : [];
  return { status, said: `${stdout}${stderr}`, lines, of: (what: string) => lines.filter((line) => line.startsWith(what)) };
}

const machines = {
  SLURM_JOB_NODELIST_HET_GROUP_0: 'gpu1,gpu2',
  SLURM_JOB_NODELIST_HET_GROUP_1: 'gpu3,gpu4',
  SLURM_JOB_NODELIST_HET_GROUP_2: 'cpu1,cpu2,cpu3',
  SLURM_GPUS_PER_NODE_HET_GROUP_0: 'a100:8',
  SLURM_GPUS_PER_NODE_HET_GROUP_1: 'a100:2',
};

describe('train.sbatch on seven machines', () => {
  it('starts servers and hosts, waits for each, then trains with their addresses', { timeout: 60_000 }, () => {
    const { status, said, lines, of } = submit('train.sbatch', machines, 'mine.yaml', '--set', 'run.steps=30');
    expect(status, said).toBe(0);
    const servers = of('srun --het-group=1');
    expect(servers.length).toBe(2);
    expect(servers.map((line) => /--nodelist=(\w+)/.exec(line)?.[1]).sort()).toEqual(['gpu3', 'gpu4']);
    for (const line of servers) {
      // What the dry run of this configuration prints, each on a device of its own.
      expect(line.match(/vllm\\? serve/g)?.length).toBe(2);
      for (const flag of [
        'CUDA_VISIBLE_DEVICES=0',
        'CUDA_VISIBLE_DEVICES=1',
        '--port 8000',
        '--port 8001',
        '--logprobs-mode processed_logprobs',
      ])
        expect(line).toContain(flag);
      expect(line).not.toContain('CUDA_VISIBLE_DEVICES=2');
    }
    expect(of('srun --het-group=2')).toEqual([
      expect.stringMatching(/--nodes=3 .*solver-host --dialects gurobipy .*--address 0\.0\.0\.0 --port 8650/),
    ]);
    const asked = new Set(of('curl').map((line) => line.slice(5)));
    expect(asked).toEqual(
      new Set([
        ...['gpu3', 'gpu4'].flatMap((node) => [`http://${node}:8000/health`, `http://${node}:8001/health`]),
        ...['cpu1', 'cpu2', 'cpu3'].map((node) => `http://${node}:8650/v1/health`),
      ]),
    );
    const [train = ''] = of('node');
    expect(of('node').length).toBe(1);
    expect(lines.indexOf(train)).toBe(lines.length - 1);
    expect(train).not.toContain('--resume');
    // Read as evom reads it: the settings are those of a configuration that loads.
    const overrides = [...train.matchAll(/--set ((?:\\.|[^ ])+)/g)].map(([, word = '']) => word.replace(/\\(.)/g, '$1'));
    const loaded = loadConfig(join(folder, 'mine.yaml'), { cwd: folder, checkFiles: false, overrides });
    if (loaded.kind !== 'train') throw new Error('not a training configuration');
    const { policy, learner, solver_hosts: hosts, run } = loaded.config;
    expect(run.steps).toBe(30);
    expect(policy.openai.servers).toEqual(['http://gpu3:8000', 'http://gpu3:8001', 'http://gpu4:8000', 'http://gpu4:8001']);
    expect(hosts).toMatchObject({
      urls: ['http://cpu1:8650', 'http://cpu2:8650', 'http://cpu3:8650'],
      token_env: 'EVOM_SOLVER_HOST_TOKEN',
    });
    expect(learner.torch).toMatchObject({ nodes: 2, processes: 8, rendezvous: 'gpu1:29500', restarts: 3 });
    expect(learner.torch.launcher).toEqual([
      'srun',
      '--het-group=0',
      '--nodes=2',
      '--ntasks-per-node=1',
      '--kill-on-bad-exit=1',
      '--export=ALL',
    ]);
  });

  it('goes on from the last checkpoint when it is queued again', { timeout: 60_000 }, () => {
    mkdirSync(join(folder, 'runs/mine'), { recursive: true });
    writeFileSync(join(folder, 'runs/mine/config.resolved.yaml'), '');
    const { status, of } = submit('train.sbatch', machines, 'mine.yaml');
    expect(status).toBe(0);
    expect(of('node')[0]).toMatch(/--resume ?$/);
    expect(of('scontrol requeue')).toEqual([]);
  });

  it('is queued again after the Ctrl-C before its time ends, and not after a fault', { timeout: 60_000 }, () => {
    const stopped = submit('train.sbatch', { ...machines, ENDS: '130' }, 'mine.yaml');
    expect([stopped.status, stopped.of('scontrol requeue')]).toEqual([130, ['scontrol requeue 77']]);
    rmSync(join(folder, 'calls'));
    const failed = submit('train.sbatch', { ...machines, ENDS: '1' }, 'mine.yaml');
    expect([failed.status, failed.of('scontrol requeue')]).toEqual([1, []]);
  });

  it('gives its machines back when a server does not answer in time', { timeout: 60_000 }, () => {
    const { status, said, of } = submit('train.sbatch', { ...machines, DEAF: '1', WAIT_S: '1' }, 'mine.yaml');
    expect(status).toBe(1);
    expect(said).toMatch(/http:\/\/gpu3:8000\/health did not answer within 1 s/);
    expect(of('node')).toEqual([]);
  });

  it('starts no servers for a configuration that cannot be read', { timeout: 60_000 }, () => {
    const { status, said, of } = submit('train.sbatch', machines, 'mine.yaml', '--set', 'run.stepz=3');
    expect([status, of('srun')]).toEqual([3, []]);
    expect(said).toMatch(/cannot be read/);
  });

  it('needs no solver hosts where the job has none, and no launcher for one machine', { timeout: 60_000 }, () => {
    const two = { ...machines, SLURM_JOB_NODELIST_HET_GROUP_0: 'gpu1', SLURM_JOB_NODELIST_HET_GROUP_2: undefined };
    const { status, of } = submit('train.sbatch', two, 'mine.yaml');
    expect(status).toBe(0);
    expect(of('srun --het-group=2')).toEqual([]);
    expect(of('node')[0]).not.toMatch(/launcher|solver_hosts/);
  });
});

describe('solver-hosts.sbatch', () => {
  const task = { SLURM_ARRAY_TASK_ID: '3', SLURM_CPUS_PER_TASK: '4', EVOM_SOLVER_HOST_TOKEN: 'secret', DRAIN_S: '0' };
  const hosts = () => readFileSync(join(folder, 'runs/hosts.txt'), 'utf8');

  it('runs as many programs at once as it has licences, and takes its address out of the list when it ends', { timeout: 60_000 }, () => {
    writeFileSync(join(folder, 'bin/srun'), '#!/bin/bash\necho "srun $*" >> "$CALLS"; sleep 3; cp runs/hosts.txt during.txt\n');
    mkdirSync(join(folder, 'runs'));
    writeFileSync(join(folder, 'runs/hosts.txt'), 'http://other:8650\n');
    const { status, of } = submit('solver-hosts.sbatch', { ...task, SLURM_JOB_LICENSES: 'gurobi:2' });
    expect(status).toBe(0);
    expect(of('srun')).toEqual([expect.stringMatching(/solver-host --dialects gurobipy --concurrency gurobipy=2 .*--port 8653$/)]);
    const during = readFileSync(join(folder, 'during.txt'), 'utf8').trim().split('\n');
    expect(new Set(during)).toEqual(new Set(['http://other:8650', `http://${hostname()}:8653`]));
    expect(hosts()).toBe('http://other:8650\n');
  });

  it('names no host that does not answer', { timeout: 60_000 }, () => {
    const { status, said } = submit('solver-hosts.sbatch', { ...task, DEAF: '1', WAIT_S: '1' });
    expect(status).toBe(1);
    expect(said).toMatch(/did not answer/);
    expect(existsSync(join(folder, 'runs/hosts.txt')) ? hosts() : '').toBe('');
  });

  it('asks for the token that it shares with the trainer', () => {
    const { status, said } = submit('solver-hosts.sbatch', { ...task, EVOM_SOLVER_HOST_TOKEN: '' });
    expect(status).toBe(1);
    expect(said).toMatch(/EVOM_SOLVER_HOST_TOKEN must be set, the same|must be set, the same for the hosts/);
  });
});
