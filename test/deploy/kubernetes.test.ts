/** The manifests of deploy/kubernetes: valid by strict schemas, without rights that they do not need, and in agreement with each other and the code. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseDecoderConfig } from '../../src/checkpoint/decoder-config.ts';
import { solverHostOptionNames } from '../../src/cli/commands/solver-host-command.ts';
import { trainingPlan } from '../../src/config/build/training-plan.ts';
import { packageRoot } from '../../src/config/load/find-file.ts';
import { loadConfig } from '../../src/config/load/load.ts';
import type { TrainConfig } from '../../src/config/schema/schema.ts';
import { type Container, folder, manifests, named, templates } from './manifests.ts';

const python = process.env.EVOM_MANIFESTS ?? join(packageRoot, '.venv-manifests/bin/python');
const noSchemas = existsSync(python)
  ? null
  : `there is no Python with kubernetes-validate at ${python} (scripts/setup-manifests.sh, EVOM_MANIFESTS)`;

function faultsOf(version: string, objects: readonly object[]): string[] {
  const { status, stdout, stderr } = spawnSync(python, [join(packageRoot, 'test/deploy/validate_manifests.py'), version], {
    input: JSON.stringify(objects),
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  return stdout.split('\n').filter(Boolean);
}

const pods = templates.map(({ at, template }) => ({
  ...{ apiVersion: 'v1', kind: 'Pod' },
  metadata: { name: at.replace(/\W+/g, '-').toLowerCase(), ...template.metadata },
  spec: template.spec,
}));

describe.skipIf(noSchemas !== null)(`the schemas of Kubernetes${noSchemas === null ? '' : ` (skipped: ${noSchemas})`}`, () => {
  // 1.30 is the first that has the field appArmorProfile.
  it.each(['1.30', '1.34', '1.37'])('of %s know every key of every object', (version) => {
    const ours = manifests.filter(({ kind }) => kind !== 'RayCluster');
    expect(ours.length).toBeGreaterThan(8);
    expect(pods.length).toBeGreaterThan(6);
    expect(faultsOf(version, [...ours, ...pods])).toEqual([]);
  });

  it('notice a key that is misspelt, and a value of another type', () => {
    const [pod] = pods;
    const wrong = [
      { ...pod, spec: { ...pod?.spec, nodeSelectr: {} } },
      { ...pod, spec: { ...pod?.spec, terminationGracePeriodSeconds: 'long' } },
    ];
    expect(faultsOf('1.34', wrong).length).toBe(2);
  });
});

describe('the RayCluster', () => {
  /** Keys of ray.io/v1 (KubeRay 1.4), of those that a cluster of ours may say. */
  const keys = {
    spec: [
      'rayVersion',
      'enableInTreeAutoscaling',
      'autoscalerOptions',
      'headGroupSpec',
      'workerGroupSpecs',
      'gcsFaultToleranceOptions',
      'suspend',
    ],
    autoscalerOptions: [
      'version',
      'upscalingMode',
      'idleTimeoutSeconds',
      'resources',
      'image',
      'imagePullPolicy',
      'env',
      'securityContext',
    ],
    headGroupSpec: ['rayStartParams', 'template', 'serviceType', 'headService'],
    workerGroupSpec: [
      'groupName',
      'replicas',
      'minReplicas',
      'maxReplicas',
      'numOfHosts',
      'idleTimeoutSeconds',
      'rayStartParams',
      'template',
    ],
  };
  const { spec } = named('RayCluster', 'evom');

  it('has no key that KubeRay does not know', () => {
    expect(keys.spec).toEqual(expect.arrayContaining(Object.keys(spec)));
    expect(keys.autoscalerOptions).toEqual(expect.arrayContaining(Object.keys(spec.autoscalerOptions)));
    expect(keys.headGroupSpec).toEqual(expect.arrayContaining(Object.keys(spec.headGroupSpec)));
    for (const group of spec.workerGroupSpecs) {
      expect(keys.workerGroupSpec).toEqual(expect.arrayContaining(Object.keys(group)));
      expect(group.minReplicas).toBeLessThanOrEqual(group.replicas);
      expect(group.replicas).toBeLessThanOrEqual(group.maxReplicas);
      for (const value of Object.values(group.rayStartParams)) expect(typeof value).toBe('string');
    }
  });

  it('offers Ray the processors of its hosts and the devices of its GPU pods', () => {
    const offers = Object.fromEntries(
      spec.workerGroupSpecs.map(({ groupName, rayStartParams, template }: never) => [groupName, { rayStartParams, template }]),
    ) as Record<string, { rayStartParams: Record<string, string>; template: { spec: { containers: Container[] } } }>;
    const of = (name: string) => offers[name]?.template.spec.containers[0]?.resources;
    expect(offers['solver-hosts']?.rayStartParams['num-cpus']).toBe(of('solver-hosts')?.requests?.cpu);
    expect(offers.gpus?.rayStartParams['num-gpus']).toBe(String(of('gpus')?.limits?.['nvidia.com/gpu']));
  });
});

