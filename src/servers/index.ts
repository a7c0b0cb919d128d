/** `evom/servers`: policies on vLLM and SGLang, and the exchange with a trainer elsewhere. */

export type { DiscoverSettings } from '../lib/discover/address-watch.ts';
export { type ExchangeManifest, type ExchangeResult, publishBatches, verifyPublished } from './exchange.ts';
export { createOpenAiPolicy, type OpenAiPolicyOptions } from './openai-policy.ts';
