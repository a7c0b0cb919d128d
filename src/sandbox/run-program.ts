/** One program in a fresh interpreter: always returns an Outcome. */
import type { Outcome, OutcomeStatus } from '../core/outcome.ts';
import type { Program } from '../core/program.ts';
import { describeError, type ProgramError } from './describe-error.ts';
import { type Guest, GuestRefusal, type GuestSession, GuestStop } from './guest.ts';
import type { SandboxLimits } from './limits.ts';
import { HostCall, type Prelude, preludeFor } from './prelude.ts';
import { PROGRAM_FILE, type ProgramSource, programSource } from './program-source.ts';
import { DefaultIntrinsics, type QuickJSContext, type QuickJSHandle, type QuickJSInstance } from './quickjs.ts';

/** A stack the interpreter may use within the worker's own; more would end in a RangeError of the host. */
const STACK_BYTES = 256 * 1024;
/** Promise jobs that count as one tick: a chain of empty jobs polls too rarely to be stopped otherwise. */
const JOBS_PER_TICK = 500;
/** Seed of every program's `Math.random`. */
const RANDOM_SEED = 20250101;

interface Ending {
  readonly status: OutcomeStatus;
  readonly error: ProgramError | null;
  readonly wallLimited: boolean;
}

/** What a running program has done so far, and what has stopped it. */
interface Progress {
  ticks: number;
  stop: Ending | null;
  stdout: string[];
  outputChars: number;
  reported: number | null;
  randomState: number;
}

/**
 * Runs a program to its end, to its limits or to the interpreter's.
 *
 * @param instance counts this program; `poisoned` is set where it must be replaced before the next.
 * @param cpuClock milliseconds of processor time of this thread.
 */
export function runProgram(
  instance: QuickJSInstance,
  guest: Guest,
  program: Program,
  limits: SandboxLimits,
  cpuClock: () => number,
): Outcome {
  const wallStart = performance.now();
  const cpuStart = cpuClock();
  const session = guest.begin(limits);
  const progress: Progress = { ticks: 0, stop: null, stdout: [], outputChars: 0, reported: null, randomState: RANDOM_SEED };
  instance.numPrograms += 1;
  const ending = endingOf(instance, guest, session, program, limits, progress, wallStart);
  const record = session.record();
  const completed: Ending =
    ending ??
    (record.status === 'error'
      ? { status: 'runtime_error', error: { type: 'SolverError', message: record.message ?? '', line: null }, wallLimited: false }
      : { status: record.status ?? 'no_solve', error: null, wallLimited: false });
  return {
    status: completed.status,
    objective: record.objective,
    reported: progress.reported,
    solution: record.solution,
    solves: record.solves,
    model: record.model,
    stdout: progress.stdout.join(''),
    error: completed.error,
    dialect: program.dialect,
    backend: guest.backend,
    solverVersion: guest.solverVersion,
    options: record.options,
    wallLimited: completed.wallLimited || record.wallLimited,
    wallMs: performance.now() - wallStart,
    cpuMs: cpuClock() - cpuStart,
  };
}

/** How the program ended; null when it ran to its own end. */
function endingOf(
  instance: QuickJSInstance,
  guest: Guest,
  session: GuestSession,
  program: Program,
  limits: SandboxLimits,
  progress: Progress,
  wallStart: number,
): Ending | null {
  if (program.code.length > limits.maxCodeChars) {
    return failed('syntax_error', 'CodeTooLong', `the program has ${program.code.length} characters; the limit is ${limits.maxCodeChars}`);
  }
  const source = programSource(program.code);
  const handles: { dispose(): void }[] = [];
  try {
    const runtime = instance.module.newRuntime();
    handles.push(runtime);
    runtime.setMaxStackSize(STACK_BYTES);
    runtime.setInterruptHandler(() => {
      progress.ticks += 1;
      if (progress.stop === null) progress.stop = budgetEnding(progress, limits, wallStart, session);
      return progress.stop !== null;
    });
    runtime.setModuleLoader((name) => moduleText(guest, name));
    const prelude = preludeFor(program.code);
    const context = runtime.newContext({ intrinsics: { ...DefaultIntrinsics, Date: prelude.hasDate } });
    handles.push(context);
    const ending = evaluate(context, prelude, guest, session, source, limits, progress, wallStart);
    return progress.stop === null ? namedMemory(ending, instance) : exitOf(progress.stop);
  } catch (error) {
    // The interpreter itself gave up: out of memory at an awkward place, or a corrupted heap.
    instance.poisoned = true;
    if (progress.stop !== null) return exitOf(progress.stop);
    const full = instance.memory.buffer.byteLength > 0.9 * instance.maxBytes;
    return failed(full ? 'memory' : 'crash', 'InterpreterAbort', error instanceof Error ? error.message.slice(0, 200) : String(error));
  } finally {
    try {
      for (const handle of handles.reverse()) handle.dispose();
    } catch {
      instance.poisoned = true; // after running out of memory or an interrupt, freeing may abort
    }
  }
}

