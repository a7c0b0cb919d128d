/** A policy served by vLLM or SGLang: replicas share the requests, weights are reloaded between them, every one checked. */

import type { Completion } from '../core/rollout.ts';
import type { DiscoverSettings, Following } from '../lib/discover/address-watch.ts';
import { EvomError } from '../lib/errors.ts';
import { HttpFault, requestDone, withRetries } from '../lib/http.ts';
import { sharedSignal } from '../lib/shared-signal.ts';
import { checkSampleRequests, type PolicyLimits } from '../policy/check-requests.ts';
import type { Policy, PolicyWeights, SampleOptions, SampleRequest, SamplingParams } from '../policy/policy.ts';
import { requestCompletion, type ServerEngine } from './completion-request.ts';
import { checkProbe, differentProbes, type ProbeOptions, probeServer } from './probe-prompt.ts';
import { type Replica, ReplicaFleet, replicaAt } from './replica-fleet.ts';
import { differentIdentity, type ServedIdentity, servedIdentity } from './served-identity.ts';
import { checkServerSettings, deathOf } from './server-settings.ts';
import { adapterName, type DirectoryWeights, type ReloadMethod, reloadWeights, servedVersion } from './weight-reload.ts';

export interface OpenAiPolicyOptions extends Following {
  /** Base addresses of the replicas, without `/v1`; not read with `discover`. */
  readonly servers: readonly string[];
  /** Where the addresses of replicas that may come and go are looked up. */
  readonly discover?: DiscoverSettings | null;
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
 * With `discover` replicas may come and go: one that comes is compared with the first, given the weights of the policy's version and then
 * asked; one that leaves ends what it is at; what it cannot end is sampled anew by another. Without any, requests wait for
 * `discover.waitMs`.
 *
 * @throws {EvomError} `E_POLICY` when a server cannot be reached, or was started with settings that it cannot be used with; the reason of
 *   `signal` when aborted while none is there.
 */
export async function createOpenAiPolicy(options: OpenAiPolicyOptions): Promise<Policy> {
  const policy = new OpenAiPolicy(options);
  try {
    await (options.discover ? policy.findServers(options.discover) : policy.checkServers());
    await policy.forgetOtherRuns();
    if (options.weights !== null) await policy.update(options.weights);
    policy.begin();
    return policy;
  } catch (error) {
    await policy.close();
    throw error;
  }
}

/** Silence of a server that is looked up after which others are taken without it, milliseconds. */
const lookMs = 5000;

/** What is answered by a server that is not the one that was looked at: it moved, knows another token, or lacks the route. */
const ofAnother: ReadonlySet<number> = new Set([301, 302, 303, 307, 308, 401, 403, 404, 405]);

/** What vLLM and SGLang call the version of weights that nobody gave them. */
const untouched = 'default';

class OpenAiPolicy implements Policy {
  readonly modelId: string;
  readonly maxLength: number;
  private readonly options: OpenAiPolicyOptions;
  private readonly fixed: readonly Replica[];
  /** Of servers that are looked up; null for a fixed list. */
  private fleet: ReplicaFleet | null = null;
  /** The first server that was looked at: those that come later must be alike. */
  private first: ServedIdentity | null = null;
  private readonly initial: DirectoryWeights;
  private served: DirectoryWeights;
  private currentVersion = 0;
  /** Resolves when requests may be sent: a reload closes it. */
  private gate: Promise<unknown> = Promise.resolve();
  private waiting: (() => void)[] = [];

  constructor(options: OpenAiPolicyOptions) {
    this.options = options;
    this.initial = { type: 'directory', version: 0, directory: options.initial };
    this.served = this.initial;
    this.modelId = options.limits.modelId;
    this.maxLength = options.limits.maxLength;
    this.fixed = options.servers.map((url) => replicaAt(url, options));
  }

  get version(): number {
    return this.currentVersion;
  }

  private get replicas(): readonly Replica[] {
    return this.fleet?.ready ?? this.fixed;
  }

  async checkServers(): Promise<void> {
    for (const replica of this.fixed) await this.check(replica, 30_000);
  }

  private async check(replica: Replica, timeoutMs: number): Promise<void> {
    await requestDone(`${replica.url}/health`, { token: replica.token, timeoutMs, code: 'E_POLICY' });
    const { onCpu } = await checkServerSettings(this.options.engine, replica);
    replica.repacksHead = onCpu && this.options.hasTiedHead;
  }

