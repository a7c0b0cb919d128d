/** `cluster`: what `evom cluster` starts on the machines of a Ray cluster, and what each part gets of them. */
import { z } from 'zod';
import { positive, whole } from './fields.ts';

const hostCount = z
  .union([whole(1), z.strictObject({ min: whole(1), max: whole(1) })], { error: 'must be a number of hosts, or {min, max}' })
  .default(1)
  .describe('Solver hosts, or {min, max}: as many as the programs that wait deserve.');

const words = z.array(z.string()).default([]);

export const cluster = z.strictObject({
  address: z
    .string()
    .min(1)
    .default('auto')
    .describe('Of the Ray cluster: host:port; auto: RAY_ADDRESS, or the cluster that this machine is in.'),
  directory: z.string().min(1).default('cluster').describe('Folder for the logs of all parts, which every machine sees.'),
  solver_hosts: z
    .strictObject({
      count: hostCount,
      cpus: positive().default(1).describe('Cores of one host, and programs of each dialect that it runs at once.'),
      environment: z.string().min(1).default('.venv-solvers').describe('Folder that "evom solver-host --setup" made, on every machine.'),
      arguments: words.describe('More words for the command line of "evom solver-host", such as [--licence, /opt/gurobi.lic].'),
    })
    .prefault({}),
  model_servers: z
    .strictObject({
      count: whole(1).default(1).describe('Replicas.'),
      gpus: whole()
        .optional()
        .describe('GPUs of one replica, which share the model; 1 when left out, 0 where learner.torch.device is cpu.'),
      cpus: positive().default(1).describe('Cores of one replica.'),
      program: z.string().min(1).optional().describe('Program of vLLM (EVOM_VLLM or vllm when left out), or the Python that has SGLang.'),
      arguments: words.describe('More words for its command line.'),
      env: z
        .record(z.string().regex(/^[A-Za-z_]\w*$/, 'must be the name of a variable'), z.union([z.string(), z.number()]))
        .default({})
        .describe(
          'Environment variables, in place of those that evom sets, such as {VLLM_CPU_KVCACHE_SPACE: 1}; no secrets: the configuration is kept.',
        ),
    })
    .prefault({}),
  learner: z
    .strictObject({
      nodes: whole(1).default(1).describe('Machines that learn together, each with learner.torch.processes processes.'),
      cpus: positive().default(1).describe('Cores of each.'),
    })
    .prefault({}),
});
