/** What a check of `evom doctor` finds. */

export interface Finding {
  readonly name: string;
  /** `missing`: an optional part is absent; `fault`: something needed does not work. */
  readonly status: 'ok' | 'missing' | 'fault';
  readonly detail: string;
}

/** A question about this machine. */
export type Check = () => Promise<Omit<Finding, 'name'>>;

export const ok = (detail: string) => ({ status: 'ok', detail }) as const;
export const fault = (detail: string) => ({ status: 'fault', detail }) as const;
export const missing = (detail: string) => ({ status: 'missing', detail }) as const;
