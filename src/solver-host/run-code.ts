/** SandboxFusion's `POST /run_code` in front of a solver host: verl's and SkyRL's sandbox clients speak it. */
import { faultInFiles } from './program-files.ts';
import type { SolverHost } from './solver-host.ts';

interface RunResult {
  readonly status: 'Finished' | 'Error' | 'TimeLimitExceeded';
  readonly execution_time: number;
  readonly return_code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** SandboxFusion's answer (its `RunCodeResponse`). */
export interface RunCodeAnswer {
  readonly status: 'Success' | 'Failed' | 'SandboxError';
  readonly message: string;
  readonly compile_result: null;
  readonly run_result: RunResult | null;
  readonly executor_pod_name: null;
  readonly files: Readonly<Record<string, string>>;
}

/** Which library's server runs a program, by the first of these that it imports. */
const importOf: readonly (readonly [RegExp, string])[] = [
  [/^\s*(?:import|from)\s+gurobipy\b/m, 'gurobipy'],
  [/^\s*(?:import|from)\s+coptpy\b/m, 'coptpy'],
  [/^\s*(?:import|from)\s+ortools\b/m, 'ortools'],
  [/^\s*(?:import|from)\s+pyscipopt\b/m, 'pyscipopt'],
  [/^\s*(?:import|from)\s+pulp\b/m, 'pulp'],
  [/^\s*(?:import|from)\s+highspy\b/m, 'highspy'],
];

/** SandboxFusion's own word for a fault of the sandbox, and not of the program. */
export const sandboxError = (message: string): RunCodeAnswer => ({
  status: 'SandboxError',
  message,
  compile_result: null,
  run_result: null,
  executor_pod_name: null,
  files: {},
});

/**
 * Runs one Python program and answers with what it printed.
 *
 * `compile_timeout`, `stdin` and `fetch_files` have no effect; `files` are base64, as in SandboxFusion. `run_timeout` (s) and
 * `memory_limit_MB` can lower the host's limits.
 */
export async function runCode(host: SolverHost, body: unknown, signal?: AbortSignal): Promise<RunCodeAnswer> {
  const { code, language, run_timeout: timeoutS, memory_limit_MB: memoryMb, files } = (body ?? {}) as Record<string, unknown>;
  if (typeof code !== 'string') return sandboxError('"code" must be text');
  if (language !== undefined && language !== 'python') return sandboxError(`language "${String(language)}" is not served; python is`);
  const served = host.health().dialects.filter((dialect) => dialect.state === 'ready');
  const wanted = importOf.find(([pattern]) => pattern.test(code))?.[1];
  const dialect = wanted ?? served[0]?.dialect ?? '';
  const texts = Object.entries((files ?? {}) as Record<string, unknown>).flatMap(([name, text]) =>
    typeof text === 'string' ? [[name, Buffer.from(text, 'base64').toString('utf8')]] : [],
  );
  const beside: Record<string, string> = Object.fromEntries(texts);
  const badFile = faultInFiles(beside);
  if (badFile !== null) return sandboxError(`files: ${badFile}`);
  const ran = await host.run(
    { dialect, code, files: beside },
    {
      ...(isPositive(timeoutS) ? { wallS: timeoutS, solverS: timeoutS } : {}),
      ...(isPositive(memoryMb) ? { memoryMb } : {}),
    },
    signal,
  );
  if ('status' in ran) return sandboxError(ran.error?.message ?? ran.status);
  const { end, record, stdout, stderr } = ran.ran;
  if (!end.started) return sandboxError(`the program could not be started: ${stderr.trim().split('\n').at(-1) ?? ''}`);
  // A Python program that raises ends with code 1.
  const returnCode = record === null ? end.exit : record.error === null ? 0 : 1;
  const result = { execution_time: end.wall_ms / 1000, stdout, stderr };
  if (end.overdue)
    return { ...sandboxError(''), status: 'Failed', run_result: { ...result, status: 'TimeLimitExceeded', return_code: null } };
  const run_result: RunResult = { ...result, status: returnCode === 0 ? 'Finished' : 'Error', return_code: returnCode };
  return { ...sandboxError(''), status: returnCode === 0 ? 'Success' : 'Failed', run_result };
}

const isPositive = (value: unknown): value is number => typeof value === 'number' && value > 0;
