/** A policy served by vLLM or SGLang: replicas share the requests, weights are reloaded between them, every one checked. */

import type { Completion } from '../core/rollout.ts';
import { EvomError } from '../lib/errors.ts';
import { HttpFault, requestDone, withRetries } from '../lib/http.ts';
import { sharedSignal } from '../lib/shared-signal.ts';
import { checkSampleRequests, type PolicyLimits } from '../policy/check-requests.ts';
import type { Policy, PolicyWeights, SampleOptions, SampleRequest, SamplingParams } from '../policy/policy.ts';
import { requestCompletion, type ServerEngine } from './completion-request.ts';
import { checkProbe, type ProbeOptions, probeServer } from './probe-prompt.ts';
import { checkServerSettings, deathOf } from './server-settings.ts';
import { adapterName, type DirectoryWeights, type ReloadMethod, reloadWeights, type ServerAccess, servedVersion } from './weight-reload.ts';

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
  /** Whether the model's head is its embedding. */
  readonly hasTiedHead: boolean;
  readonly stopIds: readonly number[];
  /** Folder of the weights that the servers were started with, version 0. */
  readonly initial: string;
  /** Weights to serve from the start; null: those. */
  readonly weights: DirectoryWeights | null;
  /** Share of the weights of two folders that differ as bfloat16; asked where a server looks as if it had not taken new ones. */
  readonly differingShare: ProbeOptions['differingShare'];
}

/**
 * Opens a policy on running servers.
 *
 * One request a sample: each is verified as soon as it ends and has its own seed; the prompt's cache is shared by the server.
 * A completion is sampled by one version throughout: a reload waits for the requests in flight, then every replica takes the
 * weights, is asked what it serves, and must say other log-probabilities than before. If one does not, the others go back and the
 * policy stays at the version before. A replica that was restarted with older weights is noticed, and given the right ones.
 *
 * @throws {EvomError} `E_POLICY` when a server cannot be reached, or was started with settings that it cannot be used with.
 */
export async function createOpenAiPolicy(options: OpenAiPolicyOptions): Promise<Policy> {
  const policy = new OpenAiPolicy(options);
  await policy.checkServers();
  await policy.forgetOtherRuns();
  if (options.weights !== null) await policy.update(options.weights);
  return policy;
}

interface Replica extends ServerAccess {
  repacksHead: boolean;
  inFlight: number;
  /** Counts the restarts that were noticed: what was in flight at one is not kept. */
  restarts: number;
  /** Settles when the replica serves the policy's version again; set while it is given the weights that a restart lost. */
  restoring: Promise<void> | null;
}

/** What vLLM and SGLang call the version of weights that nobody gave them. */
const untouched = 'default';

