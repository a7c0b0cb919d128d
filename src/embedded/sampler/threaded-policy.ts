/** A policy whose work is done by worker threads: plans the work, gathers what comes back, in the order asked. */

import type { Completion } from '../../core/rollout.ts';
import { EvomError } from '../../lib/errors.ts';
import { checkSampleRequests, checkScoreRequests, type PolicyLimits } from '../../policy/check-requests.ts';
import type { Policy, PolicyWeights, SampleOptions, SampleRequest, SamplingParams, ScoreRequest } from '../../policy/policy.ts';
import type { SharedWeights } from './sampler-protocol.ts';
import { planSampling } from './work-plan.ts';
import type { SamplerPool } from './worker-pool.ts';

export interface ThreadedPolicyParts {
  readonly pool: SamplerPool;
  readonly limits: PolicyLimits;
  /** Most rows that one worker decodes together. */
  readonly batchRows: number;
  /** Weights as the workers take them; null where they cannot change. */
  readonly share: ((weights: PolicyWeights) => SharedWeights | Promise<SharedWeights>) | null;
}

export class ThreadedPolicy implements Policy {
  private readonly parts: ThreadedPolicyParts;
  private currentVersion = 0;

  constructor(parts: ThreadedPolicyParts) {
    this.parts = parts;
  }

  get modelId(): string {
    return this.parts.limits.modelId;
  }

  get maxLength(): number {
    return this.parts.limits.maxLength;
  }

  get version(): number {
    return this.currentVersion;
  }

  async sample(requests: readonly SampleRequest[], params: SamplingParams, options: SampleOptions = {}): Promise<Completion[][]> {
    const { pool, limits, batchRows } = this.parts;
    checkSampleRequests(requests, params, limits);
    const { signal, onCompletion } = options;
    signal?.throwIfAborted();
    const completions: Completion[][] = requests.map(() => []);
    const aborted = new Int32Array(new SharedArrayBuffer(4));
    const abort = () => Atomics.store(aborted, 0, 1);
    let refused = null as { readonly error: unknown } | null;
    signal?.addEventListener('abort', abort, { once: true });
    try {
      const jobs = planSampling(requests, pool.size, batchRows).flatMap((units, worker) =>
        units.length === 0
          ? []
          : [
              pool.run(worker, { type: 'sample', units, params, aborted }, (sampled, policyVersion) => {
                const { requestIndex, sampleIndex, ...rest } = sampled;
                const completion: Completion = { ...rest, policyVersion };
                (completions[requestIndex] as Completion[])[sampleIndex] = completion;
                if (aborted[0] !== 0) return;
                try {
                  onCompletion?.(requestIndex, sampleIndex, completion);
                } catch (error) {
                  // Thrown on from here it would end the process: this runs in a message handler.
                  refused = { error };
                  abort();
                }
              }),
            ],
      );
      // Every job is awaited even when one fails, so that no worker still writes after this returns.
      const failure = (await Promise.allSettled(jobs)).find((result) => result.status === 'rejected');
      if (failure) throw failure.reason;
      if (refused) throw refused.error;
    } finally {
      signal?.removeEventListener('abort', abort);
    }
    signal?.throwIfAborted();
    return completions;
  }

  async score(requests: readonly ScoreRequest[], temperature: number): Promise<Float32Array[]> {
    const { pool, limits } = this.parts;
    checkScoreRequests(requests, temperature, limits);
    const shards = Array.from({ length: pool.size }, (_, worker) => requests.filter((_request, i) => i % pool.size === worker));
    const scored = await Promise.all(
      shards.map((shard, worker) => (shard.length === 0 ? [] : pool.run(worker, { type: 'score', requests: shard, temperature }))),
    );
    return requests.map((_, i) => scored[i % pool.size]?.[Math.floor(i / pool.size)] as Float32Array);
  }

  async update(weights: PolicyWeights): Promise<void> {
    const { pool, share, limits } = this.parts;
    if (share === null)
      throw new EvomError(
        'E_POLICY',
        `${limits.modelId} is an ONNX export, whose weights cannot change; train its safetensors checkpoint instead`,
      );
    const shared = share(weights);
    // Weights at hand are queued at once: what is asked for next is sampled with them.
    await pool.runAll({ type: 'load', weights: shared instanceof Promise ? await shared : shared });
    this.currentVersion = weights.version;
  }

  close(): Promise<void> {
    return this.parts.pool.close();
  }
}
