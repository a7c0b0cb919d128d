/** The graph of one gradient step: forward, loss and backward for a micro-batch, parameters as inputs. */

import { type DecoderConfig, decoderParameters } from '../../checkpoint/decoder-config.ts';
import { Tape } from '../nn/autodiff.ts';
import { decoderStates, parameterInputs } from '../nn/decoder-graph.ts';
import { Graph, type Value } from '../nn/graph.ts';
import { tokenLogprobs } from '../nn/layers.ts';
import { ropeTables } from '../nn/rope.ts';
import { type LossForm, tokenLoss } from './loss-graph.ts';

/** Output names; gradients are `grad:<parameter>`. */
export const outputs = {
  logprobs: 'logprobs',
  entropy: 'entropy',
  loss: 'loss',
  ratio: 'ratio',
  inputRows: 'input_rows',
  targetRows: 'target_rows',
} as const;

export const gradientPrefix = 'grad:';

export interface TrainingGraph {
  readonly model: Uint8Array;
  readonly shapeInputs: Graph['shapeInputs'] extends () => infer Shapes ? Shapes : never;
  readonly outputs: readonly string[];
  /** Parameter to whose gradient `input_rows` [N, hidden] is added at the input ids. */
  readonly inputTable: string;
  /** Parameter to whose gradient `target_rows` [R, hidden] is added at the targets. */
  readonly targetTable: string;
  readonly numNodes: number;
}

/**
 * Builds the step for any B, G, P, C. Its inputs, besides the parameters and the shapes:
 *
 * `ids` int32 [N]; `positions` int64 [N, 1]; `completion_bias` [B, 1, C, P+C]; `prompt_bias` [1, P, P];
 * `targets` int32 [R, 1], `inverse_temperature` and `weight` [R, 1] (R = B*G*C) and those of `tokenLoss`.
 */
export function buildTrainingGraph(config: DecoderConfig, form: LossForm): TrainingGraph {
  const graph = new Graph('training');
  const tape = new Tape(graph);
  const parameters = parameterInputs(tape, config);
  const embedding = parameters.get('model.embed_tokens.weight') as Value;
  const { cos, sin } = ropeTables(config.maxPositions, config.headDim, config.ropeTheta);
  const tableShape = [config.maxPositions, config.headDim / 2];
  const embedded = tape.track(graph.gather(embedding, graph.input('ids', 'int32', ['N'])));
  const states = decoderStates(tape, config, parameters, {
    embedded,
    rope: {
      positions: graph.input('positions', 'int64', ['N', 1]),
      cos: graph.initializer('rope_cos', cos, 'float32', tableShape),
      sin: graph.initializer('rope_sin', sin, 'float32', tableShape),
      negativeSin: graph.initializer(
        'rope_negative_sin',
        sin.map((value) => -value),
        'float32',
        tableShape,
      ),
    },
    promptBias: graph.input('prompt_bias', 'float32', [1, 'P', 'P']),
    completionBias: graph.input('completion_bias', 'float32', ['B', 1, 'C', 'S']),
  });
  const targetTable = config.tieWordEmbeddings ? 'model.embed_tokens.weight' : 'lm_head.weight';
  const perToken = (name: string) => graph.input(name, 'float32', ['B*G*C', 1]);
  const targets = graph.input('targets', 'int32', ['B*G*C', 1]);
  const tokens = tokenLogprobs(tape, states, parameters.get(targetTable) as Value, targets, perToken('inverse_temperature'));
  const { loss, ratio } = tokenLoss(tape, form, tokens.logprobs);
  tape.backward(loss, perToken('weight'));

  const names = [
    graph.output(tokens.logprobs, outputs.logprobs),
    graph.output(tokens.entropy, outputs.entropy),
    graph.output(loss, outputs.loss),
  ];
  if (ratio !== null) names.push(graph.output(ratio, outputs.ratio));
  names.push(graph.output(tape.gradient(embedded) as Value, outputs.inputRows));
  names.push(graph.output(tokens.targetRows() as Value, outputs.targetRows));
  for (const { name } of decoderParameters(config)) {
    const gradient = tape.gradient(parameters.get(name) as Value);
    if (gradient !== undefined) names.push(graph.output(gradient, `${gradientPrefix}${name}`));
  }
  return {
    model: graph.encode(),
    shapeInputs: graph.shapeInputs(),
    outputs: names,
    inputTable: 'model.embed_tokens.weight',
    targetTable,
    numNodes: graph.numNodes(),
  };
}
