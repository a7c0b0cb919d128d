/** What every dialect of a solver host must do, with its real library. A new dialect's test is one call of this. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Outcome } from '../../src/core/outcome.ts';
import { dialectByName } from '../../src/dialects/registry.ts';
import { identicalModels } from '../../src/modeling/identical.ts';
import type { SolverHost } from '../../src/solver-host/solver-host.ts';
import { column, inf, model, row } from '../solvers/models.ts';
import { skipReason, startHost } from './environment.ts';

/** Programs of one dialect. */
export interface HostedPrograms {
  /** max 3 x + 2 y with x + y <= 4, x <= 2.5, x integer: 10 at (2, 2). Prints `objective 10.0`. */
  readonly optimal: string;
  /** x >= 3 and x <= 1 as rows. */
  readonly infeasible: string;
  /** max x without an upper bound. */
  readonly unbounded: string;
  /** The model of `hardModel` with a time limit of a fraction of a second. */
  readonly timeLimit: string;
  /** Uses the library wrongly on line 3: the library's own exception. */
  readonly apiError: { readonly code: string; readonly type: RegExp; readonly message: RegExp };
  /** Builds a model and never solves it. */
  readonly noSolve: string;
  /** Solves twice, first 10 as in `optimal`, then after a change 4; reports 42. */
  readonly twice: string;
  readonly solver: RegExp;
  readonly backend: string;
}

/** A market-split instance in Python: five equations over 40 binaries, out of reach in a second. Leaves `rows`, `rights` and `n`. */
export const hardRows = `import random
random.seed(7)
n = 40
rows = [[random.randint(0, 99) for _ in range(n)] for _ in range(5)]
rights = [sum(row) // 2 for row in rows]
`;

