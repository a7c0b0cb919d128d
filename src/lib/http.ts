/** Requests to model servers: JSON in, JSON or JSON lines out, over kept-alive connections, without hidden time limits. */
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as SecureAgent, request as secureRequest } from 'node:https';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { EvomError, type EvomErrorCode } from './errors.ts';

/** A gradient step or a long generation answers after minutes: `fetch` would give up after five. */
const agents = { 'http:': new Agent({ keepAlive: true }), 'https:': new SecureAgent({ keepAlive: true }) } as const;

export interface HttpOptions {
  readonly method?: 'GET' | 'POST';
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly token?: string | null;
  /** Sent beside ours. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** Longest silence; none by default. */
  readonly timeoutMs?: number;
  /** Code of the error when the server cannot be reached or refuses. */
  readonly code: EvomErrorCode;
}

/** What went wrong with a request. */
export type HttpFailure =
  /** No connection, or no answer in time. */
  | 'unreachable'
  /** The answer ended before its end. */
  | 'broken_off'
  /** A status of 300 or more. */
  | 'refused'
  /** An answer of another form than asked for. */
  | 'unreadable';

/** A server that answered with an error, or not at all; `status` is null when there was no answer. */
export class HttpFault extends EvomError {
  readonly status: number | null;
  readonly failure: HttpFailure;
  /** What its `Retry-After` asks to wait, milliseconds; null where it asks nothing. */
  readonly retryAfterMs: number | null;

  constructor(code: EvomErrorCode, message: string, { failure, status = null, retryAfterMs = null, cause }: HttpFaultDetails) {
    super(code, message, cause === undefined ? undefined : { cause });
    this.failure = failure;
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }

  /** Away, overloaded or broken off: another try may do. What a server refuses or answers otherwise stays so. */
  get mayPass(): boolean {
    if (this.failure === 'refused') return this.status === 408 || this.status === 429 || (this.status ?? 0) >= 500;
    return this.failure !== 'unreadable';
  }
}

interface HttpFaultDetails {
  readonly failure: HttpFailure;
  readonly status?: number | null;
  readonly retryAfterMs?: number | null;
  readonly cause?: unknown;
}

/** Pause before try `attempt` + 1, milliseconds: it doubles, up to ten seconds. */
export const retryPauseMs = (attempt: number): number => Math.min(10_000, 200 * 2 ** attempt);

/** Longest pause that a server is granted by its `Retry-After`, milliseconds: one that asks for more is given up. */
export const longestRetryAfterMs = 120_000;

/**
 * The pause that a `Retry-After` header asks for: seconds, or a date (RFC 9110, section 10.2.3).
 *
 * @returns milliseconds from `now`, at least 0; null for no header, or one that says neither.
 */
export function retryAfterMs(header: string | undefined, now: number): number | null {
  const text = header?.trim() ?? '';
  if (text === '') return null;
  const ms = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isFinite(ms) ? Math.max(0, ms) : null;
}

/**
 * Does some work again while it fails with a fault that may pass.
 *
 * @param work must do no harm when it is done twice: an answer may be lost although the server did what was asked.
 * @param retries tries after the first; each waits for as long as the server asks, where it does.
 * @throws what the last try threw; the signal's reason when aborted.
 */
export async function withRetries<T>(work: (attempt: number) => Promise<T>, retries: number, signal?: AbortSignal): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    let pauseMs: number;
    try {
      return await work(attempt);
    } catch (error) {
      signal?.throwIfAborted();
      if (attempt >= retries || !(error instanceof HttpFault && error.mayPass)) throw error;
      if ((error.retryAfterMs ?? 0) > longestRetryAfterMs) throw error;
      pauseMs = Math.max(retryPauseMs(attempt), error.retryAfterMs ?? 0);
    }
    await sleep(pauseMs, undefined, signal ? { signal } : {}).catch(() => signal?.throwIfAborted());
  }
}

/**
 * One request, answered by JSON.
 *
 * @returns the parsed body; null when it is empty.
 * @throws {HttpFault} for no connection, a status of 300 or more, or a body that is not JSON; the signal's reason when aborted.
 */
