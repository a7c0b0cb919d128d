import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { main } from '../../src/cli/command-line.ts';
import type { ServeHealth } from '../../src/serve/open-server.ts';
import { answers, post, question } from '../serve/open.ts';
import { fakeIo } from './fake-io.ts';

const cwd = mkdtempSync(join(tmpdir(), 'evom-serve-'));
beforeAll(() => {
  const problem = { id: 'lp', question, answer: 3.5 };
  writeFileSync(
    join(cwd, 'train.jsonl'),
    `${JSON.stringify(problem)}\n${JSON.stringify({ ...problem, id: 2, question: 'Other', answer: 1 })}\n`,
  );
  writeFileSync(join(cwd, 'more.jsonl'), `${JSON.stringify({ ...problem, id: 'more', question: 'More', answer: null })}\n`);
  const config = (reward: string) =>
    `policy: { checkpoint: nowhere }\ndataset: { train: { type: generated } }\njudge: { rule: exact }\nreward: { ${reward} }\n`;
  writeFileSync(join(cwd, 'paid.yaml'), config('answer: 2, executes: 0.5'));
  writeFileSync(join(cwd, 'term.mjs'), 'export default () => ({ score: ({ completionText }) => completionText.length > 9 ? 1 : 0 });\n');
  writeFileSync(join(cwd, 'term.yaml'), config('terms: [{ name: long, type: ./term.mjs, weight: 0.25 }]'));
  writeFileSync(join(cwd, 'long.yaml'), config('overlong: { buffer: 5 }'));
  writeFileSync(join(cwd, 'peers.yaml'), config('consistency: 1'));
});
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

/** Serves until the work is done; what the command said. */
async function serving(argv: readonly string[], work: (server: ServeHealth & { url: string }) => Promise<void>) {
  const io = fakeIo({ cwd });
  const ended = main(['serve', ...argv, '--port', '0', '--workers', '1', '--json'], io);
  await Promise.race([expect.poll(io.out, { timeout: 60_000 }).toContain('\n'), ended]);
  expect(io.out(), io.err()).not.toBe('');
  try {
    await work(JSON.parse(io.out()));
  } finally {
    io.interrupt();
  }
  return { code: await ended, err: io.err() };
}

describe('evom serve', () => {
  it('serves several files until it is interrupted, and tells of problems without an answer', async () => {
    const { code, err } = await serving(['--dataset', 'train.jsonl', 'more.jsonl'], async (server) => {
      expect(server).toMatchObject({ service: 'evom-serve', problems: 3, dialect: 'highs-js', unscorable_policy: 'error' });
      const { body } = await post(server, '/v1/score', { problem: 'lp', completions: answers.map(([text]) => text) });
      expect(body.rewards).toEqual(answers.map(([, reward]) => reward));
    });
    expect(code).toBe(0);
    expect(err).toContain('1 problem without an answer');
  });

  it('refuses examples where the prompt has none', async () => {
    const io = fakeIo({ cwd });
    expect(await main(['serve', '--dataset', 'train.jsonl', '--prompt', 'brief', '--examples', '2'], io)).toBe(2);
    expect(io.err()).toContain('--examples: a brief prompt has none');
  });

  it('pays the reward of a configuration, which --set and --judge change', async () => {
    const asked = { problem: 'lp', completions: [answers[0]?.[0]] };
    await serving(['--dataset', 'train.jsonl', '--reward', 'paid.yaml'], async (server) => {
      expect((await post(server, '/v1/score', asked)).body.parts).toEqual([{ format: 0.1, executes: 0.5, answer: 2 }]);
    });
    const changed = ['--reward', 'paid.yaml', '--set', 'reward.answer=3', '--set', 'sandbox.limits.solver_ms=5000', '--judge', 'evom'];
    await serving(['--dataset', 'train.jsonl', ...changed], async (server) => {
      expect((await post(server, '/v1/score', asked)).body.parts).toEqual([{ format: 0.1, executes: 0.5, answer: 3 }]);
    });
  });

  it('pays terms of the user, and configurations that ship with evom', async () => {
    const asked = { problem: 'lp', completions: [answers[0]?.[0]] };
    for (const [config, parts] of [
      ['term.yaml', { format: 0.1, answer: 1, long: 0.25 }],
      ['grpo.yaml', { format: 0.1, answer: 1 }],
    ] as const)
      await serving(['--dataset', 'train.jsonl', '--reward', config, '--judge', 'exact'], async (server) => {
        expect((await post(server, '/v1/score', asked)).body.parts).toEqual([parts]);
      });
  });

  it.each([
    [['--address', '0.0.0.0'], 2, /give a --token that they must send/],
    [['--token', ''], 2, /--token is empty/],
    [['--judge', 'mine'], 2, /--judge mine: no such rule; known are/],
    [['--unscorable', 'maybe'], 2, /unscorable/],
    [['--deadline', '0'], 2, /--deadline/],
    [['--dataset', 'gone.jsonl'], 3, /gone\.jsonl/],
    [['--dataset', 'train.jsonl', 'train.jsonl'], 3, /comes twice; give each problem its own/],
    [['--reward', 'long.yaml'], 3, /reward\.overlong needs numbers of tokens/],
    [['--reward', 'peers.yaml'], 3, /reward\.consistency compares a group/],
    [['--dialect', 'basic'], 3, /basic/],
    [['--set', 'sandbox.limits.solver_mz=1'], 3, /solver_mz/],
  ])('refuses %j', async (argv, code, message) => {
    const io = fakeIo({ cwd });
    expect([await main(['serve', '--port', '0', ...argv], io), io.err()]).toEqual([code, expect.stringMatching(message)]);
  });
});