  /** The first servers of a list that may change; those that do not answer yet are let in later. */
  async findServers(discover: DiscoverSettings): Promise<void> {
    const owner = {
      create: (url: string) => replicaAt(url, this.options),
      admit: (replica: Replica, join: () => void) => this.admit(replica, join),
      onNotice: this.options.onNotice ?? (() => {}),
    };
    this.fleet = await ReplicaFleet.open(
      discover,
      owner,
      async (urls) => {
        const asked = await Promise.allSettled(
          urls.map(async (url) => {
            const replica = owner.create(url);
            await this.look(replica);
            return replica;
          }),
        );
        const refusal = asked.find((one) => one.status === 'rejected' && !(one.reason instanceof HttpFault && one.reason.mayPass));
        if (refusal?.status === 'rejected') throw refusal.reason;
        return asked.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
      },
      this.options.signal,
    );
  }

  /** From now on servers may join. */
  begin(): void {
    this.fleet?.follow();
  }

  /** @throws {EvomError} for a server that does not answer, has wrong settings, or differs from the first. */
  private async look(replica: Replica): Promise<void> {
    const { engine, model } = this.options;
    await this.check(replica, lookMs);
    const identity = await servedIdentity(engine, replica);
    this.first ??= identity;
    const difference = differentIdentity(identity, this.first, engine, model);
    if (difference !== null) throw new EvomError('E_POLICY', difference);
  }

  /**
   * Lets a server in that came while the run goes on. An update may begin at any time meanwhile: it joins in a moment in which none is under
   * way and what it was given is what is served.
   */
  private async admit(replica: Replica, join: () => void): Promise<void> {
    await this.look(replica);
    for (;;) {
      const { gate } = this;
      await gate;
      if (gate !== this.gate) continue;
      const { served } = this;
      const isStill = (): boolean => gate === this.gate && served === this.served;
      await this.bring(replica, served);
      if (!isStill()) continue;
      const difference = await this.differentModel(replica);
      if (!isStill()) continue;
      if (difference !== null) throw new EvomError('E_POLICY', difference);
      join();
      return this.wake();
    }
  }

  /** Gives a server the weights of a version, whatever it had before. */
  private async bring(replica: Replica, weights: DirectoryWeights): Promise<void> {
    const { reload } = this.options;
    if (reload === 'none') return;
    if (reload === 'vllm-lora') return weights.version === 0 ? undefined : this.reload(replica, weights, 0);
    const serves = await servedVersion(reload, replica);
    // From the weights of its start, so that a probe can tell whether it takes others.
    if (serves !== untouched && serves !== '0') await this.reload(replica, this.initial, 0);
    if (weights.version > 0) await this.reloadChecked(replica, weights, this.initial);
  }

  /** Whether a server is of another model than one that is asked already, by what both say of one text; null where it is not. */
  private async differentModel(replica: Replica): Promise<string | null> {
    const other = this.replicas.find(({ restoring }) => restoring === null);
    if (other === undefined) return null;
    const probe = { ...this.probe(), model: this.modelName() };
    const [own, others] = await Promise.all([probeServer(replica, probe), probeServer(other, probe)]);
    return differentProbes({ url: replica.url, logprobs: own }, { url: other.url, logprobs: others });
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
    let replica = null as Replica | null;
    return withRetries(
      async (attempt) => {
        const chosen = await this.enter(group + attempt, signal);
        replica = chosen;
        const { restarts } = chosen;
        try {
          const request = { engine, model: this.modelName(), promptIds, seed, params, stopIds, version: this.currentVersion };
          const completion = await requestCompletion(chosen, request, signal).catch((fault: unknown) => this.unlessForgotten(fault));
          const isCurrent = completion !== null && (await this.servesVersion(chosen, completion));
          if (isCurrent && restarts === chosen.restarts) return completion;
        } catch (fault) {
          this.noteLoss(chosen, fault);
          throw this.unlessOther(chosen, fault);
        } finally {
          this.leave(chosen);
        }
        if (restarts === chosen.restarts) this.restore(chosen);
        await chosen.restoring;
        throw new HttpFault('E_POLICY', `${chosen.url} was restarted, and served weights of another version`, { failure: 'broken_off' });
      },
      retries,
      signal,
    ).catch((fault: unknown) => {
      throw fault instanceof HttpFault && replica !== null ? deathOf(engine, replica, promptIds.length, fault) : fault;
    });
  }

  /** Of servers that come and go, one that does not answer is gone until it is let in again. */
  private noteLoss(replica: Replica, fault: unknown): void {
    if (fault instanceof HttpFault && (fault.failure === 'unreachable' || fault.failure === 'broken_off'))
      this.fleet?.lost(replica, fault.message);
  }

