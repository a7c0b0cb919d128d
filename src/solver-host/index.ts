/** `evom/solver-host`: programs of Python libraries, executed on this machine or another. */

export type { DiscoverSettings } from '../lib/discover/address-watch.ts';
export type { Service, ServiceOptions } from '../lib/http-server.ts';
export { serveSolverHost } from './http-service.ts';
export { createRemoteVerifier, type RemoteVerifierOptions } from './remote-verifier.ts';
export { hostDialects, SolverHost, type SolverHostOptions } from './solver-host.ts';
export { routeByDialect } from './verifier-router.ts';
export type { DialectHealth, Health, Isolation } from './wire.ts';