class OpenAiPolicy implements Policy {
  readonly modelId: string;
  readonly maxLength: number;
  private readonly options: OpenAiPolicyOptions;
  private readonly replicas: readonly Replica[];
  private served: DirectoryWeights;
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
    this.replicas = options.servers.map((url) => ({
      url: url.replace(/\/+$/, '').replace(/\/v1$/, ''),
      ...{ token, timeoutMs, repacksHead: false, inFlight: 0, restarts: 0, restoring: null },
    }));
  }

  get version(): number {
    return this.currentVersion;
  }

  async checkServers(): Promise<void> {
    for (const replica of this.replicas) {
      await requestDone(`${replica.url}/health`, { token: replica.token, timeoutMs: 30_000, code: 'E_POLICY' });
      const { onCpu } = await checkServerSettings(this.options.engine, replica);
      replica.repacksHead = onCpu && this.options.hasTiedHead;
    }
  }

  /**
   * Servers that an earlier run left with its weights get those that they were started with. So does one that may have those of the
   * checkpoint that this run goes on from, because its trainer alone was killed: else a probe could not tell that it takes weights.
   */
  async forgetOtherRuns(): Promise<void> {
    const { reload, weights } = this.options;
    if (reload === 'none' || reload === 'vllm-lora') return;
    for (const replica of this.replicas) {
      const serves = await servedVersion(reload, replica);
      const isFresh = serves === null ? weights === null : serves === untouched || serves === '0';
      if (!isFresh) await this.reload(replica, this.served, 0);
    }
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
    let replica = this.replicas[0] as Replica;
    return withRetries(
      async (attempt) => {
        replica = this.replicas[(group + attempt) % this.replicas.length] as Replica;
        await this.enter(replica, signal);
        const { restarts } = replica;
        try {
          const request = { engine, model: this.modelName(), promptIds, seed, params, stopIds, version: this.currentVersion };
          const completion = await requestCompletion(replica, request, signal).catch((fault: unknown) => this.unlessForgotten(fault));
          const isCurrent = completion !== null && (await this.servesVersion(replica, completion));
          if (isCurrent && restarts === replica.restarts) return completion;
        } finally {
          this.leave(replica);
        }
        if (restarts === replica.restarts) this.restore(replica);
        await replica.restoring;
        throw new HttpFault('E_POLICY', `${replica.url} was restarted, and served weights of another version`, { failure: 'broken_off' });
      },
      retries,
      signal,
    ).catch((fault: unknown) => {
      throw fault instanceof HttpFault ? deathOf(engine, replica, promptIds.length, fault) : fault;
    });
  }

  /** @returns null where a restarted server does not know the adapter any more; @throws any other fault. */
  private unlessForgotten(fault: unknown): null {
    const { reload } = this.options;
    if (this.currentVersion > 0 && reload === 'vllm-lora' && fault instanceof HttpFault && fault.status === 404) return null;
    throw fault;
  }

  /** Whether a completion came from the weights of the policy's version: a restarted server has those that it was started with. */
  private async servesVersion(replica: Replica, completion: Completion): Promise<boolean> {
    if (this.currentVersion === 0) return true;
    if (this.options.reload === 'sglang-disk') return completion.policyVersion === this.currentVersion;
    const serves = await servedVersion(this.options.reload, replica);
    return serves === null || serves === String(this.currentVersion);
  }

  /** Gives a replica the weights that its restart lost. */
  private restore(replica: Replica): void {
    replica.restarts += 1;
    replica.restoring = this.reload(replica, this.served, 0).finally(() => {
      replica.restoring = null;
    });
    replica.restoring.catch(() => undefined); // whoever waits for it is told
  }

  private modelName(): string {
    const { reload, model } = this.options;
    return reload === 'vllm-lora' && this.currentVersion > 0 ? adapterName(this.currentVersion) : model;
  }

  private async enter(replica: Replica, signal: AbortSignal): Promise<void> {
    for (;;) {
      await this.gate;
      await replica.restoring;
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

  private async reloadAll(weights: DirectoryWeights): Promise<void> {
    const outcomes = await Promise.allSettled(this.replicas.map((replica) => this.reloadChecked(replica, weights)));
    const failure = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failure === undefined) return;
    // An adapter that nobody asks for harms nobody; a model must go back. The fault below is the one to tell.
    if (this.options.reload !== 'vllm-lora')
      for (const replica of this.replicas) await this.reload(replica, this.served, weights.version).catch(() => undefined);
    const reason = failure.reason instanceof Error ? failure.reason.message : String(failure.reason);
    throw new EvomError('E_POLICY', `the servers stay at version ${this.currentVersion}: ${reason}`, { cause: failure.reason });
  }

  private async reloadChecked(replica: Replica, weights: DirectoryWeights): Promise<void> {
    const { engine, model, limits, reload, differingShare } = this.options;
    if (reload === 'vllm-lora' || reload === 'none') return this.reload(replica, weights, this.currentVersion);
    const probe = { engine, model, vocabSize: limits.vocabSize, differingShare };
    const before = await withRetries(() => probeServer(replica, probe), this.options.retries);
    await this.reload(replica, weights, this.currentVersion);
    const after = await withRetries(() => probeServer(replica, probe), this.options.retries);
    await checkProbe(replica, { before, after }, this.served, weights, probe);
  }

  private reload(replica: Replica, weights: DirectoryWeights, previous: number): Promise<void> {
    const { reload, retries } = this.options;
    return withRetries(() => reloadWeights(reload, replica, weights, previous), retries);
  }

  async close(): Promise<void> {}
}
