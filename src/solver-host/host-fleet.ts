/** The solver hosts of a verifier: a fixed list, or one that is looked up while it works. */
import { setTimeout as sleep } from 'node:timers/promises';
import { AddressWatch, type DiscoverSettings, type Following } from '../lib/discover/address-watch.ts';
import { EvomError } from '../lib/errors.ts';
import { smallest } from '../lib/extremes.ts';
import { unlessAborted } from '../lib/unless-aborted.ts';
import { HostConnection } from './host-connection.ts';
import { differenceFrom, versionsOf } from './host-versions.ts';

export const healthTimeoutMs = 5000;

/** How long a start waits for its first host before it says so. */
const quietWaitMs = 2000;

export interface FleetOptions extends Following {
  readonly hosts: readonly string[];
  readonly discover?: DiscoverSettings | null;
  readonly dialects: readonly string[];
  readonly token?: string | null;
}

export class HostFleet {
  /** Those that may be asked, and those that left while they had programs. */
  hosts: readonly HostConnection[];
  /** The host whose setup every other must share; null for a fixed list, whose hosts may have limits of their own. */
  first: Pick<HostConnection, 'url' | 'about' | 'setup'> | null = null;
  readonly #watch: AddressWatch | null;
  readonly #options: FleetOptions;
  /** Hosts that are not on the list any more. */
  readonly #left = new Set<HostConnection>();
  readonly #told = new Set<string>();
  /** Addresses that have answered as a host like the first one. */
  readonly #met = new Set<string>();
  #idleSince: number | null = null;
  /** Why the last host was left out. */
  #refusal: string | null = null;

  private constructor(hosts: readonly HostConnection[], watch: AddressWatch | null, options: FleetOptions) {
    this.hosts = hosts;
    this.#watch = watch;
    this.#options = options;
  }

  /**
   * Connects to the hosts of a fixed list, or to the first ones of one that is looked up.
   *
   * @throws {EvomError} E_CONFIG when no host answers, one of the dialects is not served, or hosts differ; the signal's reason when aborted
   * meanwhile.
   */
  static async open(options: FleetOptions): Promise<HostFleet> {
    return options.discover ? openDiscovered(options, options.discover) : openFixed(options);
  }

  static fixed(hosts: readonly HostConnection[], options: FleetOptions): HostFleet {
    return new HostFleet(hosts, null, options);
  }

