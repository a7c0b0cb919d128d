import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { buildLearner } from '../../../src/config/build/build-learner.ts';
import { buildPolicy } from '../../../src/config/build/build-policy.ts';
import { loadModule } from '../../../src/config/build/load-module.ts';
import { loadConfig } from '../../../src/config/load/load.ts';
import type { TrainConfig } from '../../../src/config/schema/schema.ts';

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

describe('loadModule', () => {
  it('calls the default export with the context, and awaits it', async () => {
    write('greeter.mjs', 'export default async ({ name }) => ({ greet: () => "hello " + name });');
    const request = { key: 'policy.type', path: './greeter.mjs', base: directory, methods: ['greet'] };
    expect((await loadModule<{ greet(): string }>(request, { name: 'evom' })).greet()).toBe('hello evom');
  });

  it.each([
    ['absent.mjs', null, /policy\.type: no module .*absent\.mjs; correct the path/],
    ['broken.mjs', 'export default (', /policy\.type: .*broken\.mjs cannot be imported \(/],
    ['nothing.mjs', 'export const policy = 1;', /nothing\.mjs has no default export that is a function/],
    ['throws.mjs', 'export default () => { throw new Error("no licence"); };', /default export of .*throws\.mjs threw: no licence/],
    ['rejects.mjs', 'export default async () => { throw new Error("no server"); };', /rejects\.mjs threw: no server/],
    ['half.mjs', 'export default () => ({ sample() {} });', /half\.mjs makes is incomplete; it needs the methods sample, close/],
    ['empty.mjs', 'export default () => null;', /empty\.mjs makes is incomplete/],
  ])('refuses %s', async (name, text, message) => {
    if (text !== null) write(name, text);
    const request = { key: 'policy.type', path: join(directory, name), methods: ['sample', 'close'] };
    await expect(loadModule(request, {})).rejects.toThrow(message);
    await expect(loadModule(request, {})).rejects.toThrow(expect.objectContaining({ code: 'E_CONFIG' }));
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
});
