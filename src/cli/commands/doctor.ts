/** The checks of `evom doctor`: each a question about this machine, with the next thing to do when the answer is no. */

import { existsSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';
import { findInput, packageRoot } from '../../config/load/find-file.ts';
import type { ConfigSource } from '../../config/load/load.ts';
import type { LinearModel } from '../../core/linear-model.ts';
import { type Check, type Finding, fault, missing, ok } from '../../run/finding.ts';
import type { RunConfig } from '../../run/session.ts';
import type { SolverBackend } from '../../solvers/backend.ts';
import type { RunOptions } from '../run-options.ts';
import { findingTable } from './finding-table.ts';

const oldestNode = [20, 19] as const;

/**
 * @param config whose needs are looked at as well; null for none.
 * @returns the exit code: 1 when something needed does not work here, 3 when the configuration's run could not start.
 */
export async function runDoctor({
  io,
  json,
  checkpoint,
  config,
  source,
}: RunOptions & {
  readonly checkpoint: string;
  readonly config: RunConfig | null;
  readonly source: ConfigSource | null;
}): Promise<number> {
  const findings: Finding[] = [];
  const { gpuChecks } = await import('./doctor-gpu.ts');
  // A configuration's own checkpoint and Python are looked at with the rest of what it needs.
  const checks =
    config === null ? { ...machineChecks, checkpoint: () => checkCheckpoint(checkpoint, io.cwd), ...gpuChecks } : machineChecks;
  for (const [name, check] of Object.entries(checks)) {
    const finding = await check().catch((error: unknown) =>
      fault(error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)),
    );
    findings.push({ name, ...finding });
  }
  const works = findings.every(({ status }) => status !== 'fault');
  if (config !== null) {
    const { lookAhead } = await import('../../run/open-run.ts');
    for (const finding of (await lookAhead(config, { cwd: io.cwd, source })).findings) findings.push(finding);
  }
  const healthy = findings.every(({ status }) => status !== 'fault');
  io.stdout(json ? `${JSON.stringify({ ok: healthy, checks: findings })}\n` : findingTable(findings, io));
  return healthy ? 0 : works ? 3 : 1;
}

const machineChecks: Readonly<Record<string, Check>> = {
  node: async () => {
    const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
    const recent = major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1]);
    return recent ? ok(process.versions.node) : fault(`${process.versions.node} is too old; install Node ${oldestNode.join('.')} or newer`);
  },
  machine: async () =>
    ok(`${availableParallelism()} cores, ${(totalmem() / 2 ** 30).toFixed(1)} GiB memory, ${process.platform} ${process.arch}`),
  build: async () =>
    existsSync(join(packageRoot, 'dist/cli/main.js'))
      ? ok('dist/ is there')
      : fault('dist/ is missing, and worker threads load it; run npm run build'),
  highs: async () => solved(await (await import('../../solvers/highs.ts')).createHighs()),
  'glpk (optional)': async () => {
    // Whatever keeps an optional package from loading, runs on other backends do not need it.
    const backend = await (await import('../../solvers/glpk.ts')).createGlpk().catch(() => null);
    return backend ? solved(backend) : missing('not installed (its licence is GPL-3.0); npm install glpk.js to use backend: glpk');
  },
  onnxruntime: async () => computed(),
};

async function checkCheckpoint(checkpoint: string, cwd: string): Promise<Omit<Finding, 'name'>> {
  const found = findInput(checkpoint, cwd, join(cwd, '-'));
  if (found.path === null) return missing(`no ${checkpoint}; evom sft --config tiny-sft.yaml makes one`);
  const { readModelConfig, weightFiles } = await import('../../checkpoint/hf-layout.ts');
  const config = await readModelConfig(found.path);
  const files = await weightFiles(found.path);
  const architecture = Array.isArray(config.architectures) ? String(config.architectures[0]) : 'unknown architecture';
  return ok(`${found.path}: ${architecture}, ${files.length} weight ${files.length === 1 ? 'file' : 'files'}`);
}

/** max x + y, x + 2y <= 4, 3x + y <= 6, whole: the optimum is 2. */
const smallModel: LinearModel = {
  sense: 'max',
  offset: 0,
  variables: ['x', 'y'].map((name) => ({ name, lower: 0, upper: Infinity, integer: true, cost: 1 })),
  constraints: [
    { name: 'c1', lower: -Infinity, upper: 4, columns: [0, 1], coefficients: [1, 2] },
    { name: 'c2', lower: -Infinity, upper: 6, columns: [0, 1], coefficients: [3, 1] },
  ],
};

function solved(backend: SolverBackend): Omit<Finding, 'name'> {
  try {
    const { status, objective } = backend.solve(smallModel, { timeLimitMs: 5000 });
    const right = status === 'optimal' && objective !== null && Math.abs(objective - 2) < 1e-9;
    return right ? ok(`version ${backend.version}, solves`) : fault(`gave ${status} ${String(objective)} for a model whose optimum is 2`);
  } finally {
    backend.close();
  }
}

/** Adds two numbers in a model made here. */
async function computed(): Promise<Omit<Finding, 'name'>> {
  const [{ Graph }, { createSession }] = await Promise.all([import('../../embedded/nn/graph.ts'), import('../../embedded/nn/session.ts')]);
  const graph = new Graph('doctor');
  const x = graph.input('x', 'float32', [1]);
  graph.output(graph.add(x, x), 'y');
  const session = await createSession(graph.encode());
  try {
    const { y } = await session.run({ x: { data: Float32Array.of(21), shape: [1] } });
    return y?.data[0] === 42 ? ok('loads and computes') : fault(`computed ${String(y?.data[0])} for 21 + 21`);
  } finally {
    await session.close();
  }
}
