/** A solver host that answers 403 in the middle: it answers one program, holds the others of that batch, and refuses the next batch. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { emptyOutcome } from '../../src/core/outcome.ts';
import { outcomeToJson } from '../../src/core/outcome-json.ts';
import type { ExecuteLine, ExecuteRequest, Health } from '../../src/solver-host/wire.ts';

export interface ForbiddingHost {
  readonly url: string;
  /** Batches that were refused. */
  readonly refused: () => number;
  close(): Promise<void>;
}

/** @param reason the body of the 403. */
export async function startForbiddingHost(reason: string): Promise<ForbiddingHost> {
  const about = { dialect: 'gurobipy', backend: 'gurobi' };
  const health: Health = {
    service: 'evom-solver-host',
    version: '0',
    dialects: [
      {
        ...about,
        state: 'ready',
        message: null,
        library: '1',
        solver: '1',
        licence: 'none',
        concurrency: 1,
        isolation: null,
        missingLibraries: [],
      },
    ],
    unjailed: false,
    running: 0,
    queued: 0,
    resolver: 'highs',
    limits: {} as Health['limits'],
    notFound: {},
  };
  const line = (index: number): string => {
    const outcome = emptyOutcome('no_solve', about);
    return `${JSON.stringify({ index, outcome: outcomeToJson(outcome) } satisfies ExecuteLine)}\n`;
  };
  let held: { readonly response: ServerResponse; readonly rest: readonly number[] } | null = null;
  let refused = 0;
  const server = createServer(async (request, response) => {
    if (request.url === '/v1/health') {
      response.end(JSON.stringify(health));
      return;
    }
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const { programs } = JSON.parse(Buffer.concat(parts).toString()) as ExecuteRequest;
    if (held === null) {
      held = { response, rest: programs.map((_, i) => i).slice(1) };
      response.write(line(0));
      return;
    }
    refused += 1;
    response.writeHead(403);
    response.end(reason);
    await sleep(200); // the refusal is there before what was under way
    for (const index of held.rest) held.response.write(line(index));
    held.response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    refused: () => refused,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