describe('pods', () => {
  it.each(templates)('of $at have no right that they do not need', ({ at, template }) => {
    const { spec } = template;
    const containers = [...spec.containers, ...(spec.initContainers ?? [])];
    for (const container of containers) {
      const merged = { ...spec.securityContext, ...container.securityContext };
      expect(merged).toMatchObject({ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } });
      expect(merged.privileged).toBeUndefined();
      // Only who writes to the kubelet's folder is root.
      if (container.name !== 'install') expect(merged).toMatchObject({ runAsNonRoot: true });
      const profile = merged.seccompProfile as { type: string };
      const runsPrograms = /solver-hosts/.test(at);
      expect(profile).toEqual(
        runsPrograms ? { type: 'Localhost', localhostProfile: 'evom-jail.seccomp.json' } : { type: 'RuntimeDefault' },
      );
      expect('appArmorProfile' in merged).toBe(runsPrograms);
      expect(container.resources?.requests).toMatchObject({ cpu: expect.any(String), memory: expect.any(String) });
      expect(container.resources?.limits).toMatchObject({ memory: expect.any(String) });
    }
  });

  it('are asked on routes that their servers have', () => {
    const routes: Record<string, readonly string[]> = { 'solver-host': ['/v1/ping', '/v1/health'], vllm: ['/health'] };
    const service = readFileSync(join(packageRoot, 'src/solver-host/http-service.ts'), 'utf8');
    for (const route of routes['solver-host'] ?? []) expect(service).toContain(`'${route}'`);
    let probes = 0;
    for (const container of templates.flatMap(({ template }) => template.spec.containers))
      for (const name of ['startupProbe', 'readinessProbe', 'livenessProbe'] as const) {
        const probe = container[name];
        if (probe === undefined) continue;
        probes += 1;
        expect(routes[container.name]).toContain(probe.httpGet.path);
        expect(container.ports?.map((port) => port.name)).toContain(probe.httpGet.port);
      }
    expect(probes).toBe(6);
  });
});