export function describeHostedDialect(name: string, programs: HostedPrograms): void {
  describe.skipIf(skipReason !== null)(`${name} on a solver host${skipReason === null ? '' : ` (${skipReason})`}`, () => {
    let host: SolverHost;
    beforeAll(async () => {
      host = await startHost([name], { limits: { memoryMb: 256, cpuS: 8, wallS: 20 } });
    });
    afterAll(() => host?.close());
    const run = (code: string): Promise<Outcome> => host.execute({ dialect: name, code });

    it('solves to optimality, with the model as the host saw it', async () => {
      const outcome = await run(programs.optimal);
      expect(outcome).toMatchObject({
        status: 'optimal',
        objective: 10,
        reported: null,
        error: null,
        dialect: name,
        backend: programs.backend,
      });
      expect(outcome.library).toMatchObject({ status: 'optimal', resolved: true });
      expect(outcome.library?.objective).toBeCloseTo(10, 6);
      expect(Object.values(outcome.solution ?? {}).map((value) => Math.round(value * 1e6) / 1e6)).toEqual([2, 2]);
      expect(outcome.solverVersion).toMatch(programs.solver);
      expect(outcome.stdout).toContain('objective 10.0');
      expect(outcome.model?.variables.map(({ cost, integer }) => [cost, integer])).toEqual([
        [3, true],
        [2, false],
      ]);
    });

    it('reads a byte order mark as Python does', async () => {
      expect(await run(`\uFEFF${programs.optimal}`)).toMatchObject({ status: 'optimal', objective: 10, error: null });
    });

    it('tells infeasible, unbounded and a time limit apart', async () => {
      const [infeasible, unbounded, timeLimit] = await Promise.all([programs.infeasible, programs.unbounded, programs.timeLimit].map(run));
      expect(infeasible).toMatchObject({ status: 'infeasible', objective: null, error: null });
      expect(unbounded).toMatchObject({ status: 'unbounded', objective: null, error: null });
      expect(timeLimit).toMatchObject({ status: 'time_limit', wallLimited: true });
    });

    it('records several solves and takes a reported answer', async () => {
      const outcome = await run(programs.twice);
      expect(outcome).toMatchObject({ status: 'optimal', objective: 4, reported: 42, error: null });
      expect(outcome.solves.map((solve) => solve.objective)).toEqual([10, 4]);
    });

    it('lets the exceptions of Python and of the library through with their line', async () => {
      const [syntax, api] = await Promise.all([`x = 1\ny = (\n`, programs.apiError.code].map(run));
      expect(syntax).toMatchObject({ status: 'syntax_error', error: { type: 'SyntaxError', line: 2 } });
      expect(api).toMatchObject({ status: 'runtime_error', error: { line: 3 } });
      expect(api?.error?.type).toMatch(programs.apiError.type);
      expect(api?.error?.message).toMatch(programs.apiError.message);
    });

    it('calls a program without a solve so', async () => {
      expect(await run(programs.noSolve)).toMatchObject({ status: 'no_solve', objective: null, model: null, solves: [] });
    });

    it('runs its own reference programs, in functions too, and gets their models back', async () => {
      const given = model(
        'max',
        [column('x', 3, 0, 9, true), column('y', 2, -2), column('z', -1, 0, 1, true)],
        [
          row(
            'a',
            -inf,
            [
              [0, 1],
              [1, 1],
            ],
            4,
          ),
          row(
            'b',
            -1,
            [
              [0, 1],
              [1, -1],
              [2, 2],
            ],
            3,
          ),
          row(
            'c',
            -1,
            [
              [1, 1],
              [2, 1],
            ],
            -1,
          ),
        ],
        5,
      );
      const code = dialectByName(name).render(given);
      const inFunction = `def main():\n${code
        .split('\n')
        .map((line) => `    ${line}`)
        .join('\n')}\n\nif __name__ == "__main__":\n    main()\n`;
      const [plain, wrapped] = await Promise.all([code, inFunction].map(run));
      for (const outcome of [plain, wrapped]) {
        expect(outcome).toMatchObject({ status: 'optimal', error: null });
        expect(outcome?.model && identicalModels(outcome.model, given)).toBe(true);
      }
    });

    it('ends what takes too much: memory, processes, output, time', async () => {
      const [bytes, list, fork, spawn, output] = await Promise.all(
        [
          'data = bytearray(1 << 33)',
          'data = []\nwhile True:\n    data.append(bytearray(1 << 20))',
          'import os\nwhile True:\n    os.fork()',
          'import subprocess\nsubprocess.run(["/bin/sh", "-c", "id"])',
          'while True:\n    print("x" * 1000)',
        ].map(run),
      );
      expect(bytes?.status).toBe('memory');
      expect(list?.status).toBe('memory');
      expect(fork).toMatchObject({ status: 'runtime_error', error: { type: 'PermissionError', line: 3 } });
      expect(spawn).toMatchObject({ status: 'runtime_error', error: { type: 'PermissionError', line: 2 } });
      expect(output?.status).toBe('output_limit');
      expect(await run(programs.optimal)).toMatchObject({ status: 'optimal', objective: 10 });
    });

    it('keeps programs from the network, the files and the other programs of the machine', async () => {
      const [socket, read, parent, write, jobs] = await Promise.all(
        [
          'import socket\nsocket.create_connection(("127.0.0.1", 22))',
          'print(open("/etc/passwd").read())',
          'import os\nopen(f"/proc/{os.getppid()}/mem", "rb")',
          'open("/usr/lib/written-by-a-program", "w").write("x")',
          'import os, sys\nprint(os.listdir(os.path.dirname(os.path.dirname(os.getcwd()))))',
        ].map(run),
      );
      for (const outcome of [socket, read, parent, write, jobs]) {
        expect(outcome?.status).toBe('runtime_error');
        expect(outcome?.error?.type).toMatch(/PermissionError|OSError/);
      }
    });

    it('gives a program no way to what another one held', async () => {
      const secret = 'the-secret-of-another-program';
      await run(`# ${secret}\nkept = "${secret}"\nopen("left-behind.txt", "w").write(kept)\nprint(kept)`);
      const search = `import gc, os, sys
found = [repr(o)[:80] for o in gc.get_objects() if isinstance(o, dict) and "the-" + "secret-of-another" in repr(list(o.values()))[:100000]]
frame = sys._getframe()
while frame:
    found += [k for k, v in list(frame.f_globals.items()) if isinstance(v, str) and "the-" + "secret-of" in v]
    frame = frame.f_back
print("found", found, "files", os.listdir("."))`;
      const outcome = await run(search);
      expect(outcome).toMatchObject({ status: 'no_solve', error: null });
      expect(outcome.stdout).toBe('found [] files []\n');
    });
  });
}
