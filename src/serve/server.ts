/** One HTTP server that speaks every format of the table: who may ask, what was asked, and how the reply is sent. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  goneSignal,
  HttpRefusal,
  jsonBody,
  refuseOtherThanJson,
  refuseStrangers,
  refuseWebPages,
  type Service,
  type ServiceOptions,
  sendJson,
  serveHttp,
  urlOf,
} from '../lib/http-server.ts';
import { type Body, isObject, type Reply, type Route, type ServeParts } from './format.ts';
import { formats } from './formats.ts';
import { serveSockets } from './web-sockets.ts';

/** Largest body of a request, in bytes: a group of long answers is far smaller. */
export const maxBodyBytes = 32 * 1024 * 1024;

/** Silence after which a stream says that it is alive; clients give up after 30 s of it. */
const aliveMs = 10_000;

/**
 * Serves until closed.
 *
 * @throws {EvomError} E_CONFIG when the port is taken or the address is not this machine's.
 */
export async function serveRewards(parts: ServeParts, options: ServiceOptions & { readonly idleMs: number }): Promise<Service> {
  const spoken = formats.map((format) => format(parts));
  const routes = spoken.flatMap((format) => format.routes);
  const sockets = serveSockets(
    spoken.flatMap(({ socket }) => (socket === undefined ? [] : [socket])),
    { maxBytes: maxBodyBytes, idleMs: options.idleMs, admit: (request) => admit(options.token, request) },
  );
  const { token, sendingMs = 120_000 } = options;
  const service = await serveHttp(options, (request, response) => answer(routes, { token, sendingMs }, request, response), sockets.attach);
  return {
    url: service.url,
    close: async () => {
      sockets.close();
      await service.close();
    },
  };
}

/** @throws {HttpRefusal} for web pages and for strangers. Some clients send the token as `X-API-Key`. */
function admit(token: string | null, request: IncomingMessage): void {
  refuseWebPages(token, request);
  const key = request.headers['x-api-key'];
  if (request.headers.authorization === undefined && typeof key === 'string') request.headers.authorization = `Bearer ${key}`;
  refuseStrangers(token, request);
}

async function answer(
  routes: readonly Route[],
  { token, sendingMs }: { readonly token: string | null; readonly sendingMs: number },
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { pathname, searchParams } = urlOf(request);
  const matches = routes.flatMap((route) => {
    const params = paramsOf(route.path, pathname);
    return params === null ? [] : [{ route, params }];
  });
  const match = matches.find(({ route }) => route.method === request.method);
  if (match?.route.isOpen === true) refuseWebPages(token, request);
  else admit(token, request);
  if (match === undefined) {
    const [other] = matches;
    if (other !== undefined) throw new HttpRefusal(405, `${request.method} ${pathname} is not served; ${other.route.method} is`);
    throw new HttpRefusal(404, `${pathname} is not served; see POST /v1/score, GET /v1/problems, GET /v1/health`);
  }
  const { route, params } = match;
  const body = await bodyOf(request);
  const reply = await route.handle({ params, query: searchParams, headers: request.headers, body, gone: goneSignal(response) });
  await send(reply, response, sendingMs);
}

/** Segments of the path that a pattern leaves open, or null. */
function paramsOf(pattern: string, path: string): Record<string, string> | null {
  const [wanted, given] = [pattern.split('/'), path.split('/')];
  if (wanted.length !== given.length) return null;
  const params: Record<string, string> = {};
  for (const [i, segment] of wanted.entries()) {
    const name = /^\{(\w+)\}$/.exec(segment)?.[1];
    if (name !== undefined) params[name] = given[i] as string;
    else if (segment !== given[i]) return null;
  }
  return params;
}

/** Empty for a request without a body, whatever it calls it. */
async function bodyOf(request: IncomingMessage): Promise<Body> {
  const hasBody = request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0;
  if (!hasBody) return {};
  refuseOtherThanJson(request);
  const body = await jsonBody(request, maxBodyBytes);
  if (!isObject(body)) throw new HttpRefusal(422, 'the body is not a JSON object');
  return body;
}

async function send(reply: Reply, response: ServerResponse, sendingMs: number): Promise<void> {
  switch (reply.type) {
    case 'json':
      return sendJson(response, reply.status ?? 200, reply.body);
    case 'lines': {
      response.writeHead(200, { 'content-type': 'application/x-ndjson' });
      response.flushHeaders();
      for await (const line of reply.lines) await write(response, `${JSON.stringify(line)}\n`, sendingMs);
      return void response.end();
    }
    case 'events': {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache', 'x-accel-buffering': 'no' });
      response.flushHeaders();
      const alive = setInterval(() => response.write(': alive\n\n'), aliveMs);
      try {
        for await (const [event, data] of reply.events) await write(response, `event: ${event}\ndata: ${data}\n\n`, sendingMs);
      } finally {
        clearInterval(alive);
      }
      return void response.end();
    }
    default:
      return reply satisfies never;
  }
}

/** Waits while the client reads slowly, and leaves one that reads nothing; what it has left for is dropped. */
async function write(response: ServerResponse, text: string, sendingMs: number): Promise<void> {
  if (response.destroyed || response.write(text)) return;
  await new Promise<void>((resolve) => {
    const unread = setTimeout(() => response.destroy(), sendingMs);
    const done = (): void => {
      clearTimeout(unread);
      response.off('drain', done);
      response.off('close', done);
      resolve();
    };
    response.on('drain', done);
    response.on('close', done);
  });
}
