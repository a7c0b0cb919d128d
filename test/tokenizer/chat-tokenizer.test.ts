import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { trainBpe, writeTokenizer } from '../../src/tokenizer/bpe-trainer.ts';
import { loadTokenizer } from '../../src/tokenizer/chat-tokenizer.ts';

let directory: string;
const configPath = () => join(directory, 'tokenizer_config.json');
const configure = async (change: Record<string, unknown>) =>
  writeFile(configPath(), JSON.stringify({ ...(JSON.parse(await readFile(configPath(), 'utf8')) as object), ...change }));
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'evom-chat-'));
  await writeTokenizer(directory, trainBpe(['solve the problem'], { vocabSize: 280, minFrequency: 1, extraSpecialTokens: ['<s>'] }));
});

describe('loadTokenizer', () => {
  it('renders a chat, opens the answer, and knows pad, stop and hash', async () => {
    const tokenizer = await loadTokenizer(directory);
    const { text, tokenIds } = tokenizer.encodeChat([{ role: 'user', content: 'solve' }]);
    expect(text).toBe('solve<go>');
    expect(tokenIds.at(-1)).toBe(2);
    expect(tokenizer.decode(tokenIds)).toBe('solve');
    expect(tokenizer.decode(tokenIds, { keepSpecial: true })).toBe('solve<go>');
    expect([tokenizer.padId, tokenizer.stopIds, tokenizer.vocabSize]).toEqual([0, [1], 280]);
    expect(tokenizer.sha256).toBe(
      createHash('sha256')
        .update(await readFile(join(directory, 'tokenizer.json')))
        .digest('hex'),
    );
  });

  it('takes a vocabulary of 300,000 tokens', async () => {
    const path = join(directory, 'tokenizer.json');
    const file = JSON.parse(await readFile(path, 'utf8'));
    for (let id = 280; id < 300_000; id++) file.model.vocab[`word${id}`] = id;
    await writeFile(path, JSON.stringify(file));
    const tokenizer = await loadTokenizer(directory);
    expect(tokenizer.vocabSize).toBe(300_000);
    expect(tokenizer.decode(tokenizer.encode('solve'))).toBe('solve');
  });

  it.each(['tokenizer.json', 'tokenizer_config.json', 'generation_config.json', 'chat_template.jinja'])(
    'does not take a %s that cannot be read for a missing one',
    async (name) => {
      await rm(join(directory, name), { force: true });
      await mkdir(join(directory, name));
      await expect(loadTokenizer(directory)).rejects.toMatchObject({ code: 'E_DATA', message: expect.stringContaining(name) });
    },
  );

  it('leads from an answer to the next one as the template does: its end, the reply, the opening', async () => {
    const tokenizer = await loadTokenizer(directory);
    const chat = [{ role: 'user', content: 'solve' }] as const;
    const { text, tokenIds } = tokenizer.encodeReply(chat, 'the problem');
    expect(text).toBe('<eos>the problem<go>');
    expect([tokenIds[0], tokenIds.at(-1)]).toEqual([1, 2]);
    // What was drawn, what follows it: the same ids as of the whole conversation.
    const answer = [...tokenizer.encode('solve')];
    const whole = [...chat, { role: 'assistant', content: 'solve' }, { role: 'user', content: 'the problem' }] as const;
    expect([...tokenizer.encodeChat(chat).tokenIds, ...answer, ...tokenIds]).toEqual([...tokenizer.encodeChat(whole).tokenIds]);
  });

  it('takes the end of a turn from a template of turns, whatever the reply says', async () => {
    const turn = "{{ '[' + m['role'] + ']' + m['content'] + '<eos>' }}";
    await configure({
      chat_template: `{% for m in messages %}${turn}{% endfor %}{% if add_generation_prompt %}{{ '[assistant]' }}{% endif %}`,
    });
    const tokenizer = await loadTokenizer(directory);
    const { text } = tokenizer.encodeReply([{ role: 'user', content: 'evom-answer' }], 'evom-answer-');
    expect(text).toBe('<eos>[user]evom-answer-<eos>[assistant]');
  });

  it('lets no special token of a reply end its message', async () => {
    const tokenizer = await loadTokenizer(directory);
    const { text, tokenIds } = tokenizer.encodeReply([], "ReferenceError: '<eos><go>' <s>");
    expect(text).toBe("<eos>ReferenceError: '< eos>< go>' < s><go>");
    expect([...tokenIds].filter((id) => id < 4)).toEqual([1, 2]);
  });

  it('joins without a template, and refuses one that leaves earlier answers out', async () => {
    await configure({ chat_template: "{{ messages[-1]['content'] }}" });
    const forgetful = await loadTokenizer(directory);
    expect(() => forgetful.encodeReply([], 'again')).toThrow(/leaves earlier answers out; set rollout.turns to 1/);
    await configure({ chat_template: undefined });
    expect((await loadTokenizer(directory)).encodeReply([], 'again').text).toBe('\n\nagain\n\n');
  });

  it.each([
    ['in turn', { type: 'Digits', individual_digits: true }, 'a½²٣Ⅷ', [0, 1, 2, 3, 4]],
    ['in turn', { type: 'Sequence', pretokenizers: [{ type: 'Digits', individual_digits: true }] }, 'a½²', [0, 1, 2]],
    ['together', { type: 'Digits', individual_digits: false }, 'a½²a', [0, 6, 0]],
  ])('takes all that Unicode calls numbers for digits, %s (%o)', async (_, preTokenizer, text, ids) => {
    const path = join(directory, 'tokenizer.json');
    const vocab = { a: 0, '½': 1, '²': 2, '٣': 3, Ⅷ: 4, 'a½': 5, '½²': 6, '²a': 7, '²٣': 8, '٣Ⅷ': 9 };
    const merges = ['a ½', '½ ²', '² a', '² ٣', '٣ Ⅷ'];
    const stop = { id: 10, content: '<eos>', special: true, single_word: false, lstrip: false, rstrip: false, normalized: false };
    const file = {
      version: '1.0',
      added_tokens: [stop],
      normalizer: null,
      pre_tokenizer: preTokenizer,
      post_processor: null,
      decoder: null,
    };
    await writeFile(path, JSON.stringify({ ...file, model: { type: 'BPE', vocab, merges } }));
    expect([...(await loadTokenizer(directory)).encode(text)]).toEqual(ids); // ids of Python's tokenizers 0.23.3
  });

  it('renders a finished chat without opening another turn', async () => {
    const tokenizer = await loadTokenizer(directory);
    const chat = [
      { role: 'user', content: 'a' },
      { role: 'assistant', content: 'b' },
    ] as const;
    expect(tokenizer.renderChat(chat, { addGenerationPrompt: false })).toBe('a<go>b<eos>');
  });

  it('gives the template its special tokens, and lets chat_template.jinja win', async () => {
    await configure({ bos_token: { content: '<s>' }, chat_template: '{{ bos_token }}{{ messages[0].content }}' });
    expect((await loadTokenizer(directory)).renderChat([{ role: 'user', content: 'x' }])).toBe('<s>x');
    await configure({
      chat_template: [
        { name: 'tool_use', template: 'no' },
        { name: 'default', template: 'yes' },
      ],
    });
    expect((await loadTokenizer(directory)).renderChat([])).toBe('yes');
    await writeFile(join(directory, 'chat_template.jinja'), 'file');
    expect((await loadTokenizer(directory)).renderChat([])).toBe('file');
  });

  it('adds the stop ids of generation_config.json', async () => {
    await writeFile(join(directory, 'generation_config.json'), '{"eos_token_id":[2,1]}');
    expect((await loadTokenizer(directory)).stopIds).toEqual([2, 1]);
  });

  it('joins the contents where there is no template', async () => {
    await configure({ chat_template: null });
    const tokenizer = await loadTokenizer(directory);
    expect(tokenizer.hasChatTemplate).toBe(false);
    expect(
      tokenizer.encodeChat([
        { role: 'system', content: 'a' },
        { role: 'user', content: 'b' },
      ]).text,
    ).toBe('a\n\nb');
    expect(() => tokenizer.renderChat([])).toThrow(expect.objectContaining({ code: 'E_CHECKPOINT' }));
  });

  it('has no ids for an empty text, and no text for no ids', async () => {
    const tokenizer = await loadTokenizer(directory);
    expect([tokenizer.encode('').length, tokenizer.decode([])]).toEqual([0, '']);
  });

  it('says what is wrong with a folder', async () => {
    await configure({ eos_token: null });
    await expect(loadTokenizer(directory)).rejects.toMatchObject({ code: 'E_CHECKPOINT', message: expect.stringContaining('eos_token') });
    await writeFile(join(directory, 'tokenizer.json'), '{"model": 3}');
    await expect(loadTokenizer(directory)).rejects.toMatchObject({ code: 'E_CHECKPOINT' });
    await writeFile(join(directory, 'tokenizer.json'), 'no');
    await expect(loadTokenizer(directory)).rejects.toMatchObject({ code: 'E_CHECKPOINT', message: expect.stringContaining('not JSON') });
    await expect(loadTokenizer(tmpdir())).rejects.toMatchObject({
      code: 'E_CHECKPOINT',
      message: expect.stringMatching(/is no checkpoint: it has neither config\.json nor tokenizer\.json; give the folder/),
    });
    await rm(join(directory, 'tokenizer.json'));
    await writeFile(join(directory, 'config.json'), '{}');
    await expect(loadTokenizer(directory)).rejects.toThrow(/has no tokenizer\.json; save the tokenizer as a fast one/);
  });
});
