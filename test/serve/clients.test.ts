/** The real clients against a server: openenv 0.10.0, ors-sdk 0.1.0, openreward 0.1.167 (scripts/setup-clients.sh). */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/config/load/find-file.ts';
import type { Problem } from '../../src/core/problem.ts';
import { openServer, right } from './open.ts';

const python = resolve(packageRoot, process.env.EVOM_CLIENTS ?? '.venv-clients/bin/python');
const reason = existsSync(python) ? null : 'no Python with the clients (scripts/setup-clients.sh, EVOM_CLIENTS)';
const scripts = join(dirname(fileURLToPath(import.meta.url)), 'clients');

describe.skipIf(reason !== null)(`the real clients${reason === null ? '' : ` (${reason})`}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'evom-clients-'));
  const answer = join(folder, 'answer.md');
  let opened: Awaited<ReturnType<typeof openServer>>;
  beforeAll(async () => {
    writeFileSync(answer, right);
    opened = await openServer();
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    await opened?.close();
  });
  const run = async (...args: readonly string[]): Promise<string> => {
    const env = { ...process.env, OPENREWARD_SESSION_URL: opened.server.url };
    return (await promisify(execFile)(python, args, { env, timeout: 200_000 })).stdout;
  };
  const session = async (script: string, ...args: readonly string[]): Promise<unknown> =>
    JSON.parse((await run(join(scripts, script), opened.server.url, ...args, answer)).trim().split('\n').at(-1) ?? '');

  it('openenv validate is green', async () => {
    const report = await run('-m', 'openenv.cli', 'validate', opened.server.url);
    expect(report).toContain('Verdict: PASS');
    expect(report).not.toContain('FAIL');
  });

  it('openenv validate is green on the folder, and its oracle earns the most on every task', async () => {
    const folder = join(packageRoot, 'python/openenv_evom');
    const report = await run('-m', 'openenv.cli', 'validate', folder, '--level', 'static');
    expect(report).toContain('Verdict: PASS');
    const lines = readFileSync(join(folder, 'tasks.jsonl'), 'utf8').trim().split('\n');
    const problems = lines.map((line) => JSON.parse(line) as Problem);
    const served = await openServer({ sets: [{ name: 'tasks', problems }] });
    try {
      expect(await run('-m', 'openenv.cli', 'validate', served.server.url)).toContain('Verdict: PASS');
      const { oracle, floor, green } = JSON.parse(await run(join(folder, 'oracle.py'), served.server.url));
      expect([Object.keys(oracle).length, floor, green]).toEqual([8, 0, true]);
      // Whoever plays worse is told apart.
      const poor = await openServer({ sets: [{ name: 'tasks', problems: problems.map((problem) => ({ ...problem, answer: -1 })) }] });
      await expect(run(join(folder, 'oracle.py'), poor.server.url)).rejects.toThrow(/oracle\.py/);
      await poor.close();
    } finally {
      await served.close();
    }
  });

  it("OpenEnv's GenericEnvClient plays an episode and gets its errors", async () => {
    expect(await session('openenv_client.py', 'lp')).toEqual({
      reset: ['lp', null, false],
      step: ['optimal', 3.5, 1.1, true],
      state: [true, 1],
      second: expect.stringContaining('the episode is over'),
      wrong: expect.stringContaining('VALIDATION_ERROR'),
    });
  });

  it('ors-sdk plays a session', async () => {
    expect(await session('ors_client.py', '1')).toEqual({
      tools: ['submit_program'],
      tasks: 2,
      prompt: true,
      result: [1.1, true, 'optimal'],
      second: expect.stringContaining('the episode is over'),
    });
  });

  it('all three play episodes of several turns: told what the solver said, and paid once', async () => {
    const turned = await openServer({ turns: 3 });
    try {
      const env = { ...process.env, OPENREWARD_SESSION_URL: turned.server.url };
      const { stdout } = await promisify(execFile)(python, [join(scripts, 'turns_client.py'), turned.server.url, answer], {
        env,
        timeout: 200_000,
      });
      const heard = "The program stopped with an error in line 1: ReferenceError: 'nothing' is not defined.";
      expect(JSON.parse(stdout.trim().split('\n').at(-1) ?? '')).toEqual({
        openenv: [[false, 0, heard], [false, 0, 3.5], [true, 1.1], 2],
        ors: [['run_program', 'submit_program'], heard, null, false, 1.1, true],
        openreward: [heard, null, false, 1.1, true],
      });
    } finally {
      await turned.close();
    }
  });

  it('openreward plays a session', async () => {
    expect(await session('openreward_client.py', '1')).toEqual({ tasks: 2, tools: ['submit_program'], prompt: true, result: [1.1, true] });
  });
});
