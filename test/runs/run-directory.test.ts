import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { acquireRunLock } from '../../src/runs/lock.ts';
import { checkFree, createRun, differentConfig, discardStepsAfter, readResolvedConfig, runPaths } from '../../src/runs/run-directory.ts';

let parent: string;
let directory: string;
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'evom-run-'));
  directory = join(parent, 'tiny');
});
afterEach(() => rm(parent, { recursive: true }));

const files = { config: '# mine\nseed: 1\n', resolvedConfig: 'seed: 1\nsteps: 10\n', versions: { highs: '1.15.3' } };

describe('a run directory', () => {
  it('keeps the configuration as given and resolved, and where it ran', async () => {
    const paths = await createRun(directory, files);
    expect(await readFile(paths.config, 'utf8')).toBe(files.config);
    expect(await readFile(paths.resolvedConfig, 'utf8')).toBe(files.resolvedConfig);
    const environment = JSON.parse(await readFile(paths.environment, 'utf8'));
    expect(environment).toMatchObject({ node: process.version, versions: { highs: '1.15.3' } });
    expect(environment.cores).toBeGreaterThanOrEqual(1);
    expect(paths.step(12)).toBe(join(directory, 'steps', '000012'));
  });

  it('is never made over another run or over strange files', async () => {
    const begun = await createRun(directory, files);
    await mkdir(begun.step(1));
    await expect(createRun(directory, files)).rejects.toThrow(/--resume/);
    await expect(checkFree(directory)).rejects.toMatchObject({ code: 'E_RUN' });
    const other = join(parent, 'other');
    await mkdir(other);
    await writeFile(join(other, 'thesis.tex'), '');
    await expect(createRun(other, files)).rejects.toThrow(/thesis.tex/);
  });

  it('is made again when a kill cut its making short, at whatever file', async () => {
    await createRun(directory, files);
    const made = ['config.resolved.yaml', 'config.yaml', 'environment.json', 'checkpoints', 'steps', 'tb'];
    for (const [i] of made.entries()) {
      for (const name of made.slice(0, i + 1)) await rm(join(directory, name), { recursive: true, force: true });
      await writeFile(join(directory, 'config.yaml.1.ab.tmp'), 'half');
      await expect(readResolvedConfig(directory)).rejects.toThrow(/no run to resume/);
      await createRun(directory, files);
      expect(await readResolvedConfig(directory)).toBe(files.resolvedConfig);
    }
  });

  it('is made again when its run was killed before it had anything to keep', async () => {
    await createRun(directory, files);
    await mkdir(join(directory, 'logs'));
    await writeFile(join(directory, 'logs', 'learner.log'), 'was starting');
    await checkFree(directory);
    await createRun(directory, { ...files, resolvedConfig: 'seed: 2\n' });
    expect(await readResolvedConfig(directory)).toBe('seed: 2\n');
    expect(await readdir(directory)).not.toContain('logs');
  });

  it.each(['evaluations/000000.json', 'checkpoints/000001/manifest.json', 'steps/000001/rollouts.arrow', 'metrics.jsonl'])(
    'is kept once it holds %s',
    async (file) => {
      await createRun(directory, files);
      await mkdir(dirname(join(directory, file)), { recursive: true });
      await writeFile(join(directory, file), '{}\n');
      await expect(createRun(directory, files)).rejects.toThrow(/--resume/);
    },
  );

  it('is not made below a file', async () => {
    await writeFile(join(parent, 'file'), '');
    await expect(checkFree(join(parent, 'file', 'run'))).rejects.toMatchObject({ code: 'E_RUN', message: expect.stringContaining('file') });
    await checkFree(join(parent, 'none', 'run'));
  });

  it('says what differs from the configuration of the run', async () => {
    await createRun(directory, files);
    const { message, code } = differentConfig(directory, await readResolvedConfig(directory), 'seed: 1\nsteps: 20\n');
    expect(message).toMatch(/line 2: "steps: 10" there, "steps: 20" now/);
    expect(code).toBe('E_RUN');
    await expect(readResolvedConfig(join(parent, 'none'))).rejects.toMatchObject({ code: 'E_RUN' });
  });

  it('resumes when the ends of lines are others, as an editor or a checkout leaves them', async () => {
    const paths = await createRun(directory, files);
    const own = await readFile(paths.resolvedConfig, 'utf8');
    await writeFile(paths.resolvedConfig, own.replaceAll('\n', '\r\n'));
    expect(await readResolvedConfig(directory)).toBe(own);
  });

  it('does not say that there is no run where its configuration cannot be read', async () => {
    const paths = await createRun(directory, files);
    await rm(paths.resolvedConfig);
    await mkdir(paths.resolvedConfig);
    await expect(readResolvedConfig(directory)).rejects.toMatchObject({ code: 'E_DATA', message: expect.stringContaining('cannot read') });
  });

  it('loses steps after the checkpoint and half-written files on resume', async () => {
    const paths = await createRun(directory, files);
    for (const step of [0, 1, 2, 1_000_000]) await mkdir(paths.step(step));
    await writeFile(join(paths.step(1), 'rollouts.arrow'), 'x');
    await writeFile(join(paths.step(1), 'rollouts.arrow.9.ab.tmp'), 'half');
    await writeFile(join(directory, 'metrics.jsonl.9.ab.tmp'), 'half');
    await discardStepsAfter(directory, 1);
    expect((await readdir(join(directory, 'steps'))).sort()).toEqual(['000000', '000001']);
    expect(await readdir(paths.step(1))).toEqual(['rollouts.arrow']);
    expect((await readdir(directory)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    await discardStepsAfter(runPaths(join(parent, 'none')).directory, 0);
  });
});

describe('the lock of a run', () => {
  const lockFile = () => join(directory, 'lock.json');
  const stale = (change: object) =>
    writeFile(lockFile(), JSON.stringify({ pid: 2 ** 22 - 3, host: hostname(), started: null, token: 't', ...change }));

  it('lets one in, and the next after it is released', async () => {
    const lock = await acquireRunLock(directory);
    await expect(acquireRunLock(directory)).rejects.toThrow(new RegExp(`process ${process.pid}`));
    await lock.release();
    await lock.release();
    await (await acquireRunLock(directory)).release();
    expect(await readdir(directory)).toEqual([]);
  });

  it('lets exactly one of many in', async () => {
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => acquireRunLock(directory)));
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
    expect((await readdir(directory)).sort()).toEqual(['lock.json']);
  });

  it('is taken over from a dead process, a reused id, or a torn file', async () => {
    await mkdir(directory);
    const breakers = [() => stale({}), () => writeFile(lockFile(), '{"pid":12'), () => writeFile(lockFile(), '')];
    if (process.platform === 'linux') breakers.push(() => stale({ pid: process.pid, started: '1' }));
    for (const breakLock of breakers) {
      await breakLock();
      const lock = await acquireRunLock(directory);
      expect(JSON.parse(await readFile(lockFile(), 'utf8')).pid).toBe(process.pid);
      await lock.release();
    }
  });

  it('is believed when another machine holds it', async () => {
    await mkdir(directory);
    await stale({ host: 'elsewhere' });
    await expect(acquireRunLock(directory)).rejects.toThrow(/on elsewhere/);
  });

  it('is not released by one who lost it', async () => {
    const lock = await acquireRunLock(directory);
    await stale({ pid: process.pid });
    await lock.release();
    expect(await readdir(directory)).toEqual(['lock.json']);
  });
});
