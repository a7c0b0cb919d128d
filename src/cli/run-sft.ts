/** The work behind `evom sft`: a new model or a checkpoint, trained on reference programs. */
import { rm } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { copyModelFiles, writeModelFolder } from '../checkpoint/hf-layout.ts';
import { initialWeights } from '../checkpoint/init.ts';
import { publishDirectory } from '../checkpoint/publish.ts';
import { buildEvalSets, buildRollout, evaluateSets, type RolloutConfig, scheduleOf } from '../config/build.ts';
import { buildLearner } from '../config/build-learner.ts';
import { sftSources } from '../config/build-sft.ts';
import type { ConfigSource } from '../config/load.ts';
import { resolveCheckpoint } from '../config/resolve-checkpoint.ts';
import { defaultScoring } from '../config/reward-schema.ts';
import type { SftConfig } from '../config/schema.ts';
import { makeDirectory } from '../core/atomic-write.ts';
import { buildPrompt } from '../dialects/prompt.ts';
import { dialectByName } from '../dialects/registry.ts';
import { type DecoderConfig, decoderConfigJson, decoderParameters } from '../nn/decoder-config.ts';
import { trainBpe, writeTokenizer } from '../tokenizer/bpe-trainer.ts';
import { loadTokenizer } from '../tokenizer/chat-tokenizer.ts';
import { DiskRunStore, optimizerStateDirectory, readTrainState } from '../train/run-store.ts';
import { initialTrainState, sftLoop } from '../train/sft.ts';
import { sftStream } from '../train/sft-stream.ts';
import type { RunOptions } from './run-options.ts';
import { openSession } from './run-session.ts';
import { createReporter } from './terminal.ts';
import { percent } from './terminal-text.ts';

export interface RunSftOptions extends RunOptions {
  readonly config: SftConfig;
  readonly source: ConfigSource;
  /** Continue the run in `config.run.dir`/`config.run.name` from its last checkpoint. */
  readonly resume: boolean;
}

