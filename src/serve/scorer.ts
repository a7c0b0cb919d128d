/** Completion -> reward, by the functions of training and of `evom verify`; within a deadline, and never a number for a fault of ours. */

import type { Verification } from '../config/build/verify-settings.ts';
import type { Outcome } from '../core/outcome.ts';
import { type JsonNumber, outcomeToJson } from '../core/outcome-json.ts';
import type { Problem } from '../core/problem.ts';
import type { Reward } from '../core/rollout.ts';
import { dialectByName } from '../dialects/registry.ts';
import { EvomError } from '../lib/errors.ts';
import { HttpRefusal } from '../lib/http-server.ts';
import { solverFeedback } from '../verify/feedback.ts';

/** What a client is told of an outcome: what its own program did, and nothing of the reference. */
export interface ShownOutcome {
  readonly status: Outcome['status'];
  readonly objective: JsonNumber | null;
  readonly reported: JsonNumber | null;
  readonly certificate: Outcome['certificate'];
  readonly error: Outcome['error'];
  readonly solves: number;
  readonly dialect: string;
  readonly backend: string;
}

export interface ScoredCompletion {
  readonly type: 'scored';
  readonly reward: number;
  readonly parts: Readonly<Record<string, number>>;
  readonly correct: boolean | null;
  readonly flags: readonly string[];
  readonly outcome: ShownOutcome;
  /** What the solver said of the program, in words for the policy. */
  readonly said: () => string;
}

/** A completion that got no reward through no fault of its own. */
export interface Unscorable {
  readonly type: 'unscorable';
  /** `Deadline`, `NoLabel`, `AuditFault`, `VerifierFault`, or the error type of an outcome `infra_error`, e.g. `Killed`. */
  readonly kind: string;
  readonly message: string;
  readonly outcome: ShownOutcome | null;
  /** As of a scored completion, where its program was run and only its reward is not known, e.g. for want of a label; else null. */
  readonly said: (() => string) | null;
}

export type Scored = ScoredCompletion | Unscorable;

/** How formats that answer in words say it. */
export const unscorableText = ({ kind, message }: Pick<Unscorable, 'kind' | 'message'>): string => `unscorable (${kind}): ${message}`;

export interface ScoreRequest {
  readonly problem: Problem;
  readonly completion: string;
  /** It was stopped at its limit; default false. */
  readonly isTruncated?: boolean;
  /** Aborted when nobody waits any more. */
  readonly gone?: AbortSignal;
  /** Milliseconds, waiting included; default the scorer's. */
  readonly deadlineMs?: number;
}

export interface ScorerOptions {
  readonly verify: Verification['verify'];
  readonly dialect: string;
  /** Programs handed to the verifier at once: enough to fill its batches. */
  readonly atOnce: number;
  /** Completions that may wait; further ones are refused. */
  readonly maxWaiting: number;
  /** Milliseconds from a request to its answer, waiting included. */
  readonly deadlineMs: number;
}

interface Ticket {
  readonly request: ScoreRequest;
  settle(scored: Scored): void;
  /** It was answered: no need to run it. */
  isOver: boolean;
}

/** Counts since the start. */
export interface ScorerCounts {
  readonly running: number;
  readonly waiting: number;
  readonly scored: number;
  /** Refused, because too many were waiting or sent at once. */
  readonly refused: number;
  readonly unscorable: Readonly<Record<string, number>>;
}

export class Scorer {
  readonly #options: ScorerOptions;
  readonly #queue: Ticket[] = [];
  readonly #unscorable = new Map<string, number>();
  #running = 0;
  #scored = 0;
  #refused = 0;
  #isClosed = false;

  constructor(options: ScorerOptions) {
    this.#options = options;
  }

