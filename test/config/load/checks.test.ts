import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/load/load.ts';

let cwd: string;
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'evom-checks-'));
  writeFileSync(join(cwd, 'train.yaml'), 'policy: { checkpoint: model }\ndataset: { train: { type: generated } }\n');
  writeFileSync(join(cwd, 'sft.yaml'), 'kind: sft\ndataset: { train: [{ type: generated }] }\n');
});
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

const refused = (file: string, overrides: string[]): string => {
  try {
    loadConfig(file, { cwd, overrides, checkFiles: false });
  } catch (error) {
    return (error as Error).message;
  }
  return 'accepted';
};

const evalSet = (more: string): string => `dataset.eval=[{name: a, type: generated${more}}]`;

describe('a kind: train configuration refuses', () => {
  it.each<[string, string[], RegExp]>([
    ['groups of one with a group baseline', ['sampling.group_size=1'], /sampling\.group_size: grpo compares/],
    [
      'more mini-batches than groups',
      ['algorithm.groups_per_step=4', 'algorithm.updates_per_batch=5'],
      /updates_per_batch: a batch of 4 groups/,
    ],
    [
      'turns of a policy that answers once',
      ['rollout.turns=2', 'policy.type=recorded'],
      /rollout\.turns: policy\.type recorded answers a prompt once/,
    ],
    [
      'no room for a second turn',
      ['rollout.turns=2', 'rollout.episode_tokens=160'],
      /rollout\.episode_tokens: leaves no room for a second turn/,
    ],
    [
      'episodes longer than a micro-batch',
      ['rollout.turns=9', 'learner.micro_batch_tokens=2000'],
      /rollout\.turns: an episode of up to 5440 tokens does not fit into a micro-batch of 2000/,
    ],
    ['turns that are none', ['rollout.turns=0'], /rollout\.turns: must be at least 1, not 0/],
    ['unequal mini-batches', ['algorithm.groups_per_step=8', 'algorithm.updates_per_batch=3'], /must divide groups_per_step/],
    ['a negative top_k', ['sampling.top_k=-5'], /top_k: must be at least 0, not -5/],
    ['a top_p above 1', ['sampling.top_p=1.5'], /top_p: must be at most 1, not 1\.5/],
    ['greedy sampling in training', ['sampling.temperature=0'], /temperature: must be greater than 0, not 0/],
    ['a dialect that the backend does not speak', ['backend=glpk', 'dialect=gurobipy'], /backend glpk does not speak gurobipy/],
    [
      'one such dialect in a list',
      ['backend=gurobi', 'dialect=[{name: gurobipy}, {name: highs-js}]'],
      /dialect\[1\]\.name: backend gurobi does not speak highs-js/,
    ],
    ['examples in a bare prompt', ['prompt.template=bare', 'prompt.examples=2'], /prompt\.examples: a bare prompt has no examples/],
    ['a weight that is not one', ['dialect=[{name: highs-js, weight: -1}]'], /dialect\[0\]\.weight: must be at least 0, not -1/],
    [
      'dialects that nobody asks for',
      ['dialect=[{name: highs-js, weight: 0}]'],
      /dialect: every weight is 0; one dialect at least must be asked for$/m,
    ],
    ['a dual clip without a clip', ['algorithm.surrogate=cispo', 'algorithm.dual_clip=3'], /cispo has no dual clip/],
    ['a dual clip of a soft gate', ['algorithm.surrogate=sapo', 'algorithm.dual_clip=3'], /sapo has no dual clip/],
    [
      'a bound on the probability of a sequence',
      ['algorithm.surrogate=dppo', 'algorithm.ratio=sequence'],
      /ratio: dppo looks at the probability/,
    ],
    ['an unbiased penalty by sequences', ['algorithm.kl={coef: 0.1, unbiased: true}', 'algorithm.ratio=sequence'], /kl\.unbiased: weighs/],
    ['a reference that nothing is held near', ['algorithm.kl.reference=sampler'], /kl\.reference: nothing holds/],
    ['a mask without a threshold', ['algorithm.sampler_correction={type: off_policy_mask}'], /sampler_correction\.threshold/],
    ['a norm length that nothing divides by', ['algorithm.norm_length=100'], /only seq_mean_token_sum_norm divides by it/],
    [
      'a colocated policy that samples ahead',
      ['async.steps_ahead=1', 'policy.type=colocated', 'learner.type=torch', 'optimizer.type=adamw'],
      /async\.steps_ahead: a colocated policy samples and learns in turn/,
    ],
    [
      'int8 products of a server',
      ['policy.precision=int8', 'policy.type=openai', 'policy.openai.servers=["http://localhost:8000"]'],
      /policy\.precision: is of the embedded policy \(policy\.type: onnx\), not of openai/,
    ],
    ['a negative number of steps ahead', ['async.steps_ahead=-1'], /steps_ahead: must be at least 0, not -1/],
    [
      'stale groups without a correction',
      ['algorithm.dynamic_sampling.stale_groups=keep'],
      /stale_groups: groups of an older policy are only trained on under algorithm\.sampler_correction/,
    ],
    ['an empty accuracy band', ['algorithm.dynamic_sampling.band=[0.5, 0.5]'], /no accuracy lies between 0\.5 and 0\.5/],
    ['an overlong buffer longer than the completion', ['reward.overlong={buffer: 200}'], /must be shorter than sampling\.max_tokens/],
    [
      'pay for a second backend that is not asked',
      ['reward.cross_solver=1', 'audit.cross_solve=off'],
      /reward\.cross_solver: pays for the word of a second backend/,
    ],
    ['two terms of one name', ['reward.terms=[{name: answer, type: ./a.js}]'], /"answer" names another term too/],
    ['a judge that nobody published', ['judge.rule=mine'], /judge\.rule: must be/],
    ['a reward that is always 0', ['reward.format=0', 'reward.answer=0'], /every weight is 0/],
    ['a micro-batch shorter than a completion', ['learner.micro_batch_tokens=100'], /does not fit into a micro-batch of 100/],
    ['a warm-up longer than the schedule', ['run.steps=5', 'schedule.warmup_steps=5'], /the warm-up would never end/],
    ['evaluations of nothing', ['run.eval_every=5'], /dataset\.eval is empty/],
    ['two sets of one name', ['dataset.eval=[{name: a, type: generated}, {name: a, type: generated}]'], /"a" names an earlier set too/],
    ['several greedy samples', [evalSet(', greedy: true, samples: 2')], /greedy decoding gives the same completion/],
    ['a held-out set from the training split', [evalSet(', split: train')], /training draws its problems from the same split/],
    [
      'a problem family that does not exist',
      ['dataset.train.families=[diet, knapsak]'],
      /families\[1\]: must be one of .*; did you mean knapsack\?/,
    ],
    ['a grade that does not exist', ['dataset.train.difficulties=[4]'], /difficulties\[0\]: must be at most 3, not 4/],
    [
      'an unknown module',
      ['backend=cplex'],
      /backend: must be highs, glpk, gurobi, .*, pulp or the path of a module such as \.\/mine\.js, not "cplex"/,
    ],
  ])('%s', (_, overrides, message) => {
    expect(refused('train.yaml', overrides)).toMatch(message);
  });

  it.each<[string, string[]]>([
    ['groups of one without a group baseline', ['sampling.group_size=1', 'algorithm.estimator=reinforce_pp']],
    ['a Python dialect in a list, whatever the backend', ['dialect=[{name: highs-js}, {name: gurobipy}]']],
    ['any dialect on a backend of the user', ['backend=./mine.js', 'dialect=highs-js']],
    ['a norm length with the aggregation that uses it', ['algorithm.norm_length=100', 'algorithm.aggregation=seq_mean_token_sum_norm']],
    ['the same seed in another split', [evalSet(', seed: 0')]],
  ])('but not %s', (_, overrides) => {
    expect(refused('train.yaml', overrides)).toBe('accepted');
  });
});

