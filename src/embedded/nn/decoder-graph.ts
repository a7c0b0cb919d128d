/**
 * The decoder over prompts and their completions: every prompt is computed once, and its G completions attend to it.
 *
 * Sizes: B prompts, G completions a prompt, P and C their padded lengths, N = B*P + B*G*C token rows (all prompts first).
 * A completion starts with the last prompt token, so each of its C positions predicts one completion token and the
 * vocabulary projection needs no other row. Right padding needs no mask of its own except for the prompt's tail, which the
 * completions must not see.
 */

import { type DecoderConfig, decoderParameters } from '../../checkpoint/decoder-config.ts';
import type { Tape } from './autodiff.ts';
import type { Value } from './graph.ts';
import { attend, linear, type RopeValues, rmsNorm, rope, swiglu } from './layers.ts';

/** Values that a decoder graph reads besides its parameters. */
export interface DecoderInputs {
  /** [N, hidden] embedded tokens. */
  readonly embedded: Value;
  readonly rope: RopeValues;
  /** [1, P, P] of 0 and a large negative number. */
  readonly promptBias: Value;
  /** [B, 1, C, P+C]: which prompt and completion positions each completion position sees. */
  readonly completionBias: Value;
}

/** Declares every parameter as a tracked graph input under its Hugging Face name. */
export function parameterInputs(tape: Tape, config: DecoderConfig): ReadonlyMap<string, Value> {
  return new Map(decoderParameters(config).map(({ name, shape }) => [name, tape.track(tape.graph.input(name, 'float32', shape))]));
}

/** @returns [B*G*C, hidden] final states (before the last norm's projection, after the norm) of the completion positions. */
export function decoderStates(tape: Tape, config: DecoderConfig, parameters: ReadonlyMap<string, Value>, inputs: DecoderInputs): Value {
  const get = (name: string): Value => {
    const value = parameters.get(name);
    if (value === undefined) throw new RangeError(`parameter ${name} is not in the graph`);
    return value;
  };
  let x = inputs.embedded;
  for (let layer = 0; layer < config.numLayers; layer++) {
    const prefix = `model.layers.${layer}`;
    const isLast = layer === config.numLayers - 1;
    const normed = rmsNorm(tape, x, get(`${prefix}.input_layernorm.weight`), config.rmsNormEps);
    const mixed = attention(tape, config, (name) => parameters.get(`${prefix}.self_attn.${name}`), normed, inputs, isLast);
    // The last layer's prompt rows serve only as keys and values.
    const residual = isLast ? completionRows(tape, x) : x;
    x = linear(tape, mixed, get(`${prefix}.self_attn.o_proj.weight`), {
      bias: parameters.get(`${prefix}.self_attn.o_proj.bias`),
      residual,
    });
    const inner = rmsNorm(tape, x, get(`${prefix}.post_attention_layernorm.weight`), config.rmsNormEps);
    const gate = linear(tape, inner, get(`${prefix}.mlp.gate_proj.weight`));
    const up = linear(tape, inner, get(`${prefix}.mlp.up_proj.weight`));
    x = linear(tape, swiglu(tape, gate, up), get(`${prefix}.mlp.down_proj.weight`), { residual: x });
  }
  return rmsNorm(tape, x, get('model.norm.weight'), config.rmsNormEps);
}

const completionRows = (tape: Tape, rows: Value): Value => tape.splitRows(rows, ['B*P', 'B*G*C'])[1];

