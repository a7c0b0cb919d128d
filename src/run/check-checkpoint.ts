/** Preflight: whether the checkpoint that a run begins from can be opened, down to the shape of each weight. */
import { join } from 'node:path';
import { type DecoderConfig, decoderParameters, parseDecoderConfig } from '../checkpoint/decoder-config.ts';
import { readModelConfig, weightFiles } from '../checkpoint/hf-layout.ts';
import { verifyDirectory } from '../checkpoint/publish.ts';
import { parameterCount } from '../config/build/training-plan.ts';
import { EvomError } from '../lib/errors.ts';
import { readSafetensorsShapes } from '../lib/safetensors.ts';
import { loadTokenizer } from '../tokenizer/chat-tokenizer.ts';
import { type Finding, ok } from './finding.ts';

/** The model of a checkpoint by its `config.json`; null for an architecture that only PyTorch knows. */
export async function modelOf(directory: string, isEmbedded: boolean): Promise<DecoderConfig | null> {
  const config = await readModelConfig(directory);
  try {
    return parseDecoderConfig(config, join(directory, 'config.json'));
  } catch (error) {
    if (isEmbedded) throw error;
    return null;
  }
}

/** @throws {EvomError} `E_CHECKPOINT` naming what is missing, cut off or of another shape. */
export async function checkCheckpoint(directory: string, isEmbedded: boolean): Promise<Omit<Finding, 'name'>> {
  const model = await modelOf(directory, isEmbedded);
  const shapes = new Map<string, readonly number[]>();
  for (const file of await weightFiles(directory)) for (const [name, shape] of await readSafetensorsShapes(file)) shapes.set(name, shape);
  if (model !== null) requireShapes(model, shapes, directory);
  // Hashes only where the run itself would look at them: those of a large model take minutes.
  if (isEmbedded) await verifyDirectory(directory);
  const { vocabSize } = await loadTokenizer(directory);
  if (model !== null && vocabSize > model.vocabSize)
    throw new EvomError(
      'E_CHECKPOINT',
      `${directory}: the tokenizer has ${vocabSize} tokens and the model ${model.vocabSize}; they do not belong together`,
    );
  const size = model === null ? 'an architecture that PyTorch knows' : `${model.architecture}, ${sizeText(parameterCount(model))} weights`;
  return ok(`${directory}: ${size}, ${shapes.size} tensors, ${vocabSize} tokens`);
}

const sizeText = (count: number): string => (count >= 1e8 ? `${(count / 1e9).toFixed(2)} billion` : `${(count / 1e6).toFixed(2)} million`);

function requireShapes(model: DecoderConfig, shapes: ReadonlyMap<string, readonly number[]>, directory: string): void {
  for (const { name, shape } of decoderParameters(model)) {
    const stored = shapes.get(name);
    if (stored === undefined) throw new EvomError('E_CHECKPOINT', `${directory} lacks the weight ${name}; export or copy the model again`);
    if (stored.join() !== shape.join())
      throw new EvomError(
        'E_CHECKPOINT',
        `${directory}: ${name} is of shape [${stored.join(', ')}], and its config.json asks for [${shape.join(', ')}]; export the model again`,
      );
  }
}