  /** @throws {HttpRefusal} 503 when these are more than may wait now, 413 when they are more than may ever: nothing of them is begun. */
  admit(count: number): void {
    const { maxWaiting } = this.#options;
    if (count > maxWaiting) {
      this.#refused += count;
      const helps = 'send fewer, or start the server with a larger --max-waiting';
      throw new HttpRefusal(413, `${count} completions at once; at most ${maxWaiting} may wait: ${helps}`);
    }
    if (!this.#isClosed && this.#queue.length + count <= maxWaiting) return;
    this.#refused += count;
    throw new HttpRefusal(503, this.#isClosed ? 'the server stops' : `${this.#queue.length} completions wait already; try again`);
  }

  /**
   * The reward of a completion, or why there is none. Never rejects for what the program or the verifier does.
   *
   * @throws {HttpRefusal} as `admit`.
   */
  async score(request: ScoreRequest): Promise<Scored> {
    this.admit(1);
    return this.#enqueue(request);
  }

  /** As `score`, for several at once: all of them or none are begun. */
  scoreAll(requests: readonly ScoreRequest[], onScored: (scored: Scored, index: number) => void = () => {}): Promise<Scored[]> {
    this.admit(requests.length);
    return Promise.all(
      requests.map(async (request, index) => {
        const scored = await this.#enqueue(request);
        onScored(scored, index);
        return scored;
      }),
    );
  }

  counts(): ScorerCounts {
    return {
      running: this.#running,
      waiting: this.#queue.length,
      scored: this.#scored,
      refused: this.#refused,
      unscorable: Object.fromEntries(this.#unscorable),
    };
  }

  /** Answers whatever waits, with `Stopped`. */
  close(): void {
    this.#isClosed = true;
    for (const ticket of this.#queue.splice(0)) ticket.settle(unscorable('Stopped', 'the server stopped before the program was run'));
  }

  #enqueue(request: ScoreRequest): Promise<Scored> {
    const deadlineMs = request.deadlineMs ?? this.#options.deadlineMs;
    return new Promise((resolve) => {
      const ticket: Ticket = {
        request,
        isOver: false,
        settle: (scored) => {
          if (ticket.isOver) return;
          ticket.isOver = true;
          clearTimeout(timer);
          request.gone?.removeEventListener('abort', leave);
          if (scored.type === 'scored') this.#scored += 1;
          else this.#unscorable.set(scored.kind, (this.#unscorable.get(scored.kind) ?? 0) + 1);
          resolve(scored);
        },
      };
      const drop = (scored: Unscorable): void => {
        const place = this.#queue.indexOf(ticket);
        if (place >= 0) this.#queue.splice(place, 1);
        ticket.settle(scored);
      };
      const timer = setTimeout(
        () => drop(unscorable('Deadline', `not scored within ${deadlineMs / 1000} s, waiting included`)),
        deadlineMs,
      );
      const leave = (): void => drop(unscorable('Gone', 'the client left before the answer'));
      request.gone?.addEventListener('abort', leave, { once: true });
      this.#queue.push(ticket);
      if (request.gone?.aborted) leave();
      this.#next();
    });
  }

  #next(): void {
    while (this.#running < this.#options.atOnce) {
      const ticket = this.#queue.shift();
      if (ticket === undefined) return;
      this.#running += 1;
      void this.#run(ticket.request)
        .then(ticket.settle)
        .finally(() => {
          this.#running -= 1;
          this.#next();
        });
    }
  }

  async #run({ problem, completion, isTruncated = false }: ScoreRequest): Promise<Scored> {
    try {
      const { dialect } = this.#options;
      const program = dialectByName(dialect).extract(completion);
      return scoredOf(await this.#options.verify({ program, dialect, completion, problem, isTruncated }));
    } catch (error) {
      // Whatever is thrown here is ours: what a program does comes back as an outcome.
      const kind = error instanceof EvomError && error.code === 'E_SANDBOX' ? 'SandboxFault' : 'VerifierFault';
      return unscorable(kind, error instanceof Error ? error.message : String(error));
    }
  }
}

const unscorable = (kind: string, message: string, outcome: ShownOutcome | null = null, said: Unscorable['said'] = null): Unscorable => ({
  type: 'unscorable',
  kind,
  message,
  outcome,
  said,
});

function scoredOf({ outcome, reward }: { readonly outcome: Outcome; readonly reward: Reward }): Scored {
  const shown = shownOutcome(outcome);
  const { value, parts, correct, flags } = reward;
  const said = (): string => solverFeedback(outcome);
  if (value !== null) return { type: 'scored', reward: value, parts, correct, flags, outcome: shown, said };
  if (outcome.status === 'infra_error')
    return unscorable(outcome.error?.type ?? 'VerifierFault', outcome.error?.message ?? 'no outcome', shown);
  if (flags.includes('audit_fault')) return unscorable('AuditFault', 'the answer could not be audited; try again', shown, said);
  return unscorable('NoLabel', 'the problem has no answer to judge by', shown, said);
}

function shownOutcome(outcome: Outcome): ShownOutcome {
  const { status, objective, reported, certificate, error, solves, dialect, backend } = outcomeToJson({ ...outcome, model: null });
  return { status, objective, reported, certificate, error, solves: solves.length, dialect, backend };
}
