/** The learner's worker threads: each answers one request at a time. */
import { Worker } from 'node:worker_threads';
import { compiledEntry } from '../../lib/compiled.ts';
import { EvomError } from '../../lib/errors.ts';
import type { WorkerReply, WorkerRequest, WorkerSetup } from './worker-protocol.ts';

interface Member {
  readonly worker: Worker;
  pending: { readonly resolve: (reply: WorkerReply) => void; readonly reject: (error: Error) => void } | null;
}

type ReplyTo<Request extends WorkerRequest> = Extract<WorkerReply, { type: Request['type'] }>;

export class WorkerTeam {
  private readonly members: Member[];
  private fault: EvomError | null = null;

  constructor(setups: readonly WorkerSetup[]) {
    const entry = compiledEntry(import.meta.url, './worker.js');
    this.members = setups.map((workerData) => {
      const member: Member = { worker: new Worker(entry, { workerData }), pending: null };
      member.worker.on('message', (reply: WorkerReply) => {
        const { pending } = member;
        member.pending = null;
        if (reply.type === 'failed') pending?.reject(new EvomError('E_LEARNER', `a gradient worker failed: ${reply.message}`));
        else pending?.resolve(reply);
      });
      member.worker.on('error', (cause) =>
        this.fail(
          new EvomError('E_LEARNER', `a gradient worker died: ${cause instanceof Error ? cause.message : String(cause)}`, { cause }),
        ),
      );
      member.worker.on('exit', (code) =>
        this.fail(new EvomError('E_LEARNER', `a gradient worker exited with code ${code}; is there enough memory?`)),
      );
      // An idle learner must not keep the process alive; a pending request does.
      member.worker.unref();
      return member;
    });
  }

  private fail(error: EvomError): void {
    this.fault ??= error;
    for (const member of this.members) {
      member.pending?.reject(this.fault);
      member.pending = null;
    }
  }

  /** Asks every worker at once. @returns replies in the order of workers. */
  async askAll<Request extends WorkerRequest>(requestFor: (index: number) => Request): Promise<ReplyTo<Request>[]> {
    const replies = await Promise.allSettled(this.members.map((member, index) => this.ask(member, requestFor(index))));
    return replies.map((reply) => {
      if (reply.status === 'rejected') throw reply.reason;
      return reply.value as ReplyTo<Request>;
    });
  }

  private ask(member: Member, request: WorkerRequest): Promise<WorkerReply> {
    if (this.fault !== null) return Promise.reject(this.fault);
    member.worker.ref();
    return new Promise<WorkerReply>((resolve, reject) => {
      member.pending = { resolve, reject };
      member.worker.postMessage(request);
    }).finally(() => member.worker.unref());
  }

  async close(): Promise<void> {
    if (this.fault === null) await this.askAll(() => ({ type: 'close' })).catch(() => undefined);
    this.fault ??= new EvomError('E_LEARNER', 'the learner is closed');
    await Promise.all(this.members.map(({ worker }) => worker.terminate()));
  }
}
