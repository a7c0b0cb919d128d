/** The work behind `evom prompts export`: each problem of the evaluation sets as the messages and the text that it is asked by. */
import { resolve } from 'node:path';
import { buildEvalSets, drawDialect } from '../../config/build/build.ts';
import { chooseTemplate, speaksChat } from '../../config/build/prompt-template.ts';
import { resolveCheckpoint, textPolicies } from '../../config/build/resolve-checkpoint.ts';
import type { ConfigSource } from '../../config/load/load.ts';
import type { TrainConfig } from '../../config/schema/schema.ts';
import { buildPrompt } from '../../dialects/prompt.ts';
import { dialectByName } from '../../dialects/registry.ts';
import { writeFileAtomically } from '../../lib/atomic-write.ts';
import { EvomError } from '../../lib/errors.ts';
import { loadTokenizer } from '../../tokenizer/chat-tokenizer.ts';
import type { RunOptions } from '../run-options.ts';
import { createReporter } from '../view/terminal.ts';
import { tellTemplate } from './run-events.ts';

export interface RunPromptsExportOptions extends RunOptions {
  readonly config: TrainConfig;
  readonly source: ConfigSource;
  /** The prompts are for a model of chats that nobody named; else for `policy.checkpoint`. */
  readonly forChat: boolean;
  readonly out: string;
}

export async function runPromptsExport({ config, source, forChat, out, io, json, quiet }: RunPromptsExportOptions): Promise<void> {
  if (config.dataset.eval.length === 0)
    throw new EvomError('E_CONFIG', `${source.path}: dataset.eval is empty; add a set, or name a file with --dataset problems.jsonl`);
  const reporter = createReporter(io, { quiet });
  try {
    const tokenizer =
      forChat || textPolicies.has(config.policy.type) ? null : await loadTokenizer(resolveCheckpoint(config.policy.checkpoint));
    const chosen = chooseTemplate(config.prompt.template, tokenizer === null || speaksChat(tokenizer));
    const isAssumed = tokenizer === null && config.prompt.template === 'auto';
    const text = `prompt.template ${chosen.template}: no checkpoint is named, so the prompts are for a model of chats`;
    tellTemplate(isAssumed ? { ...chosen, text } : chosen, reporter);
    const sets = await buildEvalSets(config.dataset.eval, (name, made, wanted) =>
      reporter.progress(`making problems ${name} ${made}/${wanted}`),
    );
    const lines = sets.flatMap(({ config: set, problems }) =>
      problems.map(({ id, question }) => {
        const dialect = set.dialect ?? drawDialect(config, id);
        const messages = buildPrompt(chosen.template, question, dialectByName(dialect), config.prompt);
        // Models without a server of chats are asked by the text that their own chat template makes.
        const text = tokenizer === null ? {} : { prompt: tokenizer.encodeChat(messages).text };
        return `${JSON.stringify({ set: set.name, id, question, dialect, messages, ...text })}\n`;
      }),
    );
    reporter.close();
    const path = resolve(io.cwd, out);
    await writeFileAtomically(path, lines);
    const told = { out: path, prompts: lines.length, template: chosen.template };
    io.stdout(json ? `${JSON.stringify(told)}\n` : `${path}: ${lines.length} prompts, template ${chosen.template}\n`);
  } finally {
    reporter.close();
  }
}
