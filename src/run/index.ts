/** `evom/run`: configurations, and whole training runs. */

export { type BuiltSolve, buildSolve, type SolveSetup } from '../config/build/build-solve.ts';
export type { PolicySource } from '../config/build/open-speaker.ts';
export { type ConfigSource, type LoadedConfig, type LoadOptions, loadConfig } from '../config/load/load.ts';
export { configJsonSchema, type SftConfig, type TrainConfig } from '../config/schema/schema.ts';
export { type MetricsLine, readMetrics, replayableMetrics } from '../runs/metrics.ts';
export { OutcomeFile, type OutcomeLine, type StoredSample } from '../runs/outcome-file.ts';
export type { Report, RunEvent, RunFacts } from './events.ts';
export type { Finding } from './finding.ts';
export { lookAhead, type OpenRunOptions, openRun } from './open-run.ts';
export type { Preflight } from './preflight.ts';
export type { Run, RunResult } from './run.ts';
export type { RunConfig } from './session.ts';
