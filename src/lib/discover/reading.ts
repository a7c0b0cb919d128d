/** What one look at a source of addresses gives. */
export type Reading =
  | { readonly type: 'list'; readonly addresses: readonly string[] }
  /** It cannot be told now which addresses there are: who is known stays. */
  | { readonly type: 'unknown'; readonly why: string }
  /** It says something that is not an address, and will until somebody mends it. */
  | { readonly type: 'faulty'; readonly why: string };

/** One look at a source; the signal ends what it waits for. */
export type Look = (signal: AbortSignal) => Promise<Reading>;

export const listed = (addresses: readonly string[]): Reading => ({ type: 'list', addresses: [...new Set(addresses)] });
