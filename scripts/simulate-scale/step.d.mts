export interface SimulatedStep {
  readonly gpus: number;
  readonly hosts: number;
  readonly programs: number;
  readonly seconds: number;
  readonly parts: Readonly<Record<'sampling' | 'verifying' | 'learning' | 'weights' | 'exchange', number>>;
  readonly programsPerSecond: number;
  readonly wait: { readonly mean: number; readonly p95: number };
  readonly busy: { readonly slots: number; readonly client: number };
  readonly bytes: { readonly batch: number; readonly weights: number };
  readonly dollars: number;
  readonly longest: string;
}
export function simulateStep(options: {
  readonly gpus: number;
  readonly hosts: number;
  readonly slots?: number;
  readonly samplerShare?: number;
  readonly batchFactor?: number;
  readonly licences?: number;
  readonly works?: number;
  readonly seed?: number;
}): SimulatedStep;
