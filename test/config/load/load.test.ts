import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type LoadOptions, loadConfig, resolvedYaml } from '../../../src/config/load/load.ts';
import { estimators } from '../../../src/config/schema/vocabulary.ts';
import { EvomError } from '../../../src/lib/errors.ts';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'evom-config-'));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const put = (name: string, text: string): string => {
  mkdirSync(dirname(join(cwd, name)), { recursive: true });
  writeFileSync(join(cwd, name), text);
  return name;
};

const minimal = `policy:
  checkpoint: model
dataset:
  train:
    type: generated
`;

function load(text: string, overrides: string[] = [], options: Partial<LoadOptions> = {}) {
  return loadConfig(put('c.yaml', text), { cwd, overrides, checkFiles: false, ...options });
}

function trainOf(text: string, overrides: string[] = []) {
  const loaded = load(text, overrides);
  if (loaded.kind !== 'train') throw new Error('not a train configuration');
  return loaded.config;
}

function errorOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(EvomError);
    expect((error as EvomError).code).toBe('E_CONFIG');
    return (error as EvomError).message;
  }
  throw new Error('expected an error');
}
const headlines = (message: string): string[] => message.split('\n').filter((line) => line !== '' && !/^\s/.test(line));

describe('loadConfig', () => {
  it('fills in what a small file leaves out', () => {
    const config = trainOf(minimal);
    expect(config.sampling).toEqual({ group_size: 8, temperature: 1, top_k: 0, top_p: 1, max_tokens: 160 });
    expect(config.optimizer).toMatchObject({ type: 'muon', lr: 0.02 });
    expect(config.dataset.train).toMatchObject({ type: 'generated', split: 'train', families: 'all' });
  });

  it('points at every error in one go', () => {
    const text = `${minimal}run:
  steps: ten
  seeed: 3
sampling:
  top_k: -1
algorithm: { estimator: dapoo }
`;
    expect(errorOf(() => load(text))).toBe(
      `c.yaml:7:10 run.steps: must be a number, not "ten"
  6 | run:
  7 |   steps: ten
    |          ^^^

c.yaml:8:3 run.seeed: unknown key; did you mean seed?
  7 |   steps: ten
  8 |   seeed: 3
    |   ^^^^^

c.yaml:10:10 sampling.top_k: must be at least 0, not -1
   9 | sampling:
  10 |   top_k: -1
     |          ^^

c.yaml:11:25 algorithm.estimator: must be one of grpo, dapo, dr_grpo, rloo, reinforce_pp, reinforce_pp_baseline, opo, maxrl, grpo_passk, grpo_batch, gpg, gdpo, not "dapoo"; did you mean dapo?
  10 | sampling:
  11 | algorithm: { estimator: dapoo }
     |                         ^^^^^`.replace('  10 | sampling:\n  11 |', '  10 |   top_k: -1\n  11 |'),
    );
  });

  it('finds impossible combinations beside wrong keys', () => {
    const text = `${minimal}backend: glpk
dialect: gurobipy
sampling: { group_size: 1 }
optimizer: { type: adamw, adam_lr: 3 }
`;
    expect(headlines(errorOf(() => load(text)))).toEqual([
      'c.yaml:7:10 dialect: backend glpk does not speak gurobipy; take glpk-js or highs-js, or dialect: auto',
      'c.yaml:8:25 sampling.group_size: grpo compares the samples of a group: at least 2, not 1',
      'c.yaml:9:27 optimizer.adam_lr: unknown key; known here: type, lr, betas, eps, weight_decay, max_grad_norm',
    ]);
  });

  it('still checks combinations when a dataset has no known type', () => {
    const text = 'policy: { checkpoint: model }\ndataset: { train: { type: generatd, seed: 1 } }\nsampling: { group_size: 1 }\n';
    expect(headlines(errorOf(() => load(text)))).toEqual([
      'c.yaml:2:27 dataset.train.type: must be one of generated, jsonl, file, mixture, not "generatd"; did you mean generated?',
      'c.yaml:3:25 sampling.group_size: grpo compares the samples of a group: at least 2, not 1',
    ]);
  });

  it('points a missing key at the section that lacks it', () => {
    expect(headlines(errorOf(() => load('policy:\n  threads: 2\ndataset: { train: { type: generated } }\n')))).toEqual([
      'c.yaml:1:1 policy.checkpoint: is missing',
    ]);
  });

  it.each([
    ['a tab', 'run:\n\tsteps: 3\n', /^c\.yaml:2:1 not YAML/],
    ['a key twice', 'run: {}\nrun: {}\n', /^c\.yaml:2:1 this key is here twice/],
    ['an open bracket', 'run: [1, 2\n', /^c\.yaml:\d+:\d+ not YAML/],
    ['a list', '- 1\n', /^c\.yaml:1:1 a configuration is a section of keys/],
    ['an unknown kind', 'kind: sfd\n', /^c\.yaml:1:7 kind: must be train or sft, not "sfd"; did you mean sft\?/],
    ['an empty section', `${minimal}guards:\n`, /^c\.yaml:6:1 guards: is empty; write a section of keys or remove it/],
  ])('places %s', (_, text, message) => {
    expect(errorOf(() => load(text))).toMatch(message);
  });

  it('names missing files and folders where they are written', () => {
    const text = `policy: { checkpoint: nowhere }
dataset:
  train: { type: jsonl, path: gone.jsonl }
`;
    expect(headlines(errorOf(() => load(text, [], { checkFiles: true })))).toEqual([
      'c.yaml:1:23 policy.checkpoint: no file or folder nowhere (a checkpoint folder comes from evom sft, evom train or a download from Hugging Face; --checkpoint DIR names another)',
      'c.yaml:3:31 dataset.train.path: no file or folder gone.jsonl',
    ]);
  });

  it('takes paths from the working directory, then from beside the file', () => {
    put('model/config.json', '{}');
    put('deep/problems.jsonl', '');
    put('deep/c.yaml', 'policy: { checkpoint: model }\ndataset: { train: { type: jsonl, path: problems.jsonl } }\n');
    const { config } = loadConfig('deep/c.yaml', { cwd });
    expect(config).toMatchObject({
      policy: { checkpoint: join(cwd, 'model') },
      dataset: { train: { path: join(cwd, 'deep/problems.jsonl') } },
    });
  });

  it('looks a bare name up as given, then in ./configs, then in the package', () => {
    put('configs/mine.yaml', minimal);
    expect(loadConfig('mine', { cwd, checkFiles: false }).source.path).toBe(join(cwd, 'configs/mine.yaml'));
    put('mine.yaml', minimal);
    expect(loadConfig('mine', { cwd, checkFiles: false }).source.path).toBe(join(cwd, 'mine.yaml'));
    expect(loadConfig('quickstart', { cwd, checkFiles: false }).source.path).toMatch(/configs.quickstart\.yaml$/);
    expect(errorOf(() => loadConfig('absent', { cwd }))).toMatch(/^no configuration absent; looked for\n {2}\//);
  });

  it('gives back its settled form unchanged', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...estimators),
        fc.constantFrom('highs', 'glpk'),
        fc.constantFrom('muon', 'adamw'),
        fc.integer({ min: 2, max: 64 }),
        (estimator, backend, optimizer, groupSize) => {
          const overrides = [`algorithm.estimator=${estimator}`, `backend=${backend}`, `optimizer.type=${optimizer}`];
          const config = trainOf(minimal, [...overrides, `sampling.group_size=${groupSize}`]);
          expect(trainOf(resolvedYaml(config))).toEqual(config);
          expect(resolvedYaml(trainOf(resolvedYaml(config)))).toBe(resolvedYaml(config));
        },
      ),
      { numRuns: 30 },
    );
  });

  it('leaves name and folder of a run out of its settled form: the run may be moved', () => {
    expect(resolvedYaml(trainOf(minimal, ['run.name=a', 'run.dir=b']))).toBe(resolvedYaml(trainOf(minimal)));
  });
});

