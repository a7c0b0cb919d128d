/** Source code written against a solver API. */
import { createHash } from 'node:crypto';

export interface Program {
  readonly code: string;
  /** Name of the API it is written against, e.g. `highs-js`. */
  readonly dialect: string;
  /** Texts beside the program by name, e.g. `parameters.json`; Python dialects only. */
  readonly files?: Readonly<Record<string, string>>;
}

/** SHA-256 of dialect, code and files: the identity under which outcomes are cached. */
export function programHash({ dialect, code, files }: Program): string {
  const hash = createHash('sha256').update(`${dialect}\n${code}`);
  if (files !== undefined) hash.update(JSON.stringify(Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1))));
  return hash.digest('hex');
}
