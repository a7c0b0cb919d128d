/** One solver host as its client sees it: health, batches of programs, and whether it is up. */
import { EvomError } from '../core/errors.ts';
import type { Outcome } from '../core/outcome.ts';
import { outcomeFromJson } from '../core/outcome-json.ts';
import type { Program } from '../core/program.ts';
import type { DialectHealth, ExecuteLine, ExecuteRequest, Health } from './wire.ts';

/** A host that cannot be reached, or broke off. */
export class HostDown extends Error {}

/** First and longest pause before a host that broke off is asked again. */
const backoffMs = { first: 250, longest: 10_000 };

export class HostConnection {
  readonly url: string;
  readonly #headers: Record<string, string>;
  /** Programs handed over and not answered. */
  inFlight = 0;
  /** Programs it takes at once over all dialects; 0 until its health is known. */
  capacity = 0;
  dialects: readonly DialectHealth[] = [];
  #failures = 0;
  #downUntil = 0;

  constructor(url: string, token: string | null) {
    this.url = url.replace(/\/+$/, '');
    this.#headers = { 'content-type': 'application/json', ...(token === null ? {} : { authorization: `Bearer ${token}` }) };
  }

  /** Milliseconds until it may be asked again; 0 when it is up. */
  pauseMs(now: number): number {
    return Math.max(0, this.#downUntil - now);
  }

  serves(dialect: string): boolean {
    return this.dialects.some((one) => one.dialect === dialect && one.state === 'ready');
  }

  /**
   * Asks for its health and takes its dialects and capacity from it.
   *
   * @throws {HostDown} when it does not answer.
   */
  async refresh(timeoutMs: number): Promise<Health> {
    const signal = AbortSignal.timeout(timeoutMs);
    let health: Health;
    try {
      const response = await fetch(`${this.url}/v1/health`, { headers: this.#headers, signal });
      health = (await response.json()) as Health;
    } catch (cause) {
      this.failed();
      throw new HostDown(`${this.url} does not answer`, { cause });
    }
    if (health.service !== 'evom-solver-host') throw new HostDown(`${this.url} is no solver host`);
    this.dialects = health.dialects;
    // Twice what it runs at once, so that its queue is never empty while an answer travels.
    this.capacity = 2 * health.dialects.reduce((sum, { concurrency }) => sum + concurrency, 0);
    this.#failures = 0;
    this.#downUntil = 0;
    return health;
  }

  /** Remembers that it broke off; each time in a row doubles the pause. */
  failed(): void {
    this.#downUntil = Date.now() + Math.min(backoffMs.longest, backoffMs.first * 2 ** this.#failures);
    this.#failures += 1;
    this.capacity = 0; // until its health has been asked again
  }

  /**
   * Has a batch run.
   *
   * @param onOutcome called with each outcome as it comes, by its index in `programs`.
   * @throws {HostDown} when it breaks off before the last one; {EvomError} E_CONFIG when it refuses the request.
   */
  async execute(
    programs: readonly Program[],
    onOutcome: (index: number, outcome: Outcome) => void,
    { signal, stallMs }: { readonly signal: AbortSignal; readonly stallMs: number },
  ): Promise<void> {
    const stall = new AbortController();
    const watch = setInterval(() => {
      if (Date.now() - heard > stallMs) stall.abort();
    }, 1000);
    let heard = Date.now();
    let left = programs.length;
    try {
      const response = await fetch(`${this.url}/v1/execute`, {
        method: 'POST',
        headers: this.#headers,
        body: JSON.stringify({ programs } satisfies ExecuteRequest),
        signal: AbortSignal.any([signal, stall.signal]),
      });
      if (!response.ok || response.body === null) throw await refusal(this.url, response);
      for await (const line of linesOf(response.body)) {
        heard = Date.now();
        const { index, outcome } = JSON.parse(line) as ExecuteLine;
        left -= 1;
        onOutcome(index, outcomeFromJson(outcome));
      }
    } catch (cause) {
      if (cause instanceof EvomError) throw cause;
      throw new HostDown(`${this.url} broke off`, { cause });
    } finally {
      clearInterval(watch);
    }
    if (left > 0) throw new HostDown(`${this.url} left ${left} programs unanswered`);
  }
}

/** Refusals of the request itself are ours; anything else is a host in trouble. */
async function refusal(url: string, response: Response): Promise<Error> {
  const text = (await response.text()).slice(0, 500);
  if (response.status === 401) return new EvomError('E_CONFIG', `${url} asks for a token; give the one that its operator chose`);
  if (response.status < 500) return new EvomError('E_CONFIG', `${url} refuses the request (${response.status}): ${text}`);
  return new HostDown(`${url} answers ${response.status}: ${text}`);
}

async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let pending = '';
  for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
    const parts = `${pending}${decoder.decode(chunk, { stream: true })}`.split('\n');
    pending = parts.pop() ?? '';
    for (const part of parts) if (part !== '') yield part;
  }
}
