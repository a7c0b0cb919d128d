/** Preflight of solver hosts and model servers that are looked up: whether any is named in time, who answers, and whether they are alike. */

import { setTimeout as sleep } from 'node:timers/promises';
import { discoverSettings, hostOptions } from '../config/build/build-verifier.ts';
import type { TrainConfig } from '../config/schema/schema.ts';
import { AddressWatch, type DiscoverSettings } from '../lib/discover/address-watch.ts';
import { unlessAborted } from '../lib/unless-aborted.ts';
import { replicaAt } from '../servers/replica-fleet.ts';
import { differentIdentity, servedIdentity } from '../servers/served-identity.ts';
import { createRemoteVerifier } from '../solver-host/remote-verifier.ts';
import { type Check, type Finding, fault, ok, warning } from './finding.ts';
import type { RunConfig } from './session.ts';

type Found = Omit<Finding, 'name'>;

/** How long a look may take that no run waits for, milliseconds. */
const impatientMs = 3000;

/** With who is looked up. */
export interface Patience {
  /** They may take their time, as a run gives it to them. */
  readonly isPatient: boolean;
  /** Ends the wait. */
  readonly signal?: AbortSignal | undefined;
}

export const patient: Patience = { isPatient: true };

const waiting = (discover: DiscoverSettings, { isPatient }: Patience): DiscoverSettings =>
  isPatient ? discover : { ...discover, waitMs: Math.min(discover.waitMs, impatientMs) };

/**
 * Connects as the run will, which waits for the first host; then each host.
 *
 * @param look asks one address.
 */
export function discoveredHostsCheck(
  config: Pick<RunConfig, 'solver_hosts'>,
  dialects: readonly string[],
  patience: Patience,
  look: (url: string) => Promise<Found>,
): [name: string, check: Check][] {
  const options = hostOptions(dialects, config.solver_hosts);
  const { discover } = options;
  if (!discover) return [];
  return [
    [
      `solver hosts ${discover.from}`,
      async () => {
        const settings = waiting(discover, patience);
        const verifier = await createRemoteVerifier({ ...options, cacheDirectory: null, discover: settings, signal: patience.signal });
        await verifier.close();
        return everyOne(settings, patience, look);
      },
    ],
  ];
}

/** @param look asks one address. */
export function discoveredServersCheck(
  { openai, checkpoint }: TrainConfig['policy'],
  token: string | null,
  patience: Patience,
  look: (url: string) => Promise<Found>,
): [name: string, check: Check][] {
  const discover = discoverSettings(openai.discover);
  if (discover === null) return [];
  const check = async (): Promise<Found> => {
    const found = await everyOne(waiting(discover, patience), patience, look, async (urls) => {
      const replicas = urls.map((url) => replicaAt(url, { token, timeoutMs: impatientMs }));
      const asked = await Promise.allSettled(replicas.map((replica) => servedIdentity(openai.engine, replica)));
      const known = asked.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
      const [first] = known;
      if (first === undefined) return null;
      return (
        known.map((one) => differentIdentity(one, first, openai.engine, openai.model ?? checkpoint)).find((text) => text !== null) ?? null
      );
    });
    return found;
  };
  return [[`${openai.engine} servers ${discover.from}`, check]];
}

/** Waits for an address, then asks each: a fault where none is well or they differ, a warning where some are not well. */
async function everyOne(
  discover: DiscoverSettings,
  { signal }: Patience,
  look: (url: string) => Promise<Found>,
  differ: (urls: readonly string[]) => Promise<string | null> = async () => null,
): Promise<Found> {
  const watch = await AddressWatch.open(discover, signal);
  try {
    const deadline = performance.now() + discover.waitMs;
    for (;;) {
      if (watch.isFaulty) return fault(watch.why ?? '', 'E_CONFIG');
      const urls = watch.addresses;
      const found = await Promise.all(urls.map(async (url) => ({ url, ...(await look(url)) })));
      const well = found.filter(({ status }) => status === 'ok');
      if (well.length > 0 || performance.now() >= deadline) {
        const text = found.map(({ url, detail }) => `${url} ${detail}`).join('; ');
        if (well.length === 0) return fault(urls.length === 0 ? (watch.why ?? `names nobody; waited ${discover.waitMs / 1000} s`) : text);
        const difference = await differ(urls);
        if (difference !== null) return fault(difference);
        const all = `${well.length} of ${urls.length}: ${text}`;
        return well.length === urls.length && watch.why === null ? ok(all) : warning(watch.why === null ? all : `${watch.why}; ${all}`);
      }
      await unlessAborted(sleep(250), signal);
    }
  } finally {
    watch.close();
  }
}
