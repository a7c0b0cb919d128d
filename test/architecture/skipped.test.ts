import { describe, expect, it } from 'vitest';
import { causeOf, countSkips, type Skip, skipLine } from '../setup/skipped.ts';

const skip = (change: Partial<Skip>): Skip => ({
  file: 'test/x.test.ts',
  titles: ['a suite', 'a test'],
  note: null,
  suite: null,
  ...change,
});
const host = (suite: string, test: string) => skip({ file: 'test/solver-host/faults.test.ts', titles: [suite, test], suite });

describe('the last line of a run', () => {
  it('is not there when nothing was skipped', () => {
    expect(skipLine([])).toBeNull();
  });

  it('counts suites and tests by their cause', () => {
    const skips = [host('one', 'a'), host('one', 'b'), host('two', 'a'), skip({ note: 'glpk does not claim duals' })];
    expect(skipLine(skips)).toBe(
      'skipped: 2 suites, 4 tests: no solver environment (evom solver-host --setup .venv-solvers): 2 suites, 3 tests; ' +
        'what the part under test does not claim to do: 1 test',
    );
    expect(countSkips(skips)).toEqual({ 'solver environment': { suites: 2, tests: 3 }, 'by design': { suites: 0, tests: 1 } });
  });

  it.each([
    [
      'solver environment',
      { titles: ['programs (there is no solver environment at .venv-solvers; make one with "evom solver-host --setup")'] },
    ],
    ['torch', { titles: ['the torch learner (skipped: EVOM_PYTHON names no Python)'] }],
    ['datasets', { note: 'EVOM_PYTHON names no Python with pyarrow and datasets' }],
    ['shared data', { titles: ['published files (skipped where ../shared/data or EVOM_SHARED is missing)'] }],
    ['by design', { note: 'servers do not score' }],
    ['other', { note: 'unshare cannot make a user namespace here', file: 'test/solver-host/http-service.test.ts' }],
    ['other', {}],
  ] as const)('takes %s for the cause of %j', (cause, change) => {
    expect(causeOf(skip(change))).toBe(cause);
  });
});
