import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { emptyOutcome, type Outcome, outcomeToJson, writeRollouts } from 'evom';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { main } from '../../src/cli/command-line.ts';
import { questionHash } from '../../src/runs/outcome-file.ts';
import { group, rollout } from '../batch/fixtures.ts';
import { fakeIo } from './fake-io.ts';

let cwd: string;
const put = (name: string, text: string): string => {
  writeFileSync(join(cwd, name), text);
  return name;
};
async function judge(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const io = fakeIo({ cwd });
  const code = await main(['judge', ...argv], io);
  return { code, out: io.out(), err: io.err() };
}

const about = { dialect: 'highs-js', backend: 'highs' } as const;
const optimal = (objective: number): Outcome => ({ ...emptyOutcome('optimal', about), objective });
const line = (record: object, outcome: Outcome): string => `${JSON.stringify({ ...record, ...outcomeToJson(outcome) })}\n`;

beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'evom-judge-'));
  put(
    'outcomes.jsonl',
    line({ id: 'a', question: 'How many?', answer: 100 }, optimal(103)) +
      line({ id: 'b', question: 'How much?', answer: 'infeasible' }, emptyOutcome('infeasible', about)) +
      line({ id: 'c', question: 'How long?', answer: 7 }, emptyOutcome('infra_error', about)) +
      line({ id: 'd', question: 'How far?', answer: null }, optimal(1)),
  );
  put('labels.jsonl', '{"id":"x1","question":"how many","answer":103}\n{"id":"b","question":"HOW MUCH?","answer":"No Best Solution"}\n');
});
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

describe('evom judge', () => {
  it('scores outcomes by several rules, without faults of ours and problems without a label', async () => {
    const { code, out } = await judge('outcomes.jsonl', '--rules', 'sirl,evom,exact');
    expect(code).toBe(0);
    expect(out).toBe(
      'rule   own (2)\nsirl    50.0 %\nevom   100.0 %\nexact    0.0 %\nof all labelled problems, whose number stands in the heading\n',
    );
    expect((await judge('outcomes.jsonl', '--rules', 'evom', '--denominator', 'all')).out).toContain('evom   66.7 %');
  });

  it('takes labels of files by question or id, and names their version', async () => {
    const { scores } = JSON.parse((await judge('outcomes.jsonl', '--labels', 'labels.jsonl', '--rules', 'sirl', '--json')).out);
    expect(scores).toEqual([
      {
        judge: { rule: 'sirl', labels: expect.stringMatching(/^labels\.jsonl@[0-9a-f]{8}$/), denominator: 'labelled' },
        right: 2,
        of: 2,
        accuracy: 1,
      },
    ]);
    const byId = JSON.parse((await judge('outcomes.jsonl', '--labels', 'labels.jsonl', '--match', 'id', '--rules', 'sirl', '--json')).out);
    expect(byId.scores[0]).toMatchObject({ right: 1, of: 1 });
  });

  it('judges every sample that an evaluation kept, by labels whose question is the one that was asked', async () => {
    const asked = { cell: 'c1', set: 's', question: questionHash('How many?') };
    const sample = (objective: number) => ({ outcome: outcomeToJson(optimal(objective)), flags: [], completion: '' });
    const kept = (id: string, cell: string, ...samples: object[]): string => `${JSON.stringify({ ...asked, cell, id, samples })}\n`;
    put('kept.jsonl', kept('a', 'c1', sample(1)) + kept('a', 'c1', sample(103), sample(5)));
    put('asked.jsonl', '{"id":"another","question":"How many?","answer":103}\n');
    const { scores } = JSON.parse((await judge('kept.jsonl', '--labels', 'asked.jsonl', '--rules', 'sirl', '--json')).out);
    expect(scores[0]).toMatchObject({ right: 1, of: 2 });
    expect((await judge('kept.jsonl')).err).toContain('no outcome has an "answer"; give the labels with --labels');
    put('two.jsonl', kept('a', 'c1', sample(1)) + kept('a', 'c2', sample(1)));
    expect((await judge('two.jsonl')).err).toContain('two.jsonl holds the outcomes of 2 evaluations; give each a file of its own');
  });

  it('judges the rollouts of a training step', async () => {
    const sampled = {
      ...group('p', [rollout(0, { outcome: optimal(103) })]),
      problem: { id: 'p', question: 'q', answer: 100, source: 'test' },
    };
    await writeRollouts(join(cwd, 'rollouts.arrow'), [sampled]);
    expect(JSON.parse((await judge('rollouts.arrow', '--rules', 'evom', '--json')).out).scores[0]).toMatchObject({ right: 1, of: 1 });
  });

  it.each<[string, string[], number, RegExp]>([
    ['a missing file', ['none.jsonl'], 3, /cannot read none\.jsonl: no such file; check the path/],
    ['missing labels', ['outcomes.jsonl', '--labels', 'none.jsonl'], 3, /cannot read .*none\.jsonl: no such file; check the path$/m],
    ['an unknown rule', ['outcomes.jsonl', '--rules', 'best'], 2, /"best" is not known; known are sirl, evom/],
    ['no file', [], 2, /Not enough non-option arguments/],
    [
      'labels of other problems',
      ['outcomes.jsonl', '--labels', 'other.jsonl'],
      3,
      /none of its 1 problems has the question of an outcome; try --match id/,
    ],
    ['a broken line', ['broken.jsonl'], 3, /broken\.jsonl:2: outcome: status is "won"/],
    ['a label that means nothing', ['strange.jsonl'], 3, /strange\.jsonl:1: "answer" is "many"/],
    ['an empty file', ['empty.jsonl'], 3, /empty\.jsonl holds no outcomes/],
  ])('refuses %s', async (_, argv, exitCode, message) => {
    put('other.jsonl', '{"id":"z","question":"Who?","answer":1}\n');
    put('broken.jsonl', `${line({ id: 'a' }, optimal(1))}{"id":"b","status":"won"}\n`);
    put('strange.jsonl', line({ id: 'a', answer: 'many' }, optimal(1)));
    put('empty.jsonl', '');
    const { code, err, out } = await judge(...argv);
    expect({ code, out }).toEqual({ code: exitCode, out: '' });
    expect(err).toMatch(message);
  });
});
