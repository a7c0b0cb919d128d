import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { buildLearner } from '../../../src/config/build/build-learner.ts';
import { buildPolicy } from '../../../src/config/build/build-policy.ts';
import { loadConfig } from '../../../src/config/load/load.ts';
import type { TrainConfig } from '../../../src/config/schema/schema.ts';
import { loadPlugin } from '../../../src/lib/plugin.ts';

const directory = mkdtempSync(join(tmpdir(), 'evom-module-'));
afterAll(() => rmSync(directory, { recursive: true }));
const write = (name: string, text: string): string => {
  writeFileSync(join(directory, name), text);
  return join(directory, name);
};

const policyText = `export default async ({ directory, threads, version }) => ({
  modelId: directory + '#' + threads, version, maxLength: 8,
  async sample() { return []; }, async score() { return []; }, async update() {}, async close() {},
});`;
const learnerText = `export default ({ directory, threads, stateDirectory, config }) => ({
  version: 3,
  async step() { return { version: 4, metrics: { threads, lr: config.optimizer.lr } }; },
  weights() { return { type: 'tensors', version: 3, tensors: new Map([[directory, new Float32Array([stateDirectory === null ? 0 : 1])]]) }; },
  async save() {}, async close() {},
});`;

function trainConfig(extra: string): TrainConfig {
  const file = write('run.yaml', `policy: { checkpoint: . }\ndataset: { train: { type: generated } }\n`);
  const loaded = loadConfig(file, { cwd: directory, overrides: extra === '' ? [] : extra.split(' ') });
  if (loaded.kind !== 'train') throw new Error('kind');
  return loaded.config;
}

