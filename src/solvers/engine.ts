/** A WebAssembly solver instance that is replaced when it is worn: memory that never shrinks, stacks that aborts leak. */
import { EvomError } from '../lib/errors.ts';

export interface EngineSlot<Engine> {
  /** The engine to solve with now. Throws E_SOLVER once closed. */
  readonly current: Engine;
  /** Asks for a fresh engine; the worn one serves until it is there. Later calls join the first. */
  renew(): void;
  /** Resolves when no replacement is under way. Rejects with E_SOLVER if one failed. */
  settled(): Promise<void>;
  close(): void;
}

/**
 * Holds one engine and replaces it on demand. Creation is asynchronous and solving is not, so a replacement arrives
 * at the next turn of the event loop: a caller that runs untrusted programs awaits `settled()` between them.
 */
export async function engineSlot<Engine>(name: string, create: () => Promise<Engine>): Promise<EngineSlot<Engine>> {
  let engine: Engine | null = await create();
  let replacing: Promise<void> | null = null;
  return {
    get current() {
      if (engine === null) throw new EvomError('E_SOLVER', `the ${name} backend is closed; create another`);
      return engine;
    },
    renew() {
      if (replacing !== null || engine === null) return;
      replacing = create().then(
        (fresh) => {
          if (engine !== null) engine = fresh;
          replacing = null;
        },
        (cause) => {
          replacing = null;
          throw new EvomError('E_SOLVER', `a worn ${name} engine could not be replaced; is there memory left?`, { cause });
        },
      );
      // Whoever awaits settled() sees a failure; a process that never does must not die of an unhandled rejection.
      replacing.catch(() => undefined);
    },
    async settled() {
      if (replacing !== null) await replacing;
    },
    close() {
      engine = null;
    },
  };
}
