/** The replicas of a served model that may be asked: a fixed list, or servers that come and go while the policy samples. */
import { setTimeout as sleep } from 'node:timers/promises';
import { AddressWatch, type DiscoverSettings } from '../lib/discover/address-watch.ts';
import { EvomError } from '../lib/errors.ts';
import { smallest } from '../lib/extremes.ts';
import { retryPauseMs } from '../lib/http.ts';
import { unlessAborted } from '../lib/unless-aborted.ts';
import type { ServerAccess } from './weight-reload.ts';

export interface Replica extends ServerAccess {
  repacksHead: boolean;
  inFlight: number;
  /** Counts the restarts that were noticed: what was in flight at one is not kept. */
  restarts: number;
  /** Settles when the replica serves the policy's version again; set while it is given the weights that a restart lost. */
  restoring: Promise<void> | null;
}

export const replicaAt = (url: string, { token, timeoutMs }: Pick<ServerAccess, 'token' | 'timeoutMs'>): Replica => ({
  url: url.replace(/\/+$/, '').replace(/\/v1$/, ''),
  ...{ token, timeoutMs, repacksHead: false, inFlight: 0, restarts: 0, restoring: null },
});

/** What a policy does for a fleet. */
export interface FleetOwner {
  /** A server that nobody has looked at yet. */
  readonly create: (url: string) => Replica;
  /**
   * Looks at a server, gives it the weights that are served now, and calls `join` in the same turn in which it is sure that it has them.
   *
   * @throws what keeps it from being asked; it is looked at again, later and later.
   */
  readonly admit: (replica: Replica, join: () => void) => Promise<void>;
  readonly onNotice: (text: string) => void;
}

export class ReplicaFleet {
  /** Those that may be asked. */
  ready: readonly Replica[] = [];
  readonly #watch: AddressWatch;
  readonly #waitMs: number;
  readonly #owner: FleetOwner;
  /** Those that are asked nothing new, with requests in flight. */
  readonly #leaving = new Set<Replica>();
  /** Broke off: they are looked at as new ones are, once nothing is in flight there. */
  readonly #lost = new WeakSet<Replica>();
  readonly #joining = new Set<string>();
  readonly #told = new Set<string>();
  readonly #closing = new AbortController();

  private constructor(watch: AddressWatch, waitMs: number, owner: FleetOwner) {
    this.#watch = watch;
    this.#waitMs = waitMs;
    this.#owner = owner;
  }

  /**
   * Waits for the first servers that can be looked at.
   *
   * @param look gives the servers of some addresses that answer; the others are let in when they do.
   * @throws {EvomError} `E_POLICY` when there is none in time, what `look` throws, or the signal's reason.
   */
  static async open(
    discover: DiscoverSettings,
    owner: FleetOwner,
    look: (urls: readonly string[]) => Promise<readonly Replica[]>,
    signal?: AbortSignal,
  ): Promise<ReplicaFleet> {
    const watch = await AddressWatch.open(discover, signal);
    const fleet = new ReplicaFleet(watch, discover.waitMs, owner);
    try {
      const deadline = performance.now() + discover.waitMs;
      while (fleet.ready.length === 0) {
        if (watch.isFaulty) throw new EvomError('E_CONFIG', watch.why ?? '');
        fleet.ready = await unlessAborted(look(watch.addresses), signal);
        const leftMs = deadline - performance.now();
        if (fleet.ready.length === 0 && leftMs <= 0) throw fleet.#nobody();
        if (fleet.ready.length === 0) await unlessAborted(sleep(smallest([250, leftMs])), signal);
      }
      return fleet;
    } catch (error) {
      watch.close();
      throw error;
    }
  }

  /** Lets in who is named and not there, now and from now on. */
  follow(): void {
    this.#watch.onChange(() => this.#follow());
    this.#follow();
  }

  /** Whether anything is in flight, at those that left too. */
  get isBusy(): boolean {
    return this.#leaving.size > 0 || this.ready.some(({ inFlight }) => inFlight > 0);
  }

