/** Servers over HTTP: who may ask (token, Host and Origin), limits of body and time, faults as JSON. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, isIP } from 'node:net';
import { EvomError } from './errors.ts';
import { sharedSignal } from './shared-signal.ts';

export interface ServiceOptions {
  /** 0 takes any free port. */
  readonly port: number;
  /** Address to listen on; `127.0.0.1` reaches this machine alone. */
  readonly address: string;
  /** Bearer token that every request but those of health must carry; null asks for none. */
  readonly token: string | null;
  /** Milliseconds in which a request must have been sent, and in which its client must read on, whatever the answer takes; default two minutes. */
  readonly sendingMs?: number;
}

export interface Service {
  readonly url: string;
  close(): Promise<void>;
}

/** What a client did wrong, or what keeps us from serving it now; its message is the answer. */
export class HttpRefusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Whether an address is this machine's own, which other machines cannot reach. */
export const isLoopback = (address: string): boolean =>
  address === 'localhost' || address === '::1' || (isIP(address) === 4 && address.startsWith('127.'));

/**
 * Serves until closed. What `answer` throws becomes the answer: an `HttpRefusal` with its status, anything else with 500, as
 * `{"error": message}`.
 *
 * @param onServer called with the server before it listens, for protocols that begin as an upgrade.
 * @throws {EvomError} E_CONFIG when the port is taken or the address is not this machine's.
 */
export async function serveHttp(
  options: ServiceOptions,
  answer: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
  onServer: (server: Server) => void = () => {},
): Promise<Service> {
  const sendingMs = options.sendingMs ?? 120_000;
  const timing = { requestTimeout: sendingMs, headersTimeout: Math.min(sendingMs, 60_000), connectionsCheckingInterval: sendingMs / 4 };
  const server = createServer(timing, (request, response) => {
    // From its end on, an answer that nobody reads would hold the connection for ever.
    response.once('prefinish', () => response.setTimeout(sendingMs));
    answer(request, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else sendFault(response, error);
    });
  });
  // Longer than clients keep a connection in their pool: one that is closed as it is used again looks like a fault of ours.
  server.keepAliveTimeout = 75_000;
  onServer(server);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) =>
      reject(
        new EvomError('E_CONFIG', `cannot listen on ${options.address}:${options.port} (${cause.code}); choose another --port`, { cause }),
      ),
    );
    server.listen(options.port, options.address, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const name = options.address.includes(':') ? `[${options.address}]` : options.address;
  return {
    url: `http://${name}:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function sendFault(response: ServerResponse, error: unknown): void {
  const status = error instanceof HttpRefusal ? error.status : 500;
  const retry = status === 503 ? { 'retry-after': '1' } : {};
  sendJson(response, status, { error: error instanceof Error ? error.message : String(error) }, { connection: 'close', ...retry });
}

/** The path of a request, without what it asks for behind `?`. */
export const pathOf = (request: IncomingMessage): string => (request.url ?? '/').split('?')[0] ?? '';

export function urlOf(request: IncomingMessage): URL {
  const target = request.url ?? '/';
  if (!URL.canParse(target, 'http://host')) throw new HttpRefusal(400, 'the path of the request is not a path');
  return new URL(target, 'http://host');
}

/**
 * Lets programs in and web pages out, whichever site they are of: a browser on this machine can reach this port too. A page's own requests
 * name their origin, or are not JSON.
 *
 * @throws {HttpRefusal} 403
 */
export function refuseWebPages(token: string | null, request: IncomingMessage): void {
  const { origin } = request.headers;
  if (origin !== undefined) throw new HttpRefusal(403, `web pages are not served (origin ${origin})`);
  refuseOtherNames(token, request);
}

/**
 * Lets the page in that this server itself sent, and those of other sites out.
 *
 * @throws {HttpRefusal} 403
 */
export function refuseOtherSites(token: string | null, request: IncomingMessage): void {
  const { origin, host, 'sec-fetch-site': site } = request.headers;
  if (origin !== undefined && origin !== `http://${host}`) throw new HttpRefusal(403, `pages of ${origin} may not read this`);
  if (site !== undefined && site !== 'same-origin' && site !== 'none') throw new HttpRefusal(403, 'pages of other sites may not read this');
  refuseOtherNames(token, request);
}

/** A site whose name was made to lead here (DNS rebinding) shows that name as the host; it knows no token. */
function refuseOtherNames(token: string | null, { headers }: IncomingMessage): void {
  if (token !== null) return;
  const name = /^\[?(.*?)\]?(?::\d+)?$/.exec(headers.host ?? '')?.[1]?.toLowerCase() ?? '';
  if (name !== 'localhost' && isIP(name) === 0)
    throw new HttpRefusal(403, `without a token this server is asked by its address or as localhost, not as "${headers.host ?? ''}"`);
}

/** Whether what was given is the token, without telling by the time it takes how much of it is. */
export function isToken(token: string, given: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(token), digest(given));
}

/** @throws {HttpRefusal} 401 for a request without the token, where there is one. */
export function refuseStrangers(token: string | null, { headers }: IncomingMessage): void {
  if (token !== null && !isToken(`Bearer ${token}`, headers.authorization ?? ''))
    throw new HttpRefusal(401, 'send the token of this host as "authorization: Bearer ..."');
}

/** @throws {HttpRefusal} 415 for a body that does not call itself JSON, as the form of a web page does not. */
export function refuseOtherThanJson({ headers }: IncomingMessage): void {
  if (!/^application\/json\s*(?:;|$)/i.test(headers['content-type'] ?? ''))
    throw new HttpRefusal(415, 'send the body as "content-type: application/json"');
}

/** @throws {HttpRefusal} 413 for a body of more bytes than `maxBytes`, 400 for one that is not JSON. */
export async function jsonBody(request: IncomingMessage, maxBytes: number): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new HttpRefusal(413, `the body is larger than ${maxBytes} bytes; send fewer programs at once`);
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw new HttpRefusal(400, 'the request body is not valid JSON');
  }
}

/** Aborted once the client has gone without its whole answer. A request that was read to its end says nothing of that. */
export function goneSignal(response: ServerResponse): AbortSignal {
  const gone = new AbortController();
  if (response.destroyed) gone.abort();
  response.once('close', () => {
    if (!response.writableFinished) gone.abort();
  });
  return sharedSignal(gone.signal);
}

export function sendJson(response: ServerResponse, status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): void {
  // Before the head is out: what cannot be said in JSON is a fault that can still be told.
  const text = JSON.stringify(body);
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(text);
}
