/** What a policy's answers come from, for the name of a setting: a log is only gone on with by the same one. */
import type { PolicySource } from '../../config/build/open-speaker.ts';
import { policyFingerprint } from '../../config/build/outcome-memory.ts';
import { resolveCheckpoint } from '../../config/build/resolve-checkpoint.ts';

/** Equal for policies that answer alike: of weights their hash, of servers their address and model; null for none. */
export async function policyPrint(source: PolicySource | null | undefined): Promise<string | null> {
  if (source === null || source === undefined) return null;
  if (typeof source === 'string') return policyFingerprint(resolveCheckpoint(source), { type: 'onnx', chat: noChat });
  const { policy } = source;
  return `${await policyFingerprint(resolveCheckpoint(policy.checkpoint, policy.type), policy)} ${JSON.stringify(policy.openai)}`;
}

const noChat = { headers: {}, body: {}, concurrency: 1, retries: 0, timeout_s: 1 };
