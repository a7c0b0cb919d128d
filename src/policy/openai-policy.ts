/** A policy served by vLLM or SGLang: replicas share the requests, weights are reloaded between them, every one checked. */
import { setTimeout as sleep } from 'node:timers/promises';
import { EvomError } from '../core/errors.ts';
import type { Completion } from '../core/rollout.ts';
import { sharedSignal } from '../core/shared-signal.ts';
import { HttpFault, requestJson } from '../remote/http.ts';
import { checkSampleRequests, type PolicyLimits } from './check-requests.ts';
import { requestCompletion, type ServerEngine } from './completion-request.ts';
import type { Policy, PolicyWeights, SampleOptions, SampleRequest, SamplingParams } from './policy.ts';
import { adapterName, type ReloadMethod, reloadWeights, type ServerAccess } from './weight-reload.ts';

export interface OpenAiPolicyOptions {
  /** Base addresses of the replicas, without `/v1`. */
  readonly servers: readonly string[];
  readonly engine: ServerEngine;
  /** Name under which the servers know the model that the run began from. */
  readonly model: string;
  readonly reload: ReloadMethod;
  /** Requests in flight at one server. */
  readonly concurrency: number;
  /** Tries after the first, each at the next replica, for a server that is away or overloaded. */
  readonly retries: number;
  readonly timeoutMs: number;
  readonly token: string | null;
  readonly limits: PolicyLimits;
  readonly stopIds: readonly number[];
  /** Folder of the weights that the servers were started with, version 0. */
  readonly initial: string;
  /** Weights to serve from the start; null: those. */
  readonly weights: (PolicyWeights & { readonly type: 'directory' }) | null;
}

/**
 * Opens a policy on running servers.
 *
 * One request a sample: each is verified as soon as it ends and has its own seed; the prompt's cache is shared by the server.
 * A completion is sampled by one version throughout: a reload waits for the requests in flight, then every replica takes the
 * weights and is asked what it serves. If one does not, the others go back and the policy stays at the version before.
 *
 * @throws {EvomError} `E_POLICY` when a server cannot be reached.
 */
export async function createOpenAiPolicy(options: OpenAiPolicyOptions): Promise<Policy> {
  const policy = new OpenAiPolicy(options);
  await policy.checkHealth();
  if (options.weights !== null) await policy.update(options.weights);
  return policy;
}

interface Replica extends ServerAccess {
  inFlight: number;
}

class OpenAiPolicy implements Policy {
  readonly modelId: string;
  readonly maxLength: number;
  private readonly options: OpenAiPolicyOptions;
  private readonly replicas: readonly Replica[];
  private served: PolicyWeights & { readonly type: 'directory' };
  private currentVersion = 0;
  /** Resolves when requests may be sent: a reload closes it. */
  private gate: Promise<unknown> = Promise.resolve();
  private waiting: (() => void)[] = [];

  constructor(options: OpenAiPolicyOptions) {
    this.options = options;
    this.served = { type: 'directory', version: 0, directory: options.initial };
    this.modelId = options.limits.modelId;
    this.maxLength = options.limits.maxLength;
    const { token, timeoutMs } = options;
    this.replicas = options.servers.map((url) => ({ url: url.replace(/\/+$/, '').replace(/\/v1$/, ''), token, timeoutMs, inFlight: 0 }));
  }

  get version(): number {
    return this.currentVersion;
  }

  async checkHealth(): Promise<void> {
    for (const { url, token } of this.replicas) await requestJson(`${url}/health`, { token, timeoutMs: 30_000, code: 'E_POLICY' });
  }

  async sample(requests: readonly SampleRequest[], params: SamplingParams, options: SampleOptions = {}): Promise<Completion[][]> {
    checkSampleRequests(requests, params, this.options.limits);
    options.signal?.throwIfAborted();
    const stop = new AbortController();
    const signal = sharedSignal(options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal);
    const jobs = requests.map(({ promptIds, seeds }, i) =>
      Promise.all(
        seeds.map(async (seed, k) => {
          const completion = await this.complete(promptIds, seed, params, i, signal);
          options.onCompletion?.(i, k, completion);
          return completion;
        }),
      ),
    );
    try {
      return await Promise.all(jobs);
    } catch (error) {
      stop.abort(error); // the others are not wanted any more
      await Promise.allSettled(jobs);
      throw error;
    }
  }

