/** The reward of EVOM as published, from the text of a completion on: what it says of each kind of answer, and what is never run. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { main } from '../../../src/cli/command-line.ts';
import { openVerification, type Verification, verifySettings } from '../../../src/config/build/verify-settings.ts';
import { resolveReward, reward } from '../../../src/config/schema/reward-schema.ts';
import { dialectByName } from '../../../src/dialects/registry.ts';
import { fakeIo } from '../../cli/fake-io.ts';

/** Chairs and tables: at most 2,200 with the wood that there is. */
const program = (objective = '45 chairs + 80 tables'): string =>
  `const h = await require("highs")();\nreport(h.solve(\`Maximize\n obj: ${objective}\nSubject To\n c1: 5 chairs + 20 tables <= 400\n c2: 10 chairs + 15 tables <= 450\nEnd\`).ObjectiveValue);`;
const inTags = (code: string): string => `<think>Two resources.</think>\n<code>\n${code}\n</code>`;

describe('reward.preset: evom_paper', () => {
  let paper: Verification;
  let ours: Verification;
  beforeAll(async () => {
    const settings = verifySettings({ backend: 'highs', workers: 1, hosts: [], set: ['audit.perturbations=0'] });
    paper = await openVerification(['highs-js'], settings, ['evom-train'], resolveReward(reward.parse({ preset: 'evom_paper' })));
    ours = await openVerification(['highs-js'], settings, ['evom-train']);
  });
  afterAll(async () => {
    await paper.close();
    await ours.close();
  });
  const scored = (completion: string, answer = 2200, verification = paper) =>
    verification.verify({
      program: dialectByName('highs-js').extract(completion),
      dialect: 'highs-js',
      completion,
      problem: { id: 'p', question: 'Chairs and tables.', answer, source: 'test' },
    });

  it.each([
    ['think and code, right', inTags(program()), 2200, 2, 'optimal'],
    ['off by 2e-5', inTags(program()), 2200 * (1 + 2e-5), 2, 'optimal'],
    ['off by 3 %', inTags(program()), 2266, 1, 'optimal'],
    ['in a fence inside its element', inTags(`\`\`\`js\n${program()}\n\`\`\``), 2200, 2, 'optimal'],
    ['a syntax error in its element', inTags('report('), 2200, 1, 'syntax_error'],
    ['a bare program', program(), 2200, 0, 'no_program'],
    ['a fenced program', `\`\`\`js\n${program()}\n\`\`\``, 2200, 0, 'no_program'],
    ['the elements in the wrong order', `<code>\n${program()}\n</code>\n<think>So.</think>`, 2200, 0.5, 'no_program'],
    ['a thought alone', '<think>Two resources.</think>', 2200, 0.25, 'no_program'],
    ['nothing', '', 2200, 0, 'no_program'],
  ])('%s', async (_, completion, answer, value, status) => {
    const { outcome, reward: earned } = await scored(completion, answer);
    expect([earned.value, outcome.status]).toEqual([value, status]);
  });

  it('does not run what is off the form, though it would be right, and says so', async () => {
    const fenced = `\`\`\`js\n${program()}\n\`\`\``;
    const { outcome } = await scored(fenced);
    expect([outcome.error?.type, outcome.solves]).toEqual(['OffForm', []]);
    expect((await scored(fenced, 2200, ours)).outcome.objective).toBeCloseTo(2200, 6);
  });

  it('is what evaluations and rollouts go by too: a right program off the form is no pass', async () => {
    const cwd = mkdtempSync(join(tmpdir(), 'evom-paper-'));
    const ask = (id: string) => ({ id, question: `Chairs and tables, ${id}.` });
    writeFileSync(join(cwd, 'set.jsonl'), ['a', 'b'].map((id) => `${JSON.stringify({ ...ask(id), answer: 2200 })}\n`).join(''));
    const said = { a: inTags(program()), b: `\`\`\`js\n${program()}\n\`\`\`` };
    writeFileSync(
      join(cwd, 'said.jsonl'),
      Object.entries(said)
        .map(([id, completion]) => `${JSON.stringify({ ...ask(id), completion })}\n`)
        .join(''),
    );
    const evaluated = async (...more: string[]) => {
      const io = fakeIo({ cwd });
      const argv = ['evaluate', '--checkpoint', 'said.jsonl', '--dataset', 'set.jsonl', '--judge', 'evom,evom-strict', '--json', ...more];
      expect(await main(argv, io), io.err()).toBe(0);
      return JSON.parse(io.out()).evaluations[0] as { pass_at_1: number; taxonomy: Record<string, number> };
    };
    try {
      expect(await evaluated('--samples', '1')).toMatchObject({ pass_at_1: 1, taxonomy: { optimal: 2 } });
      expect(await evaluated('--samples', '1', '--set', 'reward.preset=evom_paper')).toMatchObject({
        pass_at_1: 0.5,
        taxonomy: { optimal: 1, no_program: 1 },
      });
    } finally {
      rmSync(cwd, { recursive: true, force: true });
    }
  });

  it('settles to the keys of the preset, which a file may change', () => {
    expect(resolveReward(reward.parse({ preset: 'evom_paper' }))).toMatchObject({
      format: 1,
      answer: 1,
      format_tags: ['think', 'code'],
      format_rule: 'per_tag',
      off_form: 'skip',
    });
    expect(resolveReward(reward.parse({ preset: 'evom_paper', off_form: 'run', format: 0.5 }))).toMatchObject({
      format: 0.5,
      off_form: 'run',
    });
  });
});