export async function requestJson<T>(url: string, options: HttpOptions): Promise<T> {
  const response = await open(url, options);
  const text = await bodyOf(response, url, options);
  if (text === '') return null as T;
  try {
    return JSON.parse(text) as T;
  } catch (cause) {
    throw new HttpFault(options.code, `${url} answered something else than JSON: ${text.slice(0, 200)}`, {
      failure: 'unreadable',
      status: response.statusCode ?? null,
      cause,
    });
  }
}

/**
 * One request whose answer says no more than its status: text, JSON or nothing.
 *
 * @throws {HttpFault} as `requestJson`.
 */
export async function requestDone(url: string, options: HttpOptions): Promise<void> {
  await bodyOf(await open(url, options), url, options);
}

/**
 * One request, answered by lines; each is given to `onLine` as it arrives.
 *
 * @throws {HttpFault} as `requestJson`, also when the connection breaks between lines.
 */
export async function requestLines(url: string, options: HttpOptions, onLine: (line: string) => void): Promise<void> {
  const response = await open(url, options);
  const lines = createInterface({ input: response, crlfDelay: Number.POSITIVE_INFINITY });
  let broken: unknown;
  response.on('error', (error) => {
    broken = error;
  });
  try {
    for await (const line of lines) onLine(line);
  } catch (error) {
    response.destroy();
    throw options.signal?.aborted ? options.signal.reason : error;
  }
  options.signal?.throwIfAborted();
  if (broken !== undefined || !response.complete) throw brokenOff(url, options.code, response, broken);
}

async function open(url: string, options: HttpOptions): Promise<IncomingMessage> {
  const { body, token, signal, timeoutMs, code } = options;
  signal?.throwIfAborted();
  const { protocol } = new URL(url);
  if (protocol !== 'http:' && protocol !== 'https:') throw new HttpFault(code, `${url} is not an http address`, { failure: 'unreadable' });
  const data = body === undefined ? null : JSON.stringify(body);
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const send = protocol === 'https:' ? secureRequest : httpRequest;
    const request = send(url, {
      method: options.method ?? (data === null ? 'GET' : 'POST'),
      agent: agents[protocol],
      headers: {
        ...(data === null ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(data) }),
        ...options.headers,
        ...(token ? { authorization: `Bearer ${token}` } : {}),
      },
      ...(signal ? { signal } : {}),
      ...(timeoutMs === undefined ? {} : { timeout: timeoutMs }),
    });
    request.on('timeout', () => request.destroy(new Error(`no answer within ${timeoutMs} ms`)));
    request.on('error', reject);
    request.on('response', resolve);
    request.end(data ?? undefined);
  }).catch((cause: unknown) => {
    signal?.throwIfAborted();
    throw new HttpFault(code, `${url} cannot be reached (${messageOf(cause)}); is the server up?`, { failure: 'unreachable', cause });
  });
  const status = response.statusCode ?? 0;
  if (status >= 300) {
    const text = await bodyOf(response, url, options).catch(() => '');
    throw new HttpFault(code, `${url} answered ${status}${text === '' ? '' : `: ${text.slice(0, 500)}`}`, {
      failure: 'refused',
      status,
      retryAfterMs: retryAfterMs(response.headers['retry-after'], Date.now()),
    });
  }
  return response;
}

async function bodyOf(response: IncomingMessage, url: string, { code, signal }: HttpOptions): Promise<string> {
  const parts: Buffer[] = [];
  try {
    for await (const part of response) parts.push(part as Buffer);
  } catch (cause) {
    signal?.throwIfAborted();
    throw brokenOff(url, code, response, cause);
  }
  return Buffer.concat(parts).toString('utf8');
}

const brokenOff = (url: string, code: EvomErrorCode, response: IncomingMessage, cause: unknown): HttpFault =>
  new HttpFault(code, `${url} broke off its answer`, { failure: 'broken_off', status: response.statusCode ?? null, cause });

const messageOf = (cause: unknown): string =>
  cause instanceof Error ? cause.message || (cause as NodeJS.ErrnoException).code || cause.name : String(cause);
