/** The importers on the published files themselves, which are not part of the repository. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type ImportItem, type ImportReport, importInput, importProblems } from '../../src/benchmarks/import-problems.ts';
import { findInputs } from '../../src/benchmarks/inputs.ts';
import { labelVersions } from '../../src/benchmarks/label-versions.ts';

const data = join(process.env.EVOM_SHARED ?? fileURLToPath(new URL('../../../shared', import.meta.url)), 'data');

describe.skipIf(!existsSync(data))('published files (skipped where ../shared/data or EVOM_SHARED is missing)', () => {
  it('are all known by their hash and read in full', async () => {
    const reports: ImportReport[] = [];
    const faults: ImportItem[] = [];
    for (const input of (await findInputs([data])).inputs) {
      for await (const item of importInput(input)) {
        if (item.type === 'report') reports.push(item.report);
        if (item.type === 'fault') faults.push(item);
      }
    }
    const published = reports.filter((report) => report.published !== null);
    expect(published.map(({ name }) => name).sort()).toEqual(labelVersions.map(({ name }) => name).sort());
    // Two rows of OptiMind's OptMATH file have no text; ComplexOR's samples need --texts.
    const missing = published.filter((report) => report.problems !== report.published?.items);
    expect(missing.map(({ name, problems, faults: left }) => [name, problems, left])).toEqual([['optmath@optimind', 128, 2]]);
    expect(faults).toHaveLength(2 + 18);
  });

  it('give ComplexOR samples their texts by data alone', async () => {
    const texts = (await importProblems(join(data, 'llmopt', 'complexor.jsonl'))).map(({ question }) => question);
    const problems = await importProblems(join(data, 'complexor'), { texts, name: 'complexor@coe' });
    expect(problems).toHaveLength(18);
    expect(new Set(problems.map(({ question }) => question)).size).toBe(18);
  });

  it('read the eleven OptiBench labels that are a variable with a doubt', async () => {
    const doubtful = (await importProblems(join(data, 'resocratic-optibench', 'OptiBench.json'))).filter(
      ({ meta }) => meta?.label_doubt !== undefined,
    );
    const keys = doubtful.map(({ id }) => Number(id.split('/')[1]));
    // Index 423 ends with "The number of fish transported", which is the objective after all.
    expect(keys).toEqual([4, 20, 33, 78, 82, 97, 289, 321, 423, 476, 490, 583]);
  });
});
