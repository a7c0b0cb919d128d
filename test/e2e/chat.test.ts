/** Models behind an API, and answers sampled elsewhere, through the compiled command line. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ChatServer, message, startChatServer } from '../fakes/chat-server.ts';
import { evom } from './tiny-run.ts';

const program = (capacity: number): string =>
  `\`\`\`js\nconst h = await require("highs")();\nreport(h.solve(\`Max\nx + y\nst\nx + 2 y <= ${capacity}\nx <= 3\nEnd\`).ObjectiveValue);\n\`\`\``;
const question = (capacity: number): string =>
  `A shop sells plates and cups and has ${capacity} hours; a cup takes two of them, and at most 3 plates sell. How many pieces at most?`;
const capacityIn = (text: string): number => Number(/has (\d+) hours/.exec(text)?.[1]);

let folder: string;
let server: ChatServer;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'evom-chat-'));
  const records = [9, 11].map((capacity) => ({ question: question(capacity), answer: 3 + (capacity - 3) / 2 }));
  writeFileSync(join(folder, 'shop.jsonl'), records.map((record) => `${JSON.stringify(record)}\n`).join(''));
  server = await startChatServer(({ body }) => {
    const asked = (body.messages as { content: string }[]).at(-1)?.content ?? '';
    // Of the second problem it knows nothing.
    return capacityIn(asked) === 9 ? message(program(9)) : message(null, 'stop', { refusal: 'I cannot help with that.' });
  });
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await server.close();
});

const chat = (): string[] =>
  ['policy.type=chat', `policy.chat.url=${server.url}`, 'policy.chat.model=big-1'].flatMap((one) => ['--set', one]);

describe('policy.type: chat', () => {
  it('is evaluated like any policy, in words, at the temperature of sampling, and says what it cost', async () => {
    const set = [...chat(), '--set', 'sampling.temperature=0.5'];
    const { code, out, err } = await evom(['evaluate', ...set, '--dataset', 'shop.jsonl', '--samples', '2', '--json'], folder);
    expect(code, err).toBe(0);
    expect(err).toContain('prompt.template instruct');
    const report = JSON.parse(out);
    expect(report).toMatchObject({ checkpoint: `big-1 at ${server.url}`, template: 'instruct' });
    expect(report.evaluations[0]).toMatchObject({
      temperature: 0.5,
      pass_at_1: 0.5,
      taxonomy: { optimal: 2, no_program: 2 },
      mean_tokens: 7,
      entropy: null,
      usage: { prompt_tokens: 44, completion_tokens: 28 },
    });
    expect(server.requests).toHaveLength(4);
    expect(server.requests.every(({ body }) => body.temperature === 0.5 && (body.messages as object[]).length === 2)).toBe(true);
  });

  it('is not trained', async () => {
    const { code, err } = await evom(['train', '-c', 'quickstart.yaml', ...chat(), '--dry-run'], folder);
    expect(code).toBe(3);
    expect(err).toContain('policy.type: chat has no weights to train');
    const { err: incomplete } = await evom(['evaluate', '--set', 'policy.type=chat', '--dataset', 'shop.jsonl'], folder);
    expect(incomplete).toMatch(/policy\.chat\.url.*name the address of the API/s);
  });
});

describe('evom prompts export', () => {
  it('writes what people elsewhere answer, and their answers are scored', async () => {
    const asked = await evom(['prompts', 'export', '--dataset', 'shop.jsonl', '--dialect', 'highs-js', '--out', 'prompts.jsonl'], folder);
    expect(asked.code, asked.err).toBe(0);
    const prompts = readFileSync(join(folder, 'prompts.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(prompts.map(({ dialect, messages }) => [dialect, messages[0].role, messages.length])).toEqual([
      ['highs-js', 'system', 2],
      ['highs-js', 'system', 2],
    ]);
    const answers = prompts.map(({ id, question: text, messages }) => ({
      id,
      question: text,
      completion: program(capacityIn(messages.at(-1).content)),
    }));
    writeFileSync(join(folder, 'answers.jsonl'), answers.map((answer) => `${JSON.stringify(answer)}\n`).join(''));
    const scored = await evom(['evaluate', '--checkpoint', 'answers.jsonl', '--dataset', 'shop.jsonl', '--json', '-q'], folder);
    expect(scored.code, scored.err).toBe(0);
    expect(JSON.parse(scored.out).evaluations[0]).toMatchObject({ pass_at_1: 1, entropy: null, usage: null });
  });
});
