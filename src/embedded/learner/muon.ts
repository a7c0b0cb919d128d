/**
 * Muon: momentum whose matrices are orthogonalized before they become updates (Jordan et al., 2024).
 *
 * Five Newton-Schulz steps `X <- aX + (b A + c A^2) X`, A = X X^T, drive all singular values towards 1. They are matrix
 * products, so they run as an ONNX graph, equal shapes stacked into one batched product.
 */
import { Graph } from '../nn/graph.ts';
import { createSession, type Session, type Tensor } from '../nn/session.ts';

const [a, b, c] = [3.4445, -4.775, 2.0315]; // the quintic of the reference implementation

/** A graph from `x` [M, rows, columns] (Frobenius norm 1 each) to `y` of the same shape. */
export function newtonSchulzGraph(rows: number, columns: number, steps: number): Uint8Array {
  const graph = new Graph('newton_schulz');
  let x = graph.input('x', 'float32', ['M', rows, columns]);
  const isTall = rows > columns;
  // The product over the longer side gives the smaller square matrix.
  for (let step = 0; step < steps; step++) {
    const gram = graph.matmul(x, x, isTall ? { transA: true } : { transB: true });
    const polynomial = graph.add(graph.mul(gram, graph.constant([b])), graph.matmul(gram, gram, { alpha: c }));
    const change = isTall ? graph.matmul(x, polynomial) : graph.matmul(polynomial, x);
    x = graph.add(graph.mul(x, graph.constant([a])), change);
  }
  graph.output(x, 'y');
  return graph.encode();
}

export interface MuonStep {
  readonly lr: number;
  readonly momentum: number;
  readonly weightDecay: number;
  readonly gradientScale: number;
}

/** One matrix with its gradient and momentum: views of flat arrays, row-major. */
export interface MuonMatrix {
  readonly weights: Float32Array;
  readonly gradient: Float32Array;
  readonly momentum: Float32Array;
}

/** Runs Muon updates; keeps one session a shape. */
export class Muon {
  private readonly sessions = new Map<string, Session>();
  private readonly steps: number;

  constructor(nsSteps: number) {
    this.steps = nsSteps;
  }

  /**
   * Updates matrices of one shape in place: Nesterov momentum, orthogonalized, times `lr * sqrt(max(1, rows / columns))`,
   * after a decay of `lr * weightDecay`.
   */
  async update(matrices: readonly MuonMatrix[], rows: number, columns: number, options: MuonStep): Promise<void> {
    if (matrices.length === 0) return;
    const { lr, momentum, gradientScale } = options;
    const size = rows * columns;
    const stack = new Float32Array(matrices.length * size);
    matrices.forEach((matrix, m) => {
      let squares = 0;
      for (let i = 0; i < size; i++) {
        const g = (matrix.gradient[i] as number) * gradientScale;
        const buffer = momentum * (matrix.momentum[i] as number) + g;
        matrix.momentum[i] = buffer;
        const direction = g + momentum * buffer;
        stack[m * size + i] = direction;
        squares += direction * direction;
      }
      const inverse = 1 / (Math.sqrt(squares) + 1e-7);
      for (let i = m * size; i < (m + 1) * size; i++) stack[i] = (stack[i] as number) * inverse;
    });
    const session = await this.sessionFor(rows, columns);
    const { y } = await session.run({ x: { data: stack, shape: [matrices.length, rows, columns] } });
    const orthogonal = (y as Tensor).data as Float32Array;
    const stepSize = lr * Math.sqrt(Math.max(1, rows / columns));
    const keep = 1 - lr * options.weightDecay;
    matrices.forEach(({ weights }, m) => {
      for (let i = 0; i < size; i++) weights[i] = keep * (weights[i] as number) - stepSize * (orthogonal[m * size + i] as number);
    });
  }

  private async sessionFor(rows: number, columns: number): Promise<Session> {
    const key = `${rows}x${columns}`;
    let session = this.sessions.get(key);
    if (session === undefined) {
      session = await createSession(newtonSchulzGraph(rows, columns, this.steps));
      this.sessions.set(key, session);
    }
    return session;
  }

  async close(): Promise<void> {
    for (const session of this.sessions.values()) await session.close();
    this.sessions.clear();
  }
}
