/** What the policy on servers does about one that refuses, or is busy. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createOpenAiPolicy, type OpenAiPolicyOptions } from '../../src/servers/openai-policy.ts';
import { reloadWeights } from '../../src/servers/weight-reload.ts';
import { type RefusingServer, startRefusingServer } from '../fakes/refusing-server.ts';

const stopId = 1;
let server: RefusingServer;
beforeEach(async () => {
  server = await startRefusingServer({ stopId });
});
afterEach(() => server.close());

const options = () =>
  ({
    servers: [server.url],
    engine: 'vllm',
    model: 'base',
    reload: 'vllm-lora',
    concurrency: 8,
    retries: 0,
    timeoutMs: 20_000,
    token: null,
    limits: { modelId: 'm', maxLength: 64, vocabSize: 48 },
    stopIds: [stopId],
    initial: '/weights/v0',
    hasTiedHead: false,
    weights: null,
    differingShare: async () => 0,
  }) as OpenAiPolicyOptions;

const heldAre = async (count: number): Promise<void> => {
  while (server.held() !== count) await sleep(5);
};

describe('a reload', () => {
  it('waits for every request in flight and not for the first alone: a completion is of one version', async () => {
    const policy = await createOpenAiPolicy(options());
    let ended = 0;
    const sampling = policy.sample(
      [{ promptIds: Int32Array.of(3, 8), seeds: ['a', 'b', 'c'] }],
      { temperature: 1, topK: 0, topP: 1, maxTokens: 4 },
      {
        onCompletion: () => {
          ended += 1;
        },
      },
    );
    await heldAre(3);
    const updating = policy.update({ type: 'directory', version: 1, directory: '/weights/v1' });
    for (const left of [2, 1]) {
      server.release();
      while (ended < 3 - left) await sleep(5);
      await sleep(30);
      expect(server.asked).not.toContain('/v1/load_lora_adapter');
      expect(policy.version).toBe(0);
    }
    server.release();
    await updating;
    expect(server.asked).toContain('/v1/load_lora_adapter');
    expect(policy.version).toBe(1);
    expect((await sampling).flat().map(({ policyVersion }) => policyVersion)).toEqual([0, 0, 0]);
  });

  it('is refused by a server that says success: false in a good answer, with its reason', async () => {
    const access = { url: server.url, token: null, timeoutMs: 20_000 };
    const weights = { type: 'directory', version: 2, directory: '/weights/v2' } as const;
    await expect(reloadWeights('sglang-disk', access, weights, 1)).rejects.toMatchObject({
      code: 'E_POLICY',
      message: expect.stringMatching(/did not take version 2 from \/weights\/v2: the files are of another model/),
    });
  });
});
