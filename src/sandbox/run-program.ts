/** One program in a fresh interpreter: always returns an Outcome. */
import type { Outcome, OutcomeStatus } from '../core/outcome.ts';
import type { Program } from '../core/program.ts';
import { describeError, type ProgramError } from './describe-error.ts';
import type { Interpreter, Realm } from './interpreter.ts';
import type { SandboxLimits } from './limits.ts';
import { PROGRAM_FILE, type ProgramSource, programSource } from './program-source.ts';
import type { QuickJSContext, QuickJSHandle } from './quickjs.ts';
import { beginRun, countHostCall, type Ending, failed, type Run, spendTicks } from './run.ts';

/** Promise jobs that count as one tick: a chain of empty jobs polls too rarely to be stopped otherwise. */
const JOBS_PER_TICK = 500;

/**
 * Runs a program to its end, to its limits or to the interpreter's.
 *
 * @param interpreter is poisoned where it must be replaced before the next program.
 * @param cpuClock milliseconds of processor time of this thread.
 * @param atSession called when a session of the guest is entered and when it is left; default nothing.
 */
export function runProgram(
  interpreter: Interpreter,
  realm: Realm,
  program: Program,
  limits: SandboxLimits,
  cpuClock: () => number,
  atSession: () => void = () => undefined,
): Outcome {
  const wallStart = performance.now();
  const { guest } = realm;
  const run = beginRun(guest, limits, cpuClock, atSession);
  const ended = execute(interpreter, realm, run, program.code);
  const record = run.session.record();
  const ending = ended ?? endingOfSolves(record.status, record.message);
  return {
    status: ending.status,
    objective: record.objective,
    certificate: record.certificate,
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
function execute(interpreter: Interpreter, realm: Realm, run: Run, code: string): Ending | null {
  if (code.length > run.limits.maxCodeChars) {
    return failed('syntax_error', 'CodeTooLong', `the program has ${code.length} characters; the limit is ${run.limits.maxCodeChars}`);
  }
  const source = programSource(code);
  try {
    const ending = interpreter.use(run, () => evaluate(realm, source, run));
    return run.stop === null ? withMemoryNamed(ending, interpreter) : endingOfStop(run.stop);
  } catch (error) {
    // The interpreter itself gave up: out of memory at an awkward place, or a corrupted heap.
    interpreter.poison();
    if (run.stop !== null) return endingOfStop(run.stop);
    const what = error instanceof Error ? error.message.slice(0, 200) : String(error);
    // The parser recurses on the thread's own stack, which ends before the interpreter's.
    if (error instanceof RangeError && what.includes('call stack'))
      return run.parsing ? nestedTooDeep : failed('runtime_error', 'InternalError', 'stack overflow');
    return failed(interpreter.isFull() ? 'memory' : 'crash', 'InterpreterAbort', what);
  }
}

/** What no parser gets through has not been parsed, whichever of its stacks ended first. */
const nestedTooDeep = failed('syntax_error', 'SyntaxError', 'stack overflow');

/** `process.exit(0)` is a way to end well. */
const endingOfStop = (stop: Ending): Ending | null => (stop.error === null ? null : stop);

/** An interpreter without memory for its own error object throws an empty one. */
function withMemoryNamed(ending: Ending | null, interpreter: Interpreter): Ending | null {
  if (ending?.status !== 'runtime_error' || ending.error?.message !== '' || !interpreter.isFull()) return ending;
  return failed('memory', 'InternalError', 'out of memory');
}

// Nothing below frees what it gets from the interpreter: its memory is put back as a whole.

function evaluate({ context, runTimer }: Realm, source: ProgramSource, run: Run): Ending | null {
  const started = start(context, source, run);
  return 'status' in started ? started : settle(context, started.promise, runTimer, source, run);
}

/** Compiles and starts the program. @returns the promise of its end, or why there is none */
function start(context: QuickJSContext, source: ProgramSource, run: Run): { readonly promise: QuickJSHandle } | Ending {
  const options = source.kind === 'module' ? ({ type: 'module' } as const) : ({ type: 'global', strict: false } as const);
  run.parsing = true;
  const compiled = context.evalCode(source.text, PROGRAM_FILE, options);
  run.parsing = false;
  if (compiled.error) {
    const ending = endingOfThrown(context, compiled.error, source);
    return ending.error?.type === 'SyntaxError' ? { ...ending, status: 'syntax_error' } : ending;
  }
  if (source.kind === 'module') return { promise: compiled.value };
  const program = compiled.value;
  // A program may close its wrapper early and leave no function to call: `}); (function () {`.
  if (context.typeof(program) !== 'function') return failed('syntax_error', 'SyntaxError', 'the brackets of the program do not match');
  const module = context.newObject();
  const exports = context.newObject();
  context.setProp(module, 'exports', exports);
  // `if (require.main === module) main();`
  if (source.text.includes('require.main')) context.setProp(context.getProp(context.global, 'require'), 'main', module);
  const called = context.callFunction(program, context.undefined, module, exports);
  return called.error ? endingOfThrown(context, called.error, source) : { promise: called.value };
}

/** Runs jobs and timers until none is left. @returns how the program ended; null when it ended well */
function settle(context: QuickJSContext, promise: QuickJSHandle, runTimer: QuickJSHandle, source: ProgramSource, run: Run): Ending | null {
  for (let ranTimer = true; ranTimer; ) {
    while (run.stop === null && context.runtime.hasPendingJob()) {
      const jobs = context.runtime.executePendingJobs(JOBS_PER_TICK);
      if (jobs.error) return endingOfThrown(context, jobs.error, source);
      if (jobs.value >= JOBS_PER_TICK) spendTicks(run, 1);
    }
    if (run.stop !== null) return run.stop;
    if (countHostCall(run)) return run.stop;
    const timer = context.callFunction(runTimer, context.undefined);
    if (timer.error) return endingOfThrown(context, timer.error, source);
    ranTimer = context.eq(timer.value, context.true);
  }
  const state = context.getPromiseState(promise);
  switch (state.type) {
    case 'rejected':
      return endingOfThrown(context, state.error, source);
    case 'fulfilled':
      return null;
    case 'pending':
      return failed('runtime_error', 'NeverSettled', 'the program awaits something that never happens');
    default:
      return state satisfies never;
  }
}

function endingOfThrown(context: QuickJSContext, thrown: QuickJSHandle, source: ProgramSource): Ending {
  const error = describeError(context, thrown, source.numLines);
  return { status: statusOfError(error), error, wallLimited: false };
}

function statusOfError(error: ProgramError): OutcomeStatus {
  return error.type === 'InternalError' && error.message === 'out of memory' ? 'memory' : 'runtime_error';
}
