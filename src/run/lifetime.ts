/** The parts of a run that is being opened: closed in reverse, and not waited for longer than the user waits. */
import { EvomError } from '../lib/errors.ts';
import { unlessAborted } from '../lib/unless-aborted.ts';

interface Closable {
  close(): Promise<void> | void;
}

export const interruptedBeforeStart = (): EvomError =>
  new EvomError('E_INTERRUPTED', 'interrupted before the first step: nothing was written; give the same command again');

/** What an evaluation or a generator threw, as the interrupt that it was. */
export const asInterrupt = (error: unknown, signal: AbortSignal | undefined): unknown =>
  signal?.aborted ? interruptedBeforeStart() : error;

export class Lifetime {
  readonly #signal: AbortSignal | undefined;
  readonly #closers: (() => Promise<void> | void)[] = [];

  constructor(signal?: AbortSignal) {
    this.#signal = signal;
  }

  /** Aborted when the user does not wait any more. */
  get signal(): AbortSignal | undefined {
    return this.#signal;
  }

  /** @throws {EvomError} `E_INTERRUPTED` once the signal is aborted. */
  goOn(): void {
    if (this.#signal?.aborted) throw interruptedBeforeStart();
  }

  /**
   * Waits for work no longer than the user does: on abort it is left to itself.
   *
   * @throws {EvomError} `E_INTERRUPTED` on abort, else what the work throws.
   */
  wait<Result>(work: Promise<Result>): Promise<Result> {
    return unlessAborted(work, this.#signal, interruptedBeforeStart);
  }

  /**
   * Waits for a part to start and closes it with the rest. On abort nothing is waited for: a part that starts too late is closed then.
   *
   * @throws {EvomError} `E_INTERRUPTED` on abort, else what the start throws.
   */
  async open<Part extends Closable>(start: Promise<Part>): Promise<Part> {
    try {
      const part = await this.wait(start);
      this.#closers.push(() => part.close());
      return part;
    } catch (error) {
      start.then(
        (late) => late.close(),
        () => undefined,
      );
      throw error;
    }
  }

  /** Closes what was opened, last first, all of it even when one cannot be closed. */
  async close(): Promise<void> {
    const faults: unknown[] = [];
    for (const close of this.#closers.splice(0).reverse()) {
      try {
        await close();
      } catch (error) {
        faults.push(error);
      }
    }
    if (faults.length > 0) throw faults[0];
  }
}
