/** A list of addresses that is looked up again and again while somebody uses it. */
import { resolve } from 'node:path';
import { fileReader } from './address-file.ts';
import { addressSource } from './address-source.ts';
import { dnsReader } from './dns-addresses.ts';
import { Flapping } from './flapping.ts';
import type { Reading } from './reading.ts';

/** How a part of a configuration finds addresses: the settled form of its `discover` key. */
export interface DiscoverSettings {
  /** `dns://name:port`, `dns://_service._tcp.name` or `file:hosts.txt`. */
  readonly from: string;
  /** Milliseconds from one look to the next. */
  readonly everyMs: number;
  /** Milliseconds in which an empty list must get an address. */
  readonly waitMs: number;
}

/** One look at a source, for whoever wants no more. */
export const readAddresses = (from: string): Promise<Reading> => readerOf(from, 0)();

function readerOf(from: string, everyMs: number): () => Promise<Reading> {
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
  readonly #read: () => Promise<Reading>;
  readonly #everyMs: number;
  readonly #flapping = new Flapping();
  readonly #listeners = new Set<() => void>();
  #named: readonly string[] = [];
  #timer: NodeJS.Timeout | null = null;
  #isClosed = false;

  private constructor({ from, everyMs }: DiscoverSettings) {
    this.from = from;
    this.#everyMs = everyMs;
    this.#read = readerOf(from, everyMs);
  }

  /**
   * Looks once, and from then on every `everyMs` until closed.
   *
   * @throws {EvomError} `E_CONFIG` for a source that cannot be understood.
   */
  static async open(settings: DiscoverSettings): Promise<AddressWatch> {
    const watch = new AddressWatch(settings);
    await watch.#look();
    return watch;
  }

  /** Calls a listener after each look that changed something. */
  onChange(listener: () => void): void {
    this.#listeners.add(listener);
  }

  close(): void {
    this.#isClosed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  async #look(): Promise<void> {
    const reading = await this.#read();
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => void this.#look(), this.#everyMs);
    const before = [...this.addresses, this.why].join('\n');
    this.why = reading.type === 'list' ? null : reading.why;
    this.isFaulty = reading.type === 'faulty';
    if (reading.type === 'list') this.#named = reading.addresses;
    this.addresses = this.#flapping.steady(this.#named, performance.now());
    if ([...this.addresses, this.why].join('\n') !== before) for (const listener of this.#listeners) listener();
  }
}
