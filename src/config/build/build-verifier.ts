/** Configuration -> the verifier of any dialect: JavaScript programs in the sandbox here, Python programs on solver hosts. */
import { availableParallelism } from 'node:os';
import { camelKeys } from '../../lib/camel-keys.ts';
import type { DiscoverSettings, Following } from '../../lib/discover/address-watch.ts';
import { createRemoteVerifier, type RemoteVerifierOptions } from '../../solver-host/remote-verifier.ts';
import { routeByDialect } from '../../solver-host/verifier-router.ts';
import { createVerifier, type Verifier } from '../../verify/verifier.ts';
import type { TrainConfig } from '../schema/schema.ts';
import { isHosted } from '../schema/vocabulary.ts';

/** The keys of a configuration that say how programs are run. */
export type VerifierConfig = Pick<TrainConfig, 'sandbox' | 'solver_hosts'> & {
  /** Of the programs that run here: a name, or the path of a module that creates one. */
  readonly backend: string;
};

/**
 * The verifier of a set of dialects, wherever each of them runs.
 *
 * @param dialects Python dialects go to `solver_hosts`, the others to the sandbox with `backend` as their solver.
 * @throws {EvomError} E_CONFIG for an unknown dialect or backend, or when no solver host serves a Python dialect; the reason of
 *   `following.signal` when aborted while hosts are waited for.
 */
export async function buildVerifier(dialects: readonly string[], config: VerifierConfig, following: Following = {}): Promise<Verifier> {
  const hosted = dialects.filter(isHosted);
  const local = dialects.filter((name) => !isHosted(name));
  const built: Verifier[] = [];
  try {
    if (hosted.length > 0) built.push(await createRemoteVerifier({ ...hostOptions(hosted, config.solver_hosts), ...following }));
    if (local.length > 0 || hosted.length === 0) built.push(await sandboxVerifier(local, config));
  } catch (error) {
    await Promise.all(built.map((verifier) => verifier.close()));
    throw error;
  }
  return routeByDialect(built);
}

/** What the hosts of a configuration are asked with. */
export function hostOptions(dialects: readonly string[], hosts: VerifierConfig['solver_hosts']): RemoteVerifierOptions {
  return {
    hosts: hosts.urls,
    discover: discoverSettings(hosts.discover),
    dialects,
    token: process.env[hosts.token_env] ?? null,
    cacheDirectory: hosts.cache,
    batchSize: hosts.batch_size,
    deadlineMs: hosts.deadline_s * 1000,
  };
}

/** A `discover` key in the words of whoever looks; null where there is none. */
export const discoverSettings = (key: VerifierConfig['solver_hosts']['discover']): DiscoverSettings | null =>
  key === undefined ? null : { from: key.from, everyMs: key.every_s * 1000, waitMs: key.wait_s * 1000 };

function sandboxVerifier(dialects: readonly string[], { backend, sandbox }: VerifierConfig): Promise<Verifier> {
  return createVerifier({
    backend,
    dialects,
    workers: sandbox.workers === 'auto' ? Math.max(1, availableParallelism()) : sandbox.workers,
    limits: camelKeys(sandbox.limits),
  });
}
