/**
 * The protobuf bytes of an ONNX model: the few messages of onnx.proto that our graphs use, written by hand.
 *
 * Field numbers are those of onnx/onnx.proto (IR version 10). Weights are referenced until the last copy, so a model is
 * assembled with one allocation of its final size.
 */

/** Element types that our graphs use, with their numbers in `TensorProto.DataType`. */
export const elementTypes = { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7, bool: 9 } as const;
export type ElementType = keyof typeof elementTypes;

/** A known size, or the name of one that is known at run time. */
export type Dim = number | string;

/** A node attribute; the key says the type because ONNX tells integers from floats. */
export type AttributeValue =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly string: string }
  | { readonly ints: readonly number[] }
  | { readonly floats: readonly number[] };

export interface NodeProto {
  readonly name: string;
  readonly opType: string;
  /** '' for the ONNX operators, `com.microsoft` for those of onnxruntime. */
  readonly domain: string;
  /** Names; '' leaves an optional one out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, AttributeValue>>;
}

export interface ValueInfoProto {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly Dim[];
}

export interface TensorProto {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
  /** Little-endian values, row-major. */
  readonly bytes: Uint8Array;
}

export interface ModelProto {
  readonly name: string;
  /** Operator set of the default domain. */
  readonly opset: number;
  readonly nodes: readonly NodeProto[];
  readonly initializers: readonly TensorProto[];
  readonly inputs: readonly ValueInfoProto[];
  readonly outputs: readonly ValueInfoProto[];
}

/** A message being written: its pieces in order and their total length. */
class Message {
  readonly pieces: Uint8Array[] = [];
  length = 0;

  private push(piece: Uint8Array): void {
    this.pieces.push(piece);
    this.length += piece.length;
  }

  private varint(value: number): void {
    // A negative int64 takes ten bytes in two's complement.
    let rest = BigInt.asUintN(64, BigInt(value));
    const out: number[] = [];
    while (rest > 127n) {
      out.push(Number(rest & 127n) | 128);
      rest >>= 7n;
    }
    out.push(Number(rest));
    this.push(Uint8Array.from(out));
  }

  int(field: number, value: number): this {
    this.varint(field * 8);
    this.varint(value);
    return this;
  }

  float(field: number, value: number): this {
    this.varint(field * 8 + 5);
    this.push(new Uint8Array(Float32Array.of(value).buffer));
    return this;
  }

  bytes(field: number, value: Uint8Array): this {
    this.varint(field * 8 + 2);
    this.varint(value.length);
    this.push(value);
    return this;
  }

  text(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value));
  }

  message(field: number, value: Message): this {
    this.varint(field * 8 + 2);
    this.varint(value.length);
    for (const piece of value.pieces) this.push(piece);
    return this;
  }

  concatenated(): Uint8Array {
    const out = new Uint8Array(this.length);
    let at = 0;
    for (const piece of this.pieces) {
      out.set(piece, at);
      at += piece.length;
    }
    return out;
  }
}

function attribute(name: string, value: AttributeValue): Message {
  const out = new Message().text(1, name);
  if ('int' in value) return out.int(3, value.int).int(20, 2);
  if ('float' in value) return out.float(2, value.float).int(20, 1);
  if ('string' in value) return out.text(4, value.string).int(20, 3);
  if ('ints' in value) {
    for (const item of value.ints) out.int(8, item);
    return out.int(20, 7);
  }
  for (const item of value.floats) out.float(7, item);
  return out.int(20, 6);
}

function node(proto: NodeProto): Message {
  const out = new Message();
  for (const input of proto.inputs) out.text(1, input);
  for (const output of proto.outputs) out.text(2, output);
  out.text(3, proto.name).text(4, proto.opType);
  for (const [name, value] of Object.entries(proto.attributes)) out.message(5, attribute(name, value));
  if (proto.domain !== '') out.text(7, proto.domain);
  return out;
}

function tensor(proto: TensorProto): Message {
  const out = new Message();
  for (const dim of proto.shape) out.int(1, dim);
  return out.int(2, elementTypes[proto.type]).text(8, proto.name).bytes(9, proto.bytes);
}

function valueInfo(proto: ValueInfoProto): Message {
  const shape = new Message();
  for (const dim of proto.shape) shape.message(1, typeof dim === 'number' ? new Message().int(1, dim) : new Message().text(2, dim));
  const tensorType = new Message().int(1, elementTypes[proto.type]).message(2, shape);
  return new Message().text(1, proto.name).message(2, new Message().message(1, tensorType));
}

/**
 * The bytes of an ONNX model, as `InferenceSession.create` takes them.
 *
 * @returns a `ModelProto` of IR version 10 that imports the default operator set and `com.microsoft` version 1.
 */
export function encodeModel(model: ModelProto): Uint8Array {
  const graph = new Message();
  for (const proto of model.nodes) graph.message(1, node(proto));
  graph.text(2, model.name);
  for (const proto of model.initializers) graph.message(5, tensor(proto));
  for (const proto of model.inputs) graph.message(11, valueInfo(proto));
  for (const proto of model.outputs) graph.message(12, valueInfo(proto));
  return new Message()
    .int(1, 10)
    .text(2, 'evom')
    .message(7, graph)
    .message(8, new Message().text(1, '').int(2, model.opset))
    .message(8, new Message().text(1, 'com.microsoft').int(2, 1))
    .concatenated();
}
