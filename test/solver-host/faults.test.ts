/** Whose fault it is that a program has no answer: the program's is data, ours is `infra_error`. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/config/load/find-file.ts';
import type { LinearModel } from '../../src/core/linear-model.ts';
import { type Ended, endingOf, endingWithoutRecord, isKilled, verdictOf } from '../../src/solver-host/conclude.ts';
import { pythonOf } from '../../src/solver-host/environment.ts';
import { defaultHostLimits as limits } from '../../src/solver-host/host-limits.ts';
import { faultInFiles } from '../../src/solver-host/program-files.ts';
import type { LibrarySolve, ProgramRecord } from '../../src/solver-host/program-record.ts';
import { Resolver } from '../../src/solver-host/resolver.ts';
import type { SolverHost } from '../../src/solver-host/solver-host.ts';
import type { Solution } from '../../src/solvers/backend.ts';
import { column, inf, model, row } from '../solvers/models.ts';
import { environmentDirectory, skipReason, startHost } from './environment.ts';

const small = model('max', [column('x', 1), column('y', 1)], [row('r', -inf, [[0, 1]], 4), row('s', -inf, [[1, 1]], 3)]);

function ended(end: Partial<Ended['end']>): Ended {
  const usual = { id: 1, exit: 0, started: true, overdue: false, queued_ms: 0, cpu_ms: 100, wall_ms: 200, rss_mb: 50, fault: null };
  return { end: { ...usual, ...end }, record: null, stdout: '', isOutputCut: false };
}

describe('how a process ended', () => {
  it('is our fault when it ends before the program begins, whatever it ends with', () => {
    for (const exit of [1, 77, -9, -24])
      expect(endingWithoutRecord(ended({ started: false, exit }), limits, 0)).toMatchObject({
        status: 'infra_error',
        error: { type: 'NotStarted' },
      });
    expect(endingWithoutRecord(ended({ exit: 1 }), limits, 0)).toMatchObject({ status: 'crash' });
  });

  it('is our fault when it had no processor, and its own when it computed or slept', () => {
    const overdue = { exit: -9, overdue: true, wall_ms: 30_000 };
    const type = (end: Partial<Ended['end']>) => endingWithoutRecord(ended({ ...overdue, ...end }), limits, 0)?.status;
    expect(type({ queued_ms: 20_000, cpu_ms: 9000 })).toBe('infra_error');
    expect(type({ queued_ms: 20_000, cpu_ms: 29_000 })).toBe('deadline'); // a crowd of threads of its own
    expect(type({ queued_ms: 10, cpu_ms: 100 })).toBe('deadline');
  });

  it('is our fault when something kills it, until it happens each time', () => {
    const killed = ended({ exit: -9 });
    expect(isKilled(killed, limits)).toBe(true);
    expect(isKilled(ended({ exit: -9, overdue: true }), limits)).toBe(false);
    expect([1, 2, 3].map((kills) => endingWithoutRecord(killed, limits, kills)?.status)).toEqual(['infra_error', 'infra_error', 'crash']);
  });
});

describe('a linear model that our solver cannot finish', () => {
  const solve: LibrarySolve = { model: small, status: 'optimal', objective: 7, values: { x: 4, y: 3 }, size: null, message: null, ms: 1, fault: null }; // biome-ignore format: one line
  const record: ProgramRecord = { error: null, solves: [solve], options: {}, reported: null, licence: null };
  const stopped = { status: 'time_limit', objective: null, values: null, message: null, wallLimited: true, ms: 10_000 } as const;

  it('is our fault, and no word of the library is taken for it', () => {
    const last = verdictOf(solve, { solution: stopped, modelHash: '' });
    expect(endingOf(record, last, false, limits)).toMatchObject({ status: 'infra_error', error: { type: 'NotResolved' } });
  });

  it('leaves models that are not linear, and solves that ended early, as the library says', () => {
    for (const other of [
      { ...solve, model: null },
      { ...solve, status: 'time_limit' as const },
    ])
      expect(endingOf({ ...record, solves: [other] }, verdictOf(other, null), false, limits).status).toBe(other.status);
  });
});

describe("the host's own verdict on a linear model", () => {
  // max x + y with x <= 4 and y <= 3: the host's solver says 6.
  const solve: LibrarySolve = { model: small, status: 'optimal', objective: 7, values: { x: 4, y: 3 }, size: null, message: null, ms: 1, fault: null }; // biome-ignore format: one line
  const record: ProgramRecord = { error: null, solves: [solve], options: {}, reported: null, licence: null };
  const said = { status: 'optimal', objective: 6, values: Float64Array.of(3, 3), message: null, wallLimited: false, ms: 1 } as const;
  const verdict = (more: Partial<Solution>, by = solve) => verdictOf(by, { solution: { ...said, ...more }, modelHash: '' });

  it('is refuted by a better point of the library that satisfies the model, and the outcome is our fault', () => {
    for (const more of [{}, { certificate: 'second_look' as const }, { status: 'infeasible' as const, objective: null, values: null }]) {
      expect(verdict(more).isRefuted).toBe(true);
      expect(endingOf(record, verdict(more), false, limits)).toMatchObject({ status: 'infra_error', error: { type: 'NotCertified' } });
    }
  });

  it('stands where it is as good, where the point breaks the model, and where a proof stands behind it', () => {
    expect(verdict({ objective: 7 }).isRefuted).toBe(false);
    expect(verdict({}, { ...solve, values: { x: 40, y: 3 } }).isRefuted).toBe(false);
    expect(verdict({}, { ...solve, values: null }).isRefuted).toBe(false);
    expect(verdict({ certificate: 'enumeration' }).isRefuted).toBe(false);
  });

  it('stands against a point that only the tolerances of solvers let through', () => {
    const tiny = { name: 'r', lower: -Infinity, upper: 9e-7, columns: [0], coefficients: [1e-7] };
    const model = {
      ...small,
      constraints: [...small.constraints, tiny],
      variables: small.variables.map((v) => ({ ...v, upper: Infinity })),
    };
    const values = Object.fromEntries(small.variables.map(({ name }) => [name, 12])); // 3e-7 too much in a row of 9e-7
    const forged = { ...solve, model: { ...model, constraints: [tiny] }, values };
    expect(verdict({}, forged).isRefuted).toBe(false);
  });

  it('carries its certificate into the record of the solve', () => {
    expect(verdict({ objective: 7, certificate: 'dual' }).record.certificate).toBe('dual');
    expect(verdictOf(solve, null).record.certificate).toBe('none');
  });

  it('that contradicts itself is our fault', () => {
    const refuted = { status: 'error', isRefuted: true, objective: null, values: null, message: 'no two looks agree' } as const;
    expect(endingOf(record, verdict(refuted), false, limits)).toMatchObject({
      error: { type: 'NotCertified', message: 'no two looks agree' },
    });
  });
});

it('names of files beside a program lie below its folder', () => {
  expect(faultInFiles({ 'data.json': '{}', 'more/costs.csv': '1' })).toBeNull();
  for (const name of ['/etc/x', '../x', 'a/../../x', 'a//b', '', './x', 'a\0b', '\ud800', 'x'.repeat(256)])
    expect(faultInFiles({ 'fine.txt': '', [name]: '' })).toContain(`file name ${JSON.stringify(name.slice(0, 200))}`);
  expect(faultInFiles({ a: '', 'a/b': '' })).toContain('a file and a folder at once');
});

it('a resolver goes on after one of its threads ended', async () => {
  const resolver = await Resolver.create(1);
  await expect(resolver.solve({} as LinearModel, { timeLimitMs: 1000 })).rejects.toThrow(/resolver thread ended/);
  expect((await resolver.solve(small, { timeLimitMs: 1000 })).solution).toMatchObject({ status: 'optimal', objective: 7 });
  await resolver.close();
});

describe.skipIf(skipReason !== null)('programs on a solver host', () => {
  let host: SolverHost;
  beforeAll(async () => {
    host = await startHost(['highspy'], { limits: { memoryMb: 512, maxRecordBytes: 200_000, maxOutputChars: 50_000 } });
  });
  afterAll(() => host?.close());
  const run = (code: string) => host.execute({ dialect: 'highspy', code });
  const head = 'import highspy\nh = highspy.Highs()\nh.silent()\n';
  const solved = `${head}x = h.addVariable(ub=3)\ny = h.addVariable()\nh.addConstr(x + 2 * y <= 4)\nh.maximize(x + y)\n`;

  it('change neither mode, times nor attributes of a file outside their scratch folder', async () => {
    const directory = mkdtempSync(join(environmentDirectory, 'operator-'));
    const file = join(directory, 'licence.lic');
    writeFileSync(file, 'kept');
    chmodSync(file, 0o640);
    const before = statSync(file);
    try {
      const outcomes = await Promise.all(
        [
          `os.chmod(${JSON.stringify(file)}, 0o777)`,
          `os.utime(${JSON.stringify(file)}, (1, 1))`,
          `os.chown(${JSON.stringify(file)}, 0, 0)`,
          `os.fchmod(os.open(${JSON.stringify(file)}, os.O_RDONLY), 0o777)`,
          `os.setxattr(${JSON.stringify(file)}, "user.note", b"x")`,
          `os.truncate(${JSON.stringify(file)}, 0)`,
          `os.open(${JSON.stringify(file)}, os.O_RDONLY | os.O_TRUNC)`,
          `fcntl.ioctl(os.open(${JSON.stringify(file)}, os.O_RDONLY), 0x40086602, bytes([64, 0, 0, 0, 0, 0, 0, 0]))`,
        ].map((line) => run(`import fcntl, os\n${line}`)),
      );
      for (const outcome of outcomes) expect(outcome).toMatchObject({ status: 'runtime_error', error: { type: 'PermissionError' } });
      const after = statSync(file);
      expect([after.mode, after.mtimeMs, after.uid, after.size]).toEqual([before.mode, before.mtimeMs, before.uid, before.size]);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it('that report no finite number keep their solve', async () => {
    const [infinite, none] = await Promise.all(['inf', 'nan'].map((value) => run(`${solved}report(float("${value}"))`)));
    for (const outcome of [infinite, none]) expect(outcome).toMatchObject({ status: 'optimal', objective: 3.5, reported: null });
  });

  it('have the last of their solves solved again, and that whose objective they reported', async () => {
    const bound = (b: number) => `h.changeColBounds(0, 0, ${b})\nh.run()\n`;
    const { solves, reported } = await run(`${solved}${bound(2)}${bound(1)}report(3.0)`);
    expect(reported).toBe(3);
    // Only a model that the host solved has a hash.
    expect(solves.map(({ objective, modelHash }) => [objective, modelHash !== ''])).toEqual([
      [3.5, false],
      [3, true],
      [2.5, true],
    ]);
  });

  it('are our fault where the library claims an optimum that our solver does not reach in the same time', async () => {
    const lie = 'highspy.Highs.getModelStatus = lambda self: highspy.HighsModelStatus.kOptimal\n';
    const hard = `import random
random.seed(7)
h.setOptionValue("time_limit", 0.2)
x = [h.addBinary() for _ in range(40)]
for _ in range(5):
    row = [random.randint(0, 99) for _ in x]
    over, under = h.addVariable(obj=1), h.addVariable(obj=1)
    h.addConstr(sum(a * b for a, b in zip(row, x)) + over - under == sum(row) // 2)
h.run()`;
    const outcome = await host.execute({ dialect: 'highspy', code: `${head}${lie}${hard}` }, { solverS: 0.5 });
    expect(outcome).toMatchObject({ status: 'infra_error', error: { type: 'NotResolved' } });
  });

  it('whose record is too large lose the models of earlier solves first, then say so by name', async () => {
    const grow = (rows: number) => `for i in range(${rows}):\n    h.addConstr(x + y <= 100 + i)\n`;
    const earlier = await run(`${solved}${grow(600)}for _ in range(8):\n    h.run()\n`);
    expect(earlier).toMatchObject({ status: 'optimal', objective: 3.5, model: expect.anything() });
    expect(earlier.solves.map(({ numConstraints }) => numConstraints)).toEqual([1, ...Array.from({ length: 8 }, () => 601)]);
    expect(await run(`${solved}${grow(8000)}h.run()`)).toMatchObject({ status: 'output_limit', error: { type: 'RecordTooLarge' } });
  });

  it('that kill their own process are a crash in the end', async () => {
    const code = 'import signal\nsignal.raise_signal(signal.SIGKILL)';
    const statuses = [(await run(code)).status, (await run(code)).status, (await run(code)).status];
    expect(statuses).toEqual(['infra_error', 'infra_error', 'crash']);
  });

  it('keep what they print up to the limit, counted in characters', async () => {
    const [fits, over] = await Promise.all([run('print("é" * 49_999)'), run('print("é" * 50_000)')]);
    expect([fits?.status, fits?.stdout.length]).toEqual(['no_solve', 50_000]);
    expect([over?.status, over?.stdout.length]).toEqual(['output_limit', 50_000]);
  });

  it('are not charged for our reading of their models', () => {
    const program = `import sys, time
sys.path.insert(0, ${JSON.stringify(resolve(packageRoot, 'scripts/solver-host'))})
from recorder import Recorder
clock = [0.0]
time.perf_counter = lambda: clock[0]
def work(seconds):
    clock[0] += seconds
recorder = Recorder()
recorder.solve(lambda: work(3), lambda: work(1), lambda: work(2) or ("optimal", 1, {}))
print(recorder.remaining())`;
    expect(execFileSync(pythonOf(environmentDirectory), ['-c', program], { encoding: 'utf8' })).toBe('9.0\n');
  });

  it('have a wall clock that stands while they wait for a processor, up to twice their wall time', () => {
    const program = `import sys
sys.path.insert(0, ${JSON.stringify(resolve(packageRoot, 'scripts/solver-host'))})
from fork_server import _deadline
for now, queued_s in ((30.0, 0.0), (30.0, 10.0), (40.0, 10.0), (40.0, 25.0), (60.0, 40.0), (30.02, 0.0)):
    child = {"wall_s": 30.0, "begun": 0.0, "queued_ms": queued_s * 1000}
    print(_deadline(child, now))`;
    const lines = execFileSync(pythonOf(environmentDirectory), ['-c', program], { encoding: 'utf8' }).trim().split('\n');
    // Its time is up; 10 s more; 10 s later it is up; 15 s more; the longest patience has ended; up, though looked at late.
    expect(lines).toEqual(['30.0', '40.0', '40.0', '55.0', '60.0', '30.02']);
  });

  it('are refused sockets and processes by a filter that is tried out, not taken for granted', () => {
    const program = `import ctypes, sys
sys.path.insert(0, ${JSON.stringify(resolve(packageRoot, 'scripts/solver-host'))})
import jail
made = jail.Jail("/nowhere", 0, [])
print(made._seccomp(), made._filter_works(), jail._is_refused(lambda: jail.libc.socket(1, 1, 0)))
del jail.SYSCALLS["fork"], jail.SYSCALLS["vfork"]
open_to_processes = jail.Jail("/nowhere", 0, [])
jail.CLONE_THREAD = 0xFFFFFFFF  # any flag lets a clone through
print(open_to_processes._seccomp(), open_to_processes.filter)`;
    expect(execFileSync(pythonOf(environmentDirectory), ['-c', program], { encoding: 'utf8' })).toBe('True True False\nFalse None\n');
  });

  it('are jailed only where Landlock guards what they may only read', () => {
    const missing =
      'jail.features = {"landlock": 2, "seccomp": True}\nprint(jail.missing())\njail.features["landlock"] = 3\nprint(jail.missing())';
    const program = `import sys\nsys.path.insert(0, ${JSON.stringify(resolve(packageRoot, 'scripts/solver-host'))})\nfrom jail import Jail\njail = Jail("/nowhere", 0, [])\n${missing}`;
    expect(execFileSync(pythonOf(environmentDirectory), ['-c', program], { encoding: 'utf8' })).toBe("['landlock']\n[]\n");
  });
});
