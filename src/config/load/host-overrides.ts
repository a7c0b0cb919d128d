/** `--host` as keys of a configuration: addresses, or where they are looked up. */
import { isAddressSource } from '../../lib/discover/address-source.ts';
import { defaultSolverHosts } from '../schema/vocabulary.ts';
import type { Override } from './overrides.ts';

/** The keys of `solver_hosts` that the hosts of a command line stand for; none for none. */
export function hostKeys(hosts: readonly string[]): { readonly urls?: readonly string[]; readonly discover?: string } {
  const [first] = hosts;
  if (first === undefined) return {};
  return isAddressSource(first) ? { discover: first } : { urls: hosts };
}

/** The same over whatever a file says: a list and a place to look are each other's end. */
export function hostOverrides(hosts: readonly string[], flag: string): Override[] {
  if (hosts.length === 0) return [];
  const { urls = defaultSolverHosts, discover = null } = hostKeys(hosts);
  return [
    { assignment: `solver_hosts.urls=${JSON.stringify(urls)}`, flag },
    { assignment: `solver_hosts.discover=${JSON.stringify(discover)}`, flag },
  ];
}
