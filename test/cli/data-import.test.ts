import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { main } from '../../src/cli/command-line.ts';
import { fakeIo } from './fake-io.ts';

const cwd = mkdtempSync(join(tmpdir(), 'evom-import-'));
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

async function imported(text: string, ...argv: string[]) {
  writeFileSync(join(cwd, 'given.jsonl'), text);
  const io = fakeIo({ cwd });
  const code = await main(['data', 'import', 'given.jsonl', ...argv], io);
  return { code, out: io.out(), err: io.err() };
}

describe('evom data import', () => {
  const good = '{"id": "a", "question": "How many cups?", "answer": 3}\n';

  it('prints problems, and nothing of a file that it refuses', async () => {
    expect((await imported(good)).out).toContain('How many cups?');
    expect(await imported(`${good}{"question": "Bowls?"}\n`)).toMatchObject({ code: 3, out: '' });
    const skipped = await imported(`${good}{"question": "Bowls?"}\n`, '--skip-faulty');
    expect(skipped).toMatchObject({ code: 0, out: expect.stringContaining('How many cups?') });
  });

  it.each([
    ['an empty question', '{"question": "", "answer": 1}', /given\.jsonl:1: "question" is empty; write the problem in words/],
    ['a question that is no text', '{"question": 7, "answer": 1}', /"question" is not a text/],
    ['no question', '{"answer": 1}', /has the fields answer, which no format fits/],
    [
      'an id that is infinite as a number',
      '{"id": 1e400, "question": "Cups?", "answer": 1}',
      /"id" is Infinity as a number.*write it as a text/,
    ],
    ['an id that is none', '{"id": NaN, "question": "Cups?", "answer": 1}', /"id" is NaN as a number/],
  ])('names %s', async (_, line, message) => {
    const { code, err } = await imported(`${line}\n`);
    expect(code).toBe(3);
    expect(err).toMatch(message);
  });
});
