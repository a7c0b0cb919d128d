/** A `Verifier` whose programs run on solver hosts: batches, several hosts, retries, a cache in memory and on disk. */

import { createHash } from 'node:crypto';
import { emptyOutcome, type Outcome } from '../core/outcome.ts';
import { type Program, programHash } from '../core/program.ts';
import { EvomError } from '../lib/errors.ts';
import { smallest } from '../lib/extremes.ts';
import { sharedSignal } from '../lib/shared-signal.ts';
import { OutcomeMemory } from '../verify/outcome-memory.ts';
import type { Verifier, VerifierStats } from '../verify/verifier.ts';
import { type HostConnection, HostDown } from './host-connection.ts';
import { type FleetOptions, HostFleet, healthTimeoutMs } from './host-fleet.ts';
import { type DialectVersions, differenceFrom, versionsOf } from './host-versions.ts';
import { OutcomeStore } from './outcome-store.ts';
import { maxPrograms } from './wire.ts';

export interface RemoteVerifierOptions extends FleetOptions {
  /** Addresses such as `http://127.0.0.1:8650`; not read with `discover`. */
  readonly hosts: readonly string[];
  /** Bearer token of the hosts. */
  readonly token?: string | null;
  /** Folder that keeps outcomes between runs; null keeps none. */
  readonly cacheDirectory?: string | null;
  /** Outcomes kept in memory; default 10,000. */
  readonly cacheSize?: number;
  /** Programs of one request; default 32. */
  readonly batchSize?: number;
  /** Milliseconds from asking for an outcome until it is given up as `infra_error`, retries and waiting included; default 300,000. */
  readonly deadlineMs?: number;
  /** Milliseconds without any answer after which a request is given up and its programs go elsewhere; default 90,000. */
  readonly stallMs?: number;
}

/** A program on its way. */
interface Ticket {
  readonly program: Program;
  deadline: number;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: EvomError) => void;
  /** Times that a host broke off under it or answered with a fault of its own. */
  attempts: number;
  /** Hosts that cannot give it an outcome: asked again, they would answer the same or cost as much. */
  readonly refusedBy: Set<HostConnection>;
  settled: boolean;
}

/** A program under which hosts break off this often is not sent again: it may be what breaks them. */
const maxAttempts = 5;
/** Faults of one host that another may not have: its licence, its environment, its load. */
const refusals: ReadonlySet<string> = new Set(['LicenceRefused', 'MissingLibrary', 'Starved']);
/** Milliseconds in which a program that one host starved must have begun on another. */
const starvedPatienceMs = 60_000;
/** Faults that take a program's whole time. */
const costly: ReadonlySet<string> = new Set(['NotResolved', 'Starved']);

/**
 * Connects to solver hosts.
 *
 * A host that breaks off is left alone for a while and its unanswered programs go to the others; equal programs are run once. An outcome
 * that no host gives in time is `infra_error`, which has no reward: never a low one.
 *
 * With `discover` hosts may come and go: one that comes is given programs once its versions are found to be those of the first, one that
 * leaves ends what it is at, and what it cannot end goes to the others. One that refuses requests is left out while another does not.
 * Without any that answers, programs wait for `discover.waitMs`; then those that wait are refused with `E_SANDBOX`.
 *
 * @throws {EvomError} E_CONFIG when no host answers, none serves one of the dialects, hosts run different versions of its library, or a
 * token is missing.
 */
export async function createRemoteVerifier(options: RemoteVerifierOptions): Promise<Verifier> {
  const fleet = await HostFleet.open(options);
  try {
    return new RemoteVerifier(fleet, options, versionsOf(fleet.hosts, options.dialects));
  } catch (error) {
    fleet.close();
    throw error;
  }
}

