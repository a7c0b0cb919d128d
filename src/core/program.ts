/** Source code written against a solver API. */
import { createHash } from 'node:crypto';

export interface Program {
  readonly code: string;
  /** Name of the API it is written against, e.g. `highs-js`. */
  readonly dialect: string;
}

/** SHA-256 of dialect and code: the identity under which outcomes are cached. */
export function programHash(program: Program): string {
  return createHash('sha256').update(`${program.dialect}\n${program.code}`).digest('hex');
}
