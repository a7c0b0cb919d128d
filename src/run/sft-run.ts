/** A run of `kind: sft`: a new model or a checkpoint, trained on reference programs. */
import { rm } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { copyModelFiles } from '../checkpoint/hf-layout.ts';
import { publishDirectory } from '../checkpoint/publish.ts';
import { evaluateSets, type RolloutConfig, scheduleOf } from '../config/build/build.ts';
import { sftSources } from '../config/build/build-sft.ts';
import { resolveCheckpoint } from '../config/build/resolve-checkpoint.ts';
import { defaultScoring } from '../config/schema/reward-schema.ts';
import type { SftConfig } from '../config/schema/schema.ts';
import type { Problem } from '../core/problem.ts';
import { buildPrompt, type PromptTemplate } from '../dialects/prompt.ts';
import { dialectByName } from '../dialects/registry.ts';
import { camelKeys } from '../lib/camel-keys.ts';
import type { ChatTokenizer } from '../tokenizer/chat-tokenizer.ts';
import { optimizerStateDirectory } from '../train/run-store.ts';
import { sftLoop } from '../train/sft.ts';
import { sftStream } from '../train/sft-stream.ts';
import { makeInitialModel } from './initial-model.ts';
import { factsOf, openParts } from './parts.ts';
import type { Preflight } from './preflight.ts';
import type { OpenedRun, Opening } from './run.ts';
import { commandOf, type RunSession } from './session.ts';

export async function openSftRun(session: RunSession<SftConfig>, found: Preflight, opening: Opening): Promise<OpenedRun> {
  const { config, paths, from } = session;
  const { lifetime, report, signal, source, cwd } = opening;
  const { model } = config;
  const initial = model.type === 'checkpoint' ? model.path : join(paths.directory, 'initial');
  const { sources, corpus } = await sftSources(config);
  if (model.type === 'new' && from === null) {
    report({ type: 'making_model' });
    await makeInitialModel(initial, config, model, corpus(config.tokenizer.sample_problems));
    lifetime.goOn();
  }
  const rolloutConfig: RolloutConfig = { ...config, ...defaultScoring };
  const card = { summary: 'Supervised fine-tuning on reference programs.', command: commandOf(config, source) };
  const parts = await openParts({
    session,
    initial,
    rollout: rolloutConfig,
    evaluation: found.evaluation,
    card,
    lifetime,
    report,
    signal,
  });
  const { learner, rollout, store, state, sets } = parts;
  const { tokenizer } = rollout;
  // A recorded policy alone has no template, and is not trained.
  const template = rollout.template?.template ?? 'bare';
  const example = sftStream(sources, { ...examplesOf(config, tokenizer, template), maxLength: rollout.policy.maxLength }, config.run.seed);
  report({ type: 'ready', run: factsOf(config, paths.directory, parts, null) });
  return {
    async train() {
      session.begun();
      report({ type: 'training', step: state.step });
      const { steps, checkpointEvery, evalEvery } = camelKeys(config.run);
      const last = await sftLoop(
        {
          learner,
          example,
          store,
          evaluate: async () => {
            if (sets.length === 0) return [];
            await rollout.policy.update(learner.weights());
            return evaluateSets(rollout.parts, config, sets, {
              onProgress: (set, done, total) => report({ type: 'evaluating', set, done, total }),
            });
          },
          onStep: (step, metrics) => report({ type: 'step', step, steps, metrics }),
          onEvaluation: (step, evaluations) => report({ type: 'evaluation', step, evaluations }),
        },
        {
          runId: basename(paths.directory),
          steps,
          batchTokens: config.batch_tokens,
          schedule: scheduleOf(config.schedule),
          checkpointEvery,
          evalEvery,
          tokenizerSha256: tokenizer.sha256,
          modelId: basename(initial), // of the run, not of the checkpoint it goes on from
          padId: tokenizer.padId,
        },
        state,
        signal,
      );
      const after = (await store.readEvaluation(last.step)) ?? [];
      const checkpoint = resolveCheckpoint(paths.latest);
      const output = config.output === undefined ? null : resolve(cwd, config.output);
      if (output !== null) await publishModel(output, checkpoint, (into) => learner.save(into));
      return { directory: paths.directory, checkpoint, steps: last.step, before: [], after, output };
    },
  };
}

/** A starting point, not a run: the weights without the optimizer's state. */
async function publishModel(output: string, checkpoint: string, save: (into: string) => Promise<void>): Promise<void> {
  await publishDirectory(
    output,
    async (into) => {
      await copyModelFiles(checkpoint, into);
      await save(into);
      await rm(join(into, optimizerStateDirectory), { recursive: true, force: true });
    },
    { replace: true },
  );
}

/** How a problem becomes a prompt and the program to imitate. */
function examplesOf(config: SftConfig, tokenizer: ChatTokenizer, template: PromptTemplate) {
  const stopId = tokenizer.stopIds[0] as number;
  return {
    prompt: (problem: Problem, dialect: string): Int32Array =>
      tokenizer.encodeChat(buildPrompt(template, problem.question, dialectByName(dialect), config.prompt)).tokenIds,
    completion: (problem: Problem, dialect: string): Int32Array | null => {
      const program = problem.programs?.[dialect] ?? (problem.model ? dialectByName(dialect).render(problem.model) : null);
      return program === null ? null : Int32Array.from([...tokenizer.encode(program), stopId]);
    },
  };
}
