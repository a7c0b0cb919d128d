/** One program in a fresh interpreter: always returns an Outcome. */
import type { Outcome, OutcomeStatus } from '../core/outcome.ts';
import type { Program } from '../core/program.ts';
import { describeError, type ProgramError } from './describe-error.ts';
import type { Guest } from './guest.ts';
import { hostFunction } from './host-calls.ts';
import type { SandboxLimits } from './limits.ts';
import { type Prelude, preludeFor } from './prelude.ts';
import { PROGRAM_FILE, type ProgramSource, programSource } from './program-source.ts';
import { DefaultIntrinsics, type QuickJSContext, type QuickJSHandle, type QuickJSInstance } from './quickjs.ts';
import { beginRun, type Ending, failed, type Run, spendTicks } from './run.ts';

/** A stack the interpreter may use within the worker's own; more would end in a RangeError of the host. */
const STACK_BYTES = 256 * 1024;
/** Promise jobs that count as one tick: a chain of empty jobs polls too rarely to be stopped otherwise. */
const JOBS_PER_TICK = 500;

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
  const run = beginRun(guest, limits, cpuClock);
  instance.numPrograms += 1;
  const ended = execute(instance, run, program.code);
  const record = run.session.record();
  const ending = ended ?? endingOfSolves(record.status, record.message);
  return {
    status: ending.status,
    objective: record.objective,
    reported: run.reported,
    solution: record.solution,
    solves: record.solves,
    model: record.model,
    stdout: run.stdout.join(''),
    error: ending.error,
    dialect: program.dialect,
    backend: guest.backend,
    solverVersion: guest.solverVersion,
    options: record.options,
    wallLimited: ending.wallLimited || record.wallLimited,
    wallMs: performance.now() - wallStart,
    cpuMs: cpuClock() - run.cpuStart,
  };
}

/** How a program that ran to its own end did: as its last solve. */
function endingOfSolves(status: Outcome['solves'][number]['status'] | null, message: string | null): Ending {
  if (status === 'error') return failed('runtime_error', 'SolverError', message ?? 'the solver refused the model');
  return { status: status ?? 'no_solve', error: null, wallLimited: false };
}

/** @returns how the program ended; null when it ran to its own end */
function execute(instance: QuickJSInstance, run: Run, code: string): Ending | null {
  if (code.length > run.limits.maxCodeChars) {
    return failed('syntax_error', 'CodeTooLong', `the program has ${code.length} characters; the limit is ${run.limits.maxCodeChars}`);
  }
  const source = programSource(code);
  const prelude = preludeFor(code);
  const opened: { dispose(): void }[] = [];
  try {
    const runtime = instance.module.newRuntime();
    opened.push(runtime);
    runtime.setMaxStackSize(STACK_BYTES);
    runtime.setInterruptHandler(() => spendTicks(run, 1));
    runtime.setModuleLoader((name) => moduleText(run, name));
    const context = runtime.newContext({ intrinsics: { ...DefaultIntrinsics, ...prelude.intrinsics } });
    opened.push(context);
    const ending = evaluate(context, prelude, source, run);
    return run.stop === null ? withMemoryNamed(ending, instance) : endingOfStop(run.stop);
  } catch (error) {
    // The interpreter itself gave up: out of memory at an awkward place, or a corrupted heap.
    instance.poisoned = true;
    if (run.stop !== null) return endingOfStop(run.stop);
    const what = error instanceof Error ? error.message.slice(0, 200) : String(error);
    return failed(isFull(instance) ? 'memory' : 'crash', 'InterpreterAbort', what);
  } finally {
    try {
      for (const resource of opened.reverse()) resource.dispose();
    } catch {
      instance.poisoned = true; // after running out of memory or an interrupt, freeing may abort
    }
  }
}

/** `process.exit(0)` is a way to end well. */
const endingOfStop = (stop: Ending): Ending | null => (stop.error === null ? null : stop);

const isFull = (instance: QuickJSInstance): boolean => instance.memory.buffer.byteLength > 0.9 * instance.maxBytes;

/** An interpreter without memory for its own error object throws an empty one. */
function withMemoryNamed(ending: Ending | null, instance: QuickJSInstance): Ending | null {
  if (ending?.status !== 'runtime_error' || ending.error?.message !== '' || !isFull(instance)) return ending;
  return failed('memory', 'InternalError', 'out of memory');
}

