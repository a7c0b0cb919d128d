/** A model server that refuses: it holds completions until they are let go, takes no weights, and says so in a good answer. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface RefusingServer {
  readonly url: string;
  /** Paths in the order in which they were asked for. */
  readonly asked: string[];
  /** How many completions are held. */
  readonly held: () => number;
  /** Answers the completion that is held longest. */
  release(): void;
  close(): Promise<void>;
}

/** @param stopId the token that ends each completion. */
export async function startRefusingServer({ stopId }: { readonly stopId: number }): Promise<RefusingServer> {
  const asked: string[] = [];
  const waiting: (() => void)[] = [];
  const adapters: string[] = [];
  const completion = {
    object: 'text_completion',
    choices: [{ index: 0, text: '', finish_reason: 'stop', token_ids: [5, stopId], logprobs: { token_logprobs: [-0.5, -0.25] } }],
  };
  const answers: Readonly<Record<string, (body: Readonly<Record<string, unknown>>) => unknown>> = {
    'GET /health': () => null,
    'GET /v1/models': () => ({ object: 'list', data: ['base', ...adapters].map((id) => ({ id, object: 'model' })) }),
    'POST /v1/load_lora_adapter': ({ lora_name }) => {
      adapters.push(String(lora_name));
      return null;
    },
    'POST /update_weights_from_disk': () => ({ success: false, message: 'the files are of another model', num_paused_requests: 0 }),
    'POST /v1/completions': () => new Promise((resolve) => waiting.push(() => resolve(completion))),
  };
  const server: Server = createServer(async (request, response) => {
    const route = answers[`${request.method} ${request.url}`];
    asked.push(request.url ?? '');
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const text = Buffer.concat(parts).toString();
    const body = route?.(text === '' ? {} : JSON.parse(text));
    const answer = await body;
    response.writeHead(route === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(route === undefined ? '{"detail":"Not Found"}' : answer === null ? '' : JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    held: () => waiting.length,
    release: () => waiting.shift()?.(),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
