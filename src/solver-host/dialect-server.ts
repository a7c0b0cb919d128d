/** The programs of one dialect on this host: a queue before its slots, and the files that carry a program in and out of a fork server. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Program } from '../core/program.ts';
import { EvomError } from '../lib/errors.ts';
import type { Ended } from './conclude.ts';
import type { ForkServerHello, ForkServerOptions } from './fork-server.ts';
import type { HostLimits } from './host-limits.ts';
import { LastingServer } from './lasting-server.ts';
import { type Preload, preloadOf, preloadsOf } from './preload.ts';
import { MalformedRecord, type ProgramRecord, parseProgramRecord } from './program-record.ts';
import { SlotFiles } from './slot-files.ts';

/** Of what a program printed to its error stream, this much is kept. */
const keptErrorBytes = 65_536;
/** Longest character in UTF-8. */
const bytesPerChar = 4;

/** A program that ran: how its process ended, its record, what it printed. */
export interface Ran extends Ended {
  readonly stderr: string;
}

export class DialectServer {
  readonly #dialect: string;
  readonly #slots: number;
  readonly #slotFiles: readonly SlotFiles[];
  readonly #freeSlots: number[];
  /** Programs that wait for a slot, the first come first. */
  readonly #waiting = new Set<(slot: number) => void>();
  readonly #servers: ReadonlyMap<Preload, LastingServer>;
  #lastId = 0;

  private constructor(dialect: string, slots: number, jobs: string, servers: ReadonlyMap<Preload, LastingServer>) {
    this.#dialect = dialect;
    this.#slots = slots;
    this.#slotFiles = Array.from({ length: slots }, (_, slot) => new SlotFiles(jobs, slot));
    this.#servers = servers;
    this.#freeSlots = Array.from({ length: slots }, (_, slot) => slot);
  }

  /** @param directory of this dialect's alone. */
  static async start(options: Omit<ForkServerOptions, 'scratch' | 'preload'>, directory: string): Promise<DialectServer> {
    const jobs = join(directory, 'jobs');
    await mkdir(jobs, { recursive: true, mode: 0o700 });
    const starts = preloadsOf(options.dialect).map(async (preload): Promise<[Preload, LastingServer]> => {
      const scratch = join(directory, `scratch-${preload}`);
      await mkdir(scratch, { recursive: true, mode: 0o700 });
      return [preload, await LastingServer.start({ ...options, preload, scratch })];
    });
    const settled = await Promise.allSettled(starts);
    const servers = new Map(settled.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : [])));
    const failed = settled.find((start) => start.status === 'rejected');
    if (failed !== undefined) {
      for (const server of servers.values()) server.close();
      throw failed.reason;
    }
    return new DialectServer(options.dialect, options.slots, jobs, servers);
  }

  get hello(): ForkServerHello {
    return this.#of('all').hello;
  }

  /** Protections that any of its fork servers lacks. */
  get missing(): readonly string[] {
    return [...new Set([...this.#servers.values()].flatMap((server) => server.hello.missing))];
  }

  get slots(): number {
    return this.#slots;
  }

  get running(): number {
    return this.#slots - this.#freeSlots.length;
  }

  get queued(): number {
    return this.#waiting.size;
  }

  /** Process ids of the fork servers, for accounting. */
  get pids(): readonly number[] {
    return [...this.#servers.values()].map((server) => server.pid);
  }

  /**
   * @param signal aborted when nobody waits for the program any more: one that still queues is then not run.
   * @throws {EvomError} E_SANDBOX when the fork server ended under the program and cannot be made anew, or when nobody waits.
   */
  async run(program: Program, limits: HostLimits, signal?: AbortSignal): Promise<Ran> {
    const slot = await this.#takeSlot(signal);
    try {
      return await this.#runIn(slot, program, limits);
    } finally {
      this.#giveSlot(slot);
    }
  }

  close(): void {
    for (const server of this.#servers.values()) server.close();
    for (const files of this.#slotFiles) files.close();
  }

  #takeSlot(signal: AbortSignal | undefined): Promise<number> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiting.delete(take);
        reject(new EvomError('E_SANDBOX', 'the client went away before the program began'));
      };
      const take = (slot: number): void => {
        signal?.removeEventListener('abort', leave);
        resolve(slot);
      };
      if (signal?.aborted) return leave();
      const free = this.#freeSlots.pop();
      if (free !== undefined) return resolve(free);
      signal?.addEventListener('abort', leave, { once: true });
      this.#waiting.add(take);
    });
  }

  /** Hands a slot to the first that waits: nobody who comes later can take it. */
  #giveSlot(slot: number): void {
    const [first] = this.#waiting;
    if (first === undefined) this.#freeSlots.push(slot);
    else {
      this.#waiting.delete(first);
      first(slot);
    }
  }

  async #runIn(slot: number, program: Program, limits: HostLimits): Promise<Ran> {
    const server = await this.#of(preloadOf(this.#dialect, program.code)).take(this.running === 1);
    const files = this.#slotFiles[slot] as SlotFiles;
    files.give(JSON.stringify({ code: program.code, files: program.files ?? {} }));
    const end = await server.run({
      id: ++this.#lastId,
      slot,
      ...files.paths,
      max_solves: limits.maxSolves,
      solver_s: limits.solverS,
      wall_s: limits.wallS,
      limits: { cpu_s: limits.cpuS, memory_bytes: limits.memoryMb * 1024 * 1024, file_bytes: limits.maxRecordBytes },
    });
    const most = limits.maxOutputChars;
    const printed = files.take('stdout', bytesPerChar * (most + 1));
    const stdout = printed.text.slice(0, most);
    const stderr = files.take('stderr', keptErrorBytes).text;
    const record = end.exit === 0 ? recordOf(files.take('result', limits.maxRecordBytes).text) : null;
    return { end, record, stdout, stderr, isOutputCut: printed.text.length > most || printed.bytes >= limits.maxRecordBytes };
  }

  #of(preload: Preload): LastingServer {
    return this.#servers.get(preload) as LastingServer;
  }
}

/** The record that a child wrote; null for none, or for one that the program itself wrote or cut off. */
function recordOf(text: string): ProgramRecord | null {
  if (text === '') return null;
  try {
    return parseProgramRecord(text);
  } catch (error) {
    if (error instanceof MalformedRecord || error instanceof SyntaxError) return null;
    throw error;
  }
}
