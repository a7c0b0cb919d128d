/** The page while runs train: a server on this machine that tells the page of every step. It reads the runs and writes nothing. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, isIP } from 'node:net';
import { join } from 'node:path';
import { EvomError } from '../lib/errors.ts';
import { reportPage } from './page.ts';
import { type ReportData, reportData } from './report-data.ts';
import { readRun } from './run-view.ts';
import { sampledSteps } from './samples.ts';
import { packStep } from './step-pack.ts';

export interface DashboardOptions {
  /** 0 takes any free port. */
  readonly port: number;
  readonly address: string;
  /** What the page's address must carry as `?token=`; null asks for none, on this machine alone. */
  readonly token: string | null;
  /** Between two looks at the runs. */
  readonly pollMs?: number;
}

export interface Dashboard {
  /** With the token where there is one. */
  readonly url: string;
  close(): Promise<void>;
}

class Refused extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/**
 * Serves the page until closed.
 *
 * @throws {EvomError} E_CONFIG when the port is taken, or another machine could look without a token; E_RUN for what is no run.
 */
export async function serveDashboard(directories: readonly string[], options: DashboardOptions): Promise<Dashboard> {
  const { address, token, port, pollMs = 500 } = options;
  if (token === null && !isLoopback(address))
    throw new EvomError(
      'E_CONFIG',
      `--address ${address} lets other machines read the runs; set EVOM_DASHBOARD_TOKEN, or listen on 127.0.0.1`,
    );
  await currentData(directories); // what cannot be read is said at once
  const listeners = new Set<ServerResponse>();
  const server = createServer((request, response) => {
    answer(directories, options, listeners, request, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else
        send(
          response,
          error instanceof Refused ? error.status : 500,
          'application/json',
          JSON.stringify({ error: error instanceof Error ? error.message : String(error) }),
        );
    });
  });
  await new Promise<void>((done, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) =>
      reject(new EvomError('E_CONFIG', `cannot listen on ${address}:${port} (${cause.code}); choose another --port`, { cause })),
    );
    server.listen(port, address, done);
  });
  let last = await stateOf(directories);
  const poll = setInterval(() => {
    void stateOf(directories).then((state) => {
      if (state === last) return;
      last = state;
      for (const listener of listeners) listener.write('event: changed\ndata: {}\n\n');
    });
  }, pollMs);
  const bound = (server.address() as AddressInfo).port;
  const name = address.includes(':') ? `[${address}]` : address;
  return {
    url: `http://${name}:${bound}/${token === null ? '' : `?token=${encodeURIComponent(token)}`}`,
    close: () =>
      new Promise((done) => {
        clearInterval(poll);
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  directories: readonly string[],
  { token }: DashboardOptions,
  listeners: Set<ServerResponse>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  refuseOtherSites(token, request);
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://host');
  if (!isAllowed(token, searchParams.get('token'))) throw new Refused(401, 'open the address that evom dashboard printed, with its token');
  if (request.method !== 'GET') throw new Refused(405, `${request.method} is not served`);
  switch (pathname) {
    case '/':
      return send(response, 200, 'text/html; charset=utf-8', (await reportPage(await currentData(directories), [])).join(''));
    case '/data':
      return send(response, 200, 'application/json', JSON.stringify(await currentData(directories)));
    case '/samples': {
      const directory = directories[Number(searchParams.get('run'))];
      const step = Number(searchParams.get('step'));
      if (directory === undefined || !Number.isInteger(step) || step < 1) throw new Refused(404, 'no such run or step');
      return send(response, 200, 'application/gzip', (await packStep(directory, step)).bytes);
    }
    case '/events':
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
      response.write(': evom\n\n');
      listeners.add(response);
      response.once('close', () => listeners.delete(response));
      return;
    default:
      throw new Refused(404, `${pathname} is not served`);
  }
}

async function currentData(directories: readonly string[]): Promise<ReportData> {
  const runs = await Promise.all(
    directories.map(async (directory) => ({ view: await readRun(directory), packs: null, sampled: await sampledSteps(directory) })),
  );
  return reportData(runs, { now: new Date(), live: true });
}

/** Changes whenever a step is written down. */
async function stateOf(directories: readonly string[]): Promise<string> {
  const files = directories.flatMap((directory) => ['metrics.jsonl', 'evaluations', 'lock.json'].map((name) => join(directory, name)));
  const stats = await Promise.all(files.map((file) => stat(file).catch(() => null)));
  return JSON.stringify(stats.map((one) => (one === null ? null : [one.size, one.mtimeMs])));
}

const isLoopback = (address: string): boolean =>
  address === 'localhost' || address === '::1' || (isIP(address) === 4 && address.startsWith('127.'));

/**
 * Pages of other sites are refused: a browser on this machine can reach this port too. Their requests name another origin; a site whose
 * name was made to lead here (DNS rebinding) shows that name as the host, and knows no token.
 */
function refuseOtherSites(token: string | null, { headers }: IncomingMessage): void {
  if (headers.origin !== undefined && headers.origin !== `http://${headers.host}`)
    throw new Refused(403, `pages of ${headers.origin} may not read this`);
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') throw new Refused(403, 'pages of other sites may not read this');
  if (token !== null) return;
  const name = /^\[?(.*?)\]?(?::\d+)?$/.exec(headers.host ?? '')?.[1] ?? '';
  if (name !== 'localhost' && isIP(name) === 0)
    throw new Refused(403, `without a token the dashboard is asked by its address or as localhost, not as "${headers.host ?? ''}"`);
}

function isAllowed(token: string | null, given: string | null): boolean {
  if (token === null) return true;
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(token), digest(given ?? ''));
}

function send(response: ServerResponse, status: number, type: string, body: string | Uint8Array): void {
  response.writeHead(status, {
    'content-type': type,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'x-frame-options': 'DENY',
  });
  response.end(body);
}
