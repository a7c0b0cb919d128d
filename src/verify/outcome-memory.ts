/** Equal programs are run once: their outcome is remembered, and a program under way is shared by all who ask for it. */
import type { Outcome } from '../core/outcome.ts';
import { LruCache } from '../lib/lru-cache.ts';

/** Where outcomes are kept beyond the life of the process. */
export interface OutcomeArchive {
  /** The outcome kept under a key; null when there is none. */
  get(key: string): Promise<Outcome | null>;
  put(key: string, outcome: Outcome): void;
}

export interface OutcomeMemoryStats {
  /** Programs asked for. */
  readonly verified: number;
  /** Of these, how many were answered from memory or the archive. */
  readonly cacheHits: number;
  /** Of these, how many joined an equal program that was under way. */
  readonly shared: number;
  /** `infra_error` outcomes that a second try did not cure. */
  readonly infraErrors: number;
  /** Wall and processor milliseconds of programs that were run. */
  readonly wallMs: number;
  readonly cpuMs: number;
}

export class OutcomeMemory {
  readonly #outcomes: LruCache<Outcome>;
  readonly #archive: OutcomeArchive | null;
  readonly #underWay = new Map<string, Promise<Outcome>>();
  #stats = { verified: 0, cacheHits: 0, shared: 0, infraErrors: 0, wallMs: 0, cpuMs: 0 };

  /** @param capacity outcomes kept in memory; 0 keeps none. */
  constructor(capacity: number, archive: OutcomeArchive | null = null) {
    this.#outcomes = new LruCache(capacity);
    this.#archive = archive;
  }

  /**
   * The outcome under a key, without its times.
   *
   * A verdict of the clock, or of our own fault, may come out otherwise next time, and is not remembered.
   *
   * @param key names all that the outcome depends on.
   * @param run is called where nobody knows the outcome; what it rejects with is passed on and forgotten.
   */
  async outcome(key: string, run: () => Promise<Outcome>): Promise<Outcome> {
    this.#stats.verified += 1;
    const known = this.#outcomes.get(key);
    if (known !== undefined) {
      this.#stats.cacheHits += 1;
      return known;
    }
    const running = this.#underWay.get(key);
    if (running !== undefined) {
      this.#stats.shared += 1;
      return running;
    }
    const found = this.#find(key, run).finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, found);
    return found;
  }

  async #find(key: string, run: () => Promise<Outcome>): Promise<Outcome> {
    const archived = this.#archive === null ? null : await this.#archive.get(key);
    if (archived !== null) {
      this.#stats.cacheHits += 1;
      this.#outcomes.set(key, archived);
      return archived;
    }
    const outcome = await run();
    this.#stats.wallMs += outcome.wallMs;
    this.#stats.cpuMs += outcome.cpuMs;
    const timeless = withoutTimes(outcome);
    if (timeless.status === 'infra_error') this.#stats.infraErrors += 1;
    else if (!timeless.wallLimited) {
      this.#outcomes.set(key, timeless);
      this.#archive?.put(key, timeless);
    }
    return timeless;
  }

  stats(): OutcomeMemoryStats {
    return { ...this.#stats };
  }
}

/** An outcome that does not tell how long it took, so that equal programs give equal outcomes. */
export function withoutTimes(outcome: Outcome): Outcome {
  return { ...outcome, wallMs: 0, cpuMs: 0, solves: outcome.solves.map((solve) => ({ ...solve, ms: 0 })) };
}
