/** Conversations over WebSockets; the door of `ws`. */
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { HttpRefusal, pathOf } from '../lib/http-server.ts';
import type { Conversation } from './format.ts';

export interface SocketOptions {
  /** Largest message, in bytes, and the most that may wait for a client to read it. */
  readonly maxBytes: number;
  /** Milliseconds without a message after which a connection is closed. */
  readonly idleMs: number;
  /** @throws {HttpRefusal} for who may not connect. */
  readonly admit: (request: IncomingMessage) => void;
}

/** Messages that may wait on one connection; clients send one at a time. */
const maxPending = 64;

/** @returns `attach` makes an HTTP server take the upgrades of some paths. */
export function serveSockets(
  sockets: readonly { readonly path: string; readonly open: () => Conversation }[],
  options: SocketOptions,
): { readonly attach: (server: Server) => void; readonly close: () => void } {
  const socketServer = new WebSocketServer({ noServer: true, maxPayload: options.maxBytes });
  const upgrade = (request: IncomingMessage, stream: Duplex, head: Buffer): void => {
    stream.on('error', () => stream.destroy());
    try {
      options.admit(request);
      const path = pathOf(request);
      const socket = sockets.find((one) => one.path === path);
      if (socket === undefined) throw new HttpRefusal(404, `no WebSocket is served at ${path}`);
      socketServer.handleUpgrade(request, stream, head, (connection) => converse(connection, socket.open(), options));
    } catch (error) {
      refuse(stream, error);
    }
  };
  return {
    attach: (server) => void server.on('upgrade', upgrade),
    close: () => {
      for (const connection of socketServer.clients) connection.terminate();
      socketServer.close();
    },
  };
}

function refuse(stream: Duplex, error: unknown): void {
  const status = error instanceof HttpRefusal ? error.status : 500;
  const body = JSON.stringify({ error: error instanceof Error ? error.message : String(error) });
  stream.end(
    `HTTP/1.1 ${status} Refused\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

/** Answers the messages of a connection one after another. */
function converse(connection: WebSocket, conversation: Conversation, { idleMs, maxBytes }: SocketOptions): void {
  let pending = 0;
  let turn: Promise<void> = Promise.resolve();
  const idle = setTimeout(() => connection.close(1001, 'idle'), idleMs);
  const respond = async (text: string): Promise<void> => {
    // What waited behind a slow answer when the client left: heard, it would begin what nobody ends.
    if (connection.readyState !== connection.OPEN) return;
    const answer = await conversation.hear(text);
    if (answer === null) connection.close(1000);
    else if (connection.bufferedAmount > maxBytes) connection.terminate();
    else if (connection.readyState === connection.OPEN) connection.send(answer);
  };
  connection.on('message', (data, isBinary) => {
    idle.refresh();
    pending += 1;
    if (isBinary || pending > maxPending) {
      connection.close(isBinary ? 1003 : 1008, isBinary ? 'text is spoken here' : 'too many messages wait');
      return;
    }
    turn = turn
      .then(() => respond(String(data)))
      .catch(() => connection.terminate())
      .finally(() => {
        pending -= 1;
        idle.refresh();
      });
  });
  connection.on('error', () => connection.terminate());
  connection.on('close', () => {
    clearTimeout(idle);
    conversation.end();
  });
}
