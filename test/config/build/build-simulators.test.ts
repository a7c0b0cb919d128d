import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildRollout } from '../../../src/config/build/build.ts';
import { buildScoring } from '../../../src/config/build/build-scoring.ts';
import { simulatorsBy } from '../../../src/config/build/build-simulators.ts';
import { packageRoot } from '../../../src/config/load/find-file.ts';
import { loadConfig, resolvedYaml } from '../../../src/config/load/load.ts';
import { defaultScoring } from '../../../src/config/schema/reward-schema.ts';
import type { TrainConfig } from '../../../src/config/schema/schema.ts';
import { emptyOutcome, type Outcome } from '../../../src/core/outcome.ts';
import type { Problem } from '../../../src/core/problem.ts';
import type { Program } from '../../../src/core/program.ts';
import { dialectByName } from '../../../src/dialects/registry.ts';
import { createScriptedPolicy } from '../../../src/policy/scripted-policy.ts';
import { rollOut } from '../../../src/rollout/engine.ts';
import type { Speaker } from '../../../src/solve/speaker.ts';
import { parseLp } from '../../../src/solvers/lp-reader.ts';
import { createVerifier, type Verifier } from '../../../src/verify/verifier.ts';

const right = parseLp('max\n 68 boots + 62 mugs\nst\n 17 boots + 22 mugs <= 488\n boots - mugs >= 2\ngen\n boots mugs\nend');
const loose = parseLp('max\n 68 boots + 62 mugs\nst\n 17 boots + 22 mugs <= 588\n boots - mugs >= 2\ngen\n boots mugs\nend');
const simulator = (model: typeof right): string => dialectByName('simulator-js').render(model);
// The answer is wrong on purpose: nothing may look at it.
const problem: Problem = { id: 'mugs', question: 'Make boots and mugs for most profit.', answer: -1, source: 'test' };

let verifier: Verifier;
let cwd: string;
beforeAll(async () => {
  verifier = await createVerifier({ dialects: ['highs-js', 'simulator-js'], workers: 1 });
  cwd = mkdtempSync(join(tmpdir(), 'evom-simulators-'));
});
afterAll(async () => {
  rmSync(cwd, { recursive: true, force: true });
  await verifier.close();
});
const run = (model: typeof right): Promise<Outcome> =>
  verifier.verify({ dialect: 'highs-js', code: dialectByName('highs-js').render(model) });
const verify = (program: Program): Promise<Outcome> => verifier.verify(program);

/** A policy whose k-th sample is the k-th text; what it was asked. */
function writing(texts: readonly string[]): { readonly speaker: Speaker; readonly asked: string[] } {
  const asked: string[] = [];
  const policy = createScriptedPolicy({
    script: (_, seed) => {
      asked.push(seed);
      return [...(texts[Number(seed.split('/').at(-1))] ?? '')].map((letter) => letter.codePointAt(0) as number);
    },
    stopIds: [],
    vocabSize: 0x110000,
  });
  const encode: Speaker['encode'] = (messages) => ({ text: '', tokenIds: Int32Array.of(messages.length) });
  return { speaker: { policy, encode, decode: (ids) => String.fromCodePoint(...ids), template: 'bare' }, asked };
}
const settings = { count: 3, dialect: 'simulator-js', temperature: 1, max_tokens: 2000 } as const;

describe('simulators as a reward', () => {
  it('pay the share of them that bear a program out, whatever its label is, and are asked for once a problem', async () => {
    const { speaker, asked } = writing([simulator(right), 'nonsense(', simulator(right)]);
    const evidence = simulatorsBy(speaker, settings, 7, verify);
    const reward = { ...defaultScoring.reward, format: 0, answer: 0, consistency: 1, consistency_rule: 'simulators' } as const;
    const audit = { ...defaultScoring.audit, cross_solve: 'off' } as const;
    const scoring = await buildScoring({ reward, audit, judge: { rule: 'sirl' }, backend: 'highs' }, { evidence, close: async () => {} });
    const about = { completionText: '', completionTokens: 9, maxTokens: 99, truncated: false };
    const outcomes = [await run(right), await run(loose), emptyOutcome('no_program', { dialect: 'highs-js', backend: 'highs' })];
    const rewards = await scoring.score(outcomes.map((outcome) => ({ problem, outcome, ...about })));
    expect(rewards.map(({ value, parts }) => [value, parts.consistency])).toEqual([
      [1, 1],
      [0, 0],
      [0, 0],
    ]);
    await Promise.all([evidence(problem, outcomes), evidence(problem, outcomes)]);
    expect(asked).toEqual(['7/simulators/mugs/0', '7/simulators/mugs/1', '7/simulators/mugs/2']);
    await scoring.close();
  });

  it('pay nothing where none can tell, and are no reward where a machine failed', async () => {
    const none = simulatorsBy(writing(['', '', '']).speaker, settings, 7, verify);
    expect(await none(problem, [await run(right)])).toEqual([{ passed: 0, failed: ['simulator'] }]);
    let isDown = true;
    const flaky = simulatorsBy(writing([simulator(right)]).speaker, { ...settings, count: 1 }, 7, async (program) =>
      isDown ? emptyOutcome('infra_error', { dialect: 'simulator-js', backend: '' }) : verifier.verify(program),
    );
    expect(await flaky(problem, [await run(right)])).toEqual([null]);
    isDown = false;
    expect(await flaky(problem, [await run(right)])).toEqual([{ passed: 1, failed: [] }]);
  });
});

describe('reward.consistency_rule: simulators', () => {
  const configOf = (reward: string): TrainConfig => {
    const checkpoint = join(packageRoot, 'checkpoints/tiny');
    const sampling = 'sampling: { group_size: 4, max_tokens: 120 }';
    writeFileSync(
      join(cwd, 'run.yaml'),
      `policy: { checkpoint: ${checkpoint}, threads: 1 }\ndataset: { train: { type: generated } }\n${sampling}\nreward: { ${reward} }\n`,
    );
    return loadConfig('run.yaml', { cwd }).config as TrainConfig;
  };

  it('is written down only where it is asked for, so that older runs go on', () => {
    const asked = configOf('answer: 0, consistency: 1, consistency_rule: simulators, simulators: { count: 2 }');
    expect(asked.reward.simulators).toEqual({ checkpoint: null, count: 2, dialect: 'simulator-js', temperature: 1, max_tokens: null });
    expect(resolvedYaml(asked)).toContain('simulators:');
    expect(resolvedYaml(configOf('consistency: 1'))).not.toContain('simulators:');
    expect(() => configOf('consistency_rule: simulators, simulators: { checkpoint: ./nowhere }')).toThrow(/reward\.simulators\.checkpoint/);
  });

  it('rolls out with a policy that was never taught simulators: nothing is borne out, nothing is paid', async () => {
    const config = configOf('answer: 0, format: 0, consistency: 1, consistency_rule: simulators, simulators: { count: 2 }');
    const built = await buildRollout(config, resolve(packageRoot, 'checkpoints/tiny'));
    try {
      const sampling = { temperature: 1, topK: 0, topP: 1, maxTokens: 60 };
      const asked = { problems: [problem], groupSize: 4, sampling, seedKey: 'test', genStep: 0 };
      const { groups } = await rollOut(built.parts, asked);
      expect(groups[0]?.rollouts.map(({ reward }) => reward.value)).toEqual([0, 0, 0, 0]);
    } finally {
      await built.close();
    }
  });
});
