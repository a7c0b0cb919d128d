/** The sessions of one model at one weight version, in one thread. */

import type { DecoderConfig } from '../../checkpoint/decoder-config.ts';
import { EvomError } from '../../lib/errors.ts';
import type { Graph } from '../nn/graph.ts';
import type { Dim } from '../nn/onnx-proto.ts';
import { createSession, type Session, type Tensor } from '../nn/session.ts';
import { buildDecodeGraph } from './decode-graph.ts';
import type { ModelWeights, WeightMap } from './decoder-layers.ts';
import { requireInt8Products } from './int8-check.ts';
import { buildPrefillGraph } from './prefill-graph.ts';
import type { SamplerPrecision } from './projections.ts';

type Shapes = ReadonlyMap<string, readonly Dim[]>;

export interface DecoderEngine {
  readonly config: DecoderConfig;
  readonly stopIds: readonly number[];
  readonly version: number;
  readonly decode: Session;
  readonly decodeShapes: Shapes;
  /** [layers] names of the decode graph's outputs. */
  readonly newKeys: readonly string[];
  readonly newValues: readonly string[];
  readonly prefill: Session;
  readonly prefillShapes: Shapes;
  /** Opened at its first use: a run that never scores does without it. */
  score(): Promise<{ readonly session: Session; readonly shapes: Shapes }>;
  close(): Promise<void>;
}

/** Builds the graphs of a model and opens their sessions, one thread each. */
export async function openDecoder(
  config: DecoderConfig,
  tensors: WeightMap,
  version: number,
  { stopIds, precision }: { readonly stopIds: readonly number[]; readonly precision: SamplerPrecision },
): Promise<DecoderEngine> {
  if (precision === 'int8') await requireInt8Products();
  const weights: ModelWeights = { tensors, int8: precision === 'int8' ? new Map() : null };
  const open = async (graph: Graph) => ({
    session: await createSession(graph.encode()),
    shapes: graph.shapeInputs(),
  });
  const { graph, newKeys, newValues } = buildDecodeGraph(config, weights);
  const decode = await open(graph);
  const prefill = await open(buildPrefillGraph(config, weights, 'prefill'));
  let scoring: ReturnType<typeof open> | null = null;
  return {
    config,
    stopIds,
    version,
    decode: decode.session,
    decodeShapes: decode.shapes,
    newKeys,
    newValues,
    prefill: prefill.session,
    prefillShapes: prefill.shapes,
    score: () => {
      scoring ??= open(buildPrefillGraph(config, weights, 'score'));
      return scoring;
    },
    close: async () => {
      await decode.session.close();
      await prefill.session.close();
      if (scoring) await (await scoring).session.close();
    },
  };
}

/** The numbers of a float32 output. */
export function floats(outputs: Readonly<Record<string, Tensor>>, name: string): Float32Array {
  const data = outputs[name]?.data;
  if (!(data instanceof Float32Array)) throw new EvomError('E_INTERNAL', `the graph gave no float32 output "${name}"`);
  return data;
}
