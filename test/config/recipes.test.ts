/** What is compared in a recipe is alike in all but what its table says. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/config/load/find-file.ts';
import { loadConfig } from '../../src/config/load/load.ts';

const recipes = join(packageRoot, 'recipes');
const files = readdirSync(recipes, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.yaml'));
const load = (file: string) => loadConfig(join(recipes, file), { cwd: packageRoot, checkFiles: false });

it.each(files)('recipes/%s loads', (file) => {
  expect(() => load(file)).not.toThrow();
});

describe('the arms of recipes/tiny', () => {
  const arms = ['reference', 'outcome', 'mixed', 'kl', 'sft'];
  it('train on the same problems, and are measured on the same ones', () => {
    const sets = arms.map((arm) => {
      const { kind, config } = load(`tiny/${arm}.yaml`);
      const train = kind === 'sft' ? config.dataset.train[0] : config.dataset.train;
      const made = ({ type, seed, count, wordings, families, difficulties }: Record<string, unknown>) => ({
        type,
        seed,
        count,
        wordings,
        families,
        difficulties,
      });
      return {
        train: made(train as never),
        held: config.dataset.eval.map((set) => ({
          ...made(set as never),
          name: set.name,
          greedy: set.greedy,
          temperature: set.greedy ? 0 : set.temperature,
        })),
      };
    });
    for (const set of sets) expect(set).toEqual(sets[0]);
  });
  it('differ in the reward, the dialects and the penalty alone', () => {
    const settled = arms.slice(0, 4).map((arm) => {
      const { kind, config } = load(`tiny/${arm}.yaml`);
      if (kind !== 'train') throw new Error(`${arm} is supervised`);
      return config;
    });
    expect(settled.map(({ reward }) => reward.value_only_weight)).toEqual([0, 1, 1, 1]);
    expect(settled.map(({ dialect }) => dialect.map(({ weight }) => weight).join(':'))).toEqual(['1:0', '1:0', '7:1', '1:0']);
    expect(settled.map(({ algorithm }) => algorithm.kl.coef)).toEqual([0, 0, 0, 0.05]);
    const rest = settled.map(
      ({
        reward: _,
        dialect: __,
        algorithm: { kl: ___, ...algorithm },
        sampling: { max_tokens: ____, ...sampling },
        run: { name: _____, ...run },
        ...config
      }) => ({
        ...{ steps: run.steps, optimizer: config.optimizer, schedule: config.schedule },
        ...{ groups: algorithm.groups_per_step, estimator: algorithm.estimator, sampling, seed: run.seed },
      }),
    );
    for (const one of rest) expect(one).toEqual(rest[0]);
  });
});