const failed = (status: OutcomeStatus, type: string, message: string, wallLimited = false): Ending => ({
  status,
  error: { type, message, line: null },
  wallLimited,
});

/** `process.exit(0)` is a way to end well. */
const exitOf = (stop: Ending): Ending | null => (stop.error === null ? null : stop);

function budgetEnding(progress: Progress, limits: SandboxLimits, wallStart: number, session: GuestSession): Ending | null {
  if (progress.ticks > limits.ticks) return failed('deadline', 'TickLimit', `the program used its ${limits.ticks} interpreter ticks`);
  const elapsed = performance.now() - wallStart - session.solverMs();
  return elapsed > limits.wallMs ? failed('deadline', 'WallLimit', `the program ran longer than ${limits.wallMs} ms`, true) : null;
}

/** An ES module that stands for a library: the same object that `require` gives. */
function moduleText(guest: Guest, name: string): string | { error: Error } {
  const library = Object.hasOwn(guest.libraries, name) ? guest.libraries[name] : undefined;
  if (library === undefined) return { error: new Error(`Cannot find module '${name}'`) };
  const named = library.named.map((n) => `export const ${n} = m.${n};`).join('');
  return `const m = require(${JSON.stringify(name)}); export default m;${named}`;
}

function evaluate(
  context: QuickJSContext,
  prelude: Prelude,
  guest: Guest,
  session: GuestSession,
  source: ProgramSource,
  limits: SandboxLimits,
  progress: Progress,
  wallStart: number,
): Ending | null {
  const host = context.newFunction('host', (...args) => serve(context, guest, session, limits, progress, wallStart, args));
  const runTimer = context
    .unwrapResult(context.evalCode(prelude.source, 'sandbox.js'))
    .consume((install) => host.consume((h) => context.unwrapResult(context.callFunction(install, context.undefined, h))));
  try {
    const main = start(context, source);
    if ('status' in main) return main;
    try {
      return settle(context, main.promise, runTimer, source, limits, progress, wallStart, session);
    } finally {
      main.promise.dispose();
    }
  } finally {
    runTimer.dispose();
  }
}

/** Compiles and starts the program. @returns the promise of its end, or why it does not compile */
function start(context: QuickJSContext, source: ProgramSource): { readonly promise: QuickJSHandle } | Ending {
  const compiled = context.evalCode(
    source.text,
    PROGRAM_FILE,
    source.kind === 'module' ? { type: 'module' } : { type: 'global', strict: false },
  );
  if (compiled.error) {
    const error = compiled.error.consume((thrown) => describeError(context, thrown, source.numLines));
    return { status: isSyntax(error) ? 'syntax_error' : statusOf(error), error, wallLimited: false };
  }
  if (source.kind === 'module') return { promise: compiled.value };
  return compiled.value.consume((program) => {
    // Someone may close the wrapper early: `}); (function () {` leaves no function to call.
    if (context.typeof(program) !== 'function') return failed('syntax_error', 'SyntaxError', 'the brackets of the program do not match');
    const module = context.newObject();
    const exports = context.newObject();
    context.setProp(module, 'exports', exports);
    const called = context.callFunction(program, context.undefined, module, exports);
    exports.dispose();
    module.dispose();
    if (called.error) {
      const error = called.error.consume((thrown) => describeError(context, thrown, source.numLines));
      return { status: statusOf(error), error, wallLimited: false };
    }
    return { promise: called.value };
  });
}

/** Runs jobs and timers until none is left. @returns how the program ended; null when it ended well */
function settle(
  context: QuickJSContext,
  promise: QuickJSHandle,
  runTimer: QuickJSHandle,
  source: ProgramSource,
  limits: SandboxLimits,
  progress: Progress,
  wallStart: number,
  session: GuestSession,
): Ending | null {
  const thrown = (handle: QuickJSHandle): Ending => {
    const error = handle.consume((value) => describeError(context, value, source.numLines));
    return { status: statusOf(error), error, wallLimited: false };
  };
  for (;;) {
    while (progress.stop === null && context.runtime.hasPendingJob()) {
      const jobs = context.runtime.executePendingJobs(JOBS_PER_TICK);
      if (jobs.error) return thrown(jobs.error);
      if (jobs.value < JOBS_PER_TICK) continue;
      progress.ticks += 1;
      progress.stop = budgetEnding(progress, limits, wallStart, session);
    }
    if (progress.stop !== null) return progress.stop;
    if (context.typeof(runTimer) !== 'function') break;
    const timer = context.callFunction(runTimer, context.undefined);
    if (timer.error) return thrown(timer.error);
    const ran = timer.value.consume((value) => context.eq(value, context.true));
    if (!ran) break;
  }
  const state = context.getPromiseState(promise);
  switch (state.type) {
    case 'rejected':
      return thrown(state.error);
    case 'fulfilled':
      if (state.notAPromise !== true) state.value.dispose();
      return null;
    case 'pending':
      return failed('runtime_error', 'NeverSettled', 'the program awaits something that never happens');
    default:
      return state satisfies never;
  }
}

