import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Outcome } from '../../../src/core/outcome.ts';
import { parseLp } from '../../../src/solvers/lp-reader.ts';
import { createVerifier, type Verifier } from '../../../src/verify/verifier.ts';
import { glpkExamples, readmeExample } from './glpk-programs.ts';
import { runInNode } from './run-in-node.ts';

const require = createRequire(import.meta.url);
const readme = readFileSync(require.resolve('glpk.js').replace(/dist\/[^/]*$/, 'README.md'), 'utf8');

for (const backend of ['glpk', 'highs']) {
  describe(`a glpk-js program on ${backend}`, () => {
    let verifier: Verifier;
    beforeAll(async () => {
      verifier = await createVerifier({ workers: 1, dialects: ['glpk-js'], backend });
    });
    afterAll(() => verifier.close());
    const verify = (code: string): Promise<Outcome> => verifier.verify({ dialect: 'glpk-js', code });

    it.each([readmeExample, ...glpkExamples])('prints what the package itself prints: $title', async ({ code }) => {
      const outcome = await verify(code);
      expect(outcome.error).toBeNull();
      expect(outcome.stdout).not.toBe('');
      const inNode = code.replace("'glpk.js'", "'glpk.js/node'").replace('GLP_MSG_ALL', 'GLP_MSG_OFF');
      expect(outcome.stdout).toBe(await runInNode(inNode));
    });

    it('writes a model as LP text', async () => {
      const { code } = glpkExamples.find(({ title }) => title.startsWith('binary')) ?? readmeExample;
      const { stdout } = await verify(code.replace(/show\(glpk\.solve.*/, 'process.stdout.write(glpk.write(lp));'));
      expect(parseLp(stdout)).toMatchObject({
        sense: 'max',
        variables: [{ name: 'x1' }, { name: 'x2' }, { name: 'x3', integer: true, upper: 1 }, { name: 'x4', integer: true }],
        constraints: [
          { name: 'cons1', upper: 1, coefficients: [1, 2, 1, 1] },
          { name: 'cons2', upper: 2 },
        ],
      });
    });

    it('gets no dual values where there is no optimum', async () => {
      const outcome = await verify(readmeExample.code.replace('ub: 2.0', 'ub: -1').replace('show(result);', 'result.result.dual.cons1;'));
      expect(outcome).toMatchObject({ status: 'runtime_error' });
      expect(outcome.error?.message).toMatch(/^result\.dual is not known: the backend gives none, or the model has no optimum/);
    });
  });
}

it('the README has one example and two settings, which run above', () => {
  const squeeze = (text: string): string => text.replace(/\s+/g, '');
  const blocks = [...readme.matchAll(/```js\n([\s\S]*?)```/g)].map((match) => squeeze(match[1] ?? ''));
  const programs = squeeze([readmeExample, ...glpkExamples].map(({ code }) => code).join('\n'));
  expect(blocks).toHaveLength(2);
  const parts = blocks.flatMap((block) => block.split(/(?=\/\*binary)/));
  expect(parts.filter((part) => !programs.includes(part))).toEqual([]);
});