describe('a kind: sft configuration refuses', () => {
  it.each<[string, string[], RegExp]>([
    ['heads that do not share the hidden size', ['model.hidden_size=130'], /must be an even multiple of heads \(4\)/],
    ['key-value heads that do not share the heads', ['model.kv_heads=3'], /must divide heads \(4\)/],
    ['a batch shorter than a sequence', ['batch_tokens=100'], /does not fit into a batch/],
    ['completions that leave no room for a prompt', ['sampling.max_tokens=512'], /leaves no room for a prompt/],
    ['programs in an unknown dialect', ['dataset.train.0.dialects=[{name: hihgs-js}]'], /unknown dialect; one of highs-js, glpk-js/],
  ])('%s', (_, overrides, message) => {
    expect(refused('sft.yaml', overrides)).toMatch(message);
  });

  it('but not programs in a dialect that its backend does not speak: they are text to imitate', () => {
    expect(refused('sft.yaml', ['dataset.train.0.dialects=[{name: glpk-js}]'])).toBe('accepted');
  });
});

describe('policy.checkpoint', () => {
  const without = (policy: string): string => {
    writeFileSync(join(cwd, 'chat.yaml'), `policy: ${policy}\ndataset: { train: { type: generated } }\n`);
    return refused('chat.yaml', []);
  };

  it('is asked for, but not by an API, which has none', () => {
    expect(without('{ batch_rows: 8 }')).toMatch(/chat\.yaml:1:1 policy\.checkpoint: is missing/);
    expect(without('{ type: openai }')).toMatch(/policy\.checkpoint: is missing/);
    expect(without('{ type: chat, chat: { url: "http://127.0.0.1:9/v1", model: m } }')).toBe('accepted');
  });
});
