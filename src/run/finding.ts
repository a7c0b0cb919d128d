/** What one check before a run, or of `evom doctor`, finds. */
import type { EvomErrorCode } from '../lib/errors.ts';

export interface Finding {
  readonly name: string;
  /** `missing`: an optional part is absent; `warning`: it will run, and should be looked at; `fault`: something needed does not work. */
  readonly status: 'ok' | 'missing' | 'warning' | 'fault';
  readonly detail: string;
  /** Kind of a fault; `E_SETUP` when left out. */
  readonly code?: EvomErrorCode;
}

/** A question about this machine, or about what a configuration needs of it. */
export type Check = () => Promise<Omit<Finding, 'name'>>;

export const ok = (detail: string) => ({ status: 'ok', detail }) as const;
export const warning = (detail: string) => ({ status: 'warning', detail }) as const;
export const fault = (detail: string, code?: EvomErrorCode) =>
  code === undefined ? ({ status: 'fault', detail } as const) : ({ status: 'fault', detail, code } as const);
export const missing = (detail: string) => ({ status: 'missing', detail }) as const;