describe('objects', () => {
  const template = (kind: string, name: string) => named(kind, name).spec.template;

  it.each(['evom-solver-hosts', 'evom-model-servers'])('the Service %s has no address of its own and leads to pods', (name) => {
    const { spec } = named('Service', name);
    expect(spec.clusterIP).toBe('None');
    const { metadata, spec: pod } = template('Deployment', name);
    expect(metadata.labels).toMatchObject(spec.selector);
    const [port] = spec.ports;
    expect(pod.containers[0].ports).toContainEqual({ name: port.targetPort, containerPort: port.port });
  });

  it('name volumes, secrets and labels that others have', () => {
    const claims = templates
      .flatMap(({ template: one }) => one.spec.volumes ?? [])
      .flatMap((volume) => volume.persistentVolumeClaim?.claimName ?? []);
    expect(new Set(claims)).toEqual(new Set(['evom-runs']));
    expect(named('PersistentVolumeClaim', 'evom-runs').spec.accessModes).toEqual(['ReadWriteMany']);
    const secrets = templates
      .flatMap(({ template: one }) => one.spec.containers)
      .flatMap(({ env = [] }) => env.filter(({ name }) => name === 'EVOM_SOLVER_HOST_TOKEN'));
    expect(secrets.length).toBe(5);
    for (const { valueFrom } of secrets) expect(valueFrom?.secretKeyRef).toEqual({ name: 'evom-solver-host', key: 'token' });
    for (const { ingress, podSelector } of manifests.filter(({ kind }) => kind === 'NetworkPolicy').map(({ spec }) => spec)) {
      const labels = templates.map(({ template: one }) => one.metadata.labels);
      for (const wanted of [podSelector.matchLabels, ingress[0].from[0].podSelector.matchLabels] as Record<string, string>[])
        expect(labels.some((own) => Object.entries(wanted).every(([key, value]) => own[key] === value))).toBe(true);
    }
  });

  it('a solver host is given as many processors as it runs programs at once, and options that it has', () => {
    const [container] = template('Deployment', 'evom-solver-hosts').spec.containers as [Container];
    const options = (container.args ?? []).slice(1).map((word) => /^--([a-z-]+)=(.*)$/.exec(word)?.slice(1) ?? []);
    for (const [name] of options) expect(solverHostOptionNames).toContain(name);
    expect(Object.fromEntries(options).concurrency).toBe(`gurobipy=${container.resources?.requests?.cpu}`);
  });

  it('model servers have the flags that a dry run prints', () => {
    const { launch } = trainingPlan(clusterConfig(), qwen7, 'grpo.yaml');
    const [container] = template('Deployment', 'evom-model-servers').spec.containers as [Container];
    const printed = launch[0]?.command ?? '';
    const variables = Object.fromEntries((container.env ?? []).map(({ name, value }) => [name, value]));
    for (const [, name = '', value] of printed.matchAll(/(VLLM\w+)=(\S+)/g)) expect(variables[name]).toBe(value);
    const flags = [...printed.matchAll(/--([a-z-]+) (\S+)/g)].map(([, name, value]) => `--${name}=${value}`);
    expect([...(container.args ?? [])].sort()).toEqual(flags.sort());
    expect(container.command?.slice(0, 2)).toEqual(['vllm', 'serve']);
  });

  it('the configuration finds hosts and servers by the names of their Services', () => {
    const { policy, solver_hosts: hosts, learner } = clusterConfig();
    expect(hosts.discover?.from).toBe(`dns://evom-solver-hosts:${named('Service', 'evom-solver-hosts').spec.ports[0].port}`);
    expect(policy.openai.discover?.from).toBe(`dns://evom-model-servers:${named('Service', 'evom-model-servers').spec.ports[0].port}`);
    const { limits } = template('Job', 'evom-trainer').spec.containers[0].resources;
    expect(limits['nvidia.com/gpu']).toBe(learner.torch.processes);
  });
});

/** The run's configuration, which in its image extends one of ours. */
function clusterConfig(): TrainConfig {
  const text = readFileSync(join(folder, 'grpo.yaml'), 'utf8').replace('/opt/evom/', `${packageRoot}/`);
  const path = join(mkdtempSync(join(tmpdir(), 'evom-cluster-')), 'grpo.yaml');
  writeFileSync(path, text);
  const loaded = loadConfig(path, { cwd: packageRoot, checkFiles: false, overrides: [] });
  if (loaded.kind !== 'train') throw new Error('not a training configuration');
  return loaded.config;
}

const qwen7 = parseDecoderConfig({
  ...{ architectures: ['Qwen2ForCausalLM'], num_hidden_layers: 28, rms_norm_eps: 1e-6, rope_theta: 1e6, max_position_embeddings: 32768 },
  ...{ vocab_size: 152064, hidden_size: 3584, intermediate_size: 18944, num_attention_heads: 28, num_key_value_heads: 4 },
  tie_word_embeddings: false,
});