describe('loadPlugin', () => {
  it('calls the default export with the context, and awaits it', async () => {
    write('greeter.mjs', 'export default async ({ name }) => ({ greet: () => "hello " + name });');
    const request = { key: 'policy.type', path: './greeter.mjs', base: directory, methods: ['greet'] };
    expect((await loadPlugin<{ greet(): string }>(request, { name: 'evom' })).greet()).toBe('hello evom');
  });

  it.each([
    ['absent.mjs', null, /policy\.type: no module .*absent\.mjs; correct the path/],
    ['broken.mjs', 'export default (', /policy\.type: .*broken\.mjs cannot be imported \(/],
    ['nothing.mjs', 'export const policy = 1;', /nothing\.mjs has no default export that is a function/],
    ['throws.mjs', 'export default () => { throw new Error("no licence"); };', /default export of .*throws\.mjs threw: Error: no licence/],
    ['rejects.mjs', 'export default async () => { throw new Error("no server"); };', /rejects\.mjs threw: Error: no server/],
    ['half.mjs', 'export default () => ({ sample() {} });', /half\.mjs makes is incomplete: it lacks close; it needs sample, close/],
    ['empty.mjs', 'export default () => null;', /empty\.mjs makes is incomplete/],
  ])('refuses %s', async (name, text, message) => {
    if (text !== null) write(name, text);
    const request = { key: 'policy.type', path: join(directory, name), methods: ['sample', 'close'] };
    await expect(loadPlugin(request, {})).rejects.toThrow(message);
    await expect(loadPlugin(request, {})).rejects.toThrow(expect.objectContaining({ code: 'E_CONFIG' }));
  });

  it('shows where a factory threw', async () => {
    write('deep.mjs', 'const open = () => { throw new RangeError("no port"); };\nexport default () => open();');
    const request = { key: 'policy.type', path: join(directory, 'deep.mjs'), methods: [] };
    await expect(loadPlugin(request, {})).rejects.toThrow(/threw: RangeError: no port\n +at open .*deep\.mjs:1:\d+\)?\n/);
  });

  it('names module, method and place of what a part throws, at once or later, and leaves the rest alone', async () => {
    write(
      'thrower.mjs',
      `class Part {
        #count = 0;
        get version() { return this.#count; }
        now() { return null.x; }
        async later() { await 1; throw new Error('lost'); }
        text() { return Promise.reject('no error object'); }
        count() { return ++this.#count; }
        advise() { throw Object.assign(new Error('start the server'), { name: 'EvomError', code: 'E_POLICY' }); }
        async wait({ signal }) { signal.throwIfAborted(); }
      }
      export default () => new Part();`,
    );
    interface Part {
      readonly version: number;
      now(): void;
      later(): Promise<void>;
      text(): Promise<void>;
      count(): number;
      advise(): void;
      wait(options: { signal: AbortSignal }): Promise<void>;
    }
    const request = { key: 'policy.type', path: './thrower.mjs', base: directory, methods: ['now', 'later'] };
    const part = await loadPlugin<Part>(request, {});
    const fault = (pattern: RegExp) => expect.objectContaining({ code: 'E_PLUGIN', message: expect.stringMatching(pattern) });
    expect(() => part.now()).toThrow(fault(/policy\.type: now\(\) of .*thrower\.mjs threw TypeError: [\s\S]*at .*thrower\.mjs:4:/));
    await expect(part.later()).rejects.toThrow(fault(/later\(\) of .*threw Error: lost\n[\s\S]*thrower\.mjs:5:/));
    await expect(part.text()).rejects.toThrow(fault(/text\(\) of .*threw no error object/));
    expect([part.count(), part.count(), part.version]).toEqual([1, 2, 2]);
    expect(() => part.advise()).toThrow(expect.objectContaining({ code: 'E_POLICY', message: 'start the server' }));
    await expect(part.wait({ signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow(/^enough$/);
  });
});

describe('a configuration that names modules', () => {
  it('gets its policy from policy.type, found beside the file', async () => {
    write('mine.mjs', policyText);
    const config = trainConfig('policy.type=./mine.mjs policy.threads=3');
    expect(config.policy.type).toBe(join(directory, 'mine.mjs'));
    const built = await buildPolicy(config, '/models/a', 7);
    expect([built.modelId, built.version]).toEqual(['/models/a#3', 7]);
  });

  it('gets its learner from learner.type, with its own part of the configuration and the state to go on from', async () => {
    write('learner.mjs', learnerText);
    const config = trainConfig('learner.type=./learner.mjs learner.threads=2 optimizer.lr=0.5');
    const { learner } = await buildLearner(config, {
      directory: '/models/a',
      stateDirectory: '/models/a/evom_state',
      initial: '/models/a',
      root: '/runs/a',
    });
    expect(learner.weights()).toMatchObject({ tensors: new Map([['/models/a', Float32Array.of(1)]]) });
    const { metrics } = await learner.step({} as never, { learningRateFactor: 1 });
    expect(metrics).toEqual({ threads: 2, lr: 0.5 });
  });

  it('is refused at its line when the module is not there', () => {
    write('learner.mjs', learnerText);
    expect(() => trainConfig('learner.type=./gone.mjs')).toThrow(/learner\.type: no file or folder \.\/gone\.mjs/);
  });

  it.each([
    ['[]', /sample\(\) of .* returned 0 entries for 1 requests/],
    ['[[]]', /returned 0 completions for request 0, which has 1 seeds/],
    ['[[{}]]', /returned a completion without tokenIds/],
    ['undefined', /returned undefined, no list for 1 requests/],
  ])('names its policy where sample answers %s', async (answer, message) => {
    const name = `policy-${answer.length}.mjs`;
    write(name, policyText.replace('return [];', `return ${answer};`));
    const policy = await buildPolicy(trainConfig(`policy.type=./${name}`), '/models/a', 0);
    const sampled = policy.sample([{ promptIds: Int32Array.of(1), seeds: ['a'] }], { temperature: 1, topK: 0, topP: 1, maxTokens: 4 });
    await expect(sampled).rejects.toMatchObject({ code: 'E_PLUGIN', message: expect.stringMatching(message) });
  });

  it('names its learner where step answers without a version', async () => {
    write('mute.mjs', learnerText.replace(/async step.*/, 'async step() {},'));
    const start = { directory: '/models/a', stateDirectory: null, initial: '/models/a', root: '/runs/a' };
    const { learner } = await buildLearner(trainConfig('learner.type=./mute.mjs'), start);
    const step = learner.step({} as never, { learningRateFactor: 1 });
    await expect(step).rejects.toMatchObject({
      code: 'E_PLUGIN',
      message: expect.stringMatching(/step\(\) of .*mute\.mjs returned undefined instead/),
    });
  });
});
