/** Requests to other programs (model servers, solver hosts, chat APIs, trackers): JSON out, JSON or lines in, one rule of when to ask again. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Agent, Dispatcher } from 'undici';
import { EvomError, type EvomErrorCode } from './errors.ts';

export interface HttpOptions {
  readonly method?: 'GET' | 'POST';
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly token?: string | null;
  /** Sent beside ours. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** Longest silence, from the first attempt to connect on, in milliseconds; without it a connection is waited on for as long as it is open. */
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

/** Longest pause that a server is granted by its `Retry-After`, milliseconds. */
export const longestRetryAfterMs = 120_000;

/**
 * Pause after `failures` + 1 faults in a row, milliseconds: it doubles, up to ten seconds, and is what the server asks for where that is
 * longer.
 */
export const retryPauseMs = (failures: number, retryAfterMs: number | null = null): number =>
  Math.max(Math.min(10_000, 200 * 2 ** failures), Math.min(longestRetryAfterMs, retryAfterMs ?? 0));

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
      if ((error.retryAfterMs ?? 0) > longestRetryAfterMs) throw error; // asked earlier, it would refuse again
      pauseMs = retryPauseMs(attempt, error.retryAfterMs);
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
export function requestJson<T>(url: string, options: HttpOptions): Promise<T> {
  return exchange(url, options, async (body, { shown, status }) => {
    const text = await textOf(body);
    if (text === '') return null as T;
    try {
      return JSON.parse(text) as T;
    } catch (cause) {
      const message = `${shown} answered something else than JSON: ${text.slice(0, 200)}`;
      throw new HttpFault(options.code, message, { failure: 'unreadable', status, cause });
    }
  });
}

/**
 * One request whose answer says no more than its status: text, JSON or nothing.
 *
 * @throws {HttpFault} as `requestJson`.
 */
export function requestDone(url: string, options: HttpOptions): Promise<void> {
  return exchange(url, options, async (body) => void (await textOf(body)));
}

/**
 * One request, answered by lines; each is given to `onLine` as it arrives.
 *
 * @throws {HttpFault} as `requestJson`, also when the connection breaks between lines; what `onLine` throws, which ends the request.
 */
export function requestLines(url: string, options: HttpOptions, onLine: (line: string) => void): Promise<void> {
  return exchange(url, options, async (body) => {
    for await (const line of linesOf(body)) onLine(line);
  });
}

type Body = AsyncIterable<Uint8Array>;
type Response = Dispatcher.ResponseData;

/** Bytes of a refusal that are read: it is told in a message. */
const refusalBytes = 16_384;

/** One request from the connection to the last byte that `read` wants: the place where silence, an abort and a bad status end it. */
async function exchange<T>(
  url: string,
  options: HttpOptions,
  read: (body: Body, about: { readonly shown: string; readonly status: number }) => Promise<T>,
): Promise<T> {
  const { signal, timeoutMs, code } = options;
  signal?.throwIfAborted();
  const address = addressOf(url, code);
  const { shown } = address;
  const stop = new AbortController();
  const abort = (): void => stop.abort(signal?.reason);
  signal?.addEventListener('abort', abort, { once: true });
  const giveUp = (): void => stop.abort(new Error(`no answer within ${timeoutMs} ms`));
  const silence = timeoutMs === undefined ? undefined : setTimeout(giveUp, timeoutMs);
  try {
    const response = await send(address, options, stop.signal).catch((cause: unknown) => {
      signal?.throwIfAborted();
      throw new HttpFault(code, `${shown} cannot be reached (${messageOf(cause)}); is the server up?`, { failure: 'unreachable', cause });
    });
    const status = response.statusCode;
    const body = whole(response, {
      onPart: () => silence?.refresh(),
      onBroken: (cause) => {
        signal?.throwIfAborted();
        return new HttpFault(code, `${shown} broke off its answer (${messageOf(cause)})`, { failure: 'broken_off', status, cause });
      },
    });
    silence?.refresh();
    if (status < 300) return await read(body, { shown, status });
    const text = await textOf(body, refusalBytes).catch(() => '');
    signal?.throwIfAborted();
    throw new HttpFault(code, `${shown} answered ${status}${text === '' ? '' : `: ${text.slice(0, 500)}`}`, {
      failure: 'refused',
      status,
      retryAfterMs: retryAfterMs(headerOf(response, 'retry-after'), Date.now()),
    });
  } finally {
    clearTimeout(silence);
    signal?.removeEventListener('abort', abort);
  }
}

interface Address {
  readonly url: URL;
  /** As messages name it: without a password. */
  readonly shown: string;
  readonly authorization: string | null;
}

function addressOf(text: string, code: EvomErrorCode): Address {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new HttpFault(code, `${text} is not an http address`, { failure: 'unreadable' });
  const { username, password } = url;
  if (username === '' && password === '') return { url, shown: text, authorization: null };
  const account = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  url.username = '';
  url.password = '';
  return { url, shown: url.href, authorization: `Basic ${Buffer.from(account).toString('base64')}` };
}

async function send({ url, authorization }: Address, options: HttpOptions, signal: AbortSignal): Promise<Response> {
  const { body, token, headers } = options;
  const data = body === undefined ? null : JSON.stringify(body);
  const sentAs = token ? `Bearer ${token}` : authorization;
  const response = await (await dispatcher()).request({
    origin: url.origin,
    path: `${url.pathname}${url.search}`,
    method: options.method ?? (data === null ? 'GET' : 'POST'),
    headers: {
      ...(data === null ? {} : { 'content-type': 'application/json' }),
      ...headers,
      ...(sentAs === null ? {} : { authorization: sentAs }),
    },
    body: data,
    signal,
  });
  // One that is left before its end, or aborted, fails once more where nobody listens.
  response.body.on('error', () => {});
  return response;
}

let shared: Promise<Agent> | null = null;

/**
 * As many connections as there are requests at once, kept for the next ones. A gradient step or a long generation answers after minutes:
 * the only limits are those of `HttpOptions`.
 */
function dispatcher(): Promise<Agent> {
  shared ??= import('undici').then(({ Agent }) => new Agent({ headersTimeout: 0, bodyTimeout: 0, connect: { timeout: 0 } }));
  return shared;
}

/** The parts of an answer; one that ends before its end throws what `onBroken` makes of it. */
async function* whole(
  { body }: Response,
  { onPart, onBroken }: { readonly onPart: () => void; readonly onBroken: (cause: unknown) => HttpFault },
): AsyncGenerator<Uint8Array> {
  try {
    for await (const part of body) {
      onPart();
      yield part as Uint8Array;
    }
  } catch (cause) {
    throw onBroken(cause);
  }
}

/** @param mostBytes what is read of it at most, about. */
async function textOf(body: Body, mostBytes = Number.POSITIVE_INFINITY): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of body) {
    parts.push(part);
    bytes += part.length;
    if (bytes >= mostBytes) break;
  }
  return Buffer.concat(parts).toString('utf8');
}

async function* linesOf(body: Body): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let begun: string[] = [];
  const line = (): string => begun.join('').replace(/\r$/, '');
  for await (const part of body) {
    const [first = '', ...others] = decoder.decode(part, { stream: true }).split('\n');
    begun.push(first);
    for (const next of others) {
      yield line();
      begun = [next];
    }
  }
  if (line() !== '') yield line();
}

function headerOf({ headers }: Response, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

const messageOf = (cause: unknown): string =>
  cause instanceof Error ? cause.message || (cause as NodeJS.ErrnoException).code || cause.name : String(cause);
