/** A list of addresses that is looked up again and again while somebody uses it. */
import { resolve } from 'node:path';
import { sharedSignal } from '../shared-signal.ts';
import { unlessAborted } from '../unless-aborted.ts';
import { fileReader } from './address-file.ts';
import { addressSource } from './address-source.ts';
import { dnsReader } from './dns-addresses.ts';
import { Flapping } from './flapping.ts';
import type { Look, Reading } from './reading.ts';

/** How a part of a configuration finds addresses: the settled form of its `discover` key. */
export interface DiscoverSettings {
  /** `dns://name:port`, `dns://_service._tcp.name` or `file:hosts.txt`. */
  readonly from: string;
  /** Milliseconds from one look to the next. */
  readonly everyMs: number;
  /** Milliseconds in which an empty list must get an address. */
  readonly waitMs: number;
}

/** What somebody who has addresses looked up gives along. */
export interface Following {
  /** Told of who comes, goes, or cannot be used. */
  readonly onNotice?: (text: string) => void;
  /** Ends the wait for the first of them. */
  readonly signal?: AbortSignal | undefined;
}

/** One look at a source, for whoever wants no more. */
export const readAddresses = (from: string): Promise<Reading> => readerOf(from, 0)(new AbortController().signal);

function readerOf(from: string, everyMs: number): Look {
  const source = addressSource(from);
  return source.type === 'dns' ? dnsReader(source) : fileReader(resolve(source.path), source.path, everyMs);
}

export class AddressWatch {
  readonly from: string;
  /** Those that may be used now. */
  addresses: readonly string[] = [];
  /** What the last look did not find out, in words; null when it found a list. */
  why: string | null = null;
  /** Whether `why` stays until somebody mends the source. */
  isFaulty = false;
  readonly #read: Look;
  readonly #everyMs: number;
  readonly #flapping = new Flapping();
  readonly #listeners = new Set<() => void>();
  #named: readonly string[] = [];
  #timer: NodeJS.Timeout | null = null;
  readonly #closing = new AbortController();

  private constructor({ from, everyMs }: DiscoverSettings) {
    this.from = from;
    this.#everyMs = everyMs;
    this.#read = readerOf(from, everyMs);
    sharedSignal(this.#closing.signal);
  }

  /**
   * Looks once, and from then on every `everyMs` until closed.
   *
   * @throws {EvomError} `E_CONFIG` for a source that cannot be understood; the signal's reason when aborted meanwhile.
   */
  static async open(settings: DiscoverSettings, signal?: AbortSignal): Promise<AddressWatch> {
    const watch = new AddressWatch(settings);
    try {
      await unlessAborted(watch.#look(), signal);
      return watch;
    } catch (error) {
      watch.close();
      throw error;
    }
  }

  /** Calls a listener after each look that changed something. */
  onChange(listener: () => void): void {
    this.#listeners.add(listener);
  }

  close(): void {
    this.#closing.abort();
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  async #look(): Promise<void> {
    const reading = await this.#read(this.#closing.signal);
    if (this.#closing.signal.aborted) return;
    this.#timer = setTimeout(() => void this.#look(), this.#everyMs);
    const before = [...this.addresses, this.why].join('\n');
    this.why = reading.type === 'list' ? null : reading.why;
    this.isFaulty = reading.type === 'faulty';
    if (reading.type === 'list') this.#named = reading.addresses;
    this.addresses = this.#flapping.steady(this.#named, performance.now());
    if ([...this.addresses, this.why].join('\n') !== before) for (const listener of this.#listeners) listener();
  }
}
