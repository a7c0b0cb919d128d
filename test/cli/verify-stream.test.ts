import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { describe, expect, it } from 'vitest';
import { main } from '../../src/cli/command-line.ts';
import { fakeIo } from './fake-io.ts';

const code = 'const h = await require("highs")();\nreport(h.solve(`Max\nx + y\nst\nx + 2 y <= 4\nx <= 3\nEnd`).ObjectiveValue);';
const line = (id: number, about: Record<string, unknown> = { code, answer: 3.5 }): string =>
  JSON.stringify({ id, dialect: 'highs-js', ...about });

/** A process kept open: `ask` sends a line and waits for the next answer, before the input has ended. */
function open() {
  const child = spawn(process.execPath, ['dist/cli/main.js', 'verify', '--input', '-', '--stream', '--workers', '1'], { stdio: 'pipe' });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let err = '';
  child.stderr.on('data', (data) => {
    err += String(data);
  });
  return {
    child,
    ask: async (text: string) => {
      child.stdin.write(`${text}\n`);
      return JSON.parse((await answers.next()).value) as Record<string, unknown>;
    },
    ended: async () => [(await once(child, 'exit'))[0], err] as const,
  };
}

describe('evom verify --input - --stream', () => {
  it('answers each line while the input is open, also after one that cannot be read', async () => {
    const { child, ask, ended } = open();
    expect(await ask(line(1))).toMatchObject({ id: 1, status: 'optimal', objective: 3.5, correct: true, reward: 1.1 });
    expect(await ask('{"id": 2, "code"')).toEqual({ line: 2, error: 'the object that starts here never ends' });
    expect(await ask(line(3, { code: 'for' }))).toMatchObject({ id: 3, status: 'syntax_error' });
    expect(await ask('{"id": 4}')).toEqual({ line: 4, error: expect.stringContaining('neither "code" nor "completion" is a text') });
    expect(await ask(line(1, { completion: 'No.', answer: 1 }))).toMatchObject({ id: 1, status: 'no_program', reward: 0 });
    const end = ended();
    child.stdin.end();
    expect(await end).toEqual([3, expect.stringContaining('2 lines of stdin could not be read')]);
  });

  it('ends with 0 when every line was a program, and with 130 when it is interrupted', async () => {
    const [whole, cut] = [open(), open()];
    await Promise.all([whole.ask(line(1)), cut.ask(line(1))]);
    const ends = [whole.ended(), cut.ended()];
    whole.child.stdin.end();
    cut.child.kill('SIGINT');
    expect((await Promise.all(ends)).map(([exit]) => exit)).toEqual([0, 130]);
  });

  it.each([
    [['verify', '--stream', 'x.js'], /--stream belongs to --input/],
    [['verify', '--input', 'x.jsonl', '--stream', '--output', 'y.jsonl'], /--stream answers on stdout/],
  ])('refuses %j', async (argv, message) => {
    const io = fakeIo();
    expect(await main(argv, io)).toBe(2);
    expect(io.err()).toMatch(message);
  });
});
