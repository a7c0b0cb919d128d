/** One solver host as its client sees it: health, batches of programs, and whether it is up. */
import type { Outcome } from '../core/outcome.ts';
import { outcomeFromJson } from '../core/outcome-json.ts';
import type { Program } from '../core/program.ts';
import { EvomError } from '../lib/errors.ts';
import { HttpFault, requestJson, requestLines, retryPauseMs } from '../lib/http.ts';
import type { DialectHealth, ExecuteLine, ExecuteRequest, Health } from './wire.ts';

/** A host that cannot be reached, broke off, is too busy, or answered what it was not asked: its programs go elsewhere. */
export class HostDown extends Error {}

export class HostConnection {
  readonly url: string;
  readonly #token: string | null;
  /** Programs handed over and not answered. */
  inFlight = 0;
  /** Programs it takes at once over all dialects; 0 until its health is known. */
  capacity = 0;
  dialects: readonly DialectHealth[] = [];
  /** What else outcomes depend on: the host's own version, its limits and the solver that solves models again; null until it is known. */
  about: Pick<Health, 'version' | 'resolver' | 'limits'> | null = null;
  #failures = 0;
  #downUntil = 0;

  constructor(url: string, token: string | null) {
    this.url = url.replace(/\/+$/, '');
    this.#token = token;
  }

  /** Faults in a row; a whole batch that it answered ends the row. */
  get failures(): number {
    return this.#failures;
  }

  /** Milliseconds until it may be asked again; 0 when it is up. */
  pauseMs(now: number): number {
    return Math.max(0, this.#downUntil - now);
  }

  /** `about` as one text: '' until it is known. */
  get setup(): string {
    return this.about === null ? '' : JSON.stringify([this.about.version, this.about.resolver, this.about.limits]);
  }

  serves(dialect: string): boolean {
    return this.dialects.some((one) => one.dialect === dialect && one.state === 'ready');
  }

  /**
   * Asks for its health and takes its dialects and capacity from it.
   *
   * @throws {HostDown} when it does not answer, or not as a solver host does.
   */
  async refresh(timeoutMs: number, stop?: AbortSignal): Promise<Health> {
    try {
      const timeout = AbortSignal.timeout(timeoutMs);
      const signal = stop === undefined ? timeout : AbortSignal.any([timeout, stop]);
      const health = await requestJson<Health>(`${this.url}/v1/health`, { token: this.#token, signal, code: 'E_CONFIG' });
      if (!isHealth(health)) throw new HostDown(`${this.url} is not a solver host`);
      this.#take(health);
      return health;
    } catch (cause) {
      this.failed(cause);
      throw cause instanceof HostDown
        ? cause
        : new HostDown(`${this.url} does not answer (${cause instanceof Error ? cause.message : cause})`, { cause });
    }
  }

  #take({ dialects, version, resolver, limits }: Health): void {
    this.dialects = dialects;
    this.about = { version, resolver, limits };
    // Twice what it runs at once, so that its queue is never empty while an answer travels.
    this.capacity = 2 * dialects.reduce((sum, { concurrency }) => sum + concurrency, 0);
    if (this.capacity === 0)
      this.failed(null); // it may mend its libraries: it is asked again, later and later
    else this.#downUntil = 0; // what it failed at before counts until it has answered for a whole batch
  }

  /** Remembers that it failed; each time in a row lengthens the pause, and so does a host that asks for more. */
  failed(fault: unknown): void {
    const cause = fault instanceof HostDown ? fault.cause : fault;
    this.#downUntil = Date.now() + retryPauseMs(this.#failures, cause instanceof HttpFault ? cause.retryAfterMs : null);
    this.#failures += 1;
    this.capacity = 0; // until its health has been asked again
  }

  /**
   * Has a batch run.
   *
   * @param onOutcome called with each outcome as it comes, by its index in `programs`.
   * @throws {HostDown} when it fails before the last one; {EvomError} E_CONFIG when it refuses the request.
   */
  async execute(
    programs: readonly Program[],
    onOutcome: (index: number, outcome: Outcome) => void,
    { signal, stallMs }: { readonly signal: AbortSignal; readonly stallMs: number },
  ): Promise<void> {
    const body: ExecuteRequest = { programs };
    const left = new Set(programs.keys());
    try {
      await requestLines(`${this.url}/v1/execute`, { body, token: this.#token, signal, timeoutMs: stallMs, code: 'E_CONFIG' }, (line) => {
        const { index, outcome } = JSON.parse(line) as ExecuteLine;
        if (!left.delete(index)) throw new HostDown(`${this.url} answers for program ${index}, which nobody asked for, or twice`);
        onOutcome(index, this.#outcomeOf(outcome));
      });
    } catch (cause) {
      throw this.#meaningOf(cause);
    }
    if (left.size > 0) throw new HostDown(`${this.url} left ${left.size} programs unanswered`);
    if (programs.length > 0) this.#failures = 0;
  }

  /** @throws {HostDown} for what is not an outcome. */
  #outcomeOf(json: unknown): Outcome {
    try {
      return outcomeFromJson(json);
    } catch (cause) {
      throw new HostDown(`${this.url} answers something that is not an outcome (${cause instanceof Error ? cause.message : cause})`, {
        cause,
      });
    }
  }

  /** Refusals of the request itself are ours; anything else is a host in trouble. */
  #meaningOf(cause: unknown): Error {
    if (cause instanceof HttpFault) {
      if (cause.mayPass) return new HostDown(cause.message, { cause });
      if (cause.status === 401) return new EvomError('E_CONFIG', `${this.url} asks for a token; give the one that its operator chose`);
      return new EvomError('E_CONFIG', `${this.url} refuses the request: ${cause.message}`, { cause });
    }
    if (cause instanceof EvomError || cause instanceof HostDown) return cause;
    return new HostDown(`${this.url} broke off`, { cause });
  }
}

/** Whether an answer has what is read of it: another program may listen at the address, or an evom of another time. */
function isHealth(answer: unknown): answer is Health {
  const { service, dialects } = (answer ?? {}) as Partial<Health>;
  return service === 'evom-solver-host' && Array.isArray(dialects) && dialects.every((one) => Number.isFinite(one?.concurrency));
}
