/** What a wire format is made of: routes that turn a call into a reply, in terms of the parts of the server. */
import type { IncomingHttpHeaders } from 'node:http';
import { HttpRefusal } from '../lib/http-server.ts';
import type { ProblemStore } from './problem-store.ts';
import { type Scored, type ScoreRequest, type Scorer, unscorableText } from './scorer.ts';
import type { Sessions } from './sessions.ts';

/** What a client without a channel for "unscorable" is sent: an error, a counted 0, or nothing until there is a reward. */
export const unscorablePolicies = ['error', 'zero', 'hold'] as const;
export type UnscorablePolicy = (typeof unscorablePolicies)[number];

/** The parts that every format works with. */
export interface ServeParts {
  readonly store: ProblemStore;
  readonly scorer: Scorer;
  readonly sessions: Sessions;
  readonly unscorable: UnscorablePolicy;
  /** Programs that an episode may run, the submitted one included. */
  readonly turns: number;
  readonly version: string;
  /** Counts a fault that was sent as 0. */
  readonly countZero: () => void;
  /** Forwards a request of SandboxFusion to a solver host; null where there is none. */
  readonly runCode: ((body: unknown, gone: AbortSignal) => Promise<unknown>) | null;
  /** What GET /v1/health answers. */
  readonly health: () => Readonly<Record<string, unknown>>;
}

export type Body = Readonly<Record<string, unknown>>;

/** One request. */
export interface Call {
  /** Of the path: `{env}` of `/{env}/tasks`. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** Empty for a request without one. */
  readonly body: Body;
  /** Aborted when the client has left. */
  readonly gone: AbortSignal;
}

export type Reply =
  | { readonly type: 'json'; readonly body: unknown; readonly status?: number }
  /** NDJSON: each value is a line, sent as it is there. */
  | { readonly type: 'lines'; readonly lines: AsyncIterable<unknown> }
  /** Server-sent events. */
  | { readonly type: 'events'; readonly events: AsyncIterable<readonly [event: string, data: string]> };

export interface Route {
  readonly method: 'GET' | 'POST';
  /** Segments in braces match any one. */
  readonly path: string;
  /** Asked without a token, as health is. */
  readonly isOpen?: boolean;
  readonly handle: (call: Call) => Reply | Promise<Reply>;
}

/** One conversation over a WebSocket: a text in, texts out. */
export interface Conversation {
  /** @returns the answer; null ends the conversation. */
  hear(text: string): Promise<string | null>;
  end(): void;
}

export interface Format {
  readonly name: string;
  readonly routes: readonly Route[];
  readonly socket?: { readonly path: string; readonly open: () => Conversation };
}

export const json = (body: unknown, status?: number): Reply => ({ type: 'json', body, ...(status === undefined ? {} : { status }) });

export const isObject = (value: unknown): value is Body => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Longest completion, in characters: several times the context of any model, and soon searched for its program. */
const maxCompletionChars = 2_000_000;

/** A completion as a client sent it; a number, as some make of a text that looks like one, is a text again. */
export function completionOf(value: unknown, where: string): string {
  if (typeof value === 'string' && value.length > maxCompletionChars)
    throw new HttpRefusal(413, `${where} has ${value.length} characters; a completion has at most ${maxCompletionChars}`);
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return String(value);
  throw new HttpRefusal(422, `${where} is not a text; send what the model answered`);
}

/** Milliseconds between two tries of a completion that is held. */
const holdPauseMs = 1000;

/**
 * The reward for a client that knows numbers only.
 *
 * @throws {HttpRefusal} 503, which such clients try again, where there is none and the policy does not say 0.
 */
export async function plainReward(
  { scorer, unscorable, countZero }: ServeParts,
  request: ScoreRequest & { readonly deadlineMs: number },
): Promise<{
  readonly reward: number;
  readonly scored: Scored;
}> {
  const until = performance.now() + request.deadlineMs;
  for (;;) {
    const scored = await scorer.score({ ...request, deadlineMs: Math.max(1, until - performance.now()) });
    if (scored.type === 'scored') return { reward: scored.reward, scored };
    const mayPass = scored.kind !== 'NoLabel' && scored.kind !== 'Gone' && scored.kind !== 'Stopped';
    if (unscorable === 'hold' && mayPass && performance.now() + holdPauseMs < until) {
      await new Promise((resolve) => setTimeout(resolve, holdPauseMs));
      continue;
    }
    if (unscorable === 'zero') {
      countZero();
      return { reward: 0, scored };
    }
    throw new HttpRefusal(503, unscorableText(scored));
  }
}
