/** The addresses that DNS names for a source. */
import { lookup, Resolver } from 'node:dns/promises';
import type { AddressSource } from './address-source.ts';
import { type Look, listed } from './reading.ts';

type DnsSource = AddressSource & { readonly type: 'dns' };

/** A reader of one source; several looks share a resolver. */
export function dnsReader(source: DnsSource): Look {
  const resolver = new Resolver({ timeout: 2000, tries: 2 });
  if (source.server !== null) resolver.setServers([source.server]);
  return async (signal) => {
    const cancel = (): void => resolver.cancel();
    signal.addEventListener('abort', cancel, { once: true });
    try {
      const addresses = source.port === null ? await ofService(source, resolver) : await ofName(source, source.name, source.port, resolver);
      return listed(addresses.sort());
    } catch (error) {
      if (isNone(error)) return listed([]);
      const code = (error as NodeJS.ErrnoException).code ?? String(error);
      return { type: 'unknown', why: `${source.server ?? 'the resolver of this machine'} does not answer for ${source.name} (${code})` };
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  };
}

/** SRV records, each with the addresses of its target; priority and weight are not looked at, since every target is to work. */
async function ofService(source: DnsSource, resolver: Resolver): Promise<string[]> {
  const records = await resolver.resolveSrv(source.name);
  const found = await Promise.all(records.map(({ name, port }) => ofName(source, name, port, resolver).catch(unlessNone)));
  return found.flat();
}

/**
 * A machine with both kinds of address is one machine, so IPv6 counts where there is no IPv4. A name that no server knows may still be
 * one of this machine's: of its hosts file, or short for a name in its search domains.
 */
async function ofName({ scheme, server }: DnsSource, name: string, port: number, resolver: Resolver): Promise<string[]> {
  const asked = await recordsOf(name, resolver).catch(async (fault: unknown) => {
    const own = server === null ? await ofMachine(name).catch(() => []) : [];
    if (own.length === 0) throw fault;
    return own;
  });
  const found = asked.length > 0 || server !== null ? asked : await ofMachine(name);
  return found.map((host) => `${scheme}://${host}:${port}`);
}

async function recordsOf(name: string, resolver: Resolver): Promise<string[]> {
  const four = await resolver.resolve4(name).catch(unlessNone);
  return four.length > 0 ? four : (await resolver.resolve6(name).catch(unlessNone)).map((address) => `[${address}]`);
}

async function ofMachine(name: string): Promise<string[]> {
  const found = await lookup(name, { all: true }).catch(unlessNone);
  const four = found.filter(({ family }) => family === 4);
  return four.length > 0 ? four.map(({ address }) => address) : found.map(({ address }) => `[${address}]`);
}

/** There is no such name, or it has no such record: an answer, and not a fault of the resolver. */
const isNone = (error: unknown): boolean => ['ENOTFOUND', 'ENODATA'].includes((error as NodeJS.ErrnoException | null)?.code ?? '');

function unlessNone(error: unknown): never[] {
  if (isNone(error)) return [];
  throw error;
}
