import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { packageRoot } from '../../src/config/load/find-file.ts';

interface Row {
  readonly reward: string;
  readonly what: string;
  readonly stepCpuS: number;
  readonly meanTokens: number;
  readonly tokensPerCpuSecond: number;
}

it('the benchmark of a GRPO step takes whole steps of ours, by either reward', () => {
  const args = ['--python', '', '--rounds', '1', '--groups', '2', '--group-size', '2', '--json'];
  const env = { ...process.env, EVOM_BENCH_PYTHON: '' };
  const script = join(packageRoot, 'scripts/bench/grpo-step.mjs');
  const rows: Row[] = JSON.parse(
    execFileSync(process.execPath, [script, ...args], { encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'pipe'] }),
  );
  expect(rows.map(({ reward, what }) => [reward, what])).toEqual([
    ['length', 'evom'],
    ['verified', 'evom'],
  ]);
  // The same problems, seed and weights: both sampled the same completions.
  expect(rows[0]?.meanTokens).toBe(rows[1]?.meanTokens);
  for (const row of rows) {
    expect(row.meanTokens).toBeGreaterThan(20);
    expect(row.stepCpuS).toBeGreaterThan(0);
    expect(row.tokensPerCpuSecond).toBeGreaterThan(0);
  }
}, 300_000);
