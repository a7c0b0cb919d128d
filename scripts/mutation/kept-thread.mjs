/**
 * A vitest pool of one thread that outlives a run: what the tests import is loaded once and not once a mutant, which costs most of the
 * time. Stryker switches mutants within loaded code, and only the file of a test is loaded again.
 *
 * State that a mutant leaves in a module stays until the thread is renewed: after `runsAThread` runs, or when a run was broken off.
 */
import { ThreadsPoolWorker } from 'vitest/node';

const runsAThread = 100;

/** @type {{ worker: ThreadsPoolWorker, runs: number } | null} */
let kept = null;

class KeptThread {
  name = 'kept-thread';
  #options;
  /** Listeners of this run, taken off at its end. */
  #listeners = [];
  #isAsked = false;
  #config = null;

  constructor(options) {
    this.#options = options;
  }

  on(event, listener) {
    this.#listeners.push({ event, listener });
    kept.worker.on(event, listener);
  }

  off(event, listener) {
    this.#listeners = this.#listeners.filter((one) => one.event !== event || one.listener !== listener);
    kept?.worker.off(event, listener);
  }

  deserialize(data) {
    return data;
  }

  async start() {
    if (kept !== null) return;
    kept = { worker: new ThreadsPoolWorker(this.#options), runs: 0 };
    await kept.worker.start();
  }

  /** A live thread neither starts nor stops, so it is answered for; the configuration, which came with its first start, goes with each run. */
  send(message) {
    if (message.type === 'start') {
      this.#config = message.context.config;
      if (kept.runs++ > 0) return this.#answer({ type: 'started' });
    }
    if (message.type === 'stop') {
      this.#isAsked = true;
      return this.#answer({ type: 'stopped' });
    }
    kept.worker.send(message.type === 'run' ? { ...message, context: { ...message.context, config: this.#config } } : message);
  }

  async stop() {
    for (const { event, listener } of this.#listeners) kept.worker.off(event, listener);
    if (this.#isAsked && kept.runs < runsAThread) return;
    const { worker } = kept;
    kept = null;
    await worker.stop();
  }

  #answer(answer) {
    for (const { event, listener } of this.#listeners)
      if (event === 'message') setImmediate(listener, { __vitest_worker_response__: true, ...answer });
  }
}

export const keptThread = { name: 'kept-thread', createPoolWorker: (options) => new KeptThread(options) };
