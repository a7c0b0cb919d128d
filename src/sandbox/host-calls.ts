/** The one function through which a program reaches the host. */
import { EvomError } from '../lib/errors.ts';
import { GuestFault, GuestRefusal, GuestStop } from './guest.ts';
import { HostCall } from './prelude.ts';
import type { QuickJSContext, QuickJSHandle } from './quickjs.ts';
import { countHostCall, failed, type Run } from './run.ts';

type HostAnswer = QuickJSHandle | { error: QuickJSHandle } | undefined;

/**
 * `host(what, ...)` for the prelude. Arguments are untrusted: types and lengths are checked before anything is copied.
 *
 * @param current the program under way.
 */
export function hostFunction(context: QuickJSContext, current: () => Run | null): QuickJSHandle {
  return context.newFunction('host', (op, first, second) => {
    const run = current();
    if (run === null) return refuse(context, 'Error', 'no program is running');
    // Calls rarely reach the interrupt handler.
    if (countHostCall(run)) return refuse(context, 'Stopped', 'the program was stopped');
    if (op === undefined || first === undefined || context.typeof(op) !== 'number') return refuse(context, 'TypeError', 'missing argument');
    switch (context.getNumber(op)) {
      case HostCall.print:
        return print(context, run, first, second === undefined);
      case HostCall.call:
        return callSession(context, run, first, second);
      case HostCall.report: {
        const value = context.typeof(first) === 'number' ? context.getNumber(first) : Number.NaN;
        run.reported = Number.isFinite(value) ? value : null;
        return undefined;
      }
      case HostCall.exit: {
        const code = context.getNumber(first);
        run.stop =
          code === 0
            ? { status: 'no_solve', error: null, wallLimited: false }
            : failed('runtime_error', 'Exit', `the program called process.exit(${code})`);
        return refuse(context, 'Stopped', 'the program has ended');
      }
      default:
        return refuse(context, 'TypeError', 'unknown host call');
    }
  });
}

function refuse(context: QuickJSContext, name: string, message: string): { error: QuickJSHandle } {
  return { error: context.newError({ name, message }) };
}

/** The text of a string of at most `max` characters; null for anything else. */
function boundedText(context: QuickJSContext, handle: QuickJSHandle | undefined, max: number): string | null {
  if (handle === undefined || context.typeof(handle) !== 'string') return null;
  const length = context.getProp(handle, 'length').consume((n) => context.getNumber(n));
  return length > max ? null : context.getString(handle);
}

function print(context: QuickJSContext, run: Run, text: QuickJSHandle, endsLine: boolean): HostAnswer {
  const left = run.limits.maxOutputChars - run.outputChars;
  const printed = boundedText(context, text, left);
  if (printed === null || printed.length + (endsLine ? 1 : 0) > left) {
    run.stop = failed('output_limit', 'OutputLimit', `the program printed more than ${run.limits.maxOutputChars} characters`);
    return refuse(context, 'Stopped', 'too much output');
  }
  run.stdout.push(endsLine ? `${printed}\n` : printed);
  run.outputChars += printed.length + 1; // so that endless empty writes end too
  return undefined;
}

/** What `Outcome.error` has as its type after a fault of ours, or of a backend that the user wrote. */
function faultName(error: unknown): string {
  if (error instanceof GuestFault) return error.name;
  return error instanceof EvomError && error.code === 'E_PLUGIN' ? 'PluginFault' : 'GuestFault';
}

function callSession(context: QuickJSContext, run: Run, first: QuickJSHandle, second: QuickJSHandle | undefined): HostAnswer {
  const method = boundedText(context, first, 100);
  const payload = boundedText(context, second, run.limits.maxModelChars);
  if (method === null || payload === null) {
    return refuse(context, 'RangeError', `a model is handed over as text of at most ${run.limits.maxModelChars} characters`);
  }
  const started = run.cpuClock();
  run.atSession();
  try {
    return context.newString(run.session.call(method, payload));
  } catch (error) {
    if (error instanceof GuestRefusal) return refuse(context, error.name, error.message);
    run.stop =
      error instanceof GuestStop
        ? failed(error.status, error.name, error.message, error.wallLimited)
        : failed('infra_error', faultName(error), error instanceof Error ? error.message : String(error)); // ours, not the program's
    return refuse(context, 'Stopped', 'the program was stopped');
  } finally {
    run.atSession();
    run.sessionCpuMs += run.cpuClock() - started;
  }
}
