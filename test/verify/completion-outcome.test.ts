import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Outcome } from '../../src/core/outcome.ts';
import { dialectByName } from '../../src/dialects/registry.ts';
import { formatScore } from '../../src/reward/format.ts';
import { completionOutcome, noProgramOutcome } from '../../src/verify/completion-outcome.ts';
import { createVerifier, type Verifier } from '../../src/verify/verifier.ts';

const about = { dialect: 'highs-js', backend: 'highs' };
const program = 'const h = await require("highs")();\nreport(h.solve(`Max\n x + y\nst\n x + 2 y <= 4\n x <= 3\nEnd`).ObjectiveValue);';

describe('noProgramOutcome', () => {
  it.each([
    ['', 'Empty'],
    ['```js\n\n```', 'Empty'],
    ['<think>Bread needs flour, so', 'CutOff'],
    ['{"rye": 40, "profit": 260}', 'JsonAnswer'],
    ['The answer:\n```json\n{"rye": 40}\n```', 'JsonAnswer'],
    ['260', 'JsonAnswer'],
    ["I'm sorry, but I can't write that.", 'Refusal'],
    ['I cannot solve this problem (it names no prices).', 'Refusal'],
    ['Bake 40 loaves of rye and 20 of oat, which earns 260.', 'Prose'],
    ['Let r be the loaves of rye.\n\nmax 4r + 3o\ns.t. 2r + o <= 100\n\n```latex\n\\max 4r + 3o\n```', 'Prose'],
    ['Infeasible', 'Prose'],
  ])('says of %j: %s', (completion, type) => {
    const outcome = noProgramOutcome({ ...about, completion });
    expect(outcome).toMatchObject({ status: 'no_program', ...about, error: { type, line: null }, solves: [] });
    expect(dialectByName('highs-js').extract(completion)).toBeNull();
    expect(dialectByName('gurobipy').extract(completion)).toBeNull();
    expect(formatScore({ outcome, completionText: completion }, [])).toBe(0);
  });

  it('calls text cut off where the completion was stopped at its limit, and a whole JSON value what it is', () => {
    expect(noProgramOutcome({ ...about, completion: 'First, name the loaves', isTruncated: true }).error?.type).toBe('CutOff');
    expect(noProgramOutcome({ ...about, completion: '{"rye": 40}', isTruncated: true }).error?.type).toBe('JsonAnswer');
  });

  it('says of a program that was not taken that its completion is not in the form', () => {
    expect(noProgramOutcome({ ...about, completion: `\`\`\`js\n${program}\n\`\`\`` })).toMatchObject({
      status: 'no_program',
      error: { type: 'OffForm', message: 'the completion is not in the form that was asked for, and its program was not run' },
    });
  });
});

describe('completionOutcome', () => {
  let verifier: Verifier;
  beforeAll(async () => {
    verifier = await createVerifier({ workers: 1, dialects: ['highs-js'] });
  });
  afterAll(() => verifier.close());
  const outcomeOf = (text: string, isTruncated = false): Promise<Outcome> =>
    completionOutcome({ text, program: dialectByName('highs-js').extract(text), isTruncated }, about, (one) => verifier.verify(one));

  it('is that of the program', async () => {
    expect(await outcomeOf(`Solve it:\n\n1. Model\n   \`\`\`js\n${program.replace(/^/gm, '   ')}\n   \`\`\``)).toMatchObject({
      status: 'optimal',
      objective: 3.5,
    });
  });

  it('tells a program that was cut off from one that is wrong', async () => {
    const cut = program.slice(0, program.indexOf('<= 3'));
    expect(await outcomeOf(`\`\`\`js\n${cut}`)).toMatchObject({
      status: 'syntax_error',
      error: { type: 'CutOff', message: expect.stringMatching(/^the completion ends inside its program: /) },
    });
    expect(await outcomeOf(cut, true)).toMatchObject({ status: 'syntax_error', error: { type: 'CutOff' } });
    expect(await outcomeOf(`\`\`\`js\n${cut}\n\`\`\``)).toMatchObject({ status: 'syntax_error', error: { type: 'SyntaxError' } });
    // Nothing is missing: that no fence closed it does not matter.
    expect(await outcomeOf(`\`\`\`js\n${program}`)).toMatchObject({ status: 'optimal', objective: 3.5 });
  });

  it('leaves what was asked before its cut as it was: a remembered outcome is not changed', async () => {
    await outcomeOf('report(');
    await outcomeOf('```js\nreport(');
    expect(await outcomeOf('report(')).toMatchObject({ status: 'syntax_error', error: { type: 'SyntaxError' } });
  });

  it('reads a byte order mark and a first line for the shell as Node does, with the lines of the program', async () => {
    expect(await verifier.verify({ dialect: 'highs-js', code: `\uFEFF${program}` })).toMatchObject({ objective: 3.5 });
    expect(await verifier.verify({ dialect: 'highs-js', code: `#!/usr/bin/env node\n${program}` })).toMatchObject({ objective: 3.5 });
    expect(
      await verifier.verify({
        dialect: 'highs-js',
        code: `\uFEFF#!/usr/bin/env node\nconst load = require("highs");\nthrow new Error("x")`,
      }),
    ).toMatchObject({
      status: 'runtime_error',
      error: { line: 3 },
    });
    expect(await outcomeOf(`\uFEFF\`\`\`js\n#!/usr/bin/env node\n${program}\n\`\`\``)).toMatchObject({ objective: 3.5 });
  });
});
