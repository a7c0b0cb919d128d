/** The gradient step in the process that also samples. Batches pass through the exchange directory, weights stay where they are. */

import type { TrainingBatch } from '../core/training.ts';
import type { PolicyWeights } from '../core/weights.ts';
import { EvomError } from '../lib/errors.ts';
import { turns } from '../lib/turns.ts';
import { type Learner, type LearnerResult, type LearnerStepOptions, metricsFromJson } from '../policy/learner.ts';
import { type ExchangeResult, pruneExchange, publishBatches } from './exchange.ts';
import type { TorchHost } from './torch-host.ts';

/** @param root the run's directory. Closing the learner ends the host. */
export function createColocatedLearner(host: TorchHost, root: string): Learner {
  let version = host.health.version;
  const inTurn = turns();
  return {
    get version() {
      return version;
    },
    step: (batch: TrainingBatch, { learningRateFactor, signal }: LearnerStepOptions): Promise<LearnerResult> =>
      inTurn(async () => {
        signal?.throwIfAborted();
        const directory = await publishBatches(root, version, [batch], version, { learning_rate_factor: learningRateFactor });
        const body = { directory, learning_rate_factor: learningRateFactor };
        const answer = await host.post<ExchangeResult>('/train_step', body);
        if (answer.version !== version + 1)
          throw new EvomError('E_LEARNER', `the host answered step ${version} with version ${answer.version} instead of ${version + 1}`);
        await pruneExchange(root, { step: version - 1, version: version - 1 });
        version = answer.version;
        return { version, metrics: metricsFromJson(answer.metrics) };
      }),
    weights: (): PolicyWeights => ({ type: 'shared', version }),
    save: (directory: string): Promise<void> =>
      inTurn(async () => {
        await host.post('/save', { directory });
      }),
    close: () => inTurn(() => host.close()),
  };
}
