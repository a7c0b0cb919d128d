/** Texts as vectors by a local embedding model. A door of `@huggingface/transformers`. */
import { basename, dirname, resolve } from 'node:path';
import { EvomError } from '../../lib/errors.ts';

/**
 * Embeds texts: the mean of the last hidden states, of length 1.
 *
 * @param directory folder of an encoder with `config.json`, `tokenizer.json` and `onnx/model.onnx`; nothing is downloaded.
 * @returns [texts] vectors.
 * @throws {EvomError} `E_CHECKPOINT` if the folder holds no such model.
 */
export async function embedTexts(directory: string, texts: readonly string[]): Promise<Float32Array[]> {
  const library = await import('@huggingface/transformers');
  const folder = resolve(directory);
  library.env.allowRemoteModels = false;
  library.env.allowLocalModels = true;
  library.env.localModelPath = dirname(folder);
  try {
    const session_options = { intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 3 as const };
    const embed = await library.pipeline('feature-extraction', basename(folder), {
      local_files_only: true,
      dtype: 'fp32',
      device: 'cpu',
      session_options,
    });
    try {
      const vectors: Float32Array[] = [];
      for (const text of texts)
        vectors.push(Float32Array.from((await embed(text, { pooling: 'mean', normalize: true })).data as Float32Array));
      return vectors;
    } finally {
      await embed.dispose();
    }
  } catch (cause) {
    throw new EvomError(
      'E_CHECKPOINT',
      `the embedding model in ${directory} cannot be used: ${cause instanceof Error ? cause.message : String(cause)}; it needs config.json, tokenizer.json and onnx/model.onnx`,
      { cause },
    );
  }
}
