/** The model that supervised training begins from where no checkpoint is named: a tokenizer from the data, random weights. */
import { rm } from 'node:fs/promises';
import { type DecoderConfig, decoderConfigJson, decoderParameters } from '../checkpoint/decoder-config.ts';
import { writeModelFolder } from '../checkpoint/hf-layout.ts';
import { initialWeights } from '../checkpoint/init.ts';
import type { SftConfig } from '../config/schema/schema.ts';
import { makeDirectory } from '../lib/atomic-write.ts';
import { camelKeys } from '../lib/camel-keys.ts';
import { trainBpe, writeTokenizer } from '../tokenizer/bpe-trainer.ts';

type NewModel = Extract<SftConfig['model'], { type: 'new' }>;

/** The decoder that a configuration describes, over a vocabulary of so many tokens. */
export function decoderOf(model: NewModel, vocabulary: number): DecoderConfig {
  const { hiddenSize, intermediateSize, layers, heads, kvHeads, ropeTheta, maxLength, tie } = camelKeys(model);
  return {
    architecture: 'LlamaForCausalLM',
    vocabSize: 64 * Math.ceil(vocabulary / 64),
    hiddenSize,
    intermediateSize,
    numLayers: layers,
    numHeads: heads,
    numKeyValueHeads: kvHeads ?? heads,
    headDim: hiddenSize / heads,
    rmsNormEps: 1e-5,
    ropeTheta,
    maxPositions: maxLength,
    tieWordEmbeddings: tie,
    qkvBias: false,
    outputBias: false,
    qkNorm: false,
  };
}

/** Writes tokenizer, `config.json` and random weights to a folder that is made anew. */
export async function makeInitialModel(directory: string, config: SftConfig, model: NewModel, texts: Iterable<string>): Promise<void> {
  await rm(directory, { recursive: true, force: true });
  await makeDirectory(directory);
  const bpe = trainBpe(texts, { vocabSize: config.tokenizer.vocab_size });
  await writeTokenizer(directory, bpe, { maxLength: model.max_length });
  const decoder = decoderOf(model, bpe.tokens.length);
  await writeModelFolder(directory, {
    config: decoderConfigJson(decoder, { eosTokenId: 1, padTokenId: 0 }),
    tensors: initialWeights(decoderParameters(decoder), { numLayers: model.layers, seed: config.run.seed }),
    generationConfig: { eos_token_id: 1, pad_token_id: 0 },
  });
}
