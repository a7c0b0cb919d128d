/** The policy behind an API of chat completions, against a server that has the faults of real ones. */
import { afterEach, describe, expect, it } from 'vitest';
import { type ChatPolicyOptions, chatFingerprint, chatPrompt, createChatPolicy } from '../../src/servers/chat-policy.ts';
import { byteTokenizer } from '../../src/tokenizer/byte-tokenizer.ts';
import { type ChatAnswer, type ChatServer, message, startChatServer } from '../fakes/chat-server.ts';
import { recorded, recordedVersion } from './stand-in-server.ts';

const tokenizer = byteTokenizer();
const encode = (text: string) => tokenizer.encode(text);
const params = { temperature: 0.5, topK: 0, topP: 1, maxTokens: 64 };
const { tokenIds: promptIds } = chatPrompt([{ role: 'user', content: 'How many "mugs"?\nNaïve 日本' }], encode);

let server: ChatServer;
afterEach(() => server.close());

const policyOf = (changes: Partial<ChatPolicyOptions> = {}) =>
  createChatPolicy({
    ...{ url: server.url, model: 'm', token: 'secret', headers: {}, body: {}, concurrency: 2, retries: 2, timeoutMs: 5000 },
    ...{ encode, decode: (ids) => tokenizer.decode(ids), stopId: tokenizer.padId },
    ...changes,
  });
const sampleOne = async (changes: Partial<ChatPolicyOptions> = {}) => {
  const [[completion] = []] = await policyOf(changes).sample([{ promptIds, seeds: ['a'] }], params);
  if (completion === undefined) throw new Error('no completion');
  return completion;
};

