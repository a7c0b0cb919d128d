/** Whole sequences through the prefill and score graphs, in batches of bounded size. */
import { largest } from '../../lib/extremes.ts';
import type { ScoreRequest } from '../../policy/policy.ts';
import { shapeFeeds, type Tensor } from '../nn/session.ts';
import { type DecoderEngine, floats } from './decoder-engine.ts';
import type { KvCache } from './kv-cache.ts';
import { entropyFromParts } from './sampling.ts';

/** Most tokens of one run, padding included: keeps attention and logits within some tens of MB for small models. */
const tokensPerRun = 2048;
const masked = -1e9;
const masks = new Map<number, Float32Array>();

/** [T, T]: 0 on and below the diagonal, a large negative number above. */
function causalMask(length: number): Float32Array {
  const known = masks.get(length);
  if (known) return known;
  const mask = new Float32Array(length * length);
  for (let i = 0; i < length; i++) mask.fill(masked, i * length + i + 1, (i + 1) * length);
  if (masks.size >= 16) masks.clear();
  masks.set(length, mask);
  return mask;
}

/** Consecutive runs of indices whose padded size stays within the bound; one sequence always fits. */
function batches(lengths: readonly number[]): number[][] {
  const out: number[][] = [];
  let longest = 0;
  for (const [i, length] of lengths.entries()) {
    const current = out.at(-1);
    longest = Math.max(longest, length);
    if (current && (current.length + 1) * longest <= tokensPerRun) current.push(i);
    else {
      out.push([i]);
      longest = length;
    }
  }
  return out;
}

function sequenceFeeds(sequences: readonly Int32Array[], longest: number): Record<string, Tensor> {
  const numTokens = sequences.length * longest;
  const ids = new Int32Array(numTokens);
  for (const [b, sequence] of sequences.entries()) ids.set(sequence, b * longest);
  const positions = BigInt64Array.from({ length: numTokens }, (_, i) => BigInt(i % longest));
  return {
    ids: { data: ids, shape: [numTokens] },
    positions: { data: positions, shape: [numTokens, 1] },
    causal_mask: { data: causalMask(longest), shape: [longest, longest] },
  };
}

/**
 * Reads prompts: their keys and values go into slots `firstSlot`, `firstSlot + 1`, ... of `cache`.
 *
 * @returns for each prompt the distribution of the next token.
 */
export async function prefillPrompts(
  engine: DecoderEngine,
  prompts: readonly Int32Array[],
  inverseTemperature: Tensor,
  cache: KvCache,
  firstSlot: number,
): Promise<{ probs: Float32Array; entropy: number }[]> {
  const { config } = engine;
  const out: { probs: Float32Array; entropy: number }[] = [];
  for (const indices of batches(prompts.map((prompt) => prompt.length))) {
    const sequences = indices.map((i) => prompts[i] as Int32Array);
    const longest = largest(sequences.map((sequence) => sequence.length));
    const results = await engine.prefill.run({
      ...shapeFeeds(engine.prefillShapes, { B: sequences.length, T: longest }),
      ...sequenceFeeds(sequences, longest),
      select: { data: Int32Array.from(sequences, (sequence, b) => b * longest + sequence.length - 1), shape: [sequences.length] },
      inverse_temperature: inverseTemperature,
    });
    for (const [b, sequence] of sequences.entries()) {
      for (let l = 0; l < config.numLayers; l++)
        cache.writeSequence(
          l,
          firstSlot + out.length,
          floats(results, `key.${l}`),
          floats(results, `value.${l}`),
          b,
          longest,
          sequence.length,
        );
      const probs = floats(results, 'probs').slice(b * config.vocabSize, (b + 1) * config.vocabSize);
      out.push({ probs, entropy: entropyFromParts(floats(results, 'entropy_parts'), b) });
    }
  }
  return out;
}

/** Log-probabilities (nats) of given completions; sequences of like length are read together. */
export async function scoreCompletions(
  engine: DecoderEngine,
  requests: readonly ScoreRequest[],
  temperature: number,
): Promise<Float32Array[]> {
  const out: Float32Array[] = requests.map((request) => new Float32Array(request.completionIds.length));
  const filled = requests.flatMap((request, i) => (request.completionIds.length > 0 ? [{ ...request, i }] : []));
  // The last token predicts nothing that is asked for, so it is left out.
  const sequenceOf = ({ promptIds, completionIds }: ScoreRequest): Int32Array =>
    Int32Array.from([...promptIds, ...completionIds.subarray(0, -1)]);
  const sorted = filled
    .map((request) => ({ ...request, sequence: sequenceOf(request) }))
    .sort((a, b) => a.sequence.length - b.sequence.length || a.i - b.i);
  if (sorted.length === 0) return out;
  const { session, shapes } = await engine.score();
  for (const indices of batches(sorted.map(({ sequence }) => sequence.length))) {
    const batch = indices.map((index) => sorted[index] as (typeof sorted)[number]);
    const longest = largest(batch.map(({ sequence }) => sequence.length));
    const select: number[] = [];
    const targets: bigint[] = [];
    for (const [b, { promptIds, completionIds }] of batch.entries())
      for (const [t, id] of completionIds.entries()) {
        select.push(b * longest + promptIds.length - 1 + t);
        targets.push(BigInt(id));
      }
    const results = await session.run({
      ...shapeFeeds(shapes, { B: batch.length, T: longest }),
      ...sequenceFeeds(
        batch.map(({ sequence }) => sequence),
        longest,
      ),
      select: { data: Int32Array.from(select), shape: [select.length] },
      targets: { data: BigInt64Array.from(targets), shape: [targets.length, 1] },
      inverse_temperature: { data: Float32Array.of(1 / temperature), shape: [1] },
    });
    const logprobs = floats(results, 'logprobs');
    let at = 0;
    for (const { i, completionIds } of batch) {
      out[i] = logprobs.slice(at, at + completionIds.length);
      at += completionIds.length;
    }
  }
  return out;
}
