/** The samples of one step as the page holds them: columns as JSON, compressed; what a group shares once, texts that repeat once. */
import { gzipSync } from 'node:zlib';
import { readSamples, type Sample } from './samples.ts';

export interface StepPack {
  readonly step: number;
  /** Problems sampled, in order, each once. */
  readonly problems: readonly string[];
  /** Figures that runs of before have not in their metrics. */
  readonly figures: Readonly<Record<string, number>>;
  /** gzip of a `PackedStep` as JSON. */
  readonly bytes: Buffer;
}

/** What all samples of a group share. */
const groupFields: readonly (keyof Sample)[] = ['group', 'problem', 'question', 'answer', 'family', 'prompt'];

/** Digits of what is measured; optima and rewards are whole. */
const digits: Partial<Record<keyof Sample, number>> = { entropy: 3, advantage: 5 };

/** What `bytes` hold. Columns lie together, so that texts which are alike are near one another for the compressor. */
export interface PackedStep {
  readonly step: number;
  readonly groups: readonly Readonly<Record<string, unknown>>[];
  /** For each sample its place in `groups`. */
  readonly of: readonly number[];
  /** One value a sample; `program` is `true` where it is the whole completion. */
  readonly columns: Readonly<Record<string, readonly unknown[]>>;
}

/** @throws {EvomError} as `readSamples`. */
export async function packStep(directory: string, step: number): Promise<StepPack> {
  const samples = await readSamples(directory, step);
  return {
    step,
    problems: [...new Set(samples.map(({ problem }) => problem))],
    figures: figuresOf(samples),
    bytes: gzipSync(JSON.stringify(packedStep(step, samples)), { level: 9 }),
  };
}

function packedStep(step: number, samples: readonly Sample[]): PackedStep {
  const firsts = new Map<string, Sample>();
  for (const sample of samples) if (!firsts.has(sample.group)) firsts.set(sample.group, sample);
  const ids = [...firsts.keys()];
  const shared = new Set<string>([...groupFields, 'step', 'reported']); // `reported` is not shown
  const names = (Object.keys(samples[0] ?? {}) as (keyof Sample)[]).filter((name) => !shared.has(name));
  const value = (sample: Sample, name: keyof Sample): unknown => {
    if (name === 'program' && sample.program !== null && sample.program === sample.completion) return true;
    const one = sample[name];
    return typeof one === 'number' && !Number.isInteger(one) ? Number(one.toPrecision(digits[name] ?? 15)) : one;
  };
  return {
    step,
    groups: [...firsts.values()].map((sample) => Object.fromEntries(groupFields.map((name) => [name, sample[name]]))),
    of: samples.map(({ group }) => ids.indexOf(group)),
    columns: Object.fromEntries(names.map((name) => [name, samples.map((sample) => value(sample, name))])),
  };
}

function figuresOf(samples: readonly Sample[]): Record<string, number> {
  const scorable = samples.filter(({ reward }) => reward !== null);
  const figures: Record<string, number> = {};
  const add = (name: string, amount: number): void => {
    figures[name] = (figures[name] ?? 0) + amount;
  };
  for (const { status, flags } of samples)
    for (const name of [`outcomes/${status}`, ...flags.map((flag) => `flags/${flag}`)]) add(name, 1 / samples.length);
  for (const { parts } of scorable) for (const [name, value] of Object.entries(parts)) add(`reward_parts/${name}`, value / scorable.length);
  return figures;
}