describe('extends', () => {
  it('merges section by section, later files over earlier ones and the file itself over both', () => {
    put('a.yaml', `${minimal}run: { steps: 1, seed: 1 }\nsampling: { group_size: 3 }\n`);
    put('b.yaml', 'run: { steps: 2 }\n');
    const config = trainOf('extends: [a.yaml, b.yaml]\nrun: { keep_last: 9 }\n');
    expect(config.run).toMatchObject({ steps: 2, seed: 1, keep_last: 9 });
    expect(config.sampling.group_size).toBe(3);
  });

  it('starts a section afresh when its type changes', () => {
    put('a.yaml', `${minimal}optimizer: { type: muon, adam_lr: 0.5 }\n`);
    expect(trainOf('extends: a.yaml\noptimizer: { type: adamw }\n').optimizer).toMatchObject({ type: 'adamw', lr: 3e-4 });
  });

  it('takes one of two keys for the other where a section has one of them', () => {
    put('base.yaml', `${minimal}run: { steps: 7, keep_steps: { every: 10 } }\n`);
    expect(trainOf('extends: [base.yaml]\nrun: { keep_steps: { last: 2 } }\n').run).toMatchObject({ steps: 7, keep_steps: { last: 2 } });
    expect(trainOf('extends: [base.yaml]\n', ['run.keep_steps.last=3']).run.keep_steps).toEqual({ last: 3 });
    expect(trainOf('extends: [base.yaml]\n', ['run.keep_steps={ every: 5 }']).run.keep_steps).toEqual({ every: 5 });
  });

  it('reports an error in the file that holds it', () => {
    put('base/a.yaml', `${minimal}run:\n  stepz: 1\n`);
    expect(errorOf(() => load('extends: base/a.yaml\n'))).toMatch(/^base\/a\.yaml:7:3 run\.stepz: unknown key; did you mean steps\?/);
  });

  it('refuses files that extend each other and names that lead nowhere', () => {
    put('a.yaml', 'extends: c.yaml\n');
    expect(errorOf(() => load('extends: a.yaml\n'))).toMatch(/^a\.yaml:1:10 extends: c\.yaml extends itself/);
    expect(errorOf(() => load('extends: gone.yaml\n'))).toMatch(/^c\.yaml:1:10 extends: no file gone\.yaml/);
  });
});