/** An ES module that stands for a library: the same object that `require` gives. */
function moduleText({ guest }: Run, name: string): string | { error: Error } {
  const library = Object.hasOwn(guest.libraries, name) ? guest.libraries[name] : undefined;
  if (library === undefined) return { error: new Error(`Cannot find module '${name}'`) };
  const named = library.named.map((n) => `export const ${n} = m.${n};`).join('');
  return `const m = require(${JSON.stringify(name)}); export default m;${named}`;
}

function evaluate(context: QuickJSContext, prelude: Prelude, source: ProgramSource, run: Run): Ending | null {
  const runTimer = context
    .unwrapResult(context.evalCode(prelude.source, 'sandbox.js'))
    .consume((install) =>
      hostFunction(context, run).consume((host) => context.unwrapResult(context.callFunction(install, context.undefined, host))),
    );
  try {
    const started = start(context, source);
    if ('status' in started) return started;
    return started.promise.consume((promise) => settle(context, promise, runTimer, source, run));
  } finally {
    runTimer.dispose();
  }
}

/** Compiles and starts the program. @returns the promise of its end, or why there is none */
function start(context: QuickJSContext, source: ProgramSource): { readonly promise: QuickJSHandle } | Ending {
  const options = source.kind === 'module' ? ({ type: 'module' } as const) : ({ type: 'global', strict: false } as const);
  const compiled = context.evalCode(source.text, PROGRAM_FILE, options);
  if (compiled.error) {
    const ending = endingOfThrown(context, compiled.error, source);
    return ending.error?.type === 'SyntaxError' ? { ...ending, status: 'syntax_error' } : ending;
  }
  if (source.kind === 'module') return { promise: compiled.value };
  return compiled.value.consume((program) => {
    // A program may close its wrapper early and leave no function to call: `}); (function () {`.
    if (context.typeof(program) !== 'function') return failed('syntax_error', 'SyntaxError', 'the brackets of the program do not match');
    const module = context.newObject();
    const exports = context.newObject();
    context.setProp(module, 'exports', exports);
    // `if (require.main === module) main();`
    if (source.text.includes('require.main')) context.getProp(context.global, 'require').consume((r) => context.setProp(r, 'main', module));
    const called = context.callFunction(program, context.undefined, module, exports);
    exports.dispose();
    module.dispose();
    return called.error ? endingOfThrown(context, called.error, source) : { promise: called.value };
  });
}

/** Runs jobs and timers until none is left. @returns how the program ended; null when it ended well */
function settle(context: QuickJSContext, promise: QuickJSHandle, runTimer: QuickJSHandle, source: ProgramSource, run: Run): Ending | null {
  const hasTimers = context.typeof(runTimer) === 'function';
  for (let ranTimer = true; ranTimer; ) {
    while (run.stop === null && context.runtime.hasPendingJob()) {
      const jobs = context.runtime.executePendingJobs(JOBS_PER_TICK);
      if (jobs.error) return endingOfThrown(context, jobs.error, source);
      if (jobs.value >= JOBS_PER_TICK) spendTicks(run, 1);
    }
    if (run.stop !== null) return run.stop;
    if (!hasTimers) break;
    const timer = context.callFunction(runTimer, context.undefined);
    if (timer.error) return endingOfThrown(context, timer.error, source);
    ranTimer = timer.value.consume((value) => context.eq(value, context.true));
  }
  const state = context.getPromiseState(promise);
  switch (state.type) {
    case 'rejected':
      return endingOfThrown(context, state.error, source);
    case 'fulfilled':
      if (state.notAPromise !== true) state.value.dispose();
      return null;
    case 'pending':
      return failed('runtime_error', 'NeverSettled', 'the program awaits something that never happens');
    default:
      return state satisfies never;
  }
}

function endingOfThrown(context: QuickJSContext, thrown: QuickJSHandle, source: ProgramSource): Ending {
  const error = thrown.consume((value) => describeError(context, value, source.numLines));
  return { status: statusOfError(error), error, wallLimited: false };
}

function statusOfError(error: ProgramError): OutcomeStatus {
  return error.type === 'InternalError' && error.message === 'out of memory' ? 'memory' : 'runtime_error';
}
