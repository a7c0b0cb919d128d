/** The samples of one step as the page holds them: JSON, compressed, prompts once a group. */
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

type GroupField = 'step' | 'group' | 'problem' | 'question' | 'answer' | 'family' | 'prompt';
type PackedGroup = Omit<Pick<Sample, GroupField>, 'step'> & { readonly samples: readonly Omit<Sample, GroupField>[] };

/** What `bytes` hold. */
export interface PackedStep {
  readonly step: number;
  readonly groups: readonly PackedGroup[];
}

/** @throws {EvomError} as `readSamples`. */
export async function packStep(directory: string, step: number): Promise<StepPack> {
  const samples = await readSamples(directory, step);
  return {
    step,
    problems: [...new Set(samples.map(({ problem }) => problem))],
    figures: figuresOf(samples),
    bytes: gzipSync(JSON.stringify(packed(step, samples)), { level: 6 }),
  };
}

function packed(step: number, samples: readonly Sample[]): PackedStep {
  const groups = new Map<string, Omit<PackedGroup, 'samples'> & { samples: Omit<Sample, GroupField>[] }>();
  for (const { step: _, group, problem, question, answer, family, prompt, ...sample } of samples) {
    const entry = groups.get(group) ?? { group, problem, question, answer, family, prompt, samples: [] };
    entry.samples.push(sample);
    groups.set(group, entry);
  }
  return { step, groups: [...groups.values()] };
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
