/** The sandbox's limits from the words of a file. */
import type { SandboxLimits } from '../sandbox/limits.ts';
import type { TrainInput } from './schema.ts';

/** Snake case to camel case, every limit named once so that the compiler finds one that is missing. */
export const limitsOf = (limits: TrainInput['sandbox']['limits']): SandboxLimits => ({
  ticks: limits.ticks,
  cpuMs: limits.cpu_ms,
  solverMs: limits.solver_ms,
  simplexIterations: limits.simplex_iterations,
  nodes: limits.nodes,
  maxSolves: limits.max_solves,
  maxModelChars: limits.max_model_chars,
  maxOutputChars: limits.max_output_chars,
  maxCodeChars: limits.max_code_chars,
  memoryMb: limits.memory_mb,
  hardMs: limits.hard_ms,
});
