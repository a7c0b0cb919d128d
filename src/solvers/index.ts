/** `evom/solvers`: solver backends, and the LP and MPS formats. */

export type { Capabilities, Duals, Solution, SolveLimits, SolverBackend } from './backend.ts';
export { type MissedRow, missedRows } from './certify/missed-rows.ts';
export { createGlpk } from './glpk.ts';
export { compileHighs, createHighs, type HighsOptions, type HighsReader } from './highs.ts';
export { type LpFormatOptions, writeLp } from './lp-format.ts';
export { type LpReadOptions, parseLp } from './lp-reader.ts';
export type { LpFlavor } from './lp-tokens.ts';
export { writeMps } from './mps-format.ts';
export { type MpsReadOptions, parseMps } from './mps-reader.ts';
export { backendNames, createBackend } from './registry.ts';
export { createSolvePool, type SolvePool, type SolvePoolOptions } from './solve-pool.ts';
export { type ModelAnswer, type ModelFormat, type ModelText, needsOf, parseModel, solveText } from './solve-text.ts';
export { modelFault } from './validate.ts';
