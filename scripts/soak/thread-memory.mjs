/**
 * Memory in use in each thread of a process. Preload this module (`node --expose-gc --import ./scripts/soak/thread-memory.mjs`): worker threads inherit
 * the flags, and each answers for itself.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { BroadcastChannel, isMainThread } from 'node:worker_threads';

const channelName = 'evom-thread-memory';
const answerMs = 120_000;

/** What this thread holds on to, in bytes, once its garbage is collected: JavaScript's heap, and what it keeps outside (WebAssembly memories above all). */
async function inUse() {
  // Objects that others' finalizers release go in a second round, and buffers are freed after it.
  globalThis.gc();
  await sleep(0);
  globalThis.gc();
  await sleep(0);
  const { heapUsed, external } = process.memoryUsage();
  return { heap: heapUsed, external };
}

if (!isMainThread) {
  const channel = new BroadcastChannel(channelName);
  channel.onmessage = async ({ data: { question } }) => {
    if (question !== undefined) channel.postMessage({ answerTo: question, ...(await inUse()) });
  };
  channel.unref();
}

/**
 * Asks this thread and `workers` idle workers.
 *
 * @returns {Promise<{ heap: number, external: number }[]>} bytes, the main thread's first
 */
export async function threadMemory(workers) {
  const channel = new BroadcastChannel(channelName);
  try {
    const question = performance.now();
    const answers = await new Promise((resolve, reject) => {
      const arrived = [];
      const timer = setTimeout(() => reject(new Error(`${arrived.length} of ${workers} workers told their memory`)), answerMs);
      channel.onmessage = ({ data: { answerTo, heap, external } }) => {
        if (answerTo !== question) return;
        arrived.push({ heap, external });
        if (arrived.length < workers) return;
        clearTimeout(timer);
        resolve(arrived);
      };
      channel.postMessage({ question });
    });
    return [await inUse(), ...answers];
  } finally {
    channel.close();
  }
}
