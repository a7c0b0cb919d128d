/** Faults as the command line prints them. */
import { EvomError, type EvomErrorCode, exitCodeOf } from '../lib/errors.ts';
import { machineFault } from '../lib/file-fault.ts';
import type { CommandIo } from './io.ts';
import { colorsOf } from './view/terminal-text.ts';

/** Where to look next, for the codes that leave it open. */
const hints: Partial<Record<EvomErrorCode, string>> = {
  E_USAGE: 'evom --help lists the commands; evom <command> --help their options.',
  E_SOLVER: 'evom doctor shows what works on this machine.',
  E_SANDBOX: 'evom doctor shows what works on this machine.',
  E_PLUGIN: 'The fault is in the module named above; evom only called it.',
  E_INTERNAL: 'This is a fault of evom; please report it with the command and the configuration.',
};

/**
 * Prints a fault and gives its exit code: 1 fault, 2 usage, 3 bad configuration or data, 4 guard, 130 interrupted.
 *
 * An `EvomError` says what to do and needs no stack; anything else is a bug of ours and shows where it happened.
 */
export function reportError(error: unknown, io: CommandIo, json: boolean): number {
  const colors = colorsOf(io);
  const lack = machineFault(error);
  const known = error instanceof EvomError || lack !== null;
  const code: EvomErrorCode = error instanceof EvomError ? error.code : lack === null ? 'E_INTERNAL' : 'E_FILE';
  const message = `${error instanceof Error ? error.message : String(error)}${lack === null ? '' : `: ${lack}`}`;
  io.stderr(`${colors.red(colors.bold(code))} ${message}\n`);
  if (!known && error instanceof Error && error.stack) io.stderr(`${colors.dim(error.stack.split('\n').slice(1).join('\n'))}\n`);
  const hint = hints[code];
  if (hint) io.stderr(`${colors.dim(hint)}\n`);
  if (json) io.stdout(`${JSON.stringify({ error: { code, message } })}\n`);
  return exitCodeOf(code);
}
