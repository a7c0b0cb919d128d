/** The objects of deploy/kubernetes, read for tests. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { packageRoot } from '../../src/config/load/find-file.ts';

export const folder = join(packageRoot, 'deploy/kubernetes');

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly {
    readonly name: string;
    readonly value?: string;
    readonly valueFrom?: { readonly secretKeyRef?: { name: string; key: string } };
  }[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly securityContext?: Readonly<Record<string, unknown>>;
  readonly resources?: {
    readonly requests?: Readonly<Record<string, string>>;
    readonly limits?: Readonly<Record<string, string | number>>;
  };
  readonly [probe: `${string}Probe`]: { readonly httpGet: { readonly path: string; readonly port: string } } | undefined;
}

export interface PodSpec {
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly securityContext?: Readonly<Record<string, unknown>>;
  readonly volumes?: readonly { readonly name: string; readonly persistentVolumeClaim?: { readonly claimName: string } }[];
}

export interface Template {
  readonly metadata: { readonly labels: Readonly<Record<string, string>> };
  readonly spec: PodSpec;
}

// biome-ignore lint/suspicious/noExplicitAny: objects of many kinds, whose keys the schemas check
export type Manifest = { readonly kind: string; readonly metadata: { readonly name: string }; readonly spec?: any };

/** Objects of all files but the configuration of the run and kustomize's own. */
export const manifests: readonly Manifest[] = readdirSync(folder)
  .filter((name) => name.endsWith('.yaml') && !['kustomization.yaml', 'grpo.yaml'].includes(name))
  .flatMap((name) => parseAllDocuments(readFileSync(join(folder, name), 'utf8'), { merge: true }).map((one) => one.toJS() as Manifest));

export const named = (kind: string, name: string): Manifest => {
  const found = manifests.find((one) => one.kind === kind && one.metadata.name === name);
  if (found === undefined) throw new Error(`there is no ${kind} ${name}`);
  return found;
};

/** Pod templates with where they stand. */
export const templates: readonly { readonly at: string; readonly template: Template }[] = manifests.flatMap(({ kind, metadata, spec }) => {
  const at = `${kind} ${metadata.name}`;
  if (kind !== 'RayCluster') return spec?.template === undefined ? [] : [{ at, template: spec.template as Template }];
  const groups = [{ groupName: 'head', ...spec.headGroupSpec }, ...spec.workerGroupSpecs];
  return groups.map(({ groupName, template }) => ({ at: `${at}, ${groupName}`, template: template as Template }));
});
