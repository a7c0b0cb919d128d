/** The programs of one dialect on this host: a queue before the slots of its fork server, and the files that carry a program in and out. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { EvomError } from '../core/errors.ts';
import type { Program } from '../core/program.ts';
import type { Ended } from './conclude.ts';
import { ForkServer, type ForkServerHello, type ForkServerOptions } from './fork-server.ts';
import type { HostLimits } from './host-limits.ts';
import { MalformedRecord, type ProgramRecord, parseProgramRecord } from './program-record.ts';
import { SlotFiles } from './slot-files.ts';

/** Of what a program printed to its error stream, this much is kept. */
const keptErrorBytes = 65_536;
/** Longest character in UTF-8. */
const bytesPerChar = 4;
/** A fork server is made anew after this many programs, in case its library leaks. */
const programsPerServer = 20_000;

/** A program that ran: how its process ended, its record, what it printed. */
export interface Ran extends Ended {
  readonly stderr: string;
}

export class DialectServer {
  readonly #options: ForkServerOptions;
  readonly #slotFiles: readonly SlotFiles[];
  readonly #freeSlots: number[];
  readonly #waiting: (() => void)[] = [];
  #server: ForkServer;
  #starting: Promise<ForkServer> | null = null;
  #lastId = 0;
  #served = 0;
  #closed = false;

  private constructor(options: ForkServerOptions, jobs: string, server: ForkServer) {
    this.#options = options;
    this.#slotFiles = Array.from({ length: options.slots }, (_, slot) => new SlotFiles(jobs, slot));
    this.#server = server;
    this.#freeSlots = Array.from({ length: options.slots }, (_, slot) => slot);
  }

  /** @param directory of this dialect's alone. */
  static async start(options: Omit<ForkServerOptions, 'scratch'>, directory: string): Promise<DialectServer> {
    const [jobs, scratch] = [join(directory, 'jobs'), join(directory, 'scratch')];
    await mkdir(jobs, { recursive: true, mode: 0o700 });
    await mkdir(scratch, { recursive: true, mode: 0o700 });
    const full = { ...options, scratch };
    return new DialectServer(full, jobs, await ForkServer.start(full));
  }

  get hello(): ForkServerHello {
    return this.#server.hello;
  }

  get slots(): number {
    return this.#options.slots;
  }

  get running(): number {
    return this.#options.slots - this.#freeSlots.length;
  }

  get queued(): number {
    return this.#waiting.length;
  }

  /** Process id of the fork server, for accounting. */
  get pid(): number {
    return this.#server.pid;
  }

  /**
   * @param signal aborted when nobody waits for the program any more: one that still queues is then not run.
   * @throws {EvomError} E_SANDBOX when the fork server ended under the program and cannot be made anew, or when nobody waits.
   */
  async run(program: Program, limits: HostLimits, signal?: AbortSignal): Promise<Ran> {
    const slot = await this.#takeSlot();
    try {
      if (signal?.aborted) throw new EvomError('E_SANDBOX', 'the client went away before the program began');
      return await this.#runIn(slot, program, limits);
    } finally {
      this.#freeSlots.push(slot);
      this.#waiting.shift()?.();
    }
  }

  close(): void {
    this.#closed = true;
    this.#server.close();
    for (const files of this.#slotFiles) files.close();
  }

  async #takeSlot(): Promise<number> {
    while (this.#freeSlots.length === 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return this.#freeSlots.pop() as number;
  }

  async #runIn(slot: number, program: Program, limits: HostLimits): Promise<Ran> {
    const server = await this.#live();
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
    this.#served += 1;
    const most = limits.maxOutputChars;
    const printed = files.take('stdout', bytesPerChar * (most + 1));
    const stdout = printed.text.slice(0, most);
    const stderr = files.take('stderr', keptErrorBytes).text;
    const record = end.exit === 0 ? recordOf(files.take('result', limits.maxRecordBytes).text) : null;
    return { end, record, stdout, stderr, isOutputCut: printed.text.length > most || printed.bytes >= limits.maxRecordBytes };
  }

  /** The fork server, made anew where it ended or served long. */
  async #live(): Promise<ForkServer> {
    const isWorn = this.#served >= programsPerServer && this.running === 1;
    if (!this.#closed && (this.#server.ended || isWorn)) {
      this.#starting ??= ForkServer.start(this.#options).finally(() => {
        this.#starting = null;
      });
      const old = this.#server;
      this.#server = await this.#starting;
      if (old !== this.#server && !old.ended) old.close();
      this.#served = 0;
    }
    return this.#server;
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
