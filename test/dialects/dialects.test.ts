import { describe, expect, it } from 'vitest';
import type { LinearModel } from '../../src/core/linear-model.ts';
import { buildPrompt, buildReply, maxExamples, type PromptTemplate, type promptTemplates } from '../../src/dialects/prompt.ts';
import { dialectByName, dialectNames, simulatorNames } from '../../src/dialects/registry.ts';
import { workedExamples } from '../../src/dialects/worked-examples.ts';
import { column, inf, model, row } from '../solvers/models.ts';

const workshop: LinearModel = model(
  'max',
  [column('boots', 68, 0, inf, true), column('mugs', 62, 0, 20), column('open', -5, 0, 1, true)],
  [
    row(
      'leather',
      -inf,
      [
        [0, 17],
        [1, 22],
      ],
      488,
    ),
    row(
      'ratio',
      2,
      [
        [0, 1],
        [1, -1],
        [2, 1.5],
      ],
      inf,
    ),
  ],
);

describe('highs-js', () => {
  it('renders a model as a few lines of LP text', () => {
    expect(dialectByName('highs-js').render(workshop)).toBe(`const h = await require("highs")();
report(h.solve(\`Max
 68 boots + 62 mugs - 5 open
st
 17 boots + 22 mugs <= 488
 boots - mugs + 1.5 open >= 2
Bounds
 mugs <= 20
General
 boots
Binary
 open
End\`).ObjectiveValue);`);
  });

  it('renames variables that LP text cannot hold', () => {
    const odd = model(
      'min',
      ['inflow', 'x y', 'e1', 'free', 'ok'].map((name) => column(name, 1)),
    );
    expect(dialectByName('highs-js').render(odd)).toContain('v_inflow + x_y + v_e1 + v_free + ok');
  });
});

describe('glpk-js', () => {
  it('renders a model as JSON made by two short functions', () => {
    expect(dialectByName('glpk-js').render(workshop)).toBe(`const g = await require("glpk.js")();
const v = (o) => Object.entries(o).map(([name, coef]) => ({ name, coef }));
const c = (o, type, lb, ub = lb) => ({ vars: v(o), bnds: { type, lb, ub } });
report(g.solve({
objective: { direction: g.GLP_MAX, vars: v({ boots: 68, mugs: 62, open: -5 }) },
subjectTo: [
c({ boots: 17, mugs: 22 }, g.GLP_UP, 488),
c({ boots: 1, mugs: -1, open: 1.5 }, g.GLP_LO, 2)
],
bounds: [
{ name: "mugs", type: g.GLP_DB, lb: 0, ub: 20 }
],
generals: ["boots"],
binaries: ["open"]
}).result.z);`);
  });
});

describe('every dialect', () => {
  it.each(dialectNames)('%s extracts the program that its instructions show', (name) => {
    const dialect = dialectByName(name);
    expect(dialect.extract(dialect.instructions)).toMatchObject({ dialect: name });
    expect(dialect.extract(dialect.render(workshop))?.code).toBe(dialect.render(workshop));
    expect(dialect.extract('')).toBeNull();
  });

  it('is found by name, and the nearest name is told', () => {
    expect(() => dialectByName('glpkjs')).toThrow(/"glpkjs" is not known; did you mean "glpk-js"/);
  });
});

describe('buildPrompt', () => {
  const dialect = dialectByName('highs-js');

  it('ends a bare prompt with the marker of the dialect', () => {
    expect(buildPrompt('bare', ' Make mugs.\n', dialect)).toEqual([{ role: 'user', content: 'Make mugs.\n[highs-js]' }]);
  });

  it('asks a chat model that knows the dialect in one line and the question', () => {
    expect(buildPrompt('brief', ' Make mugs.\n', dialectByName('ortools'))).toEqual([
      { role: 'system', content: 'Answer with one program: ortools' },
      { role: 'user', content: 'Make mugs.' },
    ]);
    expect(buildReply('brief', 'It is infeasible.', dialect)).toBe('It is infeasible.');
  });

  it('teaches the dialect to a general model', () => {
    const [system, user] = buildPrompt('instruct', 'Make mugs.', dialect);
    expect(system?.content).toContain(dialect.instructions);
    expect(user?.content).toMatch(/^Make mugs\./);
  });

  it('asks for no solution where a program is to check one', () => {
    const systemOf = (name: string) => buildPrompt('instruct', 'Make mugs.', dialectByName(name))[0]?.content;
    for (const name of simulatorNames) expect(systemOf(name)).not.toMatch(/models and solves/);
    for (const name of dialectNames) expect(systemOf(name)).toMatch(/models and solves/);
  });

  it.each(dialectNames)('shows worked examples in %s in the form that it asks for, from which the program can be taken', (name) => {
    const own = dialectByName(name);
    for (const template of ['instruct', 'evom', 'sirl'] as const) {
      const messages = buildPrompt(template, 'Make mugs.', own, { examples: maxExamples });
      expect(messages.map(({ role }) => role).join()).toBe(`system${',user,assistant'.repeat(maxExamples)},user`);
      const answers = messages.filter(({ role }) => role === 'assistant').map(({ content }) => content);
      expect(answers.map((answer) => own.extract(answer)?.code)).toEqual(workedExamples.map(({ model }) => own.render(model)));
    }
  });

  it('asks for the tags of EVOM and of SIRL', () => {
    const python = dialectByName('gurobipy');
    const last = (template: PromptTemplate) => buildPrompt(template, 'Make mugs.', python).at(-1)?.content;
    expect(last('evom')).toMatch(/^Make mugs\.\n\n.*<think>.*<\/think>.*<code>.*<\/code>/s);
    expect(last('sirl')).toMatch(/<think>.*<\/think>.*<model>.*<\/model>.*<python>.*<\/python>/s);
    expect(buildPrompt('sirl', 'q', python, { examples: 1 })[2]?.content).toContain(
      '<model>\nmaximize 15 stools + 40 benches\nsubject to\n2 stools + 5 benches <= 60\nstools >= 6\nstools whole, at least 0\nbenches whole, at least 0\n</model>',
    );
  });

  it('names the templates when one is unknown', () => {
    expect(() => buildPrompt('chat' as (typeof promptTemplates)[number], 'q', dialect)).toThrow(/bare, brief, instruct/);
  });
});
