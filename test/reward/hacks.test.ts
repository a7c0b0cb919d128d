import { createRequire } from 'node:module';
import type { Problem, Reward } from 'evom';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildScoring, type Scoring } from '../../src/config/build/build-scoring.ts';
import { defaultScoring } from '../../src/config/schema/reward-schema.ts';
import { createVerifier, type Verifier } from '../../src/verify/verifier.ts';
import { type Hack, hacks, honestProgram, problem, problemWithModel, programOf } from './hacks.ts';

const hasGlpk = ((): boolean => {
  try {
    createRequire(import.meta.url).resolve('glpk.js/node');
    return true;
  } catch {
    return false;
  }
})();

describe('programs that want the reward without the model', () => {
  let verifier: Verifier;
  let scoring: Scoring;
  let strict: Scoring;
  beforeAll(async () => {
    verifier = await createVerifier({ backend: 'highs', workers: 1 });
    const shared = { ...defaultScoring, judge: { rule: 'sirl' as const }, backend: 'highs' };
    scoring = await buildScoring(shared);
    strict = await buildScoring({ ...shared, reward: { ...shared.reward, value_only_weight: 0 } });
  });
  afterAll(async () => {
    await scoring.close();
    await strict.close();
    await verifier.close();
  });

  async function rewardOf(code: string, by: Scoring, of: Problem): Promise<Reward> {
    const outcome = await verifier.verify({ dialect: 'highs-js', code });
    const about = { completionText: code, completionTokens: 0, maxTokens: 1000, truncated: false };
    const [reward] = await by.score([{ problem: of, outcome, ...about }]);
    if (reward === undefined) throw new Error('no reward');
    return reward;
  }

  const tell = ({ name }: Hack): string => name;

  it.each(hacks.map((hack) => [tell(hack), hack] as const))('%s', async (_, hack) => {
    const alone = await rewardOf(programOf(hack), scoring, problem);
    // Without the optional second solver nothing is there to be unconfirmed.
    const flags = hasGlpk ? hack.flags : hack.flags.filter((flag) => flag !== 'unconfirmed');
    expect({ flags: alone.flags, paid: (alone.parts.answer ?? 0) > 0 }).toEqual({ flags, paid: hack.paid });
    const compared = await rewardOf(programOf(hack), strict, problemWithModel);
    expect((compared.parts.answer ?? 0) > 0).toBe(hack.paidWithReference);
  });

  it('pays an honest program either way', async () => {
    expect(await rewardOf(honestProgram, scoring, problem)).toMatchObject({ parts: { answer: 1 }, flags: [] });
    expect(await rewardOf(honestProgram, strict, problemWithModel)).toMatchObject({ parts: { answer: 1 }, flags: [], identical: true });
  });
});