describe('--set', () => {
  it('takes its value as YAML', () => {
    const config = trainOf(minimal, [
      'optimizer.lr=3e-4',
      'run.name=no',
      'algorithm.dynamic_sampling.band=[0.1, 0.9]',
      'learner.threads=2',
    ]);
    expect(config.optimizer).toMatchObject({ type: 'muon', lr: 0.0003 });
    expect(config.run.name).toBe('no');
    expect(config.algorithm.dynamic_sampling.band).toEqual([0.1, 0.9]);
    expect(config.learner.threads).toBe(2);
  });

  it('is named by the errors that it causes', () => {
    const overrides = ['run.steps=0', 'sampling.grup_size=4', 'run', 'run.seed=[1'];
    expect(headlines(errorOf(() => load(minimal, overrides)))).toEqual([
      '--set run: write it as --set key.path=value',
      expect.stringMatching(/^--set run\.seed=\[1: the value is not YAML \(.*\); quote it$/),
      '--set run.steps=0: run.steps: must be at least 1, not 0',
      '--set sampling.grup_size=4: sampling.grup_size: unknown key; did you mean group_size?',
    ]);
  });

  it('reaches into lists by index', () => {
    const text = minimal.replace('dataset:\n', 'dataset:\n  eval: [{ name: a, type: generated }, { name: b, type: generated }]\n');
    const config = trainOf(text, ['dataset.eval.1.samples=4']);
    expect(config.dataset.eval.map((set) => set.samples)).toEqual([1, 4]);
    expect(errorOf(() => load(text, ['dataset.eval.0.samples=x']))).toBe(
      '--set dataset.eval.0.samples=x: dataset.eval[0].samples: must be a number, not "x"',
    );
  });

  it('means the same in any order when it changes a type', () => {
    const type = 'optimizer.type=adamw';
    const lr = 'optimizer.lr=0.1';
    const text = `${minimal}optimizer: { type: muon, adam_lr: 0.5 }\n`;
    expect(trainOf(text, [lr, type])).toEqual(trainOf(text, [type, lr]));
    expect(trainOf(text, [lr, type]).optimizer).toMatchObject({ type: 'adamw', lr: 0.1 });
  });

  it('switches solver and dialect by one value', () => {
    expect(trainOf(minimal, ['backend=glpk'])).toMatchObject({ backend: 'glpk', dialect: [{ name: 'glpk-js', weight: 1 }] });
  });
});

describe('settled values', () => {
  it('follow the estimator where the file is silent', () => {
    const algorithm = (name: string, ...more: string[]) => trainOf(minimal, [`algorithm.estimator=${name}`, ...more]).algorithm;
    expect(algorithm('grpo')).toMatchObject({ clip_low: 0.2, clip_high: 0.2, aggregation: 'seq_mean_token_mean', norm_length: null });
    expect(algorithm('grpo').dynamic_sampling.enabled).toBe(false);
    expect(algorithm('dapo')).toMatchObject({ clip_low: 0.2, clip_high: 0.28, aggregation: 'token_mean' });
    expect(algorithm('dapo').dynamic_sampling.enabled).toBe(true);
    expect(algorithm('dr_grpo')).toMatchObject({ aggregation: 'seq_mean_token_sum_norm', norm_length: 160 });
    expect(algorithm('dapo', 'algorithm.clip_high=0.4').clip_high).toBe(0.4);
    expect(algorithm('dapo', 'algorithm.dynamic_sampling.enabled=false').dynamic_sampling.enabled).toBe(false);
  });

  it('follow the reward preset', () => {
    expect(trainOf(minimal).reward).toMatchObject({ format: 0.1, executes: 0, answer: 1 });
    expect(trainOf(minimal, ['reward.preset=answer']).reward).toMatchObject({ format: 0, answer: 1 });
    expect(trainOf(minimal, ['reward.preset=sirl_stage1']).reward).toMatchObject({ format: 1, executes: 1, answer: 1, solution: 0 });
    expect(trainOf(minimal, ['reward.preset=sirl_stage2']).reward).toMatchObject({ format: 0, executes: 1, answer: 1, solution: 1 });
    expect(trainOf(minimal, ['reward.format=0.5']).reward).toMatchObject({ format: 0.5, answer: 1 });
  });

  it('end the schedule with the run', () => {
    expect(trainOf(minimal, ['run.steps=7']).schedule.total).toBe(7);
    expect(trainOf(minimal, ['schedule.total=70']).schedule.total).toBe(70);
  });
});