  /** The samples of a prompt go to one replica, whose prefix cache then serves them; after a fault, to the next. */
  private async complete(promptIds: Int32Array, seed: string, params: SamplingParams, group: number, signal: AbortSignal) {
    const { engine, stopIds, retries } = this.options;
    for (let attempt = 0; ; attempt++) {
      const replica = this.replicas[(group + attempt) % this.replicas.length] as Replica;
      await this.enter(replica, signal);
      try {
        const request = { engine, model: this.modelName(), promptIds, seed, params, stopIds, version: this.currentVersion };
        return await requestCompletion(replica, request, signal);
      } catch (error) {
        signal.throwIfAborted();
        if (attempt >= retries || !isPassing(error)) throw error;
      } finally {
        this.leave(replica);
      }
      await sleep(Math.min(10_000, 200 * 2 ** attempt), undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }

  private modelName(): string {
    const { reload, model } = this.options;
    return reload === 'vllm-lora' && this.currentVersion > 0 ? adapterName(this.currentVersion) : model;
  }

  private async enter(replica: Replica, signal: AbortSignal): Promise<void> {
    for (;;) {
      await this.gate;
      signal.throwIfAborted();
      if (replica.inFlight < this.options.concurrency) break;
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
    replica.inFlight += 1;
  }

  private leave(replica: Replica): void {
    replica.inFlight -= 1;
    for (const wake of this.waiting.splice(0)) wake();
  }

  score(): Promise<Float32Array[]> {
    return Promise.reject(
      new EvomError(
        'E_POLICY',
        'model servers do not score at a temperature; the learner does (learner.type: torch fills in the reference)',
      ),
    );
  }

  async update(weights: PolicyWeights): Promise<void> {
    if (weights.type !== 'directory')
      throw new EvomError(
        'E_POLICY',
        'a model server reads weights from disk; take a learner that writes them there (learner.type: torch)',
      );
    if (weights.version === 0 && this.currentVersion === 0) return; // what the servers were started with
    const earlier = this.gate;
    let open: () => void = () => {};
    this.gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    try {
      await earlier;
      while (this.replicas.some(({ inFlight }) => inFlight > 0)) await new Promise<void>((resolve) => this.waiting.push(resolve));
      await this.reloadAll(weights);
      this.served = weights;
      this.currentVersion = weights.version;
    } finally {
      open();
    }
  }

  private async reloadAll(weights: PolicyWeights & { readonly type: 'directory' }): Promise<void> {
    const outcomes = await Promise.allSettled(this.replicas.map((replica) => this.reload(replica, weights, this.currentVersion)));
    const failure = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failure === undefined) return;
    // An adapter that nobody asks for harms nobody; a model must go back. The fault below is the one to tell.
    if (this.options.reload !== 'vllm-lora')
      for (const replica of this.replicas) await this.reload(replica, this.served, weights.version).catch(() => undefined);
    const reason = failure.reason instanceof Error ? failure.reason.message : String(failure.reason);
    throw new EvomError('E_POLICY', `the servers stay at version ${this.currentVersion}: ${reason}`, { cause: failure.reason });
  }

  private async reload(replica: Replica, weights: PolicyWeights, previous: number): Promise<void> {
    const { reload, retries } = this.options;
    for (let attempt = 0; ; attempt++) {
      try {
        return await reloadWeights(reload, replica, weights, previous);
      } catch (error) {
        if (attempt >= retries || !isPassing(error)) throw error;
        await sleep(Math.min(10_000, 200 * 2 ** attempt));
      }
    }
  }

  async close(): Promise<void> {}
}

/** Away, overloaded or broken off: another try may do. A request that the server does not accept stays so. */
const isPassing = (error: unknown): boolean =>
  error instanceof HttpFault && (error.status === null || error.status === 429 || error.status >= 500 || error.status === 200);