  /** Waits until some replica may be asked. @throws {EvomError} `E_POLICY` when none may in time. */
  async untilReady(signal: AbortSignal): Promise<void> {
    const since = performance.now();
    while (this.ready.length === 0) {
      const leftMs = this.#waitMs - (performance.now() - since);
      if (leftMs <= 0) throw this.#nobody();
      await sleep(smallest([200, leftMs]), undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }

  /** A replica for a request: the one whose turn it is, or, where it is full, the one with the most room; undefined where none is ready. */
  choose(turn: number, concurrency: number): Replica | undefined {
    const well = this.ready.filter(({ restoring }) => restoring === null);
    const among = well.length > 0 ? well : this.ready;
    const preferred = among[turn % among.length];
    if (preferred === undefined || preferred.inFlight < concurrency) return preferred;
    return among.reduce((best, one) => (one.inFlight < best.inFlight ? one : best), preferred);
  }

  has(replica: Replica): boolean {
    return this.ready.includes(replica);
  }

  /** A replica broke off: it is asked nothing until it has been looked at and given the weights again. */
  lost(replica: Replica, why: string): void {
    if (!this.has(replica)) return;
    this.#lost.add(replica);
    this.#takeOut(replica);
    this.#owner.onNotice(`model server ${replica.url} broke off (${why}); it is asked again once it is well`);
    this.#follow();
  }

  /** A request of a replica ended. */
  ended(replica: Replica): void {
    if (replica.inFlight === 0) this.#leaving.delete(replica);
  }

  close(): void {
    this.#closing.abort();
    this.#watch.close();
  }

  #takeOut(replica: Replica): void {
    this.ready = this.ready.filter((one) => one !== replica);
    if (replica.inFlight > 0) this.#leaving.add(replica);
  }

  /** Takes over what the list says now. */
  #follow(): void {
    if (this.#closing.signal.aborted) return;
    const { addresses, why, from } = this.#watch;
    if (why !== null) this.#noticeOnce(`model servers ${from}: ${why}; those known so far stay`);
    const named = new Set(addresses.map((url) => this.#owner.create(url).url));
    for (const replica of this.ready) {
      if (named.has(replica.url)) continue;
      this.#takeOut(replica);
      this.#owner.onNotice(`model server ${replica.url} left${replica.inFlight > 0 ? `; ${replica.inFlight} requests may end there` : ''}`);
    }
    for (const replica of this.#leaving) {
      // It is still at what it was at, so its weights are those of before.
      if (!named.has(replica.url) || this.#lost.has(replica)) continue;
      this.#leaving.delete(replica);
      this.ready = [...this.ready, replica];
    }
    const there = new Set(this.ready.map(({ url }) => url));
    for (const url of named) if (!there.has(url) && !this.#joining.has(url)) void this.#letIn(url);
  }

  /** Tries to let a server in for as long as it is named. */
  async #letIn(url: string): Promise<void> {
    const { signal } = this.#closing;
    this.#joining.add(url);
    for (let failures = 0; this.#isNamed(url) && !signal.aborted; failures++) {
      const isAtWork = [...this.#leaving].some((one) => one.url === url);
      const replica = this.#owner.create(url);
      const fault = isAtWork ? null : await this.#tryToLetIn(replica);
      if (this.has(replica)) break;
      if (fault !== null && failures > 0) this.#noticeOnce(`model server ${url} is not asked: ${fault}`);
      await sleep(isAtWork ? 200 : retryPauseMs(failures), undefined, { signal }).catch(() => undefined);
    }
    this.#joining.delete(url);
  }

  /** @returns why it was not let in. */
  async #tryToLetIn(replica: Replica): Promise<string | null> {
    try {
      await this.#owner.admit(replica, () => {
        if (!this.#isNamed(replica.url) || this.#closing.signal.aborted) return;
        this.ready = [...this.ready, replica];
        this.#owner.onNotice(`model server ${replica.url} joined`);
      });
      return null;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  #isNamed(url: string): boolean {
    return this.#watch.addresses.some((one) => this.#owner.create(one).url === url);
  }

  #noticeOnce(text: string): void {
    if (!this.#told.has(text)) this.#owner.onNotice(text);
    this.#told.add(text);
  }

  #nobody(): EvomError {
    const { from, why, addresses } = this.#watch;
    const said = why ?? (addresses.length === 0 ? 'it names none' : `none of ${addresses.slice(0, 8).join(', ')} can be used`);
    const reasons = [...this.#told].filter((text) => addresses.some((url) => text.includes(url)));
    return new EvomError(
      'E_POLICY',
      `no model server from ${from} within ${this.#waitMs / 1000} s: ${said}${reasons.length > 0 ? ` (${reasons.at(-1)})` : ''}; start one and have it named there; a run that was stopped goes on with --resume`,
    );
  }
}
