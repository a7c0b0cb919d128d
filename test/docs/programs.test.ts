/** The programs of docs/guide/programs.md are right. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createVerifier, judgeOutcome } from 'evom';
import { expect, it } from 'vitest';

const page = readFileSync(join(import.meta.dirname, '../../docs/guide/programs.md'), 'utf8');
const programs = [...page.matchAll(/```js (\S+)\n([\s\S]*?)```/g)].map(([, dialect = '', code = '']) => ({ dialect, code }));

it('the guide shows a right program in each dialect of JavaScript', async () => {
  expect(programs.map(({ dialect }) => dialect)).toEqual(['highs-js', 'glpk-js']);
  const verifier = await createVerifier({ workers: 1 });
  try {
    for (const program of programs) {
      const outcome = await verifier.verify(program);
      expect(outcome).toMatchObject({ status: 'optimal', objective: 260, reported: 260 });
      expect(judgeOutcome(outcome, { answer: 260 }, 'sirl').correct).toBe(true);
    }
  } finally {
    await verifier.close();
  }
});
