import { randomStream } from '../../src/lib/random.ts';
import { createScriptedPolicy } from '../../src/policy/scripted-policy.ts';
import { describePolicy } from '../../src/testing/policy-suite.ts';

/** A script that depends on prompt and seed as a model's draws would. */
const script = (promptIds: Int32Array, seed: string): number[] => {
  const stream = randomStream(seed, promptIds.join());
  return Array.from({ length: 60 }, () => stream.int(1, 29));
};

describePolicy(
  'scripted',
  async () => ({ policy: createScriptedPolicy({ script, stopIds: [1], vocabSize: 30, maxLength: 200 }), vocabSize: 30, stopIds: [1] }),
  [{ test: 'keeps to a likeliest token at temperature 0', reason: 'it draws nothing: its script knows no temperature' }],
);
