/** The samples of one step as the page holds them: JSON, compressed, prompts once a group. */
import { gzipSync } from 'node:zlib';
import { readSamples, type Sample } from './samples.ts';

/** A program that took long to verify. */
export interface SlowProgram {
  readonly step: number;
  readonly problem: string;
  readonly sample: number;
  readonly ms: number;
  readonly status: string;
}

export interface StepPack {
  readonly step: number;
  /** Problems sampled, in order, each once. */
  readonly problems: readonly string[];
  readonly slowest: readonly SlowProgram[];
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
  const slowest = [...samples]
    .sort((a, b) => b.verifyMs - a.verifyMs)
    .slice(0, 5)
    .map(({ problem, sample, verifyMs, status }) => ({ step, problem, sample, ms: verifyMs, status }));
  return {
    step,
    problems: [...new Set(samples.map(({ problem }) => problem))],
    slowest,
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
  for (const { status, flags } of samples) for (const name of [`outcomes/${status}`, ...flags.map((flag) => `flags/${flag}`)]) add(name, 1 / samples.length);
  for (const { parts } of scorable) for (const [name, value] of Object.entries(parts)) add(`reward_parts/${name}`, value / scorable.length);
  const times = samples.filter(({ program }) => program !== null).map(({ verifyMs }) => verifyMs / 1000).sort((a, b) => a - b);
  const rank = (share: number): number => times[Math.max(0, Math.ceil(share * times.length) - 1)] ?? 0;
  return { ...figures, 'time/verify_p50_s': rank(0.5), 'time/verify_p99_s': rank(0.99) };
}
