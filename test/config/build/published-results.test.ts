import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readPublishedResults } from '../../../src/config/build/published-results.ts';
import { packageRoot } from '../../../src/config/load/find-file.ts';

const known = await readPublishedResults(join(packageRoot, 'datasets', 'published-results.json'));

it('says of every number of EVOM whether it is before training, after it, zero-shot or after adaptation', () => {
  const evom = known.filter(({ source }) => source.startsWith('EVOM'));
  expect(evom.length).toBeGreaterThan(30);
  expect(evom.filter(({ stage }) => stage === undefined)).toEqual([]);
});

it('gives a number once: what Table 2 calls zero-shot is the row after stage 2 of Table 8', () => {
  const of = (stage: string, system: RegExp): number[] =>
    ['optibench', 'nl4opt', 'mamo-easy', 'mamo-complex', 'industryor'].flatMap((name) =>
      known
        .filter((one) => one.stage === stage && one.benchmark === name && one.backend === 'ortools' && system.test(one.system))
        .map(({ percent }) => percent),
    );
  expect(of('zero-shot', /^EVOM/)).toEqual([54.15, 78.77, 81.59, 27.48, 24.0]);
  expect(of('adapted', /^EVOM/)).toEqual([54.31, 77.55, 84.81, 22.27, 24.0]);
});

it('has no result twice', () => {
  const keys = known.map(({ percent: _, note: __, ...rest }) => JSON.stringify(rest));
  expect(new Set(keys).size).toBe(keys.length);
});