/** Prompts attend to themselves; completions to their prompt and themselves. */
function attention(
  tape: Tape,
  config: DecoderConfig,
  parameter: (name: string) => Value | undefined,
  x: Value,
  inputs: DecoderInputs,
  completionsOnly: boolean,
): Value {
  const { numHeads, numKeyValueHeads: kv, headDim: d } = config;
  const repeat = numHeads / kv; // query heads that share a key head
  const project = (kind: 'q' | 'k' | 'v', rows: Value, heads: number): Value => {
    const y = linear(tape, rows, parameter(`${kind}_proj.weight`) as Value, { bias: parameter(`${kind}_proj.bias`) });
    const norm = parameter(`${kind}_norm.weight`);
    if (norm === undefined) return y;
    const perHead = tape.reshape(y, [`${rows.shape[0]}*${heads}`, d]);
    return tape.reshape(rmsNorm(tape, perHead, norm, config.rmsNormEps), y.shape);
  };
  const ropeRows = (rows: Value, heads: number): Value => rope(tape, rows, ropeOf(tape, inputs.rope, rows), heads);

  const queryRows = completionsOnly ? completionRows(tape, x) : x;
  const q = ropeRows(project('q', queryRows, numHeads), numHeads);
  const k = ropeRows(project('k', x, kv), kv);
  const v = project('v', x, kv);

  const [kPrompt, kOwn] = tape.splitRows(k, ['B*P', 'B*G*C']);
  const [vPrompt, vOwn] = tape.splitRows(v, ['B*P', 'B*G*C']);
  // [B*P, kv*d] -> [B, kv, P, d]; [B*G*C, kv*d] -> [B, kv, G, C, d]
  const promptHeads = (rows: Value) => tape.transpose(tape.reshape(rows, ['B', 'P', kv, d]), [0, 2, 1, 3]);
  const ownHeads = (rows: Value) => tape.transpose(tape.reshape(rows, ['B', 'G', 'C', kv, d]), [0, 3, 1, 2, 4]);
  const [kp, vp] = [promptHeads(kPrompt), promptHeads(vPrompt)];
  const joined = (prompt: Value, own: Value) => {
    const shared = tape.expand(tape.reshape(prompt, ['B', kv, 1, 'P', d]), 2, 'G');
    return tape.reshape(tape.concat(shared, ownHeads(own), 3, 'S'), [`B*${kv}*G`, 'S', d]);
  };

  const [qPrompt, qOwn] = completionsOnly ? [undefined, q] : tape.splitRows(q, ['B*P', 'B*G*C']);
  const ownQueries = tape.reshape(tape.transpose(tape.reshape(qOwn, ['B', 'G', 'C', kv, repeat, d]), [0, 3, 1, 4, 2, 5]), [
    `B*${kv}*G`,
    `C*${repeat}`,
    d,
  ]);
  const ownOut = attend(tape, ownQueries, joined(kp, kOwn), joined(vp, vOwn), inputs.completionBias, ['B', `G*${numHeads}`, 'C', 'S']);
  const ownFlat = tape.reshape(tape.transpose(tape.reshape(ownOut, ['B', kv, 'G', repeat, 'C', d]), [0, 2, 4, 1, 3, 5]), [
    'B*G*C',
    numHeads * d,
  ]);
  if (qPrompt === undefined) return ownFlat;

  const promptQueries = tape.reshape(tape.transpose(tape.reshape(qPrompt, ['B', 'P', kv, repeat, d]), [0, 2, 3, 1, 4]), [
    `B*${kv}`,
    `P*${repeat}`,
    d,
  ]);
  const perHead = (heads: Value) => tape.reshape(heads, [`B*${kv}`, 'P', d]);
  const promptOut = attend(tape, promptQueries, perHead(kp), perHead(vp), inputs.promptBias, [`B*${numHeads}`, 'P', 'P']);
  const promptFlat = tape.reshape(tape.transpose(tape.reshape(promptOut, ['B', kv, repeat, 'P', d]), [0, 3, 1, 2, 4]), [
    'B*P',
    numHeads * d,
  ]);
  return tape.concat(promptFlat, ownFlat, 0, 'N');
}

/** The tables with the positions of all rows, or of the completions' only. */
function ropeOf(tape: Tape, tables: RopeValues, rows: Value): RopeValues {
  return rows.shape[0] === tables.positions.shape[0]
    ? tables
    : { ...tables, positions: tape.graph.split(tables.positions, 0, ['B*P', 'B*G*C'])[1] as Value };
}
