/** A solver host over HTTP: `POST /v1/execute`, `GET /v1/health` and SandboxFusion's `POST /run_code`. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, isIP } from 'node:net';
import { outcomeToJson } from '../core/outcome-json.ts';
import type { Program } from '../core/program.ts';
import { EvomError } from '../lib/errors.ts';
import { sharedSignal } from '../lib/shared-signal.ts';
import { faultInFiles } from './program-files.ts';
import { runCode } from './run-code.ts';
import type { SolverHost } from './solver-host.ts';
import { type ExecuteLine, maxPrograms, maxRequestBytes } from './wire.ts';

export interface ServiceOptions {
  /** 0 takes any free port. */
  readonly port: number;
  /** Address to listen on; `127.0.0.1` reaches this machine alone. */
  readonly address: string;
  /** Bearer token that every request but health must carry; null asks for none. */
  readonly token: string | null;
  /** Milliseconds in which a request must have been sent, whatever its answer takes; default two minutes. */
  readonly sendingMs?: number;
}

export interface Service {
  readonly url: string;
  close(): Promise<void>;
}

/** What a client did wrong; its message is the answer. */
class BadRequest extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/**
 * Serves a host until closed.
 *
 * @throws {EvomError} E_CONFIG when the port is taken or the address is not this machine's.
 */
export async function serveSolverHost(host: SolverHost, options: ServiceOptions): Promise<Service> {
  const sendingMs = options.sendingMs ?? 120_000;
  const timing = { requestTimeout: sendingMs, headersTimeout: Math.min(sendingMs, 60_000), connectionsCheckingInterval: sendingMs / 4 };
  const server = createServer(timing, (request, response) => {
    answer(host, options, request, response).catch((error: unknown) => {
      const status = error instanceof BadRequest ? error.status : 500;
      if (response.headersSent) response.destroy();
      else sendJson(response, status, { error: error instanceof Error ? error.message : String(error) }, { connection: 'close' });
    });
  });
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

async function answer(host: SolverHost, options: ServiceOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  refuseWebPages(options.token, request);
  const [path = ''] = (request.url ?? '/').split('?');
  if (request.method === 'GET' && (path === '/v1/health' || path === '/v1/ping')) {
    return sendJson(response, 200, path === '/v1/ping' ? 'pong' : host.health());
  }
  if (!isAllowed(options.token, request.headers.authorization))
    throw new BadRequest(401, 'send the token of this host as "authorization: Bearer ..."');
  if (request.method !== 'POST') throw new BadRequest(405, `${request.method} ${path} is not served; see POST /v1/execute, GET /v1/health`);
  if (!/^application\/json\s*(?:;|$)/i.test(request.headers['content-type'] ?? ''))
    throw new BadRequest(415, 'send the body as "content-type: application/json"');
  switch (path) {
    case '/v1/execute':
      return execute(host, programsOf(await jsonBody(request)), response);
    case '/run_code':
      return sendJson(response, 200, await runCode(host, await jsonBody(request), goneSignal(response)));
    default:
      throw new BadRequest(404, `${path} is not served; see POST /v1/execute, GET /v1/health, POST /run_code`);
  }
}

/**
 * Web pages are not served, whichever site they are of: a browser on this machine can reach this port too.
 *
 * A page's own requests name their origin, or are not JSON. A page whose site's name was made to lead here (DNS rebinding) shows that name
 * as the host; it knows no token.
 */
function refuseWebPages(token: string | null, { headers }: IncomingMessage): void {
  if (headers.origin !== undefined) throw new BadRequest(403, `web pages are not served (origin ${headers.origin})`);
  if (token !== null) return;
  const name = /^\[?(.*?)\]?(?::\d+)?$/.exec(headers.host ?? '')?.[1]?.toLowerCase() ?? '';
  if (name !== 'localhost' && isIP(name) === 0)
    throw new BadRequest(403, `without a token this host is asked by its address or as localhost, not as "${headers.host ?? ''}"`);
}

/** Runs a batch and writes each outcome as it is there. */
async function execute(host: SolverHost, programs: readonly Program[], response: ServerResponse): Promise<void> {
  const gone = goneSignal(response);
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  response.flushHeaders();
  await Promise.all(
    programs.map(async (program, index) => {
      const outcome = outcomeToJson(await host.execute(program, {}, gone));
      if (!response.destroyed) response.write(`${JSON.stringify({ index, outcome } satisfies ExecuteLine)}\n`);
    }),
  );
  response.end();
}

/** Aborted once the client has gone without its whole answer. A request that was read to its end says nothing of that. */
function goneSignal(response: ServerResponse): AbortSignal {
  const gone = new AbortController();
  if (response.destroyed) gone.abort();
  response.once('close', () => {
    if (!response.writableFinished) gone.abort();
  });
  return sharedSignal(gone.signal);
}

function programsOf(body: unknown): readonly Program[] {
  const programs = (body as { programs?: unknown } | null)?.programs;
  if (!Array.isArray(programs)) throw new BadRequest(400, 'the body must be {"programs": [{"dialect", "code", "files"?}, ...]}');
  if (programs.length > maxPrograms) throw new BadRequest(413, `${programs.length} programs; at most ${maxPrograms} can be sent at once`);
  return programs.map((program: unknown, index) => {
    const { dialect, code, files } = (program ?? {}) as Record<string, unknown>;
    if (typeof dialect !== 'string' || typeof code !== 'string')
      throw new BadRequest(400, `programs[${index}] needs a dialect and code, both text`);
    if (files === undefined) return { dialect, code };
    const isTexts = typeof files === 'object' && files !== null && Object.values(files).every((text) => typeof text === 'string');
    if (!isTexts) throw new BadRequest(400, `programs[${index}].files must map names to texts`);
    const badFile = faultInFiles(files as Record<string, string>);
    if (badFile !== null) throw new BadRequest(400, `programs[${index}].files: ${badFile}`);
    return { dialect, code, files: files as Record<string, string> };
  });
}

async function jsonBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxRequestBytes) throw new BadRequest(413, `the body is larger than ${maxRequestBytes} bytes; send fewer programs at once`);
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw new BadRequest(400, 'the request body is not valid JSON');
  }
}

function isAllowed(token: string | null, header: string | undefined): boolean {
  if (token === null) return true;
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(`Bearer ${token}`), digest(header ?? ''));
}

function sendJson(response: ServerResponse, status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}
