/** The configuration of a run: types, the step from what a file says to settled values, and its JSON Schema. */
import { z } from 'zod';
import { type AlgorithmConfig, resolveAlgorithm } from './algorithm-schema.ts';
import { mostOwnTokens } from './episode-length.ts';
import { type RewardConfig, resolveReward } from './reward-schema.ts';
import { sftInput } from './sft-schema.ts';
import { trainInput } from './train-schema.ts';
import { dialectsOfBackend } from './vocabulary.ts';

export type { AlgorithmConfig } from './algorithm-schema.ts';
export type { RewardConfig } from './reward-schema.ts';

export type WeightedDialect = { name: string; weight: number };
export type TrainInput = z.output<typeof trainInput>;
export type SftInput = z.output<typeof sftInput>;
export type ConfigKind = 'train' | 'sft';

/** Settled configuration of `evom train`, `evaluate` and `rollout`; keys as in YAML. */
export type TrainConfig = Omit<TrainInput, 'dialect' | 'dataset' | 'reward' | 'algorithm' | 'schedule'> & {
  dialect: WeightedDialect[];
  dataset: Omit<TrainInput['dataset'], 'eval'> & { eval: EvalSetConfig[] };
  reward: RewardConfig;
  algorithm: AlgorithmConfig;
  schedule: ScheduleConfig;
};

/** Settled configuration of `evom sft`. */
export type SftConfig = Omit<SftInput, 'dialect' | 'dataset' | 'schedule'> & {
  dialect: WeightedDialect[];
  dataset: Omit<SftInput['dataset'], 'eval'> & { eval: EvalSetConfig[] };
  schedule: ScheduleConfig;
};

export type ScheduleConfig = Omit<TrainInput['schedule'], 'total'> & { total: number };
export type TrackerConfig = TrainInput['trackers'][number];
export type OptimizerConfig = TrainInput['optimizer'];
export type TrainDatasetConfig = TrainInput['dataset']['train'];
export type EvalSetConfig = TrainInput['dataset']['eval'][number] & { temperature: number };
export type GeneratedConfig = Extract<TrainDatasetConfig, { type: 'generated' }>;
export type SftPartConfig = SftInput['dataset']['train'][number];

export const schemaOf = { train: trainInput, sft: sftInput } as const;

/** The least that each kind's schema takes. */
export const skeletonOf = {
  train: { policy: { checkpoint: '-' }, dataset: { train: { type: 'generated' } } },
  sft: { kind: 'sft', dataset: { train: [{ type: 'generated' }] } },
} as const;

/** The dialects asked for: `auto` is the one that the backend speaks. */
export function resolveDialects(dialect: string | readonly WeightedDialect[], backend: string): WeightedDialect[] {
  if (typeof dialect !== 'string') return [...dialect];
  if (dialect !== 'auto') return [{ name: dialect, weight: 1 }];
  const spoken = Object.hasOwn(dialectsOfBackend, backend) ? dialectsOfBackend[backend as keyof typeof dialectsOfBackend] : ['highs-js'];
  return [{ name: spoken[0] ?? 'highs-js', weight: 1 }];
}

const resolveSchedule = (input: TrainInput['schedule'], steps: number): ScheduleConfig => ({
  type: input.type,
  warmup_steps: input.warmup_steps,
  total: input.total ?? steps,
  decay_share: input.decay_share,
  final_factor: input.final_factor,
});

/** A set without a temperature of its own is measured at that of sampling. */
const resolveSets = ({ dataset, sampling }: Pick<TrainInput | SftInput, 'dataset' | 'sampling'>): EvalSetConfig[] =>
  // Always the last key, so that a settled configuration that is read again is settled as it stands.
  dataset.eval.map(({ temperature, ...set }) => ({ ...set, temperature: temperature ?? sampling.temperature }) as EvalSetConfig);

/** Values that depend on other values, settled. */
export function resolveTrain(input: TrainInput): TrainConfig {
  return {
    ...input,
    dialect: resolveDialects(input.dialect, input.backend),
    dataset: { ...input.dataset, eval: resolveSets(input) },
    reward: resolveReward(input.reward),
    algorithm: resolveAlgorithm(input.algorithm, mostOwnTokens(input)),
    schedule: resolveSchedule(input.schedule, input.run.steps),
  };
}

/** As `resolveTrain`, for `kind: sft`. */
export function resolveSft(input: SftInput): SftConfig {
  return {
    ...input,
    dialect: resolveDialects(input.dialect, input.backend),
    dataset: { ...input.dataset, eval: resolveSets(input) },
    schedule: resolveSchedule(input.schedule, input.run.steps),
  };
}

const extendsKey = {
  anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }],
  description: 'Configuration files that this one changes; later ones win.',
};

/** JSON Schema of what one kind of configuration file may say. */
export function kindJsonSchema(kind: ConfigKind): Record<string, unknown> {
  return z.toJSONSchema(schemaOf[kind], { io: 'input' }) as Record<string, unknown>;
}

/**
 * JSON Schema (2020-12) of a configuration file, for editors and other checkers.
 *
 * A file that `extends` another may leave out what that one says; only `kind: sft` is always written.
 */
export function configJsonSchema(): Record<string, unknown> {
  const branches = (['train', 'sft'] as const).map((kind) => {
    const { $schema: _, required, properties, ...schema } = kindJsonSchema(kind);
    const always = kind === 'sft' ? ['kind'] : [];
    const others = (required as string[]).filter((key) => !always.includes(key));
    return {
      title: `kind: ${kind}`,
      ...schema,
      properties: { extends: extendsKey, ...(properties as object) },
      required: always,
      anyOf: [{ required: ['extends'] }, { required: others }],
    };
  });
  return { $schema: 'https://json-schema.org/draft/2020-12/schema', title: 'evom configuration', oneOf: branches };
}
