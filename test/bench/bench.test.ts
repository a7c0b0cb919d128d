import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/config/load/find-file.ts';

const bench = (...args: string[]) => {
  const env = { ...process.env, EVOM_BENCH_PYTHON: '', EVOM_SOLVER_ENVIRONMENT: '' };
  return spawnSync(process.execPath, [join(packageRoot, 'scripts/bench.mjs'), ...args], { encoding: 'utf8', env, cwd: packageRoot });
};

describe('npm run bench', () => {
  it.each([
    [['--parts', 'sampling,speed'], /there is no part "speed"; known: sampling, gradient, verification, host, grpo/],
    [['--models', 's9'], /there is no model "s9"; known: s1, s3/],
    [['--rounds', '0'], /--rounds must be whole numbers from 1, not "0"/],
  ])('%j ends with 2 and says why', (args, message) => {
    const { status, stdout, stderr } = bench(...args);
    expect(stderr).toMatch(message);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  });

  it('a part whose Python is missing is a skipped row that says how to get it, and no failure', () => {
    const args = ['--parts', 'host', '--environment', '/nonexistent'];
    const { status, stdout } = bench(...args, '--json');
    expect(status).toBe(0);
    const { machine, results } = JSON.parse(stdout);
    expect(machine).toMatchObject({ node: process.version });
    expect(results).toMatchObject([{ part: 'host', skipped: expect.stringMatching(/evom solver-host --setup DIR.*--environment DIR/) }]);
    expect(bench(...args).stdout).toMatch(/part +setting +what +figure.*skipped: host, solver host: no \/nonexistent/s);
  });
}, 60_000);
