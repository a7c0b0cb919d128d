/** The numbers that the simulation rests on. `measured` ones have a command in docs/lab/scale.md; the others are assumed, and said to be. */

/** A step of `configs/grpo.yaml`: 32 problems of 16 samples on a model of 7.6 billion weights. */
export const run = { problems: 32, samples: 16, meanTokens: 700, promptTokens: 700, spreadTokens: 0.6, maxTokens: 2048 };

export const model = { weights: 7.6e9, bytesPerWeight: 2 };

export const measured = {
  /** Processor seconds of a gurobipy program in its child process, and in the host's Node (docs/lab/solver-hosts.md: 12.8 ms, 3.0 of them Node's). */
  programS: 0.0098,
  nodeS: 0.003,
  /** Processor seconds of a program in the trainer: sent, read, hashed, remembered (`node scripts/measure-hosts.mjs`). */
  clientS: 0.002,
  /** Bytes of `batch.arrow` a token of a row: 11.3 in three batches of 256 rows of the quickstart. */
  batchBytesPerToken: 11.3,
};

export const assumed = {
  /** Tokens a second that one GPU samples with many requests at once, for each billion weights' worth of it: 7.6 billion give 4,000. */
  sampledTokensPerS: (weights) => 30_000 / (weights / 1e9),
  /** Requests that one GPU samples side by side. */
  sideBySide: 64,
  /** A learner's floating point operations: 6 a weight and token, at this rate on a GPU. */
  learnerFlops: 300e12,
  /** Bytes a second: of a GPU machine's network, of the storage that all see, and of one reader of it. */
  networkBytes: 50e9,
  storageBytes: 10e9,
  readerBytes: 2.5e9,
  /** Seconds that servers freeze for a reload beside reading, and a step's fixed work (files, rounds of the learner). */
  reloadS: 2,
  fixedS: 1,
  coresPerHost: 16,
  networkS: 0.0005,
  gpusPerMachine: 8,
};

/** US dollars an hour; a licence's is a year's price over the hours of a year. */
export const prices = { gpu: 2.5, core: 0.04, licence: 10_000 / 8760 };
