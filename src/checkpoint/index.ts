/** `evom/checkpoint`: model folders: configuration, weights, publication. */

export {
  type DecoderArchitecture,
  type DecoderConfig,
  decoderConfigJson,
  decoderParameters,
  type ParameterSpec,
  parseDecoderConfig,
} from './decoder-config.ts';
export { copyModelFiles, readModelConfig, readWeights, weightsSha256, writeModelFolder } from './hf-layout.ts';
export { initialWeights, type ParameterShape } from './init.ts';
export { type ModelCard, modelCard } from './model-card.ts';
export { publishDirectory, verifyDirectory } from './publish.ts';