describe('a chat policy', () => {
  it('sends messages and sampling, takes text and what it cost, and says nothing of a distribution', async () => {
    server = await startChatServer(() => message('première'));
    const completion = await sampleOne({ headers: { 'x-team': 'or' }, body: { reasoning_effort: 'low' } });
    expect(tokenizer.decode(completion.tokenIds)).toBe('première');
    expect(completion).toMatchObject({ entropy: null, finishReason: 'stop', usage: { promptTokens: 11, completionTokens: 7 } });
    expect(completion.logprobs).toHaveLength(0);
    const [request] = server.requests;
    expect(request?.path).toBe('/v1/chat/completions');
    expect(request?.headers).toMatchObject({ authorization: 'Bearer secret', 'x-team': 'or' });
    expect(request?.body).toMatchObject({
      model: 'm',
      messages: [{ role: 'user', content: 'How many "mugs"?\nNaïve 日本' }],
      temperature: 0.5,
      max_tokens: 64,
      reasoning_effort: 'low',
    });
    expect(request?.body).not.toHaveProperty('top_k');
  });

  it('gives each sample of a prompt its own seed, in the order asked, and tells each as it comes', async () => {
    server = await startChatServer(({ body }) => message(String(body.seed)));
    const seen: string[] = [];
    const asked = [
      { promptIds, seeds: ['a', 'b', 'c'] },
      { promptIds, seeds: ['d'] },
    ];
    const groups = await policyOf().sample(asked, params, { onCompletion: (i, k) => seen.push(`${i}/${k}`) });
    const texts = groups.map((group) => group.map(({ tokenIds }) => tokenizer.decode(tokenIds)));
    expect(texts.map((group) => group.length)).toEqual([3, 1]);
    expect(new Set(texts.flat()).size).toBe(4);
    expect(seen.sort()).toEqual(['0/0', '0/1', '0/2', '1/0']);
    expect((await policyOf().sample(asked, params)).map((group) => group.map(({ tokenIds }) => tokenizer.decode(tokenIds)))).toEqual(texts);
  });

  it('leaves out of a request what the configuration says null for', async () => {
    server = await startChatServer(() => message('x'));
    await sampleOne({ body: { seed: null, max_tokens: null, max_completion_tokens: 64 } });
    expect(Object.keys(server.requests[0]?.body ?? {}).sort()).toEqual(['max_completion_tokens', 'messages', 'model', 'n', 'temperature']);
  });

  it.each([
    ['a cut-off completion', message('partial', 'length'), 'partial', 'length'],
    ['no content', message(null), '', 'stop'],
    ['no content, all tokens spent on thinking', message(null, 'length'), '', 'length'],
    ['a refusal', message(null, 'stop', { refusal: 'I cannot help.' }), 'I cannot help.', 'stop'],
    ['a filtered answer', message('', 'content_filter'), '', 'stop'],
    [
      'content in parts',
      message([
        { type: 'text', text: 'a' },
        { type: 'text', text: 'b' },
      ]),
      'ab',
      'stop',
    ],
  ])('takes %s as data', async (_, answer, text, finishReason) => {
    server = await startChatServer(() => answer);
    const completion = await sampleOne();
    expect(tokenizer.decode(completion.tokenIds)).toBe(text);
    expect(completion.finishReason).toBe(finishReason);
    expect(completion.tokenIds.at(-1) === tokenizer.padId).toBe(finishReason === 'stop');
  });

  it.each([
    ['429', { type: 'refuse', status: 429, headers: { 'retry-after': '0' } }],
    ['500', { type: 'refuse', status: 500 }],
    ['an answer that breaks off', { type: 'cut' }],
    ['a fault of the API behind it', { type: 'answer', body: { error: { message: 'overloaded', code: 502 } } }],
  ] as const)('asks again after %s', async (_, fault) => {
    server = await startChatServer((__, k) => (k === 0 ? fault : message('ok')));
    expect(tokenizer.decode((await sampleOne()).tokenIds)).toBe('ok');
    expect(server.requests).toHaveLength(2);
  });

  it('waits for as long as Retry-After says', async () => {
    let first = 0;
    let second = 0;
    server = await startChatServer((_, k) => {
      if (k > 0) second = performance.now();
      else first = performance.now();
      return k > 0 ? message('ok') : { type: 'refuse', status: 429, headers: { 'retry-after': '1' } };
    });
    await sampleOne();
    expect(second - first).toBeGreaterThan(950);
  });

  it.each([
    ['a wait beyond its patience', { type: 'refuse', status: 429, headers: { 'retry-after': '3600' } }, /answered 429/],
    ['a wrong token', { type: 'refuse', status: 401, body: { error: { message: 'invalid api key' } } }, /answered 401.*invalid api key/],
    ['no choice', { type: 'answer', body: { choices: [] } }, /answered without a message/],
    ['a refused parameter', { type: 'answer', body: { error: { message: 'no seed here', code: 400 } } }, /no seed here/],
  ] as const)('gives up at once at %s', async (_, fault, text) => {
    server = await startChatServer(() => fault);
    await expect(sampleOne()).rejects.toThrow(text);
    expect(server.requests).toHaveLength(1);
  });

  it('stops at the retries, when aborted, and can be neither scored nor trained', async () => {
    server = await startChatServer(() => ({ type: 'refuse', status: 503 }));
    await expect(sampleOne({ retries: 1 })).rejects.toMatchObject({ code: 'E_POLICY' });
    expect(server.requests).toHaveLength(2);
    const aborted = policyOf().sample([{ promptIds, seeds: ['a'] }], params, { signal: AbortSignal.abort(new Error('enough')) });
    await expect(aborted).rejects.toThrow('enough');
    await expect(policyOf().score([], 1)).rejects.toThrow(/cannot score tokens/);
    await expect(policyOf().update({ type: 'directory', version: 1, directory: '/w' })).rejects.toThrow(/take a policy with weights/);
  });

  describe(`with the answers of vLLM ${recordedVersion}`, () => {
    const answered = (name: string): ChatAnswer => {
      const { status, body } = recorded(name);
      return status === 200 ? { type: 'answer', body: JSON.parse(body) } : { type: 'refuse', status, body: JSON.parse(body) };
    };
    /** What the server was asked when it was recorded. */
    const asked = (name: string) => (recorded(name) as { readonly request?: Readonly<Record<string, unknown>> }).request;
    interface Told {
      readonly choices: readonly { readonly message: { readonly content: string }; readonly finish_reason: string }[];
      readonly usage: { readonly prompt_tokens: number; readonly completion_tokens: number };
    }

    it.each([
      ['chat', { temperature: 1, topK: 0, topP: 1, maxTokens: 8 }],
      ['chat_stop', { temperature: 0, topK: 0, topP: 1, maxTokens: 200 }],
      ['chat_top', { temperature: 1, topK: 20, topP: 0.9, maxTokens: 8 }],
    ] as const)('asks what it was asked and takes its text and cost (%s)', async (name, sampling) => {
      server = await startChatServer(() => answered(name));
      const { messages, seed: _seed, ...said } = asked(name) as { messages: never; seed: number };
      const { tokenIds: ids } = chatPrompt(messages, encode);
      const [[completion] = []] = await policyOf({ model: 'base' }).sample([{ promptIds: ids, seeds: ['a'] }], sampling);
      const { seed, ...sent } = server.requests[0]?.body ?? {};
      expect([sent, typeof seed]).toEqual([{ messages, ...said }, 'number']);
      const told = JSON.parse(recorded(name).body) as Told;
      const [choice] = told.choices;
      expect(completion).toMatchObject({
        finishReason: choice?.finish_reason,
        usage: { promptTokens: told.usage.prompt_tokens, completionTokens: told.usage.completion_tokens },
      });
      expect(tokenizer.decode(completion?.tokenIds ?? [])).toBe(choice?.message.content);
    });

    it.each([
      ['chat_unknown_model', /answered 404.*does not exist/],
      ['chat_too_long', /answered 400.*100000/],
      ['chat_no_messages', /answered 400/],
    ])('ends at what it refuses, with its words (%s)', async (name, words) => {
      server = await startChatServer(() => answered(name));
      await expect(sampleOne()).rejects.toThrow(words);
      expect(server.requests).toHaveLength(1);
    });
  });

  it('is another cell of stored outcomes under another model, address or body', async () => {
    server = await startChatServer(() => message('x'));
    const of = { url: 'http://a/v1', model: 'm', body: {} };
    const others = [
      { ...of, model: 'n' },
      { ...of, url: 'http://b/v1' },
      { ...of, body: { effort: 'low' } },
    ];
    expect(new Set([of, ...others].map(chatFingerprint)).size).toBe(4);
  });
});
