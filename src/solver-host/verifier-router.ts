/** One verifier in front of several: each program goes to the one that speaks its dialect. */
import { EvomError } from '../lib/errors.ts';
import type { Verifier, VerifierStats } from '../verify/verifier.ts';

/**
 * Joins verifiers; where two speak a dialect, the first has it.
 *
 * @param verifiers at least one; closing the router closes them all.
 */
export function routeByDialect(verifiers: readonly Verifier[]): Verifier {
  const [only] = verifiers;
  if (only !== undefined && verifiers.length === 1) return only;
  const routes = new Map([...verifiers].reverse().flatMap((verifier) => verifier.dialects.map((dialect) => [dialect, verifier] as const)));
  const dialects = [...routes.keys()];
  return {
    backend: verifiers.map((verifier) => verifier.backend).join('+'),
    dialects,
    verify: async (program) => {
      const verifier = routes.get(program.dialect);
      if (verifier === undefined)
        throw new EvomError('E_CONFIG', `dialect "${program.dialect}" is not one of this verifier's: ${dialects.join(', ')}`);
      return verifier.verify(program);
    },
    stats: () => verifiers.map((verifier) => verifier.stats()).reduce(sum),
    close: async () => {
      await Promise.all(verifiers.map((verifier) => verifier.close()));
    },
  };
}

function sum(a: VerifierStats, b: VerifierStats): VerifierStats {
  const added = Object.entries(a).map(([name, value]) => [name, value + (b[name as keyof VerifierStats] ?? 0)]);
  return Object.fromEntries(added) as unknown as VerifierStats;
}
