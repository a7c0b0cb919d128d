/** Episodes under way, by id: as many as are allowed, the idle ones reaped. */
import { randomUUID } from 'node:crypto';
import type { Problem } from '../core/problem.ts';
import type { Scored } from './scorer.ts';

/** One problem asked of one client. Its reward is given once: a second program is not a second try. Programs may be run before. */
export interface Episode {
  readonly id: string;
  readonly problem: Problem;
  /** What was submitted, and its reward; null before, and again after a fault. */
  submitted: { readonly completion: string; readonly scored: Promise<Scored> } | null;
  /** Completions that were run and not submitted. */
  readonly ran: Map<string, Promise<Scored>>;
}

/** Programs that may still be run before one is submitted, of the `turns` that an episode has in all. */
export const runsLeft = ({ ran, submitted }: Episode, turns: number): number => (submitted === null ? turns - 1 - ran.size : 0);

/**
 * Runs a program of an episode without submitting it. The same again is answered again, and counted once; one that was not run through a
 * fault of ours is not counted.
 *
 * @returns null where no run is left.
 */
export async function runOnly(episode: Episode, completion: string, turns: number, score: () => Promise<Scored>): Promise<Scored | null> {
  const { ran } = episode;
  const before = ran.get(completion);
  if (before === undefined && runsLeft(episode, turns) < 1) return null;
  const scored = before ?? score();
  ran.set(completion, scored);
  try {
    const ended = await scored;
    if (ended.said === null) ran.delete(completion);
    return ended;
  } catch (error) {
    ran.delete(completion);
    throw error;
  }
}

/**
 * The reward of an episode's one submission. Submitting the same again, as a client does that lost the answer, gives the same reward; after
 * a fault the episode stays open.
 *
 * @returns null for another submission than the one that was scored.
 */
export async function submit(episode: Episode, completion: string, score: () => Promise<Scored>): Promise<Scored | null> {
  if (episode.submitted !== null && episode.submitted.completion !== completion) return null;
  episode.submitted ??= { completion, scored: score() };
  const { submitted } = episode;
  const reopen = (): void => {
    if (episode.submitted === submitted) episode.submitted = null;
  };
  try {
    const scored = await submitted.scored;
    if (scored.type === 'unscorable') reopen();
    return scored;
  } catch (error) {
    reopen();
    throw error;
  }
}

/** As many episodes are open as may be. */
export class NoRoom extends Error {}

export interface SessionsOptions {
  readonly maxSessions: number;
  /** Milliseconds without a request after which an episode is dropped. */
  readonly idleMs: number;
  readonly now?: () => number;
}

interface Entry {
  /** null: closed, and kept so that a late request cannot open it again. */
  episode: Episode | null;
  seenMs: number;
}

export class Sessions {
  readonly #options: SessionsOptions;
  readonly #now: () => number;
  readonly #entries = new Map<string, Entry>();
  readonly #reaper: NodeJS.Timeout;
  #open = 0;
  #reaped = 0;

  constructor(options: SessionsOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#reaper = setInterval(() => this.reap(), Math.min(options.idleMs / 4, 30_000));
    this.#reaper.unref();
  }

  /**
   * Begins an episode, over the one that the id had.
   *
   * @throws {NoRoom} when as many are open as may be.
   */
  open(problem: Problem, id: string = randomUUID()): Episode {
    const before = this.#entries.get(id)?.episode ?? null;
    if (before === null && this.#open >= this.#options.maxSessions) {
      this.reap();
      if (this.#open >= this.#options.maxSessions) throw new NoRoom(`${this.#open} episodes are open, as many as may be; close some`);
    }
    if (before === null) this.#open += 1;
    const episode: Episode = { id, problem, submitted: null, ran: new Map() };
    this.#entries.set(id, { episode, seenMs: this.#now() });
    return episode;
  }

  /** An open episode; its idle time begins anew. */
  find(id: string): Episode | null {
    const entry = this.#entries.get(id);
    if (entry === undefined || entry.episode === null) return null;
    entry.seenMs = this.#now();
    return entry.episode;
  }

  /** Whether the id was closed and must not be opened again. */
  isClosed(id: string): boolean {
    return this.#entries.get(id)?.episode === null;
  }

  /** Ends an episode. @param isFinal the id stays closed, also one that was never open: a request that was overtaken cannot open it. */
  close(id: string, { isFinal = false }: { readonly isFinal?: boolean } = {}): void {
    if (this.find(id) !== null) this.#open -= 1;
    if (isFinal && this.#entries.size < 2 * this.#options.maxSessions) this.#entries.set(id, { episode: null, seenMs: this.#now() });
    else this.#entries.delete(id);
  }

  /** Drops what nobody has asked about for too long. */
  reap(): void {
    const before = this.#now() - this.#options.idleMs;
    for (const [id, { episode, seenMs }] of this.#entries) {
      if (seenMs > before) continue;
      this.#entries.delete(id);
      if (episode === null) continue;
      this.#open -= 1;
      this.#reaped += 1;
    }
  }

  counts(): { readonly open: number; readonly reaped: number } {
    return { open: this.#open, reaped: this.#reaped };
  }

  stop(): void {
    clearInterval(this.#reaper);
  }
}
