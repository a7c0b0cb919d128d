/** The worker thread's entry: runs batches of programs, one at a time, and replaces interpreters between them. */
import { workerData } from 'node:worker_threads';
import { emptyOutcome, type Outcome } from '../core/outcome.ts';
import type { Program } from '../core/program.ts';
import { threadCpuClock, threadId } from './cpu-clock.ts';
import type { CreateGuest, Guest } from './guest.ts';
import { createInterpreter, type Interpreter } from './interpreter.ts';
import { type BatchResult, type BatchSummary, type BatchTask, encodeResults, Heartbeat, type WorkerData } from './protocol.ts';
import { runProgram } from './run-program.ts';

// Solvers and interpreter print their aborts; results travel by message, so nothing here may write to the terminal.
for (const method of ['log', 'info', 'debug', 'warn', 'error'] as const) console[method] = () => undefined;

// Under Piscina, workerData is [its own, ours].
const { quickjs, limits, guests: sources } = (Array.isArray(workerData) ? workerData[1] : workerData) as WorkerData;
const cpuClock = threadCpuClock();
/** All guests of this worker, loaded once. */
let loaded: Promise<ReadonlyMap<string, Guest>> | null = null;
let interpreter: Interpreter | null = null;
let recycled = 0;
/** Processor time when the last program ended: Linux books time late, and what it books between programs must not be lost. */
let cpuBooked = 0;

function withCpu(outcome: Outcome): Outcome {
  const now = cpuClock();
  const cpuMs = now - cpuBooked;
  cpuBooked = now;
  return { ...outcome, cpuMs };
}

function guests(): Promise<ReadonlyMap<string, Guest>> {
  loaded ??= Promise.all(
    Object.entries(sources).map(async ([dialect, { url, data }]) => {
      const { createGuest } = (await import(url)) as { readonly createGuest: CreateGuest };
      return [dialect, await createGuest(data)] as const;
    }),
  ).then((entries) => new Map(entries));
  return loaded;
}

async function freshInterpreter(): Promise<Interpreter> {
  if (interpreter !== null) recycled += 1;
  interpreter = await createInterpreter(quickjs, limits.memoryMb, await guests());
  return interpreter;
}

/**
 * @param begin called when all is loaded and the program itself begins: loading is not its fault.
 * @param atSession called when a session is entered and when it is left.
 */
async function execute(program: Program, begin: () => void, atSession: () => void): Promise<Outcome> {
  try {
    const used = interpreter === null || interpreter.isUsedUp() ? await freshInterpreter() : interpreter;
    const realm = used.realms.get(program.dialect);
    if (realm === undefined) {
      const message = `dialect "${program.dialect}" has no guest in this sandbox; it has ${Object.keys(sources).join(', ')}`;
      return emptyOutcome('infra_error', { dialect: program.dialect, backend: '', error: { type: 'UnknownDialect', message, line: null } });
    }
    begin();
    const outcome = runProgram(used, realm, program, limits, cpuClock, atSession);
    await realm.guest.maintain();
    return outcome;
  } catch (fault) {
    interpreter = null;
    const message = fault instanceof Error ? `${fault.name}: ${fault.message}` : String(fault);
    return emptyOutcome('infra_error', {
      dialect: program.dialect,
      backend: '',
      error: { type: 'SandboxFault', message: message.slice(0, 500), line: null },
    });
  }
}

/** Each message wakes the pool's thread, which costs as much as a small solve: results of the last milliseconds travel together. */
const FLUSH_MS = 5;

/** Piscina calls this with one task at a time. An empty batch warms the worker up. */
export default async function runBatch({ programs, port, heartbeat }: BatchTask): Promise<BatchSummary> {
  const before = recycled;
  Atomics.store(heartbeat, 1, threadId());
  let outbox: BatchResult[] = [];
  let flushed = performance.now();
  const flush = (): void => {
    if (outbox.length > 0) port.postMessage(encodeResults(outbox));
    outbox = [];
    flushed = performance.now();
  };
  try {
    if (programs.length === 0) {
      if (interpreter === null) await freshInterpreter();
      cpuBooked = cpuClock();
    }
    for (const [position, program] of programs.entries()) {
      const outcome = await execute(
        program,
        () => Atomics.store(heartbeat, 0, position),
        () => Atomics.add(heartbeat, 2, 1),
      );
      Atomics.store(heartbeat, 0, Heartbeat.betweenPrograms);
      outbox.push({ position, outcome: withCpu(outcome) });
      if (performance.now() - flushed > FLUSH_MS) flush();
    }
    flush();
  } finally {
    Atomics.store(heartbeat, 0, Heartbeat.done);
    port.close();
  }
  return { recycled: recycled - before };
}
