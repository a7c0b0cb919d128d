/** The one door to onnxruntime-node: loaded on first use, CPU, one thread a session unless told otherwise. */
import { EvomError } from '../../lib/errors.ts';
import { evaluateDim, type TensorData } from './graph.ts';
import type { Dim } from './onnx-proto.ts';

/** A tensor as it crosses the door; its element type is that of the typed array (int64: BigInt64Array). */
export interface Tensor {
  readonly data: TensorData;
  readonly shape: readonly number[];
}

export interface SessionOptions {
  /** Threads inside one operator. Several workers with one thread each beat one session with several. */
  readonly threads?: number;
  /** How much the graph optimizer may fuse; `disabled` helps to find faults. */
  readonly optimization?: 'disabled' | 'basic' | 'extended' | 'all';
  /**
   * Keeps what a run took for the next one (default), and from the second run of equal sizes on one more block that holds all of it.
   * Without, each value's memory goes back to the system when the last operator has read it: half the peak, for some system time.
   */
  readonly keepsMemory?: boolean;
}

export interface Session {
  /**
   * Runs the graph. onnxruntime-node computes synchronously inside this call: the event loop of the calling thread
   * stands still until it is done, so sessions belong in worker threads.
   *
   * @param outputs names to compute and return; all by default.
   * @param into memory of the caller's for outputs of these names and shapes, not shared: otherwise each output is made once by onnxruntime
   *   and once more as what is returned.
   */
  run(
    feeds: Readonly<Record<string, Tensor>>,
    outputs?: readonly string[],
    into?: ReadonlyMap<string, Tensor>,
  ): Promise<Record<string, Tensor>>;
  close(): Promise<void>;
}

function elementType(data: TensorData): 'float32' | 'int32' | 'int64' | 'uint8' | 'int8' {
  if (data instanceof Float32Array) return 'float32';
  if (data instanceof Int32Array) return 'int32';
  if (data instanceof BigInt64Array) return 'int64';
  return data instanceof Uint8Array ? 'uint8' : 'int8';
}

// onnxruntime-node refuses shared memory ("Invalid argument"), so it gets a copy of it.
const privately = (data: TensorData): TensorData => (data.buffer instanceof SharedArrayBuffer ? data.slice() : data);

/** Opens a model, for example the bytes of `Graph.encode()`. */
export async function createSession(model: Uint8Array, options: SessionOptions = {}): Promise<Session> {
  const { keepsMemory = true } = options;
  process.env.ORT_DISABLE_TELEMETRY ??= '1'; // its library leaves mat-debug-*.log in the temporary folder otherwise
  const { InferenceSession, Tensor: OrtTensor } = await import('onnxruntime-node');
  const session = await InferenceSession.create(model, {
    executionProviders: ['cpu'],
    intraOpNumThreads: options.threads ?? 1,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: options.optimization ?? 'all',
    enableCpuMemArena: keepsMemory,
    enableMemPattern: keepsMemory,
    logSeverityLevel: 3,
    // Spinning threads take the cores that the sandbox workers need.
    extra: { session: { intra_op: { allow_spinning: '0' }, inter_op: { allow_spinning: '0' } } },
  }).catch((cause: unknown) => {
    throw new EvomError('E_INTERNAL', `onnxruntime refused a generated graph: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  });
  return {
    run: async (feeds, outputs = session.outputNames, into = new Map()) => {
      const inputs = Object.fromEntries(
        Object.entries(feeds).map(([name, { data, shape }]) => [
          name,
          new OrtTensor(elementType(data), privately(data) as Float32Array, shape),
        ]),
      );
      const given = (tensor: Tensor | undefined) =>
        tensor === undefined ? null : new OrtTensor(elementType(tensor.data), tensor.data as Float32Array, tensor.shape);
      const results = await session.run(inputs, Object.fromEntries(outputs.map((name) => [name, given(into.get(name))])));
      return Object.fromEntries(
        outputs.map((name) => [name, { data: results[name]?.data as TensorData, shape: results[name]?.dims ?? [] }]),
      );
    },
    close: () => session.release(),
  };
}

/** Feeds for a graph's `shapeInputs()` at the given sizes. */
export function shapeFeeds(shapes: ReadonlyMap<string, readonly Dim[]>, sizes: Readonly<Record<string, number>>): Record<string, Tensor> {
  return Object.fromEntries(
    [...shapes].map(([name, dims]) => [
      name,
      { data: BigInt64Array.from(dims, (dim) => BigInt(evaluateDim(dim, sizes))), shape: [dims.length] },
    ]),
  );
}