class RemoteVerifier implements Verifier {
  readonly backend: string;
  readonly dialects: readonly string[];
  readonly #fleet: HostFleet;
  readonly #options: RemoteVerifierOptions;
  readonly #about: ReadonlyMap<string, DialectVersions>;
  readonly #store: OutcomeStore | null;
  readonly #memory: OutcomeMemory;
  readonly #closing = new AbortController();
  /** Hosts whose health is being asked for. */
  readonly #revived = new Set<HostConnection>();
  /** Hosts that refused the last request: another token, or another program at their address. */
  readonly #refusing = new WeakSet<HostConnection>();
  #queue: Ticket[] = [];
  #timer: NodeJS.Timeout | null = null;
  #refusal: EvomError | null = null;
  #stats = { executed: 0, requeued: 0 };

  constructor(fleet: HostFleet, options: RemoteVerifierOptions, about: ReadonlyMap<string, DialectVersions>) {
    this.#fleet = fleet;
    this.#options = options;
    this.#about = about;
    this.dialects = options.dialects;
    this.backend = [...new Set([...about.values()].map(({ backend }) => backend))].join('+');
    sharedSignal(this.#closing.signal);
    this.#store = options.cacheDirectory ? new OutcomeStore(options.cacheDirectory) : null;
    this.#memory = new OutcomeMemory(options.cacheSize ?? 10_000, this.#store);
    fleet.onChange(() => {
      // Not only when there is work: who is known when it comes can have it at once.
      for (const host of fleet.hosts) if (host.capacity === 0 && host.pauseMs(Date.now()) === 0) this.#revive(host);
      this.#pumpIn(0);
    });
  }

  async verify(program: Program): Promise<Outcome> {
    const about = this.#about.get(program.dialect);
    if (about === undefined) {
      throw new EvomError('E_CONFIG', `dialect "${program.dialect}" is not one of this verifier's: ${this.dialects.join(', ')}`);
    }
    if (this.#closing.signal.aborted) throw new EvomError('E_SANDBOX', 'the connection to the solver hosts is closed');
    if (this.#refusal !== null) throw this.#refusal;
    const key = createHash('sha256')
      .update([programHash(program), `${about.solver} ${about.library}`, ...this.#setups(program.dialect)].join('\n'))
      .digest('hex');
    return this.#memory.outcome(key, () => this.#run(program));
  }

  stats(): VerifierStats {
    return { ...this.#memory.stats(), ...this.#stats, workersReplaced: 0, instancesRecycled: 0 };
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#fleet.close();
    if (this.#timer !== null) clearTimeout(this.#timer);
    for (const ticket of this.#queue) this.#giveUp(ticket, 'the connection to the solver hosts was closed');
    this.#queue = [];
    await this.#store?.close();
  }

  /** How the hosts of a dialect are set up, each way once: an outcome under other limits is another outcome. */
  #setups(dialect: string): readonly string[] {
    if (this.#fleet.first !== null) return [this.#fleet.first.setup];
    return [...new Set(this.#fleet.hosts.filter((host) => host.serves(dialect)).map((host) => host.setup))].sort();
  }

  async #run(program: Program): Promise<Outcome> {
    const outcome = await this.#send(program);
    if (this.#refusal !== null) throw this.#refusal;
    return outcome;
  }

  #send(program: Program): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      const deadline = Date.now() + (this.#options.deadlineMs ?? 300_000);
      this.#queue.push({ program, deadline, resolve, reject, attempts: 0, refusedBy: new Set(), settled: false });
      // Programs asked for in the same turn leave in the same request.
      this.#pumpIn(0);
    });
  }

  #pumpIn(ms: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#pump();
    }, ms);
  }

  /** Hands queued programs to hosts with room, and comes back when something may have changed. */
  #pump(): void {
    const now = Date.now();
    for (const ticket of this.#queue) if (ticket.deadline <= now) this.#giveUp(ticket, 'no solver host gave an outcome in time');
    this.#queue = this.#queue.filter((ticket) => !ticket.settled);
    if (this.#queue.length === 0 || this.#closing.signal.aborted) {
      this.#fleet.satisfied();
      return;
    }
    const starvation = this.#fleet.starvation(now);
    if (starvation !== null) {
      // Not for ever: a server of rewards outlives its hosts, and a host that comes back works for what comes then.
      for (const ticket of this.#queue.splice(0)) this.#refuse(ticket, starvation);
      this.#fleet.satisfied();
      return;
    }
    for (const host of [...this.#fleet.hosts].sort((a, b) => a.inFlight - b.inFlight)) {
      if (host.pauseMs(now) > 0 || !this.#fleet.takes(host)) continue;
      if (host.capacity === 0) this.#revive(host);
      else this.#handOver(host);
    }
    if (this.#queue.length === 0) return;
    const pauses = this.#fleet.hosts.map((host) => host.pauseMs(now)).filter((ms) => ms > 0);
    const untilDeadline = smallest(this.#queue.map((ticket) => ticket.deadline)) - now;
    this.#pumpIn(Math.max(1, smallest([1000, untilDeadline, ...pauses])));
  }

  #handOver(host: HostConnection): void {
    const size = Math.min(this.#options.batchSize ?? 32, maxPrograms, host.capacity - host.inFlight);
    if (size <= 0) return;
    const batch: Ticket[] = [];
    const kept: Ticket[] = [];
    for (const ticket of this.#queue) {
      const fits = batch.length < size && host.serves(ticket.program.dialect) && !ticket.refusedBy.has(host);
      (fits ? batch : kept).push(ticket);
    }
    this.#queue = kept;
    if (batch.length > 0) void this.#exchange(host, batch);
  }

  /** Sends a batch; whatever comes of it, each program is answered or queued again. */
  async #exchange(host: HostConnection, batch: readonly Ticket[]): Promise<void> {
    host.inFlight += batch.length;
    const answered = new Set<Ticket>();
    const take = (index: number, outcome: Outcome): void => {
      const ticket = batch[index];
      if (ticket === undefined || answered.has(ticket)) return;
      this.#refuseOtherVersions(host, ticket.program.dialect, outcome);
      answered.add(ticket);
      host.inFlight -= 1;
      this.#stats.executed += 1;
      this.#settle(ticket, outcome, host);
      this.#pumpIn(0);
    };
    try {
      await host.execute(
        batch.map((ticket) => ticket.program),
        take,
        { signal: this.#closing.signal, stallMs: this.#options.stallMs ?? 90_000 },
      );
      this.#refusing.delete(host);
    } catch (error) {
      const isLeftOut = this.#isLeftOut(host, error);
      if (isLeftOut) host.failed(error);
      else if (!(error instanceof HostDown)) {
        this.#refuseAll(
          error instanceof EvomError ? error : new EvomError('E_INTERNAL', 'the exchange with a solver host failed', { cause: error }),
        );
      } else if (!this.#closing.signal.aborted) host.failed(error);
      for (const ticket of batch) {
        if (answered.has(ticket)) continue;
        host.inFlight -= 1;
        // A host that was taken away, or did not begin, did not break off under its program.
        if (this.#fleet.takes(host) && !isLeftOut) ticket.attempts += 1;
        this.#again(ticket, error instanceof Error ? error.message : String(error));
      }
    }
    this.#fleet.release(host);
    this.#pumpIn(0);
  }

  /** Whether a host's refusal is its own: of hosts that come and go, one must not end a run that the others can go on with. */
  #isLeftOut(host: HostConnection, error: unknown): boolean {
    if (this.#fleet.first === null || error instanceof HostDown || !(error instanceof EvomError)) return false;
    this.#refusing.add(host);
    if (this.#fleet.hosts.every((one) => this.#refusing.has(one) || !this.#fleet.takes(one))) return false;
    this.#fleet.refused(error.message);
    return true;
  }

  /** Nobody gets an outcome any more. */
  #refuseAll(error: EvomError): void {
    this.#refusal = error;
    for (const ticket of this.#queue.splice(0)) this.#refuse(ticket, error);
  }

  /** A host that was set up anew at the same address says so first by its outcomes. @throws {HostDown} for one of another version. */
  #refuseOtherVersions(host: HostConnection, dialect: string, { solverVersion }: Outcome): void {
    const known = this.#about.get(dialect);
    if (known === undefined || solverVersion === '') return;
    const expected = `${known.solver} (${known.library})`;
    if (solverVersion === expected) return;
    const text = `${host.url} runs ${solverVersion} and ${known.url} runs ${expected}; set them up alike with --setup`;
    this.#fleet.refused(text);
    throw new HostDown(text);
  }

  #settle(ticket: Ticket, outcome: Outcome, host: HostConnection): void {
    const isRefused = refusals.has(outcome.error?.type ?? '');
    if (isRefused) ticket.refusedBy.add(host);
    if (outcome.error?.type !== 'LicenceRefused') ticket.attempts += 1;
    // It has waited for twice its wall time already: another host must come to it soon.
    if (outcome.error?.type === 'Starved') ticket.deadline = Math.min(ticket.deadline, Date.now() + starvedPatienceMs);
    const isRefusedByAll =
      isRefused && this.#fleet.hosts.every((other) => ticket.refusedBy.has(other) || !other.serves(ticket.program.dialect));
    // A second try may find our solver less busy; a third costs more than it brings.
    const isTooHard = costly.has(outcome.error?.type ?? '') && ticket.attempts >= 2;
    if (outcome.status !== 'infra_error' || isRefusedByAll || isTooHard) this.#finish(ticket, outcome);
    else this.#again(ticket, outcome.error?.message ?? 'a fault of the host', outcome);
  }

  #again(ticket: Ticket, why: string, outcome: Outcome | null = null): void {
    if (this.#closing.signal.aborted || this.#refusal !== null) this.#giveUp(ticket, why);
    else if (ticket.attempts < maxAttempts) {
      this.#stats.requeued += 1;
      this.#queue.unshift(ticket);
    } else if (outcome !== null) this.#finish(ticket, outcome);
    else this.#giveUp(ticket, `hosts broke off ${ticket.attempts} times under this program; the last time: ${why}`);
  }

  #finish(ticket: Ticket, outcome: Outcome): void {
    if (ticket.settled) return;
    ticket.settled = true;
    ticket.resolve(outcome);
  }

  #refuse(ticket: Ticket, error: EvomError): void {
    if (ticket.settled) return;
    ticket.settled = true;
    ticket.reject(error);
  }

  #giveUp(ticket: Ticket, message: string): void {
    const { dialect } = ticket.program;
    const backend = this.#about.get(dialect)?.backend ?? '';
    this.#finish(ticket, emptyOutcome('infra_error', { dialect, backend, error: { type: 'HostUnavailable', message, line: null } }));
  }

  /** Asks a host that was down for its health, once at a time. */
  #revive(host: HostConnection): void {
    if (this.#revived.has(host)) return;
    this.#revived.add(host);
    const revived = host.refresh(healthTimeoutMs, this.#closing.signal).then(
      () => {
        const difference = differenceFrom(host, this.#about, this.#fleet.first);
        if (difference === null) {
          if (host.capacity > 0) this.#fleet.met(host);
          return;
        }
        // Its outcomes would not be the same.
        this.#fleet.refused(difference);
        host.failed(new HostDown(difference));
      },
      (fault: HostDown) => {
        // One that is being started is not worth a word.
        if (this.#fleet.first !== null && host.failures > 1 && !this.#closing.signal.aborted)
          this.#fleet.noticeOnce(`solver host is not asked: ${fault.message}`);
      },
    );
    void revived.then(() => {
      this.#revived.delete(host);
      this.#pumpIn(0);
    });
  }
}
