/** A local server of `POST /v1/chat/completions`: it answers by a script, with the faults that real ones have. */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

export type ChatAnswer =
  | { readonly type: 'answer'; readonly body: unknown }
  | { readonly type: 'refuse'; readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: unknown }
  /** Breaks off in the middle of the body. */
  | { readonly type: 'cut' };

export interface ChatRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface ChatServer {
  /** With `/v1`. */
  readonly url: string;
  readonly requests: ChatRequest[];
  close(): Promise<void>;
}

export const message = (content: unknown, finish = 'stop', more: object = {}): ChatAnswer => ({
  type: 'answer',
  body: {
    object: 'chat.completion',
    choices: [{ index: 0, message: { role: 'assistant', content, ...more }, finish_reason: finish }],
    usage: { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 },
  },
});

/** @param script answers request k, counted from 0. */
export async function startChatServer(script: (request: ChatRequest, k: number) => ChatAnswer): Promise<ChatServer> {
  const requests: ChatRequest[] = [];
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const text = Buffer.concat(parts).toString();
    const asked = { path: request.url ?? '', headers: request.headers, body: text === '' ? {} : JSON.parse(text) };
    const answer = script(asked, requests.push(asked) - 1);
    switch (answer.type) {
      case 'answer':
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body));
        return;
      case 'refuse':
        response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers }).end(JSON.stringify(answer.body ?? {}));
        return;
      case 'cut':
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': 4096 });
        response.write('{"choices":[{"message":{"content":"use', () => response.destroy());
        return;
      default:
        answer satisfies never;
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
