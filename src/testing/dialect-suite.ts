/** What every dialect must do on every backend: from prompt to program to outcome. A new dialect's test is one call of this. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LinearModel } from '../core/linear-model.ts';
import type { Outcome } from '../core/outcome.ts';
import { buildPrompt } from '../dialects/prompt.ts';
import { dialectByName } from '../dialects/registry.ts';
import { createVerifier, type Verifier } from '../verify/verifier.ts';
import { column, inf, model, row } from './models.ts';

/** Programs of one dialect, each with a behaviour that every dialect can show. */
export interface DialectPrograms {
  /** Solves max x + y with x + 2 y <= 4, x <= 3 and reports 3.5. */
  readonly optimal: string;
  /** The optimum above, reported as 99. */
  readonly mismatch: string;
  /** Solves the model above, then the same with `min`, which gives 0. */
  readonly twice: string;
  /** A missing operand on line 3. */
  readonly syntaxError: string;
  /** A TypeError on line 3, before any solve. */
  readonly runtimeError: string;
  /** Hands over a model that the library refuses, on line 2. */
  readonly refused: string;
  /** As the library's documentation teaches it; the value is the optimum. */
  readonly documented: readonly { readonly title: string; readonly code: string; readonly objective: number }[];
}

export function describeDialect(name: string, backend: string, programs: DialectPrograms): void {
  describe(`${name} on ${backend}`, () => {
    const dialect = dialectByName(name);
    let verifier: Verifier;
    beforeAll(async () => {
      verifier = await createVerifier({ backend, dialects: [name], workers: 1 });
    });
    afterAll(() => verifier.close());
    const verify = (code: string): Promise<Outcome> => verifier.verify({ dialect: name, code });
    const render = (m: LinearModel): Promise<Outcome> => verify(dialect.render(m));

    it('goes from prompt to program to an optimal outcome', async () => {
      expect(buildPrompt('bare', 'q', dialect)[0]?.content).toContain(name);
      const program = dialect.extract(`Here it is:\n\`\`\`js\n${programs.optimal}\n\`\`\`\n`);
      const outcome = await verifier.verify(program ?? { dialect: name, code: '' });
      expect(outcome).toMatchObject({
        status: 'optimal',
        objective: 3.5,
        reported: 3.5,
        solution: { x: 3, y: 0.5 },
        dialect: name,
        error: null,
      });
      expect(outcome.backend).toBe(backend);
      expect(outcome.solverVersion).not.toBe('');
      expect(outcome.solves).toMatchObject([{ status: 'optimal', objective: 3.5, numVariables: 2, numIntegers: 0 }]);
      expect(outcome.model).toMatchObject({
        sense: 'max',
        variables: [
          { name: 'x', cost: 1 },
          { name: 'y', cost: 1 },
        ],
      });
    });

    it('runs the program of its own instructions', async () => {
      const outcome = await verifier.verify(dialect.extract(dialect.instructions) ?? { dialect: name, code: '' });
      expect(outcome).toMatchObject({ status: 'optimal', objective: 1904, reported: 1904 });
    });

    it('tells infeasible from unbounded, for linear and for integer models', async () => {
      for (const integer of [false, true]) {
        const x = column('x', 1, 0, inf, integer);
        expect(await render(model('max', [x], [row('a', 3, [[0, 1]], inf), row('b', -inf, [[0, 1]], 2)]))).toMatchObject({
          status: 'infeasible',
          objective: null,
          solution: null,
        });
        expect(await render(model('max', [x], [row('a', 3, [[0, 1]], inf)]))).toMatchObject({ status: 'unbounded', objective: null });
      }
    });

    it('takes a true optimum of 0', async () => {
      expect(await render(model('max', [column('x', -1)], [row('a', -inf, [[0, 1]], 2)]))).toMatchObject({
        status: 'optimal',
        objective: 0,
        reported: 0,
      });
    });

    it('names the line of a syntax error', async () => {
      expect(await verify(programs.syntaxError)).toMatchObject({
        status: 'syntax_error',
        error: { type: 'SyntaxError', line: 3 },
        solves: [],
      });
    });

    it('names the line of a runtime error', async () => {
      expect(await verify(programs.runtimeError)).toMatchObject({
        status: 'runtime_error',
        error: { type: 'TypeError', line: 3 },
        solves: [],
      });
    });

    it('gives the program an error for a model that cannot be read', async () => {
      expect(await verify(programs.refused)).toMatchObject({ status: 'runtime_error', error: { line: 2 } });
    });

    it('says so when nothing was solved', async () => {
      expect(await verify('report(3.5);')).toMatchObject({ status: 'no_solve', objective: null, reported: 3.5, model: null });
    });

    it('keeps what the program claims apart from what the solver found', async () => {
      expect(await verify(programs.mismatch)).toMatchObject({ status: 'optimal', objective: 3.5, reported: 99 });
    });

    it('records every solve and ends with the last', async () => {
      const outcome = await verify(programs.twice);
      expect(outcome.solves.map((solve) => solve.objective)).toEqual([3.5, 0]);
      expect(outcome).toMatchObject({ status: 'optimal', objective: 0, model: { sense: 'min' } });
      expect(new Set(outcome.solves.map((solve) => solve.modelHash)).size).toBe(2);
    });

    it.each(programs.documented)('runs $title', async ({ code, objective }) => {
      const outcome = await verify(code);
      expect(outcome.error).toBeNull();
      expect(outcome.status).toBe('optimal');
      expect(outcome.objective).toBeCloseTo(objective, 9);
    });
  });
}
