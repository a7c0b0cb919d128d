/** One solver host as its client sees it: health, batches of programs, and whether it is up. */
import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import { createInterface } from 'node:readline';
import { text as textOf } from 'node:stream/consumers';
import type { Outcome } from '../core/outcome.ts';
import { outcomeFromJson } from '../core/outcome-json.ts';
import type { Program } from '../core/program.ts';
import { EvomError } from '../lib/errors.ts';
import type { DialectHealth, ExecuteLine, ExecuteRequest, Health } from './wire.ts';

/** A host that cannot be reached, or broke off. */
export class HostDown extends Error {}

/** First and longest pause before a host that broke off is asked again. */
const backoffMs = { first: 250, longest: 10_000 };

export class HostConnection {
  readonly url: string;
  readonly #headers: Record<string, string>;
  readonly #client: typeof http | typeof https;
  /** Connections are used again: a batch needs no handshake. */
  readonly #agent: http.Agent;
  /** Programs handed over and not answered. */
  inFlight = 0;
  /** Programs it takes at once over all dialects; 0 until its health is known. */
  capacity = 0;
  dialects: readonly DialectHealth[] = [];
  /** What else outcomes depend on: the host's own version, its limits and the solver that solves models again. */
  setup = '';
  #failures = 0;
  #downUntil = 0;

  constructor(url: string, token: string | null) {
    this.url = url.replace(/\/+$/, '');
    this.#client = this.url.startsWith('https:') ? https : http;
    this.#agent = new this.#client.Agent({ keepAlive: true });
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
    if (health.service !== 'evom-solver-host') throw new HostDown(`${this.url} is not a solver host`);
    this.dialects = health.dialects;
    this.setup = JSON.stringify([health.version, health.resolver, health.limits]);
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
    const body = JSON.stringify({ programs } satisfies ExecuteRequest);
    const options = { method: 'POST', headers: { ...this.#headers, 'content-length': Buffer.byteLength(body) }, agent: this.#agent };
    const request = this.#client.request(`${this.url}/v1/execute`, options);
    const giveUp = (): void => void request.destroy(new HostDown(`the exchange with ${this.url} was given up`));
    signal.addEventListener('abort', giveUp, { once: true });
    request.setTimeout(stallMs, () => request.destroy(new HostDown(`${this.url} sent nothing for ${stallMs} ms`)));
    const left = new Set(programs.keys());
    try {
      const response = await new Promise<IncomingMessage>((resolve, reject) => {
        request.once('response', resolve);
        request.once('error', reject);
        request.end(body);
      });
      if (response.statusCode !== 200) throw refusal(this.url, response.statusCode ?? 0, await textOf(response));
      for await (const line of createInterface({ input: response })) {
        const { index, outcome } = JSON.parse(line) as ExecuteLine;
        if (!left.delete(index)) throw new HostDown(`${this.url} answers for program ${index}, which nobody asked for, or twice`);
        onOutcome(index, outcomeFromJson(outcome));
      }
    } catch (cause) {
      request.destroy();
      if (cause instanceof EvomError || cause instanceof HostDown) throw cause;
      throw new HostDown(`${this.url} broke off`, { cause });
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
    if (left.size > 0) throw new HostDown(`${this.url} left ${left.size} programs unanswered`);
  }

  /** Closes the connections that wait for the next request. */
  close(): void {
    this.#agent.destroy();
  }
}

/** Refusals of the request itself are ours; anything else is a host in trouble. */
function refusal(url: string, status: number, text: string): Error {
  if (status === 401) return new EvomError('E_CONFIG', `${url} asks for a token; give the one that its operator chose`);
  if (status < 500) return new EvomError('E_CONFIG', `${url} refuses the request (${status}): ${text.slice(0, 500)}`);
  return new HostDown(`${url} answers ${status}: ${text.slice(0, 500)}`);
}
