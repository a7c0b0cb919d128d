/** What outcomes depend on besides the program: the versions and limits of the hosts that run it, which must be alike. */
import { EvomError } from '../lib/errors.ts';
import type { HostConnection } from './host-connection.ts';

/** Solver and library of a dialect on a host, as its outcomes name them too. */
export interface DialectVersions {
  readonly url: string;
  readonly backend: string;
  readonly solver: string;
  readonly library: string;
}

/** Solver and library of each dialect, the same on every host. */
export function versionsOf(hosts: readonly HostConnection[], dialects: readonly string[]): ReadonlyMap<string, DialectVersions> {
  return new Map(
    dialects.map((dialect) => {
      const served = hosts.flatMap((host) => readyOf(host, dialect));
      const first = served[0];
      if (first === undefined) {
        const reason = hosts.flatMap((host) => host.dialects).find((one) => one.dialect === dialect)?.message;
        throw new EvomError(
          'E_CONFIG',
          `no solver host serves ${dialect}${reason ? ` (${reason})` : ''}; start one with "evom solver-host --dialects ${dialect}"`,
        );
      }
      const other = served.find((one) => one.library !== first.library || one.solver !== first.solver);
      if (other !== undefined) {
        throw new EvomError(
          'E_CONFIG',
          `${first.url} runs ${first.library} and ${other.url} runs ${other.library}; set them up alike with --setup`,
        );
      }
      return [dialect, first];
    }),
  );
}

/** How a host differs from those that a run began with, both by name; null where it does not. */
export function differenceFrom(
  host: HostConnection,
  known: ReadonlyMap<string, DialectVersions>,
  first: Pick<HostConnection, 'url' | 'about'> | null,
): string | null {
  for (const [dialect, { url, solver, library }] of known) {
    const own = readyOf(host, dialect)[0];
    if (own === undefined || (own.solver === solver && own.library === library)) continue;
    return `${host.url} runs ${own.solver} (${own.library}) and ${url} runs ${solver} (${library}); set them up alike with --setup`;
  }
  if (first === null || host.about === null || first.about === null) return null;
  const { version, resolver, limits } = host.about;
  const pair = (own: string, others: string): string => `${host.url} ${own} and ${first.url} ${others}`;
  if (version !== first.about.version)
    return `${pair(`is evom-solver-host ${version}`, `is ${first.about.version}`)}; install the same release on both`;
  if (resolver !== first.about.resolver)
    return `${pair(`solves models again with ${resolver}`, `with ${first.about.resolver}`)}; install the same release on both`;
  const own = JSON.stringify(limits);
  const others = JSON.stringify(first.about.limits);
  return own === others ? null : `${pair(`has the limits ${own}`, others)}; start both with the same limits`;
}

const readyOf = (host: HostConnection, dialect: string): DialectVersions[] =>
  host.dialects
    .filter((one) => one.dialect === dialect && one.state === 'ready')
    .map(({ backend, solver, library }) => ({ url: host.url, backend, solver, library }));
