/** `evom/lib`: statistics, random streams, safetensors, JSON and CSV, which know nothing of evom. */

export { csvRecords } from './csv-records.ts';
export { EvomError, type EvomErrorCode } from './errors.ts';
export { type JsonItem, jsonObjects } from './json-stream.ts';
export { type JsonlOutput, openJsonlOutput } from './jsonl-output.ts';
export { type RandomStream, randomStream } from './random.ts';
export { readSafetensors, type StoredDtype, type Tensor, writeSafetensors } from './safetensors.ts';
export { numberWordsIn, spokenNumber } from './spoken-number.ts';
export {
  bootstrapMeanInterval,
  type Interval,
  mcnemarTest,
  meanInterval,
  type PairedTest,
  pairedPermutationTest,
  wilsonInterval,
} from './statistics.ts';
