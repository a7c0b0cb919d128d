/** Quadratic models of Python libraries are solved again by the host: with the real libraries. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Certificate, Outcome } from '../../src/core/outcome.ts';
import { outcomeFromJson, outcomeToJson } from '../../src/core/outcome-json.ts';
import { hardFlags } from '../../src/reward/audit.ts';
import type { SolverHost } from '../../src/solver-host/solver-host.ts';
import { skipReason, startHost } from './environment.ts';
import { coptpyPrograms } from './quadratic/coptpy-programs.ts';
import { gurobipyPrograms, type QuadraticProgram } from './quadratic/gurobipy-programs.ts';
import { highspyPrograms, mathoptPrograms } from './quadratic/other-programs.ts';
import { pyscipoptPrograms } from './quadratic/pyscipopt-programs.ts';

const noEvidence = { comparison: null, crossSolve: null };
const flagsOf = (outcome: Outcome, answer: number): string[] =>
  hardFlags(outcome, { answer, question: '' }, noEvidence, { unsupportedClaim: false }).filter((flag) => flag !== 'answer_literal');

const libraries: readonly [string, readonly QuadraticProgram[], Certificate][] = [
  ['gurobipy', gurobipyPrograms, 'second_solver'],
  ['coptpy', coptpyPrograms, 'second_solver'],
  ['highspy', highspyPrograms, 'second_solver'],
  // These solve with SCIP, as the host does.
  ['pyscipopt', pyscipoptPrograms, 'second_look'],
  ['ortools', mathoptPrograms, 'second_look'],
];

describe.skipIf(skipReason !== null)(`quadratic models${skipReason === null ? '' : ` (${skipReason})`}`, () => {
  let host: SolverHost;
  beforeAll(async () => {
    host = await startHost(libraries.map(([dialect]) => dialect));
  });
  afterAll(() => host?.close());
  const run = (code: string, dialect = 'gurobipy'): Promise<Outcome> => host.execute({ dialect, code });

  describe.each(libraries)('of %s', (dialect, programs, certificate) => {
    it.each(programs.map((program) => [program.name, program] as const))('%s', async (_, { code, optimum }) => {
      const outcome = await run(code, dialect);
      expect(outcome).toMatchObject({ status: 'optimal', model: null, error: null, certificate, library: { resolved: true } });
      expect(Math.abs((outcome.objective ?? Number.NaN) - optimum)).toBeLessThan(1e-6 * Math.max(1, Math.abs(optimum)));
      expect(outcome.solves.at(-1)).toMatchObject({ certificate, objective: outcome.objective });
      expect(outcomeFromJson(JSON.parse(JSON.stringify(outcomeToJson(outcome))))).toEqual(outcome);
      expect(flagsOf(outcome, optimum)).toEqual([]);
    });
  });
});
