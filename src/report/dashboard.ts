/** The page while runs train: a server on this machine that tells the page of every step. It reads the runs and writes nothing. */
import { stat } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { EvomError } from '../lib/errors.ts';
import { HttpRefusal, isLoopback, isToken, refuseOtherSites, type Service, serveHttp, urlOf } from '../lib/http-server.ts';
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

/**
 * Serves the page until closed.
 *
 * @throws {EvomError} E_CONFIG when the port is taken, or another machine could look without a token; E_RUN for what is no run.
 */
export async function serveDashboard(directories: readonly string[], options: DashboardOptions): Promise<Service> {
  const { address, token, pollMs = 500 } = options;
  if (token === null && !isLoopback(address))
    throw new EvomError(
      'E_CONFIG',
      `--address ${address} lets other machines read the runs; set EVOM_DASHBOARD_TOKEN, or listen on 127.0.0.1`,
    );
  await currentData(directories); // what cannot be read is said at once
  const listeners = new Set<ServerResponse>();
  const service = await serveHttp(options, (request, response) => answer(directories, token, listeners, request, response));
  let last = await stateOf(directories);
  const poll = setInterval(() => {
    void stateOf(directories).then((state) => {
      if (state === last) return;
      last = state;
      for (const listener of listeners) listener.write('event: changed\ndata: {}\n\n');
    });
  }, pollMs);
  return {
    url: `${service.url}/${token === null ? '' : `?token=${encodeURIComponent(token)}`}`,
    close: async () => {
      clearInterval(poll);
      await service.close();
    },
  };
}

async function answer(
  directories: readonly string[],
  token: string | null,
  listeners: Set<ServerResponse>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  for (const [name, value] of Object.entries(pageHeaders)) response.setHeader(name, value);
  refuseOtherSites(token, request);
  const { pathname, searchParams } = urlOf(request);
  if (token !== null && !isToken(token, searchParams.get('token') ?? ''))
    throw new HttpRefusal(401, 'open the address that evom dashboard printed, with its token');
  if (request.method !== 'GET') throw new HttpRefusal(405, `${request.method} is not served`);
  switch (pathname) {
    case '/':
      return send(response, 'text/html; charset=utf-8', (await reportPage(await currentData(directories), [])).join(''));
    case '/data':
      return send(response, 'application/json', JSON.stringify(await currentData(directories)));
    case '/samples': {
      const directory = directories[Number(searchParams.get('run'))];
      const step = Number(searchParams.get('step'));
      if (directory === undefined || !Number.isInteger(step) || step < 1) throw new HttpRefusal(404, 'no such run or step');
      return send(response, 'application/gzip', (await packStep(directory, step)).bytes);
    }
    case '/events':
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(': evom\n\n');
      listeners.add(response);
      response.once('close', () => listeners.delete(response));
      return;
    default:
      throw new HttpRefusal(404, `${pathname} is not served`);
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

/** Of every answer, refusals too. */
const pageHeaders = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
};

function send(response: ServerResponse, type: string, body: string | Uint8Array): void {
  response.writeHead(200, { 'content-type': type });
  response.end(body);
}