export async function runSft({ config: given, source, resume, io, json, quiet, signal }: RunSftOptions): Promise<void> {
  const reporter = createReporter(io, { quiet });
  // `latest` of another run moves on: the run keeps the checkpoint that it stood for, so that it resumes from the same.
  const { model } = given;
  const config = model.type === 'checkpoint' ? { ...given, model: { ...model, path: resolveCheckpoint(model.path) } } : given;
  const session = await openSession('sft', config, source, resume, { cwd: io.cwd, reporter });
  const closers: (() => Promise<void>)[] = [session.close];
  try {
    const { paths, from, command } = session;
    const initial = config.model.type === 'checkpoint' ? config.model.path : join(paths.directory, 'initial');
    const { sources, corpus } = await sftSources(config);
    if (config.model.type === 'new' && from === null) {
      reporter.info('making a tokenizer and random weights');
      await makeInitialModel(initial, config, corpus(config.tokenizer.sample_problems));
    }
    const state = from === null ? initialTrainState : await readTrainState(from.directory);
    const directory = from?.directory ?? initial;
    const tokenizer = await loadTokenizer(directory);
    const { learner, policy } = await buildLearner(config, {
      directory,
      stateDirectory: from === null ? null : join(from.directory, optimizerStateDirectory),
      initial,
      root: paths.directory,
      onWaiting: (command) => reporter.info(`waiting for the learner; start it with\n  ${command}`),
    });
    closers.unshift(() => learner.close());
    const store = await DiskRunStore.open(
      {
        paths,
        keepLast: config.run.keep_last,
        modelFrom: initial,
        card: { summary: 'Supervised fine-tuning on reference programs.', command },
      },
      from,
    );
    closers.unshift(() => store.close());
    if (store.lostMetrics !== null) reporter.warn(store.lostMetrics);

    const rolloutConfig: RolloutConfig = { ...config, ...defaultScoring };
    const rollout = await buildRollout(rolloutConfig, directory, learner.version, policy);
    closers.unshift(() => rollout.close());
    const sets = await buildEvalSets(config.dataset.eval, (name, made, wanted) =>
      reporter.progress(`making problems ${name} ${made}/${wanted}`),
    );
    const stopId = tokenizer.stopIds[0] as number;
    const example = sftStream(
      sources,
      {
        prompt: (problem, dialect) =>
          tokenizer.encodeChat(buildPrompt(config.prompt.template, problem.question, dialectByName(dialect), config.prompt)).tokenIds,
        completion: (problem, dialect) => {
          const program = problem.programs?.[dialect] ?? (problem.model ? dialectByName(dialect).render(problem.model) : null);
          return program === null ? null : Int32Array.from([...tokenizer.encode(program), stopId]);
        },
        maxLength: rollout.policy.maxLength,
      },
      config.run.seed,
    );

    const last = await sftLoop(
      {
        learner,
        example,
        store,
        evaluate: async () => {
          if (sets.length === 0) return [];
          await rollout.policy.update(learner.weights());
          return evaluateSets(rollout.parts, config, sets, {
            onProgress: (name, done, total) => reporter.progress(`evaluating ${name} ${done}/${total}`),
          });
        },
        onStep: (step, metrics) =>
          reporter.step({
            step,
            steps: config.run.steps,
            ...(metrics['learner/loss'] === undefined ? {} : { loss: metrics['learner/loss'] }),
            ...(metrics['time/tokens_per_s'] === undefined ? {} : { tokensPerSecond: metrics['time/tokens_per_s'] }),
          }),
        onEvaluation: (step, evaluations) => {
          for (const { summary } of evaluations) {
            const identical = summary.identical === null ? '' : `, identical ${percent(summary.identical)}`;
            reporter.info(`step ${step}  ${summary.name}: pass@1 ${percent(summary.pass_at_1)}${identical} (judge ${summary.judge})`);
          }
        },
      },
      {
        runId: basename(paths.directory),
        steps: config.run.steps,
        batchTokens: config.batch_tokens,
        schedule: scheduleOf(config.schedule),
        checkpointEvery: config.run.checkpoint_every,
        evalEvery: config.run.eval_every,
        tokenizerSha256: tokenizer.sha256,
        modelId: basename(initial), // of the run, not of the checkpoint it goes on from
        padId: tokenizer.padId,
      },
      state,
      signal,
    );
    const evaluations = (await store.readEvaluation(last.step)) ?? [];
    const checkpoint = resolveCheckpoint(paths.latest);
    const output = config.output === undefined ? null : resolve(io.cwd, config.output);
    if (output !== null) {
      await publishDirectory(
        output,
        async (into) => {
          await copyModelFiles(checkpoint, into);
          await learner.save(into);
          await rm(join(into, optimizerStateDirectory), { recursive: true, force: true }); // a starting point, not a run
        },
        { replace: true },
      );
    }
    reporter.close();
    if (json) {
      io.stdout(
        `${JSON.stringify({ run_dir: paths.directory, checkpoint, output, steps: last.step, evaluations: evaluations.map((e) => e.summary) })}\n`,
      );
    } else io.stdout(`${output ?? checkpoint}\n`);
  } finally {
    for (const close of closers) await close();
  }
}

/** Tokenizer from the corpus, `config.json`, random weights. */
async function makeInitialModel(directory: string, config: SftConfig, texts: Iterable<string>): Promise<void> {
  if (config.model.type !== 'new') return;
  const { model } = config;
  await rm(directory, { recursive: true, force: true });
  await makeDirectory(directory);
  const bpe = trainBpe(texts, { vocabSize: config.tokenizer.vocab_size });
  await writeTokenizer(directory, bpe, { maxLength: model.max_length });
  const decoder: DecoderConfig = {
    architecture: 'LlamaForCausalLM',
    vocabSize: 64 * Math.ceil(bpe.tokens.length / 64),
    hiddenSize: model.hidden_size,
    intermediateSize: model.intermediate_size,
    numLayers: model.layers,
    numHeads: model.heads,
    numKeyValueHeads: model.kv_heads ?? model.heads,
    headDim: model.hidden_size / model.heads,
    rmsNormEps: 1e-5,
    ropeTheta: model.rope_theta,
    maxPositions: model.max_length,
    tieWordEmbeddings: model.tie,
    qkvBias: false,
    outputBias: false,
    qkNorm: false,
  };
  await writeModelFolder(directory, {
    config: decoderConfigJson(decoder, { eosTokenId: 1, padTokenId: 0 }),
    tensors: initialWeights(decoderParameters(decoder), { numLayers: model.layers, seed: config.run.seed }),
    generationConfig: { eos_token_id: 1, pad_token_id: 0 },
  });
}