  static watched(watch: AddressWatch, options: FleetOptions): HostFleet {
    const fleet = new HostFleet([], watch, options);
    fleet.#follow();
    watch.onChange(() => fleet.#follow());
    return fleet;
  }

  /** Whether a host may be given programs. */
  takes(host: HostConnection): boolean {
    return !this.#left.has(host);
  }

  /** Tells, once, that a host of a list that is looked up answers and can be used; nothing of those that a run began with. */
  met(host: HostConnection, { atStart = false } = {}): void {
    if (this.#watch === null || this.#met.has(host.url)) return;
    this.#met.add(host.url);
    if (!atStart) this.#notice(`solver host ${host.url} joined`);
  }

  /** Calls a listener whenever hosts came or went. */
  onChange(listener: () => void): void {
    this.#watch?.onChange(listener);
  }

  /** Forgets a host that left, once its last program has been answered. */
  release(host: HostConnection): void {
    if (!this.#left.has(host) || host.inFlight > 0) return;
    this.#left.delete(host);
    this.hosts = this.hosts.filter((one) => one !== host);
  }

  /**
   * Why programs wait in vain; null while they need not. Hosts that are named and do not answer, or are left out, are as good as none.
   *
   * @param now milliseconds; the wait counts from the first call that finds nobody to give programs to.
   */
  starvation(now: number): EvomError | null {
    const { discover } = this.#options;
    if (!discover || this.hosts.some((host) => this.takes(host) && host.capacity > 0)) {
      this.#idleSince = null;
      return null;
    }
    this.#idleSince ??= now;
    if (now - this.#idleSince < discover.waitMs) return null;
    const left = this.#refusal === null ? '' : ` (left out: ${this.#refusal})`;
    return new EvomError('E_SANDBOX', `${emptyText(this.#watch as AddressWatch, discover, 'programs wait')}${left}`);
  }

  /** Programs have what they need again, or there are none. */
  satisfied(): void {
    this.#idleSince = null;
  }

  /** Tells why a host is given no programs, once. */
  refused(why: string): void {
    this.#refusal = why;
    this.noticeOnce(`solver host refused: ${why}`);
  }

  /** Tells what does not change by being found again and again. */
  noticeOnce(text: string): void {
    if (!this.#told.has(text)) this.#notice(text);
    this.#told.add(text);
  }

  close(): void {
    this.#watch?.close();
  }

  #notice(text: string): void {
    this.#options.onNotice?.(text);
  }

  /** Takes over what the list says now. */
  #follow(): void {
    const watch = this.#watch as AddressWatch;
    if (watch.why !== null) this.noticeOnce(`solver hosts ${watch.from}: ${watch.why}; those known so far stay`);
    const named = new Set(watch.addresses);
    for (const host of this.hosts) {
      if (named.delete(host.url)) {
        if (this.#left.delete(host)) this.#notice(`solver host ${host.url} is back`);
      } else if (!this.#left.has(host)) {
        this.#left.add(host);
        this.#notice(`solver host ${host.url} left${host.inFlight > 0 ? `; ${host.inFlight} programs may end there` : ''}`);
        this.release(host);
      }
    }
    this.hosts = [...this.hosts, ...[...named].map((url) => new HostConnection(url, this.#options.token ?? null))];
  }
}

async function openFixed(options: FleetOptions): Promise<HostFleet> {
  if (options.hosts.length === 0)
    throw new EvomError('E_CONFIG', 'no solver host is named; give at least one, such as http://127.0.0.1:8650');
  const hosts = options.hosts.map((url) => new HostConnection(url, options.token ?? null));
  const asked = await Promise.allSettled(hosts.map((host) => host.refresh(healthTimeoutMs, options.signal)));
  options.signal?.throwIfAborted();
  if (asked.every(({ status }) => status === 'rejected')) {
    throw new EvomError(
      'E_CONFIG',
      `no solver host answers at ${options.hosts.join(', ')}; start one with "evom solver-host --dialects ${options.dialects.join(',')}"`,
    );
  }
  return HostFleet.fixed(hosts, options);
}

/** Waits until every dialect has a host. Hosts that answer later are looked at when they do. */
async function openDiscovered(options: FleetOptions, discover: DiscoverSettings): Promise<HostFleet> {
  const { signal } = options;
  const watch = await AddressWatch.open(discover, signal);
  try {
    const fleet = HostFleet.watched(watch, options);
    const begun = performance.now();
    const deadline = begun + discover.waitMs;
    for (;;) {
      if (watch.isFaulty) throw new EvomError('E_CONFIG', watch.why ?? '');
      await Promise.allSettled(
        fleet.hosts
          .filter((host) => host.capacity === 0 && host.pauseMs(Date.now()) === 0)
          .map((host) => host.refresh(healthTimeoutMs, signal)),
      );
      signal?.throwIfAborted();
      const up = fleet.hosts.filter((host) => host.capacity > 0);
      const isServed = options.dialects.every((dialect) => up.some((host) => host.serves(dialect)));
      if (up[0] !== undefined && (isServed || performance.now() >= deadline)) {
        const known = versionsOf(up, options.dialects);
        const { url, about, setup } = up[0];
        fleet.first = { url, about, setup };
        const difference = up.map((host) => differenceFrom(host, known, fleet.first)).find((text) => text !== null);
        if (difference !== undefined) throw new EvomError('E_CONFIG', difference);
        for (const host of up) fleet.met(host, { atStart: true });
        return fleet;
      }
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) throw new EvomError('E_CONFIG', emptyText(watch, discover, 'a run needs them', options.dialects));
      if (performance.now() - begun > quietWaitMs)
        fleet.noticeOnce(`waiting up to ${discover.waitMs / 1000} s for a solver host from ${watch.from}: ${absence(watch)}`);
      await unlessAborted(sleep(smallest([100, leftMs])), signal);
    }
  } catch (error) {
    watch.close();
    throw error;
  }
}

/** Why nobody is there. A host that answers may lack a dialect. */
const absence = ({ why, addresses }: AddressWatch): string =>
  why ?? (addresses.length === 0 ? 'it names none' : `no solver host answers at ${addresses.slice(0, 8).join(', ')}`);

/** That nobody is there, in the words of the source that should name somebody. */
function emptyText(watch: AddressWatch, { waitMs }: DiscoverSettings, why: string, dialects: readonly string[] = []): string {
  const start = dialects.length === 0 ? 'evom solver-host' : `evom solver-host --dialects ${dialects.join(',')}`;
  return `no solver host from ${watch.from} within ${waitMs / 1000} s, and ${why}: ${absence(watch)}; start one with "${start}" and have it named there`;
}