  /**
   * At an address that is looked up another program may listen by now, or one with another token: it is gone too, and another server may
   * be asked. What any server would refuse stays as it is.
   */
  private unlessOther(replica: Replica, fault: unknown): unknown {
    const isOther = fault instanceof HttpFault && (fault.failure === 'unreadable' || ofAnother.has(fault.status ?? 0));
    if (this.fleet === null || !isOther) return fault;
    this.fleet.lost(replica, fault.message);
    return new HttpFault('E_POLICY', fault.message, { failure: 'broken_off', status: fault.status, cause: fault });
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
    replica.restoring.catch((fault: unknown) => this.noteLoss(replica, fault)); // whoever waits for it is told
  }

  private modelName(): string {
    const { reload, model } = this.options;
    return reload === 'vllm-lora' && this.currentVersion > 0 ? adapterName(this.currentVersion) : model;
  }

  /** @param turn which of the replicas it should be, counted round. */
  private async enter(turn: number, signal: AbortSignal): Promise<Replica> {
    const { concurrency } = this.options;
    for (;;) {
      await this.gate;
      signal.throwIfAborted();
      // Nothing is awaited before the place is taken: a reload that is asked for meanwhile waits for it, and no two requests take the same.
      const replica = this.fleet === null ? this.fixed[turn % this.fixed.length] : this.fleet.choose(turn, concurrency);
      if (replica === undefined && this.fleet !== null) await this.fleet.untilReady(signal);
      else if (replica === undefined)
        throw new EvomError('E_POLICY', 'no model server is named; give at least one, such as http://localhost:8000');
      else if (replica.restoring !== null) await replica.restoring;
      else if (replica.inFlight >= concurrency) await new Promise<void>((resolve) => this.waiting.push(resolve));
      else {
        replica.inFlight += 1;
        return replica;
      }
    }
  }

  private leave(replica: Replica): void {
    replica.inFlight -= 1;
    this.fleet?.ended(replica);
    this.wake();
  }

  private wake(): void {
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
      while (this.isBusy()) await new Promise<void>((resolve) => this.waiting.push(resolve));
      await this.reloadAll(weights);
      this.served = weights;
      this.currentVersion = weights.version;
    } finally {
      open();
    }
  }

  private isBusy(): boolean {
    return this.fleet?.isBusy ?? this.fixed.some(({ inFlight }) => inFlight > 0);
  }

  private async reloadAll(weights: DirectoryWeights): Promise<void> {
    const replicas = this.replicas;
    const outcomes = await Promise.allSettled(replicas.map((replica) => this.reloadChecked(replica, weights, this.served)));
    const failure = outcomes.find((outcome, i) => outcome.status === 'rejected' && !this.isLost(replicas[i] as Replica, outcome.reason));
    if (failure?.status !== 'rejected') return;
    // An adapter that nobody asks for harms nobody; a model must go back. The fault below is the one to tell.
    if (this.options.reload !== 'vllm-lora')
      for (const replica of this.replicas) await this.reload(replica, this.served, weights.version).catch(() => undefined);
    const reason = failure.reason instanceof Error ? failure.reason.message : String(failure.reason);
    throw new EvomError('E_POLICY', `the servers stay at version ${this.currentVersion}: ${reason}`, { cause: failure.reason });
  }

  /** A server that is looked up may go while it is given weights: it gets them when it comes back. */
  private isLost(replica: Replica, fault: unknown): boolean {
    this.noteLoss(replica, fault);
    return this.fleet !== null && !this.fleet.has(replica);
  }

  /** @param before what the server has now. */
  private async reloadChecked(replica: Replica, weights: DirectoryWeights, before: DirectoryWeights): Promise<void> {
    const { reload, retries } = this.options;
    if (reload === 'vllm-lora' || reload === 'none') return this.reload(replica, weights, before.version);
    const earlier = await withRetries(() => probeServer(replica, this.probe()), retries);
    await this.reload(replica, weights, before.version);
    const after = await withRetries(() => probeServer(replica, this.probe()), retries);
    await checkProbe(replica, { before: earlier, after }, before, weights, this.probe());
  }

  private probe(): ProbeOptions {
    const { engine, model, limits, differingShare } = this.options;
    return { engine, model, vocabSize: limits.vocabSize, differingShare };
  }

  private reload(replica: Replica, weights: DirectoryWeights, previous: number): Promise<void> {
    const { reload, retries } = this.options;
    return withRetries(() => reloadWeights(reload, replica, weights, previous), retries);
  }

  async close(): Promise<void> {
    this.fleet?.close();
  }
}
