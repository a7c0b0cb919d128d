/** A solver host over HTTP: `POST /v1/execute`, `GET /v1/health` and SandboxFusion's `POST /run_code`. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { outcomeToJson } from '../core/outcome-json.ts';
import type { Program } from '../core/program.ts';
import {
  goneSignal,
  HttpRefusal,
  jsonBody,
  pathOf,
  refuseOtherThanJson,
  refuseStrangers,
  refuseWebPages,
  type Service,
  type ServiceOptions,
  sendJson,
  serveHttp,
} from '../lib/http-server.ts';
import { faultInFiles } from './program-files.ts';
import { runCode } from './run-code.ts';
import type { SolverHost } from './solver-host.ts';
import { type ExecuteLine, maxPrograms, maxRequestBytes } from './wire.ts';

/**
 * Serves a host until closed.
 *
 * @throws {EvomError} E_CONFIG when the port is taken or the address is not this machine's.
 */
export const serveSolverHost = (host: SolverHost, options: ServiceOptions): Promise<Service> =>
  serveHttp(options, (request, response) => answer(host, options, request, response));

async function answer(host: SolverHost, options: ServiceOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  refuseWebPages(options.token, request);
  const path = pathOf(request);
  if (request.method === 'GET' && (path === '/v1/health' || path === '/v1/ping')) {
    return sendJson(response, 200, path === '/v1/ping' ? 'pong' : host.health());
  }
  refuseStrangers(options.token, request);
  if (request.method !== 'POST')
    throw new HttpRefusal(405, `${request.method} ${path} is not served; see POST /v1/execute, GET /v1/health`);
  refuseOtherThanJson(request);
  switch (path) {
    case '/v1/execute':
      return execute(host, programsOf(await jsonBody(request, maxRequestBytes)), response);
    case '/run_code':
      return sendJson(response, 200, await runCode(host, await jsonBody(request, maxRequestBytes), goneSignal(response)));
    default:
      throw new HttpRefusal(404, `${path} is not served; see POST /v1/execute, GET /v1/health, POST /run_code`);
  }
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

function programsOf(body: unknown): readonly Program[] {
  const programs = (body as { programs?: unknown } | null)?.programs;
  if (!Array.isArray(programs)) throw new HttpRefusal(400, 'the body must be {"programs": [{"dialect", "code", "files"?}, ...]}');
  if (programs.length > maxPrograms) throw new HttpRefusal(413, `${programs.length} programs; at most ${maxPrograms} can be sent at once`);
  return programs.map((program: unknown, index) => {
    const { dialect, code, files } = (program ?? {}) as Record<string, unknown>;
    if (typeof dialect !== 'string' || typeof code !== 'string')
      throw new HttpRefusal(400, `programs[${index}] needs a dialect and code, both text`);
    if (files === undefined) return { dialect, code };
    const isTexts = typeof files === 'object' && files !== null && Object.values(files).every((text) => typeof text === 'string');
    if (!isTexts) throw new HttpRefusal(400, `programs[${index}].files must map names to texts`);
    const badFile = faultInFiles(files as Record<string, string>);
    if (badFile !== null) throw new HttpRefusal(400, `programs[${index}].files: ${badFile}`);
    return { dialect, code, files: files as Record<string, string> };
  });
}
