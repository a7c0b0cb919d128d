/** A fork server that lasts: made anew where it ended under a program, or served long. */
import { ForkServer, type ForkServerHello, type ForkServerOptions } from './fork-server.ts';

/** A fork server is made anew after this many programs, in case its library leaks. */
const programsPerServer = 20_000;

export class LastingServer {
  readonly #options: ForkServerOptions;
  #server: ForkServer;
  #starting: Promise<void> | null = null;
  #served = 0;
  #closed = false;

  private constructor(options: ForkServerOptions, server: ForkServer) {
    this.#options = options;
    this.#server = server;
  }

  /** @throws {EvomError} E_SANDBOX when the library does not load. */
  static async start(options: ForkServerOptions): Promise<LastingServer> {
    return new LastingServer(options, await ForkServer.start(options));
  }

  get hello(): ForkServerHello {
    return this.#server.hello;
  }

  /** Process id of the fork server of now. */
  get pid(): number {
    return this.#server.pid;
  }

  /**
   * The fork server for one more program.
   *
   * @param isAlone whether no other program runs in it: only then can a worn one be replaced.
   * @throws {EvomError} E_SANDBOX when it ended and cannot be made anew.
   */
  async take(isAlone: boolean): Promise<ForkServer> {
    const isWorn = this.#served >= programsPerServer && isAlone;
    // Who comes while a new one starts waits for it: the old one is about to end.
    if (!this.#closed && (this.#starting !== null || this.#server.ended || isWorn)) {
      this.#starting ??= this.#replace();
      await this.#starting;
    }
    this.#served += 1;
    return this.#server;
  }

  async #replace(): Promise<void> {
    try {
      const fresh = await ForkServer.start(this.#options);
      const old = this.#server;
      this.#server = fresh;
      this.#served = 0;
      if (!old.ended) old.close();
      if (this.#closed) fresh.close();
    } finally {
      this.#starting = null;
    }
  }

  close(): void {
    this.#closed = true;
    this.#server.close();
  }
}