/** mulberry32: small, and good enough for a program that shuffles or samples. */
function nextRandom(progress: Progress): number {
  progress.randomState = (progress.randomState + 0x6d2b79f5) | 0;
  let t = progress.randomState;
  t = Math.imul(t ^ (t >>> 15), t | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
}

const isSyntax = (error: ProgramError): boolean => error.type === 'SyntaxError';

function statusOf(error: ProgramError): OutcomeStatus {
  return error.type === 'InternalError' && error.message === 'out of memory' ? 'memory' : 'runtime_error';
}

/** An interpreter without memory for its own error object throws an empty one. */
function namedMemory(ending: Ending | null, instance: QuickJSInstance): Ending | null {
  const full = instance.memory.buffer.byteLength > 0.9 * instance.maxBytes;
  if (ending?.status !== 'runtime_error' || ending.error?.message !== '' || !full) return ending;
  return failed('memory', 'InternalError', 'out of memory');
}

/** Serves one call of the guest. Arguments are untrusted: types and lengths are checked before anything is copied. */
function serve(
  context: QuickJSContext,
  guest: Guest,
  session: GuestSession,
  limits: SandboxLimits,
  progress: Progress,
  wallStart: number,
  [op, first, second]: QuickJSHandle[],
): QuickJSHandle | { error: QuickJSHandle } | undefined {
  const refuse = (name: string, message: string): { error: QuickJSHandle } => ({ error: context.newError({ name, message }) });
  progress.stop ??= budgetEnding(progress, limits, wallStart, session);
  if (progress.stop !== null) return refuse('Stopped', 'the program was stopped');
  if (op === undefined || first === undefined) return refuse('TypeError', 'missing argument');
  const text = (handle: QuickJSHandle | undefined, max: number): string | null => {
    if (handle === undefined || context.typeof(handle) !== 'string') return null;
    const length = context.getProp(handle, 'length').consume((n) => context.getNumber(n));
    return length > max ? null : context.getString(handle);
  };
  switch (context.getNumber(op)) {
    case HostCall.print: {
      const left = limits.maxOutputChars - progress.outputChars;
      const printed = text(first, left);
      const line = printed === null ? null : second === undefined ? `${printed}\n` : printed;
      if (line === null || line.length > left) {
        progress.stop = failed('output_limit', 'OutputLimit', `the program printed more than ${limits.maxOutputChars} characters`);
        return refuse('Stopped', 'too much output');
      }
      progress.stdout.push(line);
      progress.outputChars += Math.max(1, line.length);
      return undefined;
    }
    case HostCall.library: {
      const name = text(first, 200);
      const library = name !== null && Object.hasOwn(guest.libraries, name) ? guest.libraries[name] : undefined;
      return library === undefined ? undefined : context.newString(library.source);
    }
    case HostCall.call: {
      const method = text(first, 100);
      const payload = text(second, limits.maxModelChars);
      if (method === null || payload === null) {
        return refuse('RangeError', `a model is handed over as text of at most ${limits.maxModelChars} characters`);
      }
      try {
        return context.newString(session.call(method, payload));
      } catch (error) {
        if (error instanceof GuestRefusal) return refuse(error.name, error.message);
        progress.stop =
          error instanceof GuestStop
            ? failed(error.status, error.name, error.message, error.wallLimited)
            : failed('infra_error', 'GuestFault', error instanceof Error ? error.message : String(error)); // ours, not the program's
        return refuse('Stopped', 'the program was stopped');
      }
    }
    case HostCall.report: {
      const value = context.typeof(first) === 'number' ? context.getNumber(first) : Number.NaN;
      progress.reported = Number.isFinite(value) ? value : null;
      return undefined;
    }
    case HostCall.random:
      return context.newNumber(nextRandom(progress));
    case HostCall.exit: {
      const code = context.getNumber(first);
      progress.stop =
        code === 0
          ? { status: 'no_solve', error: null, wallLimited: false }
          : failed('runtime_error', 'Exit', `the program called process.exit(${code})`);
      return refuse('Stopped', 'the program has ended');
    }
    default:
      return refuse('TypeError', 'unknown host call');
  }
}
