/** A gradient worker: computes its micro-batches, then sums and updates its share of the parameters. */
import { parentPort, workerData } from 'node:worker_threads';
import { GradientEngine } from './gradient-engine.ts';
import { Optimizer } from './optimizer.ts';
import { type Parameter, parameterLayout } from './parameters.ts';
import { emptyStatistics } from './step-statistics.ts';
import type { WorkerReply, WorkerRequest, WorkerSetup } from './worker-protocol.ts';

const setup = workerData as WorkerSetup;
const engine = setup.session === null ? null : new GradientEngine(setup.config, setup.session);
const optimizer = new Optimizer(setup.optimizer);
const weights = new Float32Array(setup.weights);
const first = new Float32Array(setup.first);
const second = new Float32Array(setup.second);
const gradients = setup.gradients.map((buffer) => new Float32Array(buffer));
const { parameters } = parameterLayout(setup.config);
const share = setup.share.map((index) => [index, parameters[index] as Parameter] as const);

async function answer(request: WorkerRequest): Promise<WorkerReply> {
  switch (request.type) {
    case 'gradient': {
      const statistics = emptyStatistics();
      if (engine === null) return { type: 'gradient', statistics };
      const own = gradients[setup.index] as Float32Array;
      own.fill(0);
      engine.setWeights(weights);
      for (const batch of request.batches) await engine.accumulate(batch, request.loss, own, statistics);
      return { type: 'gradient', statistics };
    }
    case 'reduce':
      return { type: 'reduce', squares: share.map(([index, parameter]) => [index, sumGradients(parameter)] as const) };
    case 'update': {
      const arrays = { weights, gradient: gradients[0] as Float32Array, first, second };
      await optimizer.update(
        share.map(([, parameter]) => parameter),
        arrays,
        request.options,
      );
      return { type: 'update' };
    }
    case 'close':
      await engine?.close();
      await optimizer.close();
      return { type: 'close' };
    default:
      return request satisfies never;
  }
}

/** Sums one parameter's gradient into the first worker's array. Returns its sum of squares. */
function sumGradients({ offset, length }: Parameter): number {
  const [sum, ...others] = gradients as [Float32Array, ...Float32Array[]];
  let squares = 0;
  for (let i = offset; i < offset + length; i++) {
    let value = sum[i] as number;
    for (const other of others) value += other[i] as number;
    sum[i] = value;
    squares += value * value;
  }
  return squares;
}

parentPort?.on('message', async (request: WorkerRequest) => {
  const reply = await answer(request).catch(
    (error: unknown): WorkerReply => ({ type: 'failed', message: error instanceof Error ? error.message : String(error) }),
  );
  parentPort?.postMessage(reply);
});
